"""Make a tokenizer from a model's folder.

`files` finds and reads the folder's files, `vocabulary` builds the encoding from them, and `load`
contains the public function. `chatfmt.line.spacing` puts the owner's handling of white space into
the lines.
"""

from chatfmt.pretrained.load import Condition, Provenance, from_pretrained

__all__ = ["Condition", "Provenance", "from_pretrained"]
