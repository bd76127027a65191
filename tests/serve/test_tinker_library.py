"""Tinker-cookbook with chatfmt's renderers in place of its own: what differs, and why.

Nothing is adjusted before a comparison. Where something differs, the table says why. A difference
that is not in the table, or that is gone, fails.
"""

from __future__ import annotations

import functools
import json
import pickle
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

import chatfmt
from chatfmt import ChatTokenizer
from chatfmt.serve import hf, tinker
from completions.tables import TABLE
from heavy import heavy
from library_chats import CHATS
from library_tokens import Tokens
from rows import ids_in, spelled, tokenizer
from vocabularies import vocabulary

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

pytestmark = [
    pytest.mark.slow,
    pytest.mark.opinions,
    pytest.mark.filterwarnings("ignore:use_system_prompt=True"),  # it is told of two
]

MODES = (
    *("last_assistant_message", "last_assistant_turn", "all_assistant_messages"),
    *("all_messages", "all_tokens"),
)


FIELDS = ("role", "content", "tool_call_id", "name")


class Why(NamedTuple):
    """A reason, and in which modes there are other ids, other weights, or an error of one."""

    reason: str
    how: str = "ids"
    modes: tuple[str, ...] = (*MODES, "prompt")


SPELLED = Why("a text that spells a special token becomes one in theirs")
EMPTY = Why(
    "empty reasoning stands in prompts that say so, and is not trained", "weights", MODES[:4]
)
EMPTY_EARLIER = Why(
    "empty reasoning stands in prompts that say so, and is not trained", "weights", MODES[2:4]
)
ADDED = Why("what the template adds to a system message is not trained", "weights", MODES[3:4])
ENDED = Why("an earlier answer does not end as the model stops", "weights", MODES[2:3])
LAST_ONLY = Why("theirs keeps reasoning, empty or not, only in the last message")
NEWLINE = Why("theirs writes a newline between reasoning and a call; the template does not")
FRAMED = Why("theirs gives each result a frame; the template has one for those side by side")
NO_PLACE = Why("the format has no place for reasoning; theirs writes it as text", "error of ours")
NO_CALLS = Why("theirs has no calls, nor has the row", "error of both")
NO_TOOLS = Why("theirs has no definitions of tools; they are left out", "error of theirs")
OPENED = Why("theirs trains the tag of reasoning that the prompt opens", "weights", MODES[2:4])
STRIPPED = Why("only one of both takes white space off texts; the row is as its template")
BARE = Why("theirs writes definitions without their envelope; the template does not")
COMPACT = Why("theirs writes definitions with sorted keys and without spaces")
DEVELOPER = Why("theirs ends instructions with an empty line, and has no system message for tools")
THINKS = Why("the prompt says that there is no reasoning", "error of both", MODES[:2])
ASKED = ("a question again",)
ANSWERS = ("an answer", "no system message", "two turns", "an empty answer", "several lines")
LETTERS, SPELLING = ("other letters",), ("special tokens in a text",)
CALLS = ("a call", "a call after text", "two calls")
RESULTS = ("a result", "two results", "a call, and another")
THINKING = ("thinking", "thinking in each turn")
END, CYCLE = "a result at the end", "thinking, calls and a next turn"
CALLED = "a call after thinking"
DEFINED = ("tools", "tools without a system message")


def real(row: str, name: str) -> Callable[[], ChatTokenizer]:
    return lambda: ChatTokenizer(chatfmt.get_format(row), vocabulary(name))


def gpt_oss() -> ChatTokenizer:
    return chatfmt.get_tokenizer("gpt-oss")


class Row(NamedTuple):
    tok: Callable[[], ChatTokenizer]
    theirs: str
    differs: Mapping[Why, Sequence[str]]
    config: Mapping[str, Any] = {}
    ours: Mapping[str, Any] = {}


