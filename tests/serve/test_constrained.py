"""Whatever is sampled under a constraint can be read strictly, and ends."""

from __future__ import annotations

import json
import os
import random
from typing import Any

import pytest

from byte_vocabulary import Bytes, tokenizer
from chatfmt import ChatTokenizer, DataError, FormatError, get_format
from chatfmt.line.format import ChatFormat
from chatfmt.serve.constrained import Constraint, State, mask_of
from conftest import encoding_for
from rows import ids_in

ROWS = ["qwen-3", "gpt-oss", "llama-3.1", "deepseek-v3", "kimi-k2", "mistral-v13", "glm-4.5"]
OTHERS = ["deepseek-v3.2", "olmo-3", "qwen-3-coder", "mistral-v7", "muse-glimmer"]
TOOLS = [
    {"type": "function", "function": {"name": name, "parameters": {"type": "object"}}}
    for name in ("tide", "tide_at")
]
LARGE = os.environ.get("CHATFMT_LARGE") == "1"


def sampled(constraint: Constraint, seed: int, most: int) -> tuple[list[int], State]:
    """What a model would sample whose logits are chance, if it likes special tokens and bytes."""
    chance = random.Random(seed)  # noqa: S311 - it is to be the same every time
    state, ids = constraint.start(), list[int]()
    specials = [*constraint.binding.ids.values()]
    while not state.is_stopped and len(ids) < most:
        mask = mask_of(constraint, state)
        likely = [[i for i in specials if mask[i]], [i for i in range(256) if mask[i]]]
        some = [some for some in (*likely, [i for i, may in enumerate(mask) if may]) if some]
        assert some, "nothing may come"
        token = chance.choice(chance.choice(some))
        after = constraint.after(state, token)
        assert after is not None
        ids.append(token)
        state = after
    return ids, state


def read(tok: ChatTokenizer, ids: list[int], state: State) -> list[Any]:
    parser = tok.stream(strict=True)
    parser.feed_all(ids)
    if state.is_stopped:
        assert ids[-1] in tok.stop_tokens
        parser.close()
    return parser.messages


def calls_of(messages: list[Any]) -> list[tuple[str, str]]:
    """The names and arguments of the calls."""
    inside = [(call.name, call.arguments) for m in messages for call in m.tool_calls]
    to = [(m.recipient, m.content) for m in messages if m.recipient and m.recipient != "self"]
    return inside + [(name.removeprefix("functions."), text) for name, text in to]


@pytest.mark.parametrize("name", [*ROWS, *OTHERS])
def test_no_header_and_no_call_is_malformed(name: str) -> None:
    tok = tokenizer(name)
    constraint = Constraint(tok)
    stopped = 0
    for seed in range(6):
        ids, state = sampled(constraint, seed, 250)
        messages = read(tok, ids, state)
        stopped += state.is_stopped
        if state.is_stopped and name != "muse-glimmer":  # whose recipients are any word
            for _, arguments in calls_of(messages):
                assert isinstance(json.loads(arguments), dict)
    assert stopped


@pytest.mark.parametrize("name", [*ROWS, *OTHERS])
def test_a_mask_is_what_may_come_one_by_one(name: str) -> None:
    constraint = Constraint(tokenizer(name))
    size = constraint.tok.encoding.n_vocab
    for seed in range(2):
        ids, _ = sampled(constraint, seed, 60)
        state = constraint.start()
        for token in ids:
            asked = bytes(constraint.after(state, i) is not None for i in range(size))
            assert mask_of(constraint, state) == asked
            after = constraint.after(state, token)
            assert after is not None
            state = after


@pytest.mark.parametrize("name", ROWS)
def test_only_tools_that_there_are_are_called(name: str) -> None:
    tok = tokenizer(name)
    some, none = Constraint(tok, tools=TOOLS), Constraint(tok, tools=[])
    called: list[tuple[str, str]] = []
    for seed in range(8):
        ids, state = sampled(some, seed, 250)
        called += calls_of(read(tok, ids, state))
        ids, state = sampled(none, seed, 100)
        assert not calls_of(read(tok, ids, state))
    assert {name for name, _ in called} <= {"tide", "tide_at"}
    assert called


def taken(tok: ChatTokenizer, text: str, *, tools: Any = None, thinking: bool | None = None) -> str:
    """As much of a text, special tokens in it, as may be sampled."""
    constraint = Constraint(tok, tools=tools)
    state = constraint.start(thinking=thinking)
    done, left = "", text
    while left:
        spelled = [s for s in tok.encoding.special_tokens if left.startswith(s)]
        piece = spelled[0] if spelled else left[0]
        ids = [tok.encoding.special_tokens[piece]] if spelled else [*piece.encode()]
        for token in ids:
            after = constraint.after(state, token)
            if after is None:
                return done
            state = after
        done, left = done + piece, left.removeprefix(piece)
    return done


