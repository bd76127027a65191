"""Any row of a format table: refused with a `FormatError`, or what it writes can be read back."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from chatfmt import ChatFormat, ChatTokenizer, Conversation, FormatError, Message, RenderError
from fuzz.wire import check_parse, check_stream

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fuzz.source import Source

TOKENS = ("<|a|>", "<|b|>", "<|c|>", "<|end|>", "<x>", "[INST]")
_PIECES = (
    *TOKENS,
    *("{role}", "{name}", "{recipient}", "{channel}", "{content_type}"),
    *("{reasoning}", "{content}", "{content}", "{end}"),
    *("[", "]", "[ name={name}]", "[{reasoning}<x>]", r"\[", r"\]", r"\{", r"\\", "{", "}", "\\"),
    *("\n", " ", ":", "a", "user", " to=", "-", "<", "|", "\u3000", "\x1c", "é", "{nothing}"),
)
_LINE = (  # one of each makes a line that is often a good one
    ("<|a|>", "<|b|>", "", "a"),
    ("{role}", "{role}", "{role}", "{name}"),
    ("", "[ name={name}]", " {name}", "[:{recipient}]", "[<|b|>{channel}]", "[ name={name}]-"),
    ("", "[ <x>{content_type}]", "[ to={recipient}]", " "),
    ("\n", "<|c|>", "\n\n", "[<x>{reasoning}<|c|>]", "<x>\n[{reasoning}<|c|>]", "{reasoning}<x>"),
    ("{content}",),
    ("<|end|>", "{end}", "\n<|end|>", "[INST]"),
    ("", "\n", "", "a"),
)
_ROLES = ("user", "assistant", "system", "tool", "a", "b-c")
_ODD_ROLES = (*_ROLES, "User", "", "1", "user\n", "Human")
_VALUES = ("a", "user", "name=a", "to=b", ":", "-", "\n", "x" * 64, "x" * 65, "", "é", "<x>")


class ByteEncoding:
    """The smallest encoding there is: a token for each byte, and the special ones."""

    def __init__(self, special_tokens: Iterable[str]) -> None:
        self.special_tokens = {spelling: 256 + i for i, spelling in enumerate(special_tokens)}
        self.n_vocab = 256 + len(self.special_tokens)

    @property
    def fingerprint(self) -> str:
        """Hex digest of the special tokens, for everything else is fixed."""
        return hashlib.sha256(repr(self.special_tokens).encode()).hexdigest()

    def encode_ordinary(self, text: str) -> list[int]:
        """The bytes."""
        return list(text.encode())

    def token_bytes(self, token: int) -> bytes:
        """The byte, or the spelling."""
        if 0 <= token < 256:
            return bytes([token])
        return {i: spelling for spelling, i in self.special_tokens.items()}[token].encode()


def _line(source: Source, *, after_role: bool = False) -> str:
    pieces = [source.pick(choices) for choices in _LINE]
    if source.number() % 8 == 7:
        pieces = [source.pick(_PIECES) for _ in range(source.number() % 14)]
    for _ in range(max(0, source.number() % 8 - 4)):
        at = source.number() % (len(pieces) + 1)
        put = source.pick((*_PIECES, ""))
        pieces[at : at + source.number() % 2] = [put or source.text()]
    return "".join(pieces).replace("{role}", "{role}{^}" if after_role else "{role}", 1)


def row(source: Source) -> dict[str, Any]:
    """The arguments of a format, right or wrong; of no bytes those of a right one."""
    made: dict[str, Any] = {"name": "fuzzed"}
    after_role = source.pick((False, True))
    choices = _ODD_ROLES if source.number() % 8 == 7 else _ROLES
    names = [source.pick(choices) for _ in range(1 + source.number() % 3)]
    if source.flag():
        made["template"] = {name: _line(source, after_role=after_role) for name in names}
    else:
        made["template"] = _line(source, after_role=after_role)
    if ("{end}" in repr(made)) is (source.number() % 16 < 15):
        made["ends"] = {
            source.pick(TOKENS): source.pick(("stop", "continue"))
            for _ in range(1 + source.number() % 3)
        }
    if source.number() % 4 == 3:
        made["prologue"] = source.pick(("<|b|>", "<|a|>\n", _line(source)))
    if source.flag():
        made["roles"] = {name: source.pick((name, *choices)) for name in names}
    else:
        made["roles"] = names
    if after_role:
        made["speakers"] = names
    used = [token for token in TOKENS if token in repr(made)]
    made["special_tokens"] = [one for one in TOKENS if (one in used) is (source.number() % 16 < 15)]
    return made


def message(source: Source, roles: list[str]) -> Message:
    """A message in one of the roles, with any of the fields."""
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
        made = ChatFormat(**row(source))
    except FormatError:
        return
    tok = ChatTokenizer(made, ByteEncoding(made.special_tokens))
    roles = list(made.templates)
    messages = [message(source, roles) for _ in range(source.number() % 4)]
    carried: list[Message] = []
    for one in messages:
        try:
            tok.encode([one])
        except RenderError:
            continue
        carried.append(one)
    conversation = Conversation(messages=tuple(carried))
    rendered = tok.render(conversation)
    for read in (tok.parse(rendered.ids), tok.parse(rendered.ids, strict=False)):
        assert read.conversation == conversation, (made.row(), conversation)
        assert read.spans == rendered.spans, (made.row(), conversation)
        assert not read.issues, (made.row(), conversation)
    for _ in range(2):  # the second time by what the first has learnt
        assert tok.decode(rendered.ids) == conversation, (made.row(), conversation)
    _check_prompts(tok, conversation)
    every = [*range(254, tok.encoding.n_vocab + 2)]
    ids = source.damaged(rendered.ids, every)
    check_parse(tok, ids, prologue=source.flag(), allow_open=source.flag())
    role = source.pick((None, *roles))
    try:
        tok.stream(role)
    except RenderError:
        return  # the header must say more than the role
    check_stream(tok, ids, source, role=role, strict=source.flag())


def _check_prompts(tok: ChatTokenizer, conversation: Conversation) -> None:
    """A prompt is read as what it is, and a prefix of what it becomes."""
    for role in tok.format.templates:
        try:
            prompt = tok.encode_prompt(conversation, role=role)
        except RenderError:
            continue  # the header must say more than the role
        read = tok.parse(prompt, allow_open=True)
        assert read.conversation == conversation, (tok.format.row(), conversation)
        begun = len(prompt) > len(tok.encode(conversation))
        assert (read.open is not None) is begun, (tok.format.row(), conversation)
        if read.open is not None:  # lines of two roles may begin alike
            assert read.open.role in (None, role), (tok.format.row(), conversation)
        try:
            whole = tok.encode([*conversation.messages, Message(role=role, content="x")])
        except RenderError:
            continue  # the line has a field that must be there after the prompt
        assert whole[: len(prompt)] == prompt, (tok.format.row(), conversation)
