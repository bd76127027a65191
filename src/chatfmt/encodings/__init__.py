"""Encodings: text to token ids and back, offline.

Interfaces and basics: the protocol of an encoding (`protocol`), tiktoken's encodings (`tiktoken`),
those that come with the package (`bundled`, with the rank tables in ``vocab/``), and special tokens
on top of one (`extend`).

Common vocabulary files (`load`): rank files (`rank_file`), Mistral's (`tekken`), Hugging Face's
(`hf`, imported only when asked for, and `metaspace`), SentencePiece's own (`sentencepiece_model`,
parsed by `protobuf`) and GGUF files (`gguf`, `gguf_metadata`, `gguf_splits`), and names for all
other files (`kinds`). SentencePiece's encoder (`sentencepiece`, `merging`), and text in a normal
form (`normal`).

Split patterns (`patterns`), the type of an id (`ids`), the bytes that text can have (`text_bytes`),
the checks of an encoding before it is used (`probe`), and texts that tiktoken is not given
(`guard`). This folder imports `chatfmt.errors` and `chatfmt.json_text`, and nothing else of
chatfmt.
"""

from chatfmt.encodings.bundled import ENCODING_CONSTRUCTORS, get_encoding
from chatfmt.encodings.extend import extend_encoding
from chatfmt.encodings.load import load_encoding
from chatfmt.encodings.protocol import TokenEncoding
from chatfmt.encodings.sentencepiece import DummyPrefix, SentencePieceEncoding
from chatfmt.encodings.tiktoken import TiktokenEncoding, as_token_encoding, bundled_encoding

__all__ = [
    "ENCODING_CONSTRUCTORS",
    "DummyPrefix",
    "SentencePieceEncoding",
    "TiktokenEncoding",
    "TokenEncoding",
    "as_token_encoding",
    "extend_encoding",
    "get_encoding",
    "load_encoding",
]

_bundled = bundled_encoding  # its name in pickles made before this was a folder
