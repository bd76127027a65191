"""Hypothesis strategies: hostile texts, conversations that a format can carry, damaged ids.

Also conversations with tool calls, results and reasoning: as messages, as the dicts that people
have, and in harmony's shape.
"""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from chatfmt.conversation import Conversation, Message, ToolCall
from chatfmt.conversation.harmony import split_for_harmony
from reference import FIELDS, ROLES, SPECIALS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reference import Encoding

# Special in the bundled encodings, and in no format of the tests: content may spell these, too.
FOREIGN_SPECIALS = ("<|endoftext|>", "<|endofprompt|>", "<|fim_prefix|>")

_NEWLINES = ("\n", "\n\n", "\n\n\n", "\r\n", "\r", " \n", "\n ", "\u2028", "\u2029", "\x85")
_GAPS = (" ", "  ", " " * 17, "\t", " \t ", "\u00a0", "\u3000", "\u200b", "\x1c", "\x1f")
# What the templates write themselves, as somebody would who wants to forge a header.
_HEADER_LIKE = (
    "user",
    "assistant\n",
    "system\n\n",
    " name=",
    " name=a\n",
    " to=functions.x",
    ":",
    "<think>\n",
    "\n</think>\n\n",
    "\n<|im_start|>system\n",
    "<|im_start|>assistant<|im_sep|>",
)
_HARD = (
    "\ud55c\uad6d\uc5b4",  # Hangul, precomposed
    "\u1112\u1161\u11ab\u1100\u116e\u11a8",  # the same in conjoining jamo
    "\u1100\u1100\u1161\u1161\u11a8",  # jamo that do not conjoin as they stand
    "\u0627\u0644\u0639\u0631\u0628\u064a\u0629",  # Arabic
    "\u0628\u0650\u0633\u0652\u0645\u0650 \ufdfd",  # Arabic with marks, and a ligature
    "\u4f60\u597d\uff0c\u4e16\u754c",
    "e\u0301\u0323\u0302",  # a letter under marks
    "1234567",
    "2+2 = 4",
    "{\"a\": [1, 'b']}",
    "it's",
)
_EMOJI = (
    "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466",  # a family, joined by ZWJ
    "\U0001f44d\U0001f3fd",  # with a skin tone
    "\U0001f1e9\U0001f1ea",  # a flag
)
_ODD = (
    "\u0301",  # a mark with nothing to stand on
    "\ufe0f",
    "\ufffd",  # what a lossy decoder would have put there
    "\ufeff",
    "\ufffe\uffff",
    "\x00",
    "\x7f\x80\x9f",
    "\u202e\u2066",
)


@functools.cache
def _characters() -> st.SearchStrategy[str]:
    """One character; every plane of Unicode is as likely as any other, surrogates never."""
    planes = [
        st.integers(plane << 16, (plane << 16) + 0xFFFF)
        .filter(lambda point: not 0xD800 <= point <= 0xDFFF)
        .map(chr)
        for plane in range(17)
    ]
    return st.one_of(planes)


def _broken(spellings: Sequence[str]) -> st.SearchStrategy[str]:
    """Almost a special token's spelling: nested, split, cut short."""

    def variant(spelling: str, inner: str, cut: int, kind: int) -> str:
        cut = 1 + cut % max(1, len(spelling) - 1)
        head, rest = spelling[:cut], spelling[cut:]
        return (head + inner + rest, head + " " + rest, head, rest)[kind]

    spelling = st.sampled_from(spellings)
    return st.builds(variant, spelling, spelling, st.integers(0, 30), st.integers(0, 3))


def texts(special_spellings: Iterable[str], *, max_pieces: int = 6) -> st.SearchStrategy[str]:
    """Free text, "" included: pieces that are each a trap, often between special tokens' spellings.

    One in four is sure to spell a special token.
    """
    spellings = tuple(special_spellings)
    whole = st.sampled_from(spellings)
    doubled = whole.map(lambda spelling: spelling * 2)
    piece = st.one_of(
        whole,
        doubled,
        _broken(spellings),
        st.sampled_from(_HARD),
        st.sampled_from(_EMOJI),
        st.sampled_from(_ODD),
        st.sampled_from(_NEWLINES),
        st.sampled_from(_GAPS),
        st.sampled_from(_HEADER_LIKE),
        st.text(_characters(), min_size=1, max_size=4),
        st.text(st.characters(codec="utf-8"), min_size=1, max_size=8),
    )
    body = st.lists(piece, max_size=max_pieces).map("".join)
    newlines = st.sampled_from(_NEWLINES)
    return st.one_of(
        st.just(""),
        body,
        st.tuples(newlines, body, newlines).map("".join),
        st.tuples(body, whole, body).map("".join),
    )


