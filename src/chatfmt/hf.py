"""Hugging Face tokenizers as encodings (extra ``hf``): the public names of `encodings.hf`."""

from chatfmt.encodings.hf import FastTokenizer, HFEncoding

__all__ = ["FastTokenizer", "HFEncoding"]
