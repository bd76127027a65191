"""Chat templates of Hugging Face: a format as one, and whole directories."""

from __future__ import annotations

from chatfmt.templates.export import export_hf
from chatfmt.templates.to_jinja import to_jinja

__all__ = ["export_hf", "to_jinja"]