def _field_values(exclude: str, examples: Sequence[str], max_size: int) -> st.SearchStrategy[str]:
    # Planes alone would rarely give an ASCII character, so both kinds are mixed.
    character = st.one_of(st.characters(codec="utf-8"), st.characters(codec="ascii"), _characters())
    allowed = character.filter(lambda c: c not in exclude and not c.isspace())
    return st.one_of(
        st.sampled_from(examples),
        st.text(allowed, min_size=1, max_size=8),
        st.text(st.sampled_from("ab:=.-\u00e9\u4f60\U0001f44d"), min_size=1, max_size=max_size),
    )


NAMES = _field_values(
    "<|\\/>",
    ("Alice", "a", "name=b", "to=x", ":", "a:b", "user", "\u0301", "\ufffd", "x" * 64),
    max_size=64,
)
HEADER_TOKENS = _field_values(
    "<|>",
    ("functions.get_weather", "to=x", "json", "final", "analysis", "a/b\\c", ":", "x" * 70),
    max_size=80,
)


def special_spellings(format_name: str) -> tuple[str, ...]:
    """What the contents of this format's conversations should try to forge."""
    return (*SPECIALS[format_name], *FOREIGN_SPECIALS)


@functools.cache
def messages(format_name: str) -> st.SearchStrategy[Message]:
    """Messages that the format can carry; some bear annotations, which are not on the wire."""
    free_text = texts(special_spellings(format_name))
    fields = {
        "role": st.sampled_from(ROLES[format_name]),
        "content": free_text,
        "weight": st.one_of(st.none(), st.none(), st.sampled_from((0.0, 0.5, 1.0, 2.0))),
        "call_id": st.one_of(st.none(), st.none(), st.just("call_1")),
    }
    values = {
        "name": NAMES,
        "recipient": HEADER_TOKENS,
        "channel": HEADER_TOKENS,
        "content_type": HEADER_TOKENS,
        "reasoning": free_text,
    }
    for field in FIELDS[format_name]:
        fields[field] = st.one_of(st.none(), values[field])
    return st.builds(Message, **fields)


@functools.cache
def conversations(format_name: str, *, max_messages: int = 4) -> st.SearchStrategy[Conversation]:
    """Conversations that the format can carry, the empty one included."""
    return st.builds(
        Conversation,
        messages=st.lists(messages(format_name), max_size=max_messages).map(tuple),
        metadata=st.sampled_from(({}, {}, {"source": "a test"})),
    )


# ---- calls, results, reasoning

# What layouts with tool calls write around them, and what looks like it inside of arguments.
_CALL_LIKE = (
    "<think>", "</think>", "<tool_call>\n", "\n</tool_call>", "[TOOL_CALLS]", "<tool_response>",
    "functions.f:0", '{"name": "f", "arguments": {}}', '{"name": "', '", "arguments": ', "{", "}",
    '"', "\\", '\\"', "null", "None", "1", "01", "1.0", "true", "<|call|>", "<|constrain|>json",
)  # fmt: skip
_FUNCTION_NAMES = ("f", "get_weather", "functions.f", "a.b-c_1", "system", "f:0", "", "\u00e9 <")


@functools.cache
def call_texts() -> st.SearchStrategy[str]:
    """Free text, "" included, that spells what layouts write around calls and reasoning."""
    piece = st.one_of(
        st.sampled_from(_CALL_LIKE),
        texts(FOREIGN_SPECIALS, max_pieces=2),
        st.sampled_from(_NEWLINES),
        st.text(st.characters(codec="utf-8"), max_size=4),
    )
    return st.lists(piece, max_size=4).map("".join)


@functools.cache
def json_values() -> st.SearchStrategy[Any]:
    """What JSON can say."""
    leaf = st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        call_texts(),
    )
    return st.recursive(
        leaf,
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(call_texts(), inner, max_size=3)
        ),
        max_leaves=6,
    )


@functools.cache
def json_objects() -> st.SearchStrategy[dict[str, Any]]:
    """JSON objects: as arguments, or definitions of tools."""
    return st.dictionaries(call_texts(), json_values(), max_size=3)


@functools.cache
def arguments() -> st.SearchStrategy[str]:
    """Arguments of calls: objects in every spelling, and now and then what a model got wrong."""
    spelled = st.builds(
        lambda value, indent, ascii_only, pad: (
            pad + json.dumps(value, indent=indent, ensure_ascii=ascii_only) + pad
        ),
        json_objects(),
        st.sampled_from((None, 0, 2)),
        st.booleans(),
        st.sampled_from(("", "", " ", "\n")),
    )
    return st.one_of(spelled, spelled, st.just("{}"), call_texts())


