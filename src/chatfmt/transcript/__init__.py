"""A conversation and its ids, kept in step."""

from chatfmt.transcript.made import parsed, rendered, restore
from chatfmt.transcript.transcript import Completion, Transcript

__all__ = ["Completion", "Transcript", "parsed", "rendered", "restore"]
