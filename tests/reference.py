"""The oracle: every format written out by hand, slowly and obviously.

It shares no code with the library but the types of a conversation, so whatever the library
derives from a format's one line is checked here against someone who read that line and wrote down
what it means. Nothing is general: each format has its own writer and its own reader.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from chatfmt.conversation import Conversation, Message

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FORMATS = (
    "gpt-4o",
    "gpt-4",
    "phi-4",
    "gpt-3.5-turbo",
    "chatml",
    "llama-3",
    "nanochat",
    "harmony",
    "think",
)

_FIVE_ROLES = ("system", "developer", "user", "assistant", "tool")

ROLES = {
    "gpt-4o": _FIVE_ROLES,
    "gpt-4": _FIVE_ROLES,
    "phi-4": _FIVE_ROLES,
    "gpt-3.5-turbo": _FIVE_ROLES,
    "chatml": _FIVE_ROLES,
    "llama-3": ("system", "user", "assistant", "ipython"),
    "nanochat": ("user", "assistant"),
    "harmony": _FIVE_ROLES,
    "think": _FIVE_ROLES,
}

# The roles in which a model can be prompted: text is cut where the prompt ends. In the messages of
# others, text between two special tokens is encoded as one.
SPEAKERS: dict[str, tuple[str, ...]] = {
    **ROLES,
    "chatml": ("assistant",),
    "llama-3": ("assistant",),
}

# The fields besides role and content.
FIELDS: dict[str, tuple[str, ...]] = {
    "gpt-4o": ("name",),
    "gpt-4": ("name",),
    "phi-4": (),
    "gpt-3.5-turbo": ("name",),
    "chatml": (),
    "llama-3": (),
    "nanochat": (),
    "harmony": ("name", "recipient", "channel", "content_type"),
    "think": ("reasoning",),
}

_IM_SEP = ("<|im_start|>", "<|im_sep|>", "<|im_end|>")
_IM = ("<|im_start|>", "<|im_end|>")

SPECIALS: dict[str, tuple[str, ...]] = {
    "gpt-4o": _IM_SEP,
    "gpt-4": _IM_SEP,
    "phi-4": _IM_SEP,
    "gpt-3.5-turbo": _IM,
    "chatml": _IM,
    "llama-3": ("<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"),
    "nanochat": (
        "<|bos|>",
        "<|user_start|>",
        "<|user_end|>",
        "<|assistant_start|>",
        "<|assistant_end|>",
    ),
    "harmony": (
        "<|start|>",
        "<|channel|>",
        "<|constrain|>",
        "<|message|>",
        "<|end|>",
        "<|return|>",
        "<|call|>",
    ),
    "think": ("<|im_start|>", "<think>", "</think>", "<|im_end|>"),
}

Part = Literal["prologue", "header", "content", "reasoning", "end", "tail"]


class Encoding(Protocol):
    """What the oracle needs of an encoding."""

    @property
    def special_tokens(self) -> Mapping[str, int]: ...

    @property
    def n_vocab(self) -> int: ...

    def encode_ordinary(self, text: str) -> list[int]: ...

    def token_bytes(self, token: int) -> bytes: ...


class Written(NamedTuple):
    """One id, and where it comes from."""

    token: int
    message: int | None
    part: Part
    generated: bool


# -- Can the format carry it? -----------------------------------------------------------------


def reference_can_carry(format_name: str, conversation: Conversation) -> bool:
    """Whether every field of every message has a place in the format and keeps its alphabet.

    In none of these formats is a field followed by literal text that its own alphabet has: after
    a role come ``:``, a space, ``\\n`` or a special token, after the others a space, ``\\n`` or a
    special token. So no alphabet is narrowed further.
    """
    return all(_can_carry_message(format_name, message) for message in conversation.messages)


def _can_carry_message(format_name: str, message: Message) -> bool:
    if message.role not in ROLES[format_name]:
        return False
    for field in ("name", "recipient", "channel", "content_type", "reasoning"):
        if getattr(message, field) is not None and field not in FIELDS[format_name]:
            return False
    if message.name is not None and not (
        1 <= len(message.name) <= 64
        and not any(character.isspace() or character in "<|\\/>" for character in message.name)
    ):
        return False
    return not any(
        value is not None
        and (value == "" or any(character.isspace() or character in "<|>" for character in value))
        for value in (message.recipient, message.channel, message.content_type)
    )


# -- Writing ----------------------------------------------------------------------------------


class _Piece(NamedTuple):
    """A special token, or a run of text that is encoded with one call."""

    special: bool
    text: str
    part: Part
    generated: bool
    more: _Piece | None = None
    """Text that is encoded as one with it."""


def _special(spelling: str, part: Part, *, generated: bool) -> _Piece:
    return _Piece(special=True, text=spelling, part=part, generated=generated)


def _text(text: str, part: Part, *, generated: bool, more: _Piece | None = None) -> _Piece:
    return _Piece(special=False, text=text, part=part, generated=generated, more=more)


def _opening(text: str, message: Message, format_name: str) -> list[_Piece]:
    """The text that ends a header, and the content that follows it."""
    content = _text(message.content, "content", generated=True)
    if message.role in SPEAKERS[format_name]:
        return [_text(text, "header", generated=False), content]
    return [_text(text, "header", generated=False, more=content)]


def _write_im_sep(message: Message) -> list[_Piece]:
    # <|im_start|>{role}[ name={name}]<|im_sep|>{^}{content}<|im_end|>
    header = message.role
    if message.name is not None:
        header += f" name={message.name}"
    return [
        _special("<|im_start|>", "header", generated=False),
        _text(header, "header", generated=False),
        _special("<|im_sep|>", "header", generated=False),
        _text(message.content, "content", generated=True),
        _special("<|im_end|>", "end", generated=True),
    ]


def _write_im(format_name: str, message: Message) -> list[_Piece]:
    # <|im_start|>{role}[ name={name}]\n{^}{content}<|im_end|>\n
    header = message.role
    if message.name is not None:
        header += f" name={message.name}"
    return [
        _special("<|im_start|>", "header", generated=False),
        *_opening(header + "\n", message, format_name),
        _special("<|im_end|>", "end", generated=True),
        _text("\n", "tail", generated=False),
    ]


def _write_llama_3(message: Message) -> list[_Piece]:
    # <|start_header_id|>{role}<|end_header_id|>\n\n{^}{content}<|eot_id|>
    return [
        _special("<|start_header_id|>", "header", generated=False),
        _text(message.role, "header", generated=False),
        _special("<|end_header_id|>", "header", generated=False),
        *_opening("\n\n", message, "llama-3"),
        _special("<|eot_id|>", "end", generated=True),
    ]


def _write_nanochat(message: Message) -> list[_Piece]:
    # <|user_start|>{^}{content}<|user_end|> and <|assistant_start|>{^}{content}<|assistant_end|>
    return [
        _special(f"<|{message.role}_start|>", "header", generated=False),
        _text(message.content, "content", generated=True),
        _special(f"<|{message.role}_end|>", "end", generated=True),
    ]


def _write_think(message: Message) -> list[_Piece]:
    # <|im_start|>{role}\n{^}[<think>\n{reasoning}\n</think>\n\n]{content}<|im_end|>\n
    pieces = [
        _special("<|im_start|>", "header", generated=False),
        _text(message.role + "\n", "header", generated=False),
    ]
    # A prompt may end before the reasoning, or after one that is empty, which it then has written:
    # there text is cut.
    if message.reasoning is not None and message.reasoning:
        pieces += [
            _special("<think>", "header", generated=True),
            _text("\n", "header", generated=True),
            _text(message.reasoning + "\n", "reasoning", generated=True),
            _special("</think>", "header", generated=True),
            _text(
                "\n\n",
                "header",
                generated=True,
                more=_text(message.content, "content", generated=True),
            ),
        ]
    elif message.reasoning is not None:
        pieces += [
            _special("<think>", "header", generated=False),
            _text("\n", "header", generated=False, more=_text("\n", "reasoning", generated=False)),
            _special("</think>", "header", generated=False),
            _text("\n\n", "header", generated=False),
            _text(message.content, "content", generated=True),
        ]
    else:
        pieces.append(_text(message.content, "content", generated=True))
    return [
        *pieces,
        _special("<|im_end|>", "end", generated=True),
        _text("\n", "tail", generated=False),
    ]


def _write_harmony(message: Message, previous: Message | None) -> list[_Piece]:
    # <|start|>{role}{^}[:{name}][ to={recipient}][<|channel|>{channel}]
    #     [ <|constrain|>{content_type}]<|message|>{content}<|end|>
    # After <|end|> the same speaker may go on and then writes the next <|start|>{role}, too.
    goes_on = previous is not None and previous.role == message.role
    pieces = [
        _special("<|start|>", "header", generated=goes_on),
        _text(message.role, "header", generated=goes_on),
    ]
    run = ""
    if message.name is not None:
        run += f":{message.name}"
    if message.recipient is not None:
        run += f" to={message.recipient}"
    if message.channel is not None:
        pieces += [
            _text(run, "header", generated=True),
            _special("<|channel|>", "header", generated=True),
        ]
        run = message.channel
    if message.content_type is not None:
        pieces += [
            _text(run + " ", "header", generated=True),
            _special("<|constrain|>", "header", generated=True),
        ]
        run = message.content_type
    return [
        *pieces,
        _text(run, "header", generated=True),
        _special("<|message|>", "header", generated=True),
        _text(message.content, "content", generated=True),
        _special("<|end|>", "end", generated=True),
    ]


def _write(format_name: str, message: Message, previous: Message | None) -> list[_Piece]:
    if format_name in ("gpt-4o", "gpt-4", "phi-4"):
        return _write_im_sep(message)
    if format_name in ("gpt-3.5-turbo", "chatml"):
        return _write_im(format_name, message)
    if format_name == "llama-3":
        return _write_llama_3(message)
    if format_name == "nanochat":
        return _write_nanochat(message)
    if format_name == "think":
        return _write_think(message)
    if format_name == "harmony":
        return _write_harmony(message, previous)
    raise KeyError(format_name)


def _tokens(piece: _Piece, encoding: Encoding) -> list[tuple[int, _Piece]]:
    """The ids, each with the piece in which it begins."""
    if piece.special:
        return [(encoding.special_tokens[piece.text], piece)]
    tokens: list[tuple[int, _Piece]] = []
    at = 0
    for token in encoding.encode_ordinary(piece.text + (piece.more.text if piece.more else "")):
        within = piece.more is None or at < len(piece.text.encode())
        tokens.append((token, piece if within or piece.more is None else piece.more))
        at += len(encoding.token_bytes(token))
    return tokens


def reference_encode(
    format_name: str, conversation: Conversation, encoding: Encoding
) -> list[Written]:
    """Every id of the conversation, with the index of its message, its part, and who writes it.

    ValueError where the format cannot carry the conversation.
    """
    if not reference_can_carry(format_name, conversation):
        raise ValueError(f"{format_name} cannot carry {conversation!r}")
    written = []
    if format_name == "llama-3":
        bos = encoding.special_tokens["<|begin_of_text|>"]
        written.append(Written(bos, None, "prologue", generated=False))
    if format_name == "nanochat":
        bos = encoding.special_tokens["<|bos|>"]
        written.append(Written(bos, None, "prologue", generated=False))
    previous = None
    for index, message in enumerate(conversation.messages):
        for piece in _write(format_name, message, previous):
            written += [
                Written(token, index, owner.part, owner.generated)
                for token, owner in _tokens(piece, encoding)
            ]
        previous = message
    return written


def reference_prompt(
    format_name: str,
    conversation: Conversation,
    encoding: Encoding,
    role: str = "assistant",
    name: str | None = None,
) -> list[int]:
    """The ids after which the model writes the next message of this role.

    ValueError where the format cannot carry the conversation, has no such role, prompts no model
    in it, or does not write a name before the model begins.
    """
    message = Message(role=role, name=name)
    if not reference_can_carry(format_name, Conversation(messages=(message,))):
        raise ValueError(f"{format_name} cannot carry {message!r}")
    if role not in SPEAKERS[format_name]:
        raise ValueError(f"in {format_name} no model is prompted as {role}")
    if format_name == "harmony" and name is not None:
        raise ValueError("in harmony the model writes everything after the role, the name too")
    ids = [written.token for written in reference_encode(format_name, conversation, encoding)]
    # No message before it: who wrote it does not matter here, only where the model begins.
    for piece in _write(format_name, message, None):
        if piece.generated:
            return ids
        ids += [token for token, _ in _tokens(piece, encoding)]
    raise AssertionError("a message without anything that the model writes")


# -- Reading ----------------------------------------------------------------------------------

_Pairs = list[tuple[str, str]]
"""A special token's spelling and the text up to the next one, in order."""