DATE = "2025-06-28"
ROWS = {
    "qwen-3": Row(
        real("qwen-3", "qwen-3"),
        "qwen3.Qwen3Renderer",
        {
            SPELLED: SPELLING,
            EMPTY: (*ANSWERS, *LETTERS, *CALLS),
            NEWLINE: (CALLED,),
            LAST_ONLY: (*RESULTS, END),
            ADDED: (CYCLE,),
        },
    ),
    "qwen-3-2507": Row(
        real("qwen-3-2507", "qwen-3"),
        "qwen3.Qwen3InstructRenderer",
        {
            SPELLED: SPELLING,
            NO_PLACE: (*THINKING, CALLED, CYCLE),
            ADDED: (*CALLS, "a result", "a call, and another"),
            FRAMED: ("two results",),
        },
    ),
    "llama-3": Row(
        real("llama-3", "llama-3"),
        "llama3.Llama3Renderer",
        {
            SPELLED: SPELLING,
            STRIPPED: ("several lines",),
            NO_CALLS: (*THINKING, *CALLS, *RESULTS, END, CYCLE, CALLED),
            NO_TOOLS: DEFINED,
        },
    ),
    "kimi-k2-thinking": Row(
        lambda: tokenizer("kimi-k2-thinking"),
        "kimi_k2.KimiK2Renderer",
        {
            SPELLED: SPELLING,
            EMPTY: (*ANSWERS, *LETTERS),
            ADDED: THINKING[:1],
            EMPTY_EARLIER: THINKING[1:],
            COMPACT: (*DEFINED, *CALLS, *RESULTS, END, CYCLE, CALLED),
        },
    ),
    "qwen-3.5": Row(
        real("qwen-3.5", "qwen-3.5"),
        "qwen3_5.Qwen3_5Renderer",
        {
            SPELLED: SPELLING,
            EMPTY: (*ANSWERS, *LETTERS),
            OPENED: THINKING,
            BARE: (*DEFINED, *CALLS, *RESULTS, END, CYCLE, CALLED),
        },
    ),
    "nemotron-3": Row(
        lambda: tokenizer("nemotron-3"),
        "nemotron3.Nemotron3Renderer",
        {
            SPELLED: SPELLING,
            STRIPPED: ("several lines",),
            OPENED: (*THINKING, CYCLE, CALLED),
            ADDED: (
                *("no system message", "two turns", "an empty answer", *LETTERS),
                *(*CALLS, *RESULTS),
            ),
        },
    ),
    "gpt-oss": Row(
        gpt_oss,
        "gpt_oss.GptOssRenderer",
        {
            DEVELOPER: (
                *("a question", "an answer", *DEFINED, *CALLS, *RESULTS, END, CYCLE, CALLED),
            ),
            LAST_ONLY: THINKING[1:],
            ADDED: (
                *("no system message", "two turns", "an empty answer", "several lines"),
                *(*LETTERS, *SPELLING, "thinking"),
            ),
            ENDED: ("two turns",),
        },
        config={"use_system_prompt": True, "reasoning_effort": "medium", "current_date": DATE},
        ours={"values": {"date": DATE}},
    ),
}


class Both(NamedTuple):
    tok: ChatTokenizer
    ours: Any
    theirs: Any


@functools.cache
def both(name: str) -> Both:
    row = ROWS[name]
    tok = row.tok()
    module, _, made = row.theirs.partition(".")
    theirs = getattr(heavy(f"tinker_cookbook.renderers.{module}"), made)
    return Both(
        tok, tinker.renderer(tok, Tokens(tok), **row.ours), theirs(Tokens(tok), **row.config)
    )


