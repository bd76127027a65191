"""Hugging Face tokenizers as encodings (extra ``hf``).

This is the public module; the definitions are in ``chatfmt.encodings.hf``.
"""

from chatfmt.encodings.hf import FastTokenizer, HFEncoding

__all__ = ["FastTokenizer", "HFEncoding"]
