"""An encoding whose process dies when it meets a certain text: a row that takes too much memory."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

import chatfmt
from chatfmt.encodings import as_token_encoding

if TYPE_CHECKING:
    from pathlib import Path


class KillingEncoding:
    """cl100k_im; "die" kills its process, the first so many times."""

    def __init__(self, marks: Path, deaths: int) -> None:
        self._inner = as_token_encoding(chatfmt.get_encoding("cl100k_im"))
        self._marks, self._deaths = marks, deaths
        self.special_tokens = self._inner.special_tokens
        self.n_vocab = self._inner.n_vocab
        self.fingerprint = self._inner.fingerprint
        self.token_bytes = self._inner.token_bytes

    def __reduce__(self) -> tuple[Any, ...]:
        return KillingEncoding, (self._marks, self._deaths)

    def encode_ordinary(self, text: str) -> list[int]:
        if text == "die" and len(list(self._marks.iterdir())) < self._deaths:
            (self._marks / str(os.getpid())).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return self._inner.encode_ordinary(text)