CALL = '<tool_call>\n{"name": "tide", "arguments": {"a": 1}}\n</tool_call><|im_end|>'
HARMONY = "<|channel|>commentary to=functions.tide <|constrain|>json<|message|>{}<|call|>"
V32 = '\n\n<｜DSML｜function_calls>\n<｜DSML｜invoke name="f">\n'  # noqa: RUF001 - so it is spelled
PARAMETER = '<｜DSML｜parameter name="a" string="{}">'  # noqa: RUF001 - so it is spelled


@pytest.mark.parametrize(
    ("name", "text", "most"),
    [
        ("qwen-3", CALL, CALL),
        ("qwen-3", CALL.replace("tide", "tied"), '<tool_call>\n{"name": "ti'),
        ("qwen-3", CALL.replace("tide", "tide_"), '<tool_call>\n{"name": "tide_'),
        ("qwen-3", CALL.replace(', "arguments": {"a": 1}', ""), '<tool_call>\n{"name": "tide"'),
        ("qwen-3", CALL.replace('{"a": 1}', '"{}"'), CALL.partition('{"a"')[0]),
        ("qwen-3", CALL.replace('{"a": 1}', '{"a": 1}, "x": 2'), CALL.partition("}")[0] + "}"),
        ("qwen-3", CALL.replace('{"name', '{"\\u006eame'), '<tool_call>\n{"'),
        ("qwen-3", CALL.replace('{"name', '{"nick'), '<tool_call>\n{"n'),
        ("qwen-3", "<|im_start|>", ""),
        ("qwen-3", "<|other|>", ""),
        ("gpt-oss", HARMONY, HARMONY),
        ("gpt-oss", HARMONY.replace("tide", "tied"), HARMONY.partition("de ")[0]),
        ("gpt-oss", HARMONY.replace("commentary", "comment"), "<|channel|>comment"),
        ("gpt-oss", HARMONY.replace("{}", "2"), HARMONY.partition("{")[0]),
        ("gpt-oss", HARMONY.replace("{}", "{"), HARMONY.partition("}")[0]),
        ("gpt-oss", " to=functions.tide<|channel|>final", " to=functions.tide<|channel|>"),
        ("glm-4.5", "\nhello<|assistant|>", "\nhello"),
        (
            "gpt-oss",
            "<|channel|>analysis<|message|>x<|end|><|start|>user",
            "<|channel|>analysis<|message|>x<|end|><|start|>",
        ),
    ],
)
def test_what_is_malformed_is_stopped_where_it_is(name: str, text: str, most: str) -> None:
    assert taken(tokenizer(name), text, tools=TOOLS) == most


def test_the_arguments_that_stand_one_by_one_have_different_keys() -> None:
    pair = "<arg_key>a</arg_key>\n<arg_value>1</arg_value>\n"
    text = f"\n<tool_call>tide\n{pair}{pair}"
    most = text.removesuffix("</arg_key>\n<arg_value>1</arg_value>\n")
    assert taken(tokenizer("glm-4.5"), text) == most
    other = text.removesuffix(pair) + pair.replace(">a<", ">ab<") + "</tool_call>"
    assert taken(tokenizer("glm-4.5"), other) == other


def test_each_call_has_keys_of_its_own() -> None:
    pair = "<arg_key>a</arg_key>\n<arg_value>1</arg_value>\n"
    text = f"\n<tool_call>tide\n{pair}</tool_call>" * 2
    assert taken(tokenizer("glm-4.5"), text) == text


def test_thinking_begins_where_its_prompt_ends() -> None:
    tok = tokenizer("qwen-3")
    assert taken(tok, "\n</think>", thinking=True) == "\n</think>"
    assert taken(tok, "</think>", thinking=False) == ""


