"""A conversation and its ids, kept in step."""

from chatfmt.transcript.made import of_transcript, parsed, rendered, restore
from chatfmt.transcript.transcript import Completion, Transcript

__all__ = ["Completion", "Transcript", "of_transcript", "parsed", "rendered", "restore"]
