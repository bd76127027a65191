"""Hugging Face tokenizers as encodings (extra ``hf``).

This is their public place; they are defined in ``chatfmt.encodings.hf``.
"""

from chatfmt.encodings.hf import FastTokenizer, HFEncoding

__all__ = ["FastTokenizer", "HFEncoding"]
