"""How much the playground reads, shows and answers, and for how long: every limit in one place."""

from __future__ import annotations

__all__ = [
    "ANSWER_LIMIT",
    "BODY_LIMIT",
    "BODY_SECONDS",
    "CONNECTION_SECONDS",
    "MOST_CONNECTIONS",
    "MOST_CONVERSATIONS",
    "MOST_MESSAGES",
    "MOST_REASON",
    "MOST_TEXT",
    "MOST_TOKENS",
    "MOST_WAITING",
    "MOST_WHERE",
    "SMALL_BODY",
]

BODY_LIMIT = 2 * 1024 * 1024
"""Bytes of a request's body."""
SMALL_BODY = 64 * 1024
"""Bytes of a body that never waits for larger ones."""
BODY_SECONDS = 30.0
"""How long a body may take to arrive, and an answer to be fetched."""
CONNECTION_SECONDS = 90.0
"""How long a connection may take from one answer to the next."""
MOST_CONNECTIONS = 500
"""Connections at a time; the next ones are answered with status 503."""
MOST_WAITING = 32 * 1024 * 1024
"""Bytes of all bodies that are not small, of requests that are not answered yet."""

MOST_TOKENS = 100_000
"""Tokens in one view."""
MOST_TEXT = 1_000_000
"""Bytes of the text of these tokens."""
MOST_MESSAGES = 20_000
"""Messages of a conversation."""
MOST_CONVERSATIONS = 1_000
"""Conversations of a pasted document."""
ANSWER_LIMIT = 20_000_000
"""Bytes of an answer."""

MOST_REASON = 2_500
"""Characters of an error's reason. Each takes at most six bytes, so an error is under 20 KB."""
MOST_WHERE = 250
"""Characters of the place that an error names."""
