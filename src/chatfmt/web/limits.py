"""The limits of the playground, on what it reads, shows and answers, and for how long."""

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
"""Size of a request's body, in bytes."""
SMALL_BODY = 64 * 1024
"""Size up to which a body never waits for larger ones, in bytes."""
BODY_SECONDS = 30.0
"""How long a body may take to arrive, and a client may take to read an answer."""
CONNECTION_SECONDS = 90.0
"""How long a connection may take from one answer to the next."""
MOST_CONNECTIONS = 500
"""Connections at the same time; further ones are answered with status 503."""
MOST_WAITING = 32 * 1024 * 1024
"""Total size of the bodies of unanswered requests, without the small ones, in bytes."""

MOST_TOKENS = 100_000
"""Tokens in one view."""
MOST_TEXT = 1_000_000
"""Size of the text of these tokens, in bytes."""
MOST_MESSAGES = 20_000
"""Messages in a conversation."""
MOST_CONVERSATIONS = 1_000
"""Conversations in a pasted document."""
ANSWER_LIMIT = 20_000_000
"""Size of an answer, in bytes."""

MOST_REASON = 2_500
"""Characters of an error's reason. Each takes at most six bytes, so an error is under 20 KB."""
MOST_WHERE = 250
"""Characters of the place that an error names."""
