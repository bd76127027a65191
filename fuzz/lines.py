"""Any row of a format table: refused with a `FormatError`, or what it writes can be read back."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from chatfmt import ChatFormat, ChatTokenizer, Conversation, FormatError, Message, RenderError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fuzz.source import Source

_TOKENS = ("<|a|>", "<|b|>", "<|c|>", "<|end|>", "<x>", "[INST]")
_PIECES = (
    *_TOKENS,
    *("{role}", "{name}", "{recipient}", "{channel}", "{content_type}"),
    *("{reasoning}", "{content}", "{content}", "{end}"),
    *("[", "]", "[ name={name}]", "[{reasoning}<x>]", r"\[", r"\]", r"\{", r"\\", "{", "}", "\\"),
    *("\n", " ", ":", "a", "user", " to=", "-", "<", "|", "\u3000", "\x1c", "é", "{nothing}"),
)
_ROLES = ("user", "assistant", "system", "tool", "a", "User", "b-c", "", "1", "user\n")
_VALUES = ("a", "user", "name=a", "to=b", ":", "-", "\n", "x" * 64, "x" * 65, "", "é", "<x>")


class ByteEncoding:
    """The smallest encoding there is: a token for each byte, and the special ones."""

    def __init__(self, special_tokens: Iterable[str]) -> None:
        self.special_tokens = {spelling: 256 + i for i, spelling in enumerate(special_tokens)}
        self.n_vocab = 256 + len(self.special_tokens)

    @property
    def fingerprint(self) -> str:
        """Hex digest of the special tokens, for all else is fixed."""
        return hashlib.sha256(repr(self.special_tokens).encode()).hexdigest()

    def encode_ordinary(self, text: str) -> list[int]:
        """The bytes."""
        return list(text.encode())

    def token_bytes(self, token: int) -> bytes:
        """The byte, or the spelling."""
        if 0 <= token < 256:
            return bytes([token])
        return {i: spelling for spelling, i in self.special_tokens.items()}[token].encode()


def _line(source: Source) -> str:
    pieces = [source.pick((*_PIECES, "")) for _ in range(source.number() % 14)]
    return "".join(piece or source.text() for piece in pieces)


def _row(source: Source) -> dict[str, Any]:
    row: dict[str, Any] = {
        "name": "fuzzed",
        "special_tokens": [token for token in _TOKENS if source.flag()],
        "generation_start": source.pick(("content", "role")),
    }
    if source.flag():
        row["ends"] = {
            source.pick(_TOKENS): source.pick(("stop", "continue"))
            for _ in range(source.number() % 4)
        }
    if source.flag():
        row["prologue"] = _line(source)
    names = [source.pick(_ROLES) for _ in range(1 + source.number() % 3)]
    if source.flag():
        row["roles"] = {name: source.pick(_ROLES) for name in names}
    else:
        row["roles"] = names
    if source.flag():
        row["template"] = {name: _line(source) for name in names}
    else:
        row["template"] = _line(source)
    return row


def _message(source: Source, roles: list[str]) -> Message:
    fields: dict[str, str] = {"role": source.pick(roles), "content": source.text()}
    for name in ("name", "recipient", "channel", "content_type"):
        if source.flag():
            fields[name] = source.pick(_VALUES)
    if source.flag():
        fields["reasoning"] = source.text()
    return Message.model_validate(fields)


def template(source: Source) -> None:
    """A format line of any pieces, then a conversation in what it has become."""
    try:
        made = ChatFormat(**_row(source))
    except FormatError:
        return
    tok = ChatTokenizer(made, ByteEncoding(made.special_tokens))
    roles = list(made.templates)
    messages = [_message(source, roles) for _ in range(source.number() % 4)]
    carried: list[Message] = []
    for message in messages:
        try:
            tok.encode([message])
        except RenderError:
            continue
        carried.append(message)
    conversation = Conversation(messages=tuple(carried))
    rendered = tok.render(conversation)
    for read in (tok.parse(rendered.ids), tok.parse(rendered.ids, strict=False)):
        assert read.conversation == conversation, (made.row(), conversation)
        assert read.spans == rendered.spans, (made.row(), conversation)
        assert not read.issues, (made.row(), conversation)
    for _ in range(2):  # the second time by what the first has learnt
        assert tok.decode(rendered.ids) == conversation, (made.row(), conversation)