def tool_calls(
    ids: st.SearchStrategy[str | None], names: st.SearchStrategy[str] | None = None
) -> st.SearchStrategy[ToolCall]:
    """Calls with ids of these."""
    if names is None:
        names = st.one_of(st.sampled_from(_FUNCTION_NAMES), call_texts())
    return st.builds(ToolCall, name=names, arguments=arguments(), id=ids)


_weights = st.one_of(st.none(), st.none(), st.sampled_from((0.0, 0.5, 1.0)))


@st.composite
def openai_conversations(draw: st.DrawFn, *, max_messages: int = 6) -> Conversation:
    """Whatever OpenAI's dicts have a place for: calls, results in any order, reasoning, tools."""
    messages = []
    ids = st.one_of(st.none(), st.sampled_from(("call_0", "call_1", "c")), call_texts())
    names = st.one_of(st.none(), st.none(), call_texts())
    for _ in range(draw(st.integers(0, max_messages))):
        role = draw(st.sampled_from(("system", "developer", "user", "assistant", "tool")))
        fields: dict[str, Any] = {"role": role, "content": draw(st.just("") | call_texts())}
        fields |= {"name": draw(names), "weight": draw(_weights)}
        if role == "assistant":
            fields["reasoning"] = draw(st.none() | call_texts())
            fields["tool_calls"] = tuple(draw(st.lists(tool_calls(ids), max_size=3)))
        if role == "tool":
            fields["call_id"] = draw(ids)
        messages.append(Message(**fields))
    tools = draw(st.lists(json_objects(), max_size=2))
    return Conversation(messages=tuple(messages), tools=tuple(tools))


@st.composite
def agent_conversations(
    draw: st.DrawFn, *, max_turns: int = 4, names: st.SearchStrategy[str] | None = None
) -> Conversation:
    """Conversations in which each call has one result, and results name or identify their call."""
    with_ids, in_order = draw(st.booleans()), draw(st.booleans())
    messages = []
    calls = 0
    for _ in range(draw(st.integers(0, max_turns))):
        if draw(st.booleans()):
            messages.append(Message(role="user", content=draw(call_texts())))
        weight = draw(_weights)
        made = draw(st.lists(tool_calls(st.none(), names), max_size=3))
        if with_ids:
            prefix = draw(st.sampled_from(("call_", "call_", "c")))
            made = [
                call.model_copy(update={"id": f"{prefix}{calls + at}"})
                for at, call in enumerate(made)
            ]
        calls += len(made)
        messages.append(
            Message(
                role="assistant",
                content=draw(st.just("") | call_texts()),
                reasoning=draw(st.none() | call_texts()),
                tool_calls=tuple(made),
                weight=weight,
            )
        )
        # Without ids the first result of a function is that of its first call.
        for call in made if in_order or not with_ids else draw(st.permutations(made)):
            name = None if with_ids else call.name
            result = Message(role="tool", content=draw(call_texts()), call_id=call.id, name=name)
            messages.append(result)
    return Conversation(messages=tuple(messages))


def harmony_conversations() -> st.SearchStrategy[Conversation]:
    """Conversations as harmony has them: a call is a message, and so is reasoning."""
    return agent_conversations().map(
        lambda chat: Conversation(messages=split_for_harmony(chat.messages))
    )


@st.composite
def held_dicts(draw: st.DrawFn, conversation: Conversation) -> dict[str, Any]:
    """The same conversation as people hold it: with nulls, text parts, other names."""
    null: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
        {}, optional=dict.fromkeys(("audio", "refusal", "function_call", "name"), st.none())
    )
    messages = []
    for message in conversation.messages:
        held: dict[str, Any] = {**draw(null), "role": message.role}
        content = message.content
        cut = draw(st.integers(0, len(content)))
        parts = [{"type": "text", "text": part} for part in (content[:cut], content[cut:])]
        parts[0] |= draw(st.sampled_from(({}, {"image_url": None})))
        held["content"] = draw(st.sampled_from((content, parts)))
        if not content:
            held |= draw(st.sampled_from(({"content": None}, {"content": ""})))
        if message.reasoning is not None:
            name = draw(st.sampled_from(("reasoning", "reasoning_content", "thinking")))
            held[name] = message.reasoning
        if message.call_id is not None:
            held[draw(st.sampled_from(("call_id", "tool_call_id")))] = message.call_id
        for name in ("name", "weight"):
            if getattr(message, name) is not None:
                held[name] = getattr(message, name)
        made = [draw(_held_call(call)) for call in message.tool_calls]
        nothing: list[dict[str, Any]] = [{}, {"tool_calls": None}, {"tool_calls": []}]
        held |= {"tool_calls": made} if made else draw(st.sampled_from(nothing))
        messages.append(held)
    tools: dict[str, Any] = {"tools": list(conversation.tools)}
    if not conversation.tools:
        tools = draw(st.sampled_from(({}, {"tools": None}, {"tools": []})))
    return {"messages": messages, **tools}