def _pairs(ids: Sequence[int], encoding: Encoding) -> _Pairs | None:
    """Take the ids apart; None if there is text before the first special token, or no text."""
    spellings = {token: spelling for spelling, token in encoding.special_tokens.items()}
    runs: list[tuple[str, bytes]] = [("", b"")]
    for token in ids:
        if token in spellings:
            runs.append((spellings[token], b""))
            continue
        try:
            data = encoding.token_bytes(token)
        except KeyError:
            return None
        spelling, before = runs[-1]
        runs[-1] = (spelling, before + data)
    if runs.pop(0) != ("", b""):
        return None
    try:
        return [(spelling, data.decode("utf-8")) for spelling, data in runs]
    except UnicodeDecodeError:
        return None


def _read_im_sep(pairs: _Pairs) -> Message | None:
    if [special for special, _ in pairs[:3]] != ["<|im_start|>", "<|im_sep|>", "<|im_end|>"]:
        return None
    (_, header), (_, content), (_, after) = pairs[:3]
    del pairs[:3]
    if after != "":
        return None
    role, is_named, name = header.partition(" name=")
    return Message(role=role, name=name if is_named else None, content=content)


def _read_im(pairs: _Pairs) -> Message | None:
    if [special for special, _ in pairs[:2]] != ["<|im_start|>", "<|im_end|>"]:
        return None
    (_, text), (_, tail) = pairs[:2]
    del pairs[:2]
    if "\n" not in text or not _is_tail(tail, pairs):
        return None
    header, _, content = text.partition("\n")
    role, is_named, name = header.partition(" name=")
    return Message(role=role, name=name if is_named else None, content=content)


