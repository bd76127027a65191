"""The playground: a page for viewing and editing conversations as tokens, and its JSON API.

``chatfmt serve`` starts it; docs/playground.md describes both.
"""

from chatfmt.web.app import create_app, serve

__all__ = ["create_app", "serve"]
