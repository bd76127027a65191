"""A model's folder as people have it, made one tokenizer.

`files` finds and reads what stands there, `vocabulary` makes the encoding of it, and `load` has the
call. What the owner's tokenizer does to white space comes into the lines by `chatfmt.line.spacing`.
"""

from chatfmt.pretrained.load import Condition, Provenance, from_pretrained

__all__ = ["Condition", "Provenance", "from_pretrained"]