def _is_tail(tail: str, following: _Pairs) -> bool:
    # It may be missing at the very end, where the model has stopped and nobody has gone on.
    return tail == "\n" or (tail == "" and not following)


def _read_llama_3(pairs: _Pairs) -> Message | None:
    if [special for special, _ in pairs[:3]] != [
        "<|start_header_id|>",
        "<|end_header_id|>",
        "<|eot_id|>",
    ]:
        return None
    (_, role), (_, text), (_, after) = pairs[:3]
    del pairs[:3]
    if not text.startswith("\n\n") or after != "":
        return None
    return Message(role=role, content=text.removeprefix("\n\n"))


def _read_nanochat(pairs: _Pairs) -> Message | None:
    for role in ("user", "assistant"):
        if [special for special, _ in pairs[:2]] == [f"<|{role}_start|>", f"<|{role}_end|>"]:
            (_, content), (_, after) = pairs[:2]
            del pairs[:2]
            return Message(role=role, content=content) if after == "" else None
    return None


def _read_think(pairs: _Pairs) -> Message | None:
    if [special for special, _ in pairs[:2]] == ["<|im_start|>", "<|im_end|>"]:
        return _read_im(pairs)
    if [special for special, _ in pairs[:4]] != [
        "<|im_start|>",
        "<think>",
        "</think>",
        "<|im_end|>",
    ]:
        return None
    (_, header), (_, reasoning), (_, content), (_, tail) = pairs[:4]
    del pairs[:4]
    if not header.endswith("\n") or not content.startswith("\n\n") or not _is_tail(tail, pairs):
        return None
    if len(reasoning) < 2 or reasoning[0] != "\n" or reasoning[-1] != "\n":
        return None
    return Message(role=header[:-1], reasoning=reasoning[1:-1], content=content[2:])