def messages_of(what: str, made: Any) -> list[dict[str, Any]]:
    """A conversation with parts for reasoning, and definitions as the renderer takes them."""
    given, tools = CHATS[what]
    of = heavy("tinker_cookbook.renderers.base").ToolCall
    messages: list[dict[str, Any]] = []
    for one in given:
        message: dict[str, Any] = {key: one[key] for key in FIELDS if key in one}
        if "reasoning_content" in one:
            message["content"] = [
                {"type": "thinking", "thinking": one["reasoning_content"]},
                {"type": "text", "text": one["content"]},
            ]
        if "tool_calls" in one:
            functions = [(call["id"], call["function"]) for call in one["tool_calls"]]
            message["tool_calls"] = [
                of(
                    id=identifier,
                    function=of.FunctionBody(
                        name=function["name"], arguments=json.dumps(function["arguments"])
                    ),
                )
                for identifier, function in functions
            ]
        messages.append(message)
    if not tools:
        return messages
    first = messages.pop(0)["content"] if messages[0]["role"] == "system" else ""
    prefix = made.create_conversation_prefix_with_tools([tool["function"] for tool in tools], first)
    return [*prefix, *messages]


def written(made: Any, what: str, mode: str) -> tuple[list[int], list[float]] | None:
    """Ids and weights; None if it is refused."""
    base = heavy("tinker_cookbook.renderers.base")
    try:
        messages = messages_of(what, made)
        if mode == "prompt":
            return made.build_generation_prompt(messages).to_ints(), []
        example = made.build_supervised_example(messages, base.TrainOnWhat(mode))
    except (ValueError, NotImplementedError):
        return None
    return example[0].to_ints(), [float(weight) for weight in example[1]]


def how_it_differs(mine: Any, other: Any) -> str | None:
    if mine is None or other is None:
        whose = [name for name, one in (("ours", mine), ("theirs", other)) if one is None]
        return f"error of {whose[0] if len(whose) == 1 else 'both'}"
    if mine == other:
        return None
    return "weights" if mine[0] == other[0] else "ids"


@pytest.mark.parametrize("name", ROWS)
def test_what_is_written(name: str) -> None:
    _, ours, theirs = both(name)
    assert isinstance(ours, heavy("tinker_cookbook.renderers").Renderer)
    for what, (messages, _) in CHATS.items():
        reasons = [why for why, chats in ROWS[name].differs.items() if what in chats]
        for mode in MODES if messages[-1]["role"] == "assistant" else ["prompt"]:
            expected = next((why.how for why in reasons if mode in why.modes), None)
            found = how_it_differs(written(ours, what, mode), written(theirs, what, mode))
            assert found == expected, (what, mode, reasons)


@pytest.mark.parametrize("name", ROWS)
def test_stop_tokens_and_prefixes(name: str) -> None:
    """Ours has all at which the model's configuration stops; theirs ends with one."""
    _, ours, theirs = both(name)
    mine, others = ours.get_stop_sequences(), theirs.get_stop_sequences()
    assert mine[0] == others[0]
    assert {*others} <= {*mine}
    assert ours.has_extension_property == theirs.has_extension_property


def test_each_message_that_is_trained_has_an_example() -> None:
    """Its own loop over examples runs with it."""
    tok, ours, _ = both("qwen-3")
    on = heavy("tinker_cookbook.renderers.base").TrainOnWhat.ALL_ASSISTANT_MESSAGES
    examples = ours.build_supervised_examples(messages_of(CYCLE, ours), on)
    trained = [
        spelled(tok, [t for t, w in zip(ids.to_ints(), weights, strict=True) if w])
        for ids, weights in examples
    ]
    assert [text.partition("</think>\n\n")[0] for text in trained] == [
        "<think>\nIt asks for Kiel.\n",
        "<think>\nThat is low.\n",
        "<think>\nIt is.\n",
    ]


def told(made: Any, ids: Sequence[int]) -> tuple[Any, ...]:
    message, ended = made.parse_response(ids)
    parts = message["content"]
    if isinstance(parts, str):
        parts = [{"type": "text", "text": parts}]
    texts = {
        kind: "".join(part[kind] for part in parts if part["type"] == kind).strip()
        for kind in ("thinking", "text")
    }
    calls = [
        (call.function.name, json.loads(call.function.arguments), call.id)
        for call in message.get("tool_calls", ())
    ]
    return texts, calls, len(message.get("unparsed_tool_calls", ())), str(ended)


