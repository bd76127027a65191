"""Encodings: text to token ids and back, offline.

The protocol that an encoding has (`protocol`), tiktoken's encodings (`tiktoken`), those that come
with the package (`bundled`, with the rank tables in ``vocab/``), special tokens on top of one
(`extend`), and vocabulary files as people have them (`load`): rank files (`rank_file`), Mistral's
(`tekken`), and Hugging Face's (`hf`, only imported when asked for). The split patterns, what an id
is (`ids`), which bytes text has (`text_bytes`), what is asked of an encoding before it is used
(`probe`), and what no encoder is given (`guard`). This folder imports `chatfmt.errors` and
`chatfmt.json_text`, and nothing else of chatfmt.
"""

from chatfmt.encodings.bundled import ENCODING_CONSTRUCTORS, get_encoding
from chatfmt.encodings.extend import extend_encoding
from chatfmt.encodings.load import load_encoding
from chatfmt.encodings.protocol import TokenEncoding
from chatfmt.encodings.tiktoken import TiktokenEncoding, as_token_encoding, bundled_encoding

__all__ = [
    "ENCODING_CONSTRUCTORS",
    "TiktokenEncoding",
    "TokenEncoding",
    "as_token_encoding",
    "extend_encoding",
    "get_encoding",
    "load_encoding",
]

_bundled = bundled_encoding  # its name in pickles from before this was a folder
