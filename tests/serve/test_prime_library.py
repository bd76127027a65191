"""Prime's library with chatfmt's renderers in place of its own: what differs, and why.

Nothing is adjusted before a comparison. Where something differs, the table says in what and why. A
difference that is not in the table, or that is gone, fails.
"""

from __future__ import annotations

import functools
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

import chatfmt
from chatfmt import ChatTokenizer
from chatfmt.serve import prime
from completions.tables import TABLE
from harmony_encoding import tables_for_harmony
from heavy import heavy
from library_chats import CHATS, TOOLS
from library_tokens import Tokens
from rows import ids_in, spelled, tokenizer
from vocabularies import vocabulary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

pytestmark = [pytest.mark.slow, pytest.mark.opinions]

FIELDS = (
    *("token_ids", "message_indices", "sampled_mask", "is_content"),
    *("message_roles", "message_tool_names"),
)
MASKS = ("sampled_mask", "is_content")


class Why(NamedTuple):
    """A reason, and the fields that differ by it; other ids are other everything."""

    reason: str
    fields: tuple[str, ...] = ("token_ids",)


SPELLED = Why("a text that spells a special token becomes one in theirs")
CUT = Why("theirs writes as one run of text what the prompt parts from what is sampled")
EMPTY = Why("empty reasoning stands in prompts that say so, and is not sampled", MASKS)
EARLIER = Why(
    "an earlier answer without reasoning gets empty reasoning in one of both, not in the other"
)
OPENED = Why("theirs counts the reasoning that the prompt opens as sampled, from its tag on", MASKS)
BEGIN = Why("theirs counts the token that begins all to the first message", ("message_indices",))
CHANNEL = Why("theirs has the channel in the prompt; the prompt ends before it", MASKS)
ANALYSIS = Why("the prompt of theirs opens the channel analysis")
DEFAULTS = Why(
    "theirs counts the system message that is added, and the heading, to the developer's",
    ("message_indices", *MASKS),
)
CONSTRAIN = Why("theirs does not say that arguments are JSON, and texts before calls are final")
NO_TEXT = Why("theirs drops the text before a call; the format has a place for it")
BETWEEN = Why("theirs writes no newline between calls and between results; the template does")
SYSTEM = Why("the system message that is added is another, or a newline follows it in theirs")
COMPACT = Why("theirs writes definitions with sorted keys and without spaces")
THINKS_ON = Why("theirs opens reasoning after a result, too; the template does not")
ASKED = ("a question again",)
ANSWERS = ("an answer", "no system message", "two turns", "an empty answer", "several lines")
LETTERS, SPELLING = ("other letters",), ("special tokens in a text",)
CALLS = ("a call", "a call after text", "two calls")
RESULTS = ("a result", "two results", "a call, and another")
THINKING = ("thinking", "thinking in each turn")
CYCLES = ("a result at the end", "thinking, calls and a next turn")
CALLED = "a call after thinking"
ALL_BUT_QUESTIONS = (
    *(*ANSWERS, *ASKED, *LETTERS, *CALLS, *RESULTS),
    *(*THINKING, *CYCLES, CALLED),
)


def real(row: str, name: str) -> Callable[[], ChatTokenizer]:
    return lambda: ChatTokenizer(chatfmt.get_format(row), vocabulary(name))


def over_bytes(row: str) -> Callable[[], ChatTokenizer]:
    return lambda: tokenizer(row)


def gpt_oss() -> ChatTokenizer:
    return chatfmt.get_tokenizer("gpt-oss")


class Row(NamedTuple):
    tok: Callable[[], ChatTokenizer]
    theirs: str
    differs: Mapping[Why, Sequence[str]]
    config: Mapping[str, Any] = {}
    ours: Mapping[str, Any] = {}
    refused: Sequence[str] = ()
    """What both refuse."""