def _read_harmony(pairs: _Pairs) -> Message | None:
    runs: dict[str, str] = {}
    for special in ("<|start|>", "<|channel|>", "<|constrain|>", "<|message|>"):
        if pairs and pairs[0][0] == special:
            runs[special] = pairs.pop(0)[1]
    if "<|start|>" not in runs or "<|message|>" not in runs or not pairs:
        return None
    end, after = pairs.pop(0)
    if end not in ("<|end|>", "<|return|>", "<|call|>") or after != "":
        return None
    if "<|constrain|>" in runs:
        before = "<|channel|>" if "<|channel|>" in runs else "<|start|>"
        if not runs[before].endswith(" "):
            return None
        runs[before] = runs[before].removesuffix(" ")
    speaker, is_addressed, recipient = runs["<|start|>"].partition(" to=")
    role, is_named, name = speaker.partition(":")
    return Message(
        role=role,
        name=name if is_named else None,
        recipient=recipient if is_addressed else None,
        channel=runs.get("<|channel|>"),
        content_type=runs.get("<|constrain|>"),
        content=runs["<|message|>"],
    )


def _read(format_name: str, pairs: _Pairs) -> Message | None:
    """The first message, whose pairs are taken off the list."""
    if format_name in ("gpt-4o", "gpt-4", "phi-4"):
        return _read_im_sep(pairs)
    if format_name in ("gpt-3.5-turbo", "chatml"):
        return _read_im(pairs)
    if format_name == "llama-3":
        return _read_llama_3(pairs)
    if format_name == "nanochat":
        return _read_nanochat(pairs)
    if format_name == "think":
        return _read_think(pairs)
    if format_name == "harmony":
        return _read_harmony(pairs)
    raise KeyError(format_name)


def reference_decode(
    format_name: str, ids: Sequence[int], encoding: Encoding
) -> Conversation | None:
    """The conversation that the ids spell, or None where no conversation spells them.

    Any tokenization of the right text will do, and so will any of harmony's end tokens; the last
    message's tail may be missing.
    """
    pairs = _pairs(ids, encoding)
    if pairs is None:
        return None
    if format_name == "llama-3" and (not pairs or pairs.pop(0) != ("<|begin_of_text|>", "")):
        return None
    if format_name == "nanochat" and (not pairs or pairs.pop(0) != ("<|bos|>", "")):
        return None
    messages = []
    while pairs:
        message = _read(format_name, pairs)
        # Roles and alphabets are checked on the fields, as they are when writing.
        if message is None or not _can_carry_message(format_name, message):
            return None
        messages.append(message)
    return Conversation(messages=tuple(messages))