@st.composite
def _held_call(draw: st.DrawFn, call: ToolCall) -> dict[str, Any]:
    function: dict[str, Any] = {"name": call.name, "arguments": call.arguments}
    identifier = draw(st.sampled_from(({}, {"id": None}))) if call.id is None else {"id": call.id}
    kind = draw(st.sampled_from(({}, {"type": "function"})))
    return draw(
        st.sampled_from(({**function, **identifier}, {**identifier, **kind, "function": function}))
    )


_ids_of_bytes: dict[int, tuple[Encoding, dict[bytes, int]]] = {}


def _id_of_bytes(encoding: Encoding) -> dict[bytes, int]:
    # By identity, for a protocol promises no hash; the encoding is kept, so no id() is used twice.
    known = _ids_of_bytes.get(id(encoding))
    if known is not None:
        return known[1]
    special = set(encoding.special_tokens.values())
    ids = {}
    for token in range(encoding.n_vocab):
        if token not in special:
            try:
                ids[encoding.token_bytes(token)] = token
            except KeyError:  # a gap in the vocabulary
                continue
    _ids_of_bytes[id(encoding)] = encoding, ids
    return ids


def _splits(data: bytes, ids: dict[bytes, int], choices: Sequence[int]) -> list[int]:
    """Cut the bytes into tokens; the choices say how short each one is, 0 being the longest."""
    out: list[int] = []
    start = 0
    while start < len(data):
        longest = min(16, len(data) - start)
        lengths = [n for n in range(longest, 0, -1) if data[start : start + n] in ids]
        length = lengths[choices[len(out) % len(choices)] % len(lengths)]
        out.append(ids[data[start : start + length]])
        start += length
    return out


@st.composite
def retokenized(
    draw: st.DrawFn, ids: Sequence[int], encoding: Encoding, *, straddle: bool = True
) -> list[int]:
    """Other ids of the same bytes; special tokens stay where they are.

    With ``straddle`` a token may lie across what were two (so that it may begin in a header and
    end in the content); without it tokens are only ever cut up.
    """
    special = set(encoding.special_tokens.values())
    by_bytes = _id_of_bytes(encoding)
    choices = draw(st.lists(st.integers(0, 15), min_size=1, max_size=30))
    only_single_bytes = draw(st.booleans())
    runs: list[bytes | int] = []
    for token in ids:
        if token in special:
            runs.append(token)
            continue
        data = encoding.token_bytes(token)
        last = runs[-1] if runs else None
        if straddle and isinstance(last, bytes):
            runs[-1] = last + data
        else:
            runs.append(data)
    out: list[int] = []
    for run in runs:
        if isinstance(run, int):
            out.append(run)
        elif only_single_bytes:
            out += [by_bytes[bytes([byte])] for byte in run]
        else:
            out += _splits(run, by_bytes, choices)
    return out


def _odd_ids(n_vocab: int) -> st.SearchStrategy[int]:
    """Ids that no vocabulary has."""
    return st.one_of(
        st.sampled_from((-1, -2, -(2**31), -(2**63), -(10**30))),
        st.sampled_from((n_vocab, n_vocab + 1, 2**31, 2**32)),
        st.sampled_from((2**63, 2**64, 10**30)),
    )


def _any_ids(n_vocab: int, others: Sequence[int]) -> st.SearchStrategy[int]:
    choices = [st.integers(0, n_vocab - 1), st.integers(0, 299), _odd_ids(n_vocab)]
    if others:
        choices = [st.sampled_from(others), st.sampled_from(others), *choices]
    return st.one_of(choices)


@st.composite
def mutated(draw: st.DrawFn, ids: Sequence[int], n_vocab: int) -> list[int]:
    """The ids after one to four accidents: mostly no conversation any more, now and then one."""
    out = list(ids)
    anything = _any_ids(n_vocab, sorted(set(ids)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(out)))
        accident = draw(
            st.sampled_from(("insert", "delete", "replace", "swap", "duplicate", "truncate"))
        )
        if accident == "insert":
            out.insert(at, draw(anything))
        elif accident == "delete":
            del out[at : at + 1]
        elif accident == "replace":
            out[at : at + 1] = [draw(anything)]
        elif accident == "swap":
            out[at : at + 2] = out[at : at + 2][::-1]
        elif accident == "duplicate":
            stop = draw(st.integers(at, len(out)))
            out[at:at] = out[at:stop]
        else:
            del out[at:]
    return out


def random_ids(
    n_vocab: int, specials: Sequence[int], *, max_size: int = 24
) -> st.SearchStrategy[list[int]]:
    """Sequences of ids with no plan, special tokens (pass their ids) well represented."""
    return st.lists(_any_ids(n_vocab, tuple(specials)), max_size=max_size)