DATE = "2025-06-28"
ROWS = {
    "qwen-3": Row(
        real("qwen-3", "qwen-3"),
        "Qwen3",
        {SPELLED: SPELLING, EMPTY: (*ANSWERS, *LETTERS, *CALLS), EARLIER: RESULTS},
    ),
    "qwen-3, which is not to think": Row(
        real("qwen-3", "qwen-3"),
        "Qwen3",
        {
            SPELLED: SPELLING,
            EMPTY: [
                *(one for one in ANSWERS if one != "two turns"),
                *(*LETTERS, *CALLS, *RESULTS),
            ],
            EARLIER: ("two turns", *ASKED),
        },
        config={"enable_thinking": False},
        ours={"thinking": False},
    ),
    "qwen-3-vl": Row(real("qwen-3-vl", "qwen-3"), "Qwen3VL", {SPELLED: SPELLING}),
    "qwen-3.5": Row(
        real("qwen-3.5", "qwen-3.5"),
        "Qwen35",
        {
            SPELLED: SPELLING,
            CUT: (*ANSWERS, *LETTERS, *CALLS, *RESULTS),
            OPENED: (*THINKING, *CYCLES, CALLED),
        },
    ),
    "llama-3.2": Row(
        real("llama-3.2", "llama-3"),
        "Llama3",
        {
            SPELLED: SPELLING,
            NO_TEXT: ("a call after text", "a call, and another", CYCLES[1]),
        },
        ours={"values": {"date": "26 Jul 2024"}},
        refused=("two calls", "two results"),
    ),
    "deepseek-v3": Row(
        real("deepseek-v3", "deepseek"),
        "DeepSeekV3",
        {SPELLED: SPELLING, BETWEEN: ("two calls", "two results")},
    ),
    "deepseek-r1": Row(
        real("deepseek-r1", "deepseek"),
        "DeepSeekR1",
        {SPELLED: SPELLING, BETWEEN: ("two calls", "two results"), THINKS_ON: CYCLES[:1]},
    ),
    "kimi-k2": Row(
        over_bytes("kimi-k2"),
        "KimiK2",
        {
            SYSTEM: [*(one for one in ANSWERS if one != "an answer"), *ASKED, *LETTERS, *THINKING],
            SPELLED: SPELLING,
            COMPACT: (
                *("tools", "tools without a system message", *CALLS, *RESULTS, *CYCLES, CALLED),
            ),
        },
    ),
    "glm-4.5": Row(
        over_bytes("glm-4.5"),
        "GLM45",
        {SPELLED: SPELLING, EMPTY: ALL_BUT_QUESTIONS},
    ),
    "glm-4.7": Row(over_bytes("glm-4.7"), "GLM5", {SPELLED: SPELLING}),
    "minimax-m2": Row(
        over_bytes("minimax-m2"),
        "MiniMaxM2",
        {
            BEGIN: ("a question", "an answer", "tools", "a call, and another", CYCLES[0]),
            OPENED: CYCLES[:1],
            SYSTEM: (
                *("no system message", "two turns", "an empty answer", "several lines", *ASKED),
                *(*LETTERS, *SPELLING, "tools without a system message", *CALLS, *RESULTS[:2]),
                *(*THINKING, CYCLES[1], CALLED),
            ),
        },
    ),
    "gpt-oss": Row(
        gpt_oss,
        "GptOss",
        {
            ANALYSIS: ("a question", *ASKED, "tools", "tools without a system message"),
            CHANNEL: (*ANSWERS, *LETTERS, *SPELLING, *THINKING),
            DEFAULTS: ("an answer",),
            CONSTRAIN: (*CALLS, *RESULTS, *CYCLES, CALLED),
        },
        config={"conversation_start_date": DATE},
        ours={"values": {"date": DATE}},
    ),
}


class Both(NamedTuple):
    tok: ChatTokenizer
    ours: Any
    theirs: Any


@functools.cache
def both(name: str) -> Both:
    row, library = ROWS[name], heavy("renderers")
    tok = row.tok()
    config = getattr(library, f"{row.theirs}RendererConfig")(**row.config)
    with tables_for_harmony():
        theirs = getattr(library, f"{row.theirs}Renderer")(Tokens(tok), config)
    return Both(tok, prime.renderer(tok, **row.ours), theirs)


def rendered(made: Any, what: str) -> Any:
    """A conversation, or its prompt if it does not end with an answer; None if it is refused."""
    messages, tools = CHATS[what]
    prompt = messages[-1]["role"] != "assistant"
    try:
        return made.render(messages, tools=tools or None, add_generation_prompt=prompt)
    except ValueError:
        return None


@pytest.mark.parametrize("name", ROWS)
def test_what_is_rendered(name: str) -> None:
    row, (_, ours, theirs) = ROWS[name], both(name)
    assert isinstance(ours, heavy("renderers").Renderer)
    for what in CHATS:
        mine, other = rendered(ours, what), rendered(theirs, what)
        assert (mine is None) == (other is None) == (what in row.refused), what
        if mine is None:
            continue
        found = {one for one in FIELDS if getattr(mine, one) != getattr(other, one)}
        reasons = [why for why, chats in row.differs.items() if what in chats]
        expected = {one for why in reasons for one in why.fields}
        if "token_ids" in expected:
            assert "token_ids" in found, (what, reasons)
        else:
            assert found == expected, (what, reasons)


