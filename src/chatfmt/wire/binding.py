"""A format bound to an encoding: the ids of its special tokens, the bytes of every other id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatfmt.encodings.ids import as_id
from chatfmt.encodings.probe import probe
from chatfmt.encodings.protocol import capabilities_of
from chatfmt.errors import MANY_BITS, EncodingError, EncodingRequiredError, shown
from chatfmt.wire.prompts import closers_of_reasoning, lone_closers

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from chatfmt.encodings import TokenEncoding
    from chatfmt.line.format import ChatFormat

__all__ = ["Binding", "TextTable", "WholeTable", "encoding_required"]


class TextTable(dict[int, bytes]):
    """Id to bytes for ids that are text, filled on demand.

    KeyError for ids that are not text: special tokens, and ids that the encoding does not have. An
    integer of another type is converted; TypeError for anything that is not an integer.
    """

    def __init__(self, encoding: TokenEncoding) -> None:
        super().__init__()
        self._encoding = encoding
        self.special = frozenset(map(as_id, encoding.special_tokens.values()))

    def __missing__(self, token: int) -> bytes:
        if type(token) is not int:  # a tensor equals nothing in here, not even itself
            return self[as_id(token)]
        if token in self.special:
            raise KeyError(token)
        found = self[token] = self._encoding.token_bytes(token)
        return found


class WholeTable(dict[int, str]):
    """Id to text for ids that are whole characters, filled on demand.

    An empty string for all others: parts of a character, special tokens, ids outside the
    vocabulary. An integer of another type is converted; TypeError if it is not an integer.
    """

    def __init__(self, table: TextTable) -> None:
        super().__init__(dict.fromkeys(table.special, ""))
        self._table = table

    def __missing__(self, token: int) -> str:
        if type(token) is not int:
            return self[as_id(token)]
        try:
            found = self[token] = self._table[token].decode()
        except (KeyError, UnicodeDecodeError):
            return ""
        return found


class Binding:
    """The data that rendering and parsing share.

    Raises:
        EncodingError: the encoding lacks special tokens of the format, has two special tokens
            under one id, or does not keep its promises (see `chatfmt.encodings.probe`).
    """

    def __init__(self, format: ChatFormat, encoding: TokenEncoding) -> None:
        known = {spelling: as_id(token) for spelling, token in encoding.special_tokens.items()}
        missing = [token for token in format.special_tokens if token not in known]
        if missing:
            raise EncodingError(
                f"the encoding lacks special tokens of format {format.name}: "
                f"{', '.join(missing)}; create them with extend_encoding, or bring the vocabulary "
                "of a model that was trained with them"
            )
        _refuse_shared_ids(format.special_tokens, known)
        probe(encoding)
        self.format = format
        self.encoding = encoding
        self.capabilities = capabilities_of(encoding)
        self.ids = {token: known[token] for token in format.special_tokens}
        """Spelling to id of the format's special tokens."""
        self.spellings = {token: spelling for spelling, token in known.items()}
        """Id to spelling of every special token of the encoding, the format's or not."""
        self.text = TextTable(encoding)
        self.whole = WholeTable(self.text)
        self.stops = frozenset(self.ids[spelling] for spelling in format.stop_spellings)
        """The ids at which a server stops sampling the assistant (any speaker, without one)."""

        ends = (end for role in format.lines_of for end in format.ends_of(role).items())
        self.continues = frozenset(self.ids[spelling] for spelling, stops in ends if not stops)
        """The end tokens after which a model can continue with a further message."""
        self.closers = {
            role: closers
            for line in reversed(format.lines)
            if (closers := closers_of_reasoning(line.pieces)) is not None
            for role in line.roles
            if role in format.closing
        }
        """The text that closes empty reasoning, in roles whose prompt can write one."""
        self.lone_closers = {
            role: closers
            for line in reversed(format.lines)
            if (closers := lone_closers(line.pieces)) is not None
            for role in line.roles
            if role in format.closing
        }
        """The text that says that there is no reasoning, in such roles."""
        self.roles = {wire: role for role, wire in format.role_spellings.items()}
        """The spelling of a role on the wire, to the role."""

    def __reduce__(self) -> tuple[Any, ...]:
        return Binding, (self.format, self.encoding)

    def spell(self, token: int) -> bytes:
        """The bytes of an id; empty for an id that the encoding does not have."""
        token = as_id(token)
        if token in self.spellings:
            return self.spellings[token].encode()
        try:
            return self.text[token]
        except KeyError:
            return b""

    def show(self, token: int) -> str:
        """One id, as shown in error messages."""
        token = as_id(token)
        if token in self.spellings:
            return f"the special token {self.spellings[token]} ({token})"
        try:
            data = self.text[token]
        except KeyError:
            written = token if token.bit_length() <= MANY_BITS else f"({shown(token)})"
            return f"the id {written}, which is not in the vocabulary"
        return f"the text {data.decode(errors='backslashreplace')!r} ({token})"


def _refuse_shared_ids(wanted: Iterable[str], known: Mapping[str, int]) -> None:
    """Refuse special tokens of a format that their ids do not distinguish from all others.

    Those that no format line names may share one, as two of tiktoken's o200k_harmony do.
    """
    sharing: dict[int, list[str]] = {}
    for spelling, token in known.items():
        sharing.setdefault(token, []).append(spelling)
    for spelling in wanted:
        token = known[spelling]
        if len(sharing[token]) > 1:
            raise EncodingError(
                f"the special tokens {' and '.join(sharing[token])} share the id {token}, so "
                "one could not be distinguished from the other: give each its own id"
            )


def encoding_required(format: ChatFormat, advice: str) -> EncodingRequiredError:
    """The error for a format without a bundled vocabulary."""
    return EncodingRequiredError(
        f"no vocabulary is bundled for format {format.name}: pass an encoding with the special "
        f"tokens {', '.join(format.special_tokens)}, such as {advice}"
    )