def test_a_header_has_its_longest_length() -> None:
    row = {**get_format("chatml").row(), "name": "short", "longest_header": 40}
    row["template"] = "<|im_start|>{role} to={^}{recipient}<|im_sep|>{content}<|im_end|>"
    row["special_tokens"] = ["<|im_start|>", "<|im_sep|>", "<|im_end|>"]
    row.pop("prepare", None)
    made = ChatFormat.from_row(row)
    tok = ChatTokenizer(made, Bytes((*made.special_tokens,)))
    assert taken(tok, "a" * 20) == "a" * 10
    constraint = Constraint(tok)
    state: State | None = constraint.start()
    for token in b"a" * 10:  # tokens as long as what is left may come, and no longer ones
        assert state is not None
        asked = bytes(constraint.after(state, i) is not None for i in range(tok.encoding.n_vocab))
        assert mask_of(constraint, state) == asked
        state = constraint.after(state, token)
    long = tokenizer("gpt-oss")
    assert len(taken(long, "<|channel|>final <|constrain|>" + "a" * 2000)) == 30 + 1024


def test_values_that_are_said_to_be_no_strings_are_none() -> None:
    tok = tokenizer("deepseek-v3.2")
    begun = taken(tok, V32)
    assert begun == V32
    for flag, value, stands in ("true", '"x', 1), ("false", "[2]", 1), ("false", '"', 0):
        parameter = PARAMETER.format(flag)
        assert taken(tok, begun + parameter + value) == begun + parameter + value * stands


@pytest.mark.parametrize("name", [None, "", "a b"])
def test_a_tool_needs_a_name_that_every_call_can_have(name: object) -> None:
    with pytest.raises(DataError, match="expected tools with a name"):
        Constraint(tokenizer("qwen-3"), tools=[{"name": name}])


@pytest.mark.parametrize("tool", [5, None, "f", {"function": None}, {"type": "web_search"}])
def test_a_tool_is_an_object(tool: Any) -> None:
    with pytest.raises(DataError, match=r"expected (tools with a name|the definition of a tool)"):
        Constraint(tokenizer("qwen-3"), tools=[tool])


@pytest.mark.parametrize("tools", [[], TOOLS])
def test_tools_need_a_format_that_says_what_is_a_call(tools: Any) -> None:
    """In Muse's, every answer is to someone: without calls none would be left."""
    with pytest.raises(FormatError, match="a recipient may be anyone"):
        Constraint(tokenizer("muse-glimmer"), tools=tools)


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("qwen-3", '<tool_call>\n{"name": "tied', "outside of calls"),
        ("gpt-oss", "<|channel|>commentary to=functions.tied<|message|>", "outside of calls"),
        ("qwen-3", "<|im_start|>user\n", "where assistant may speak"),
        ("qwen-3", "<|im_start|>user\nHi", "where assistant may speak"),
    ],
)
def test_a_parser_stands_where_what_follows_is_known(name: str, text: str, problem: str) -> None:
    tok = tokenizer(name)
    parser = tok.stream(None if text.startswith("<|im_start|>") else "assistant")
    parser.feed_all(ids_in(tok, text))
    with pytest.raises(ValueError, match=problem):
        Constraint(tok, tools=TOOLS).start(parser)


def test_a_parser_is_one_of_the_format() -> None:
    with pytest.raises(ValueError, match="a parser of qwen-3, found one of gpt-oss"):
        Constraint(tokenizer("qwen-3")).start(tokenizer("gpt-oss").stream())


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    constraint = Constraint(tokenizer("qwen-3"))
    before = [sampled(constraint, seed, 100)[0] for seed in range(2)]
    module = "chatfmt.serve.constrained.constraint"
    monkeypatch.setattr(f"{module}._MOST_STATES", 20)
    monkeypatch.setattr(f"{module}._MOST_MASKS", 3)
    constraint = Constraint(constraint.tok)
    assert [sampled(constraint, seed, 100)[0] for seed in range(2)] == before
    assert len(constraint._states) <= 20


class Forgotten(State):
    """What another thread forgets as soon as it was read."""

    __slots__ = ()

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        if name in ("mask", "loops"):
            setattr(self, name, None)
        return found


def test_another_thread_may_forget_what_is_remembered() -> None:
    constraint = Constraint(tokenizer("qwen-3"))
    start = constraint.start()
    state = Forgotten(start.threads, start.pending)
    mask = mask_of(constraint, start)
    for _ in range(2):
        assert mask_of(constraint, state) == mask


@pytest.mark.slow
@pytest.mark.parametrize("name", ROWS if LARGE else ROWS[:2])
def test_conversations_of_a_random_model(name: str) -> None:
    """With a whole vocabulary: more than 100 of them, or a few where there is little time."""
    tok = ChatTokenizer(get_format(name), encoding_for(name))
    constraint = Constraint(tok)
    for seed in range(15 if LARGE else 2):
        ids, state = sampled(constraint, seed, 150 if LARGE else 60)
        read(tok, ids, state)