@pytest.mark.parametrize("name", ROWS)
def test_stop_tokens(name: str) -> None:
    _, ours, theirs = both(name)
    mine, others = ours.get_stop_token_ids(), theirs.get_stop_token_ids()
    assert {*mine} == {*others}
    if name != "glm-4.5":  # whose answers nearly always end with the token of what follows
        assert mine[0] == others[0]
    if name != "deepseek-r1":  # whose reasoning is dropped
        assert ours.is_prefix_stable == theirs.is_prefix_stable


class Turn(NamedTuple):
    """A prompt, the reply, and what follows it up to the next reply."""

    prompt: list[int]
    reply: list[int]
    following: list[dict[str, Any]]
    thinks: bool
    tools: list[dict[str, Any]] | None


def turns(made: Both, what: str) -> Iterator[Turn]:
    """The turns of a conversation, with the prompts of theirs."""
    messages, tools = CHATS[what]
    for at, message in enumerate(messages):
        if message["role"] != "assistant":
            continue
        following = []
        for later in messages[at + 1 :]:
            if later["role"] == "assistant":
                break
            following.append(later)
        known = tools or None
        prompt = made.theirs.render_ids(messages[:at], tools=known, add_generation_prompt=True)
        whole = made.theirs.render(messages[: at + 1], tools=known)
        shared = zip(prompt, whole.token_ids, strict=False)
        start = next((i for i, (one, other) in enumerate(shared) if one != other), len(prompt))
        stops = {*made.theirs.get_stop_token_ids()}
        reply = whole.token_ids[start:]
        end = next((i + 1 for i, token in enumerate(reply) if token in stops), None)
        if start < len(prompt):  # the prompt is not that of this reply: it opens another channel
            continue
        if end is None:  # it ends with the token that begins what follows
            more = made.theirs.render(messages[: at + 2], tools=known).token_ids
            end, reply = len(reply) + 1, reply + more[len(whole.token_ids) :]
            reply = reply if reply[end - 1 : end] else [*reply, min(stops)]
        reply = reply[:end]
        yield Turn(prompt, reply, following, "reasoning_content" in message, known)


REPLIES = [name for name in ROWS if name != "deepseek-r1"]  # whose replies theirs does not render
"""Those whose prompt is the beginning of what is rendered with the reply."""


@pytest.mark.parametrize("name", REPLIES)
def test_replies_are_parsed_alike(name: str) -> None:
    """White space around a text is left by ours; their text of a call has no tokens around it."""
    made, count = both(name), 0
    for what in CHATS:
        if what in ROWS[name].refused:
            continue
        for turn in turns(made, what):
            told = [
                one.parse_response(turn.reply, tools=turn.tools, prompt_ids=turn.prompt)
                for one in (made.ours, made.theirs)
            ]
            mine, other = (
                (
                    one.content.strip(),
                    (one.reasoning_content or "").strip(),
                    one.reasoning_complete,
                    [(call.name, call.arguments, call.status, call.id) for call in one.tool_calls],
                )
                for one in told
            )
            assert mine == other, (what, spelled(made.tok, turn.reply))
            count += 1
    assert count > 2


@pytest.mark.parametrize("name", REPLIES)
def test_bridges(name: str) -> None:
    """Both go on with all ids as they are; theirs never does where the user asks again."""
    made, row, count = both(name), ROWS[name], 0
    for what in CHATS:
        if what in row.refused:
            continue
        for turn in turns(made, what):
            if not turn.following:
                continue
            asked = turn.prompt, turn.reply, turn.following
            mine, other = (
                one.bridge_to_next_turn(*asked, tools=turn.tools)
                for one in (made.ours, made.theirs)
            )
            before = turn.prompt + turn.reply
            if mine is not None:
                assert mine.token_ids[: len(before)] == before
            if mine is None or other is None:
                asks = any(one["role"] == "user" for one in turn.following)
                # before a call, theirs writes a text as a final answer, after which reasoning goes
                assert asks or (name == "gpt-oss" and what == CYCLES[1]), what
                assert mine is not None or turn.thinks, what
                continue
            count += 1
            reasons = [why for why, chats in row.differs.items() if what in chats]
            if any("token_ids" in why.fields for why in reasons) or name == "gpt-oss":
                continue
            for one in FIELDS:
                assert getattr(mine, one) == getattr(other, one), (what, one)
    assert count