@pytest.mark.parametrize("name", ["qwen-3", "qwen-3-2507", "qwen-3.5", "kimi-k2-thinking"])
def test_replies_are_parsed_alike(name: str) -> None:
    made, count = both(name), 0
    for what, (messages, _) in CHATS.items():
        found = written(made.ours, what, MODES[0]) if messages[-1]["role"] == "assistant" else None
        if found is None:
            continue
        prompt = made.ours.build_generation_prompt(messages_of(what, made.ours)[:-1]).to_ints()
        assert found[0][: len(prompt)] == prompt
        reply = found[0][len(prompt) :]
        mine, other = (told(one, reply) for one in (made.ours, made.theirs))
        assert mine == other, (what, spelled(made.tok, reply))
        count += 1
    assert count > 10


def test_outputs_that_are_cut_off_are_read_as_far_as_they_go() -> None:
    """Of theirs, the text with its tags is left; both say that they did not end."""
    tok, ours, theirs = both("qwen-3")
    count = 0
    for case in TABLE["qwen-3"].values():
        ids = ids_in(tok, case.text)
        if tok.stop_tokens.isdisjoint(ids):
            mine, other = (one.parse_response(ids) for one in (ours, theirs))
            assert str(mine[1]) == str(other[1]) == "malformed"
            assert other[0] == {"role": "assistant", "content": spelled(tok, ids)}
            count += 1
    assert count > 2


def test_replies_stream_alike() -> None:
    tok, ours, theirs = both("qwen-3")
    ids = ids_in(tok, "<think>\nHm, hm.\n</think>\n\nYes, of course.<|im_end|>")
    base = heavy("tinker_cookbook.renderers.base")
    for kind, field in (
        (base.StreamingTextDelta, "text"),
        (base.StreamingThinkingDelta, "thinking"),
    ):
        mine, other = (
            "".join(
                getattr(one, field)
                for one in made.parse_response_streaming(ids)
                if isinstance(one, kind)
            )
            for made in (ours, theirs)
        )
        assert mine.strip() == other.strip()
    assert [*ours.parse_response_streaming(ids)][-1] == [*theirs.parse_response_streaming(ids)][-1]


def test_the_library_uses_it() -> None:
    """Registered, made by its own call, pickled as environments are, and asked as data sets do."""
    library = heavy("tinker_cookbook.renderers")
    tok = gpt_oss()
    tinker.register("chatfmt/gpt-oss", "gpt-oss", values={"date": DATE})
    try:
        made = library.get_renderer("chatfmt/gpt-oss", hf.tokenizer(tok))
        assert library.is_renderer_registered("chatfmt/gpt-oss")
    finally:
        library.unregister_renderer("chatfmt/gpt-oss")
    again = pickle.loads(pickle.dumps(tinker.renderer(tok, values={"date": DATE})))
    messages = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "Hello"}]
    data = heavy("tinker_cookbook.supervised.data")
    on = library.TrainOnWhat.ALL_ASSISTANT_MESSAGES
    datums = [data.conversation_to_datum(messages, one, None, on) for one in (made, again)]
    ids = datums[0].model_input.to_ints()
    assert ids == datums[1].model_input.to_ints()
    weights = datums[0].loss_fn_inputs["weights"].data
    targets = datums[0].loss_fn_inputs["target_tokens"].data
    trained = [int(token) for token, weight in zip(targets, weights, strict=True) if weight]
    assert spelled(tok, trained) == "<|channel|>final<|message|>Hello<|return|>"
    assert made.tokenizer.decode(made.get_stop_sequences()[:1]) == "<|return|>"