MALFORMED = {
    "qwen-3": {
        "a string of JSON is read as the arguments": ("arguments in a string",),
        "text after calls is dropped by theirs": ("text after",),
        "a call is whole when its JSON is": (
            *("a brace too many", "not closed", "not closed, and another"),
            "cut off before its end",
        ),
        "theirs fills in arguments that are not there": ("no arguments", "another key"),
    },
    "kimi-k2": {
        "an id of another shape names no function": (
            *("an id of another shape", "an id of another shape among others"),
        ),
        "text after calls is dropped by theirs": ("text after",),
        "a section token may be missing": ("no token before the first",),
        "a stray token is text": ("no calls",),
    },
    "deepseek-v3": {
        "a call is whole when its JSON is": (
            *("the code is not closed", "cut off before the end of the code"),
        ),
        "theirs takes what is no call of the format for one": (
            *("no code", "arguments that are no object", "as V3.1 calls"),
        ),
        "text after calls is dropped by theirs": ("text after",),
        "a section token may be missing": ("no token before the first",),
        "the format has no reasoning": ("reasoning is text",),
    },
}
"""Outputs that are read otherwise, by reason. Of a call that failed, the kind is not compared."""


@pytest.mark.parametrize("name", MALFORMED)
def test_outputs_that_are_not_as_they_should_be(name: str) -> None:
    tok = tokenizer(name)
    row = ROWS[name]
    ours = prime.renderer(tok, **row.ours)
    theirs = getattr(heavy("renderers"), f"{row.theirs}Renderer")(Tokens(tok))
    prompt = ours.render_ids([{"role": "user", "content": "x"}], add_generation_prompt=True)
    differs = set()
    for what, case in TABLE[name].items():
        ids = ids_in(tok, case.text)
        told = [one.parse_response(ids, prompt_ids=prompt) for one in (ours, theirs)]
        mine, other = (
            (
                one.content.strip(),
                (one.reasoning_content or "").strip(),
                [(call.name, call.arguments) for call in one.tool_calls if call.status == "ok"],
                len(one.tool_calls),
                one.reasoning_complete,
            )
            for one in told
        )
        if mine != other:
            differs.add(what)
    assert differs == {what for cases in MALFORMED[name].values() for what in cases}


def test_the_library_uses_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own calls run: configurations, training samples, steps of a trajectory."""
    library = heavy("renderers")
    module = ModuleType("my_renderers")
    tok = both("qwen-3").tok
    module.__dict__["Qwen3"] = prime.renderer_class("qwen-3")
    monkeypatch.setitem(sys.modules, "my_renderers", module)
    config = library.CustomRendererConfig(import_path="my_renderers.Qwen3", enable_thinking=False)
    made = library.create_renderer(Tokens(tok), config)
    messages = CHATS["two results"][0]
    theirs = library.Qwen3Renderer(Tokens(tok), library.Qwen3RendererConfig(enable_thinking=False))
    samples = [
        library.build_training_sample(
            one,
            messages,
            tools=TOOLS,
            role_to_mask=lambda message: message["role"] == "assistant",
            content_sft_roles={"tool"},
        )
        for one in (made, theirs)
    ]
    assert samples[0].token_ids == samples[1].token_ids
    trained = [
        spelled(tok, [t for t, is_one in zip(one.token_ids, one.loss_mask, strict=True) if is_one])
        for one in samples
    ]
    # theirs trains the empty reasoning that its prompt has written
    assert trained[0] == trained[1].replace("<think>\n\n</think>\n\n", "")
    step = library.build_trajectory_step(made, messages[:1], messages[1:2], tools=TOOLS)
    assert step == library.build_trajectory_step(theirs, messages[:1], messages[1:2], tools=TOOLS)
    assert not library.is_multimodal(made)
    template = {"enable_thinking": True}
    with pytest.raises(ValueError, match="extra"):
        library.CustomRendererConfig(import_path="my_renderers.Qwen3", clear_thinking=True)
    thinking = library.create_renderer(Tokens(tok), config, chat_template_kwargs=template)
    ids = thinking.render_ids([{"role": "user", "content": "x"}], add_generation_prompt=True)
    assert not spelled(tok, ids).endswith("</think>\n\n")
