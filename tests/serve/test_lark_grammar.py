"""Grammars for llguidance: what is sampled under one can be read strictly."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pytest

from byte_vocabulary import tokenizer
from chatfmt import FORMAT_ROWS, ChatFormat, ChatTokenizer, FormatError
from chatfmt.serve.constrained import Constraint, lark_grammar, llguidance_tokenizer
from heavy import heavy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SCHEMA = {
    "type": "object",
    "properties": {"port": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["port"],
    "additionalProperties": False,
}
TOOLS: list[Mapping[str, Any]] = [
    {"type": "function", "function": {"name": "tide", "parameters": SCHEMA}},
    {"type": "function", "function": {"name": "now"}},
]
ROWS = {"qwen-3", "gpt-oss", "llama-3.1", "deepseek-v3", "kimi-k2", "mistral-v13", "glm-4.5"}
PYTHON = {"olmo-3", "lfm-2", "lfm-2.5"}
"""Formats whose calls are spelled as in Python."""
ANYONE = {"muse-glimmer"}
"""Formats in which a recipient may be anyone, so that a list of tools cannot be kept to."""
ONE_BY_ONE = {
    *("ling-3", "deepseek-v3.2", "deepseek-v4", "glm-4.5", "glm-4.7", "qwen-3-coder", "qwen-3.5"),
    *("nemotron-3", "stepfun-3.5", "seed-oss", "minimax-m2", "laguna", "spark-2.5", "hunyuan-3"),
}
"""Formats whose arguments stand one by one, so that there is a grammar of them for known tools."""
HARMONY = {"channel": "commentary", "content_type": "json"}


def grammar(name: str, tools: Sequence[Mapping[str, Any]] | None, **more: Any) -> str:
    """With special tokens as they are spelled."""
    tok = tokenizer(name)
    text = lark_grammar(tok, tools=tools, **more)
    for spelling, number in tok.encoding.special_tokens.items():
        text = text.replace(f"[{number}]", spelling)
    return text


def test_the_grammar_of_calls_as_objects() -> None:
    head, *rules = grammar("qwen-3", TOOLS).splitlines()
    assert head == (
        "start: T0 <<|im_end|>> | <<think>> T1 <</think>> T2 <<|im_end|>>"
        " | r0 (T3 r0)* <<|im_end|>> | T6 r0 (T3 r0)* <<|im_end|>>"
        " | <<think>> T1 <</think>> T7 r0 (T3 r0)* <<|im_end|>>"
        " | <<think>> T1 <</think>> T8 r0 (T3 r0)* <<|im_end|>>"
    )
    calls = (
        f'r0: <<tool_call>> T3 T4 %json {json.dumps(SCHEMA)} "}}" T3 <</tool_call>>'
        ' | <<tool_call>> T3 T5 %json {"type": "object"} "}" T3 <</tool_call>>'
    )
    assert rules == [
        calls,
        "T0: /(?s:.*)/",
        r'T1: "\n" /(?s:.*)/ "\n"',
        r'T2: "\n\n" /(?s:.*)/',
        r'T3: "\n"',
        r'T4: "{\"name\": " "\"tide\"" ", \"arguments\": "',
        r'T5: "{\"name\": " "\"now\"" ", \"arguments\": "',
        r'T6: /(?s:.+)/ "\n"',
        r'T7: "\n\n"',
        r'T8: "\n\n" /(?s:.+)/ "\n"',
    ]


def test_without_tools_there_are_no_calls() -> None:
    assert grammar("mistral-v13", []) == (
        "start: T0 <</s>> | <[THINK]> T0 <[/THINK]> T0 <</s>>\nT0: /(?s:.*)/"
    )


def test_thinking_begins_where_its_prompt_ends() -> None:
    closed = grammar("qwen-3", [], thinking=False)
    assert closed == "start: T0 <<|im_end|>>\nT0: /(?s:.*)/"
    opened = grammar("qwen-3", [], thinking=True)
    assert opened.startswith("start: T0 <</think>> T1 <<|im_end|>>\n")
    with pytest.raises(FormatError, match="no place for thinking=True"):
        lark_grammar(tokenizer("gpt-4o"), thinking=True)


def test_messages_of_harmony_follow_each_other() -> None:
    text = grammar("gpt-oss", [])
    assert " more" in text
    assert "\nmore: <<|start|>>" in text
    assert "functions." not in text
    assert '"functions." "tide"' in grammar("gpt-oss", TOOLS)
    assert r'"functions." /[A-Za-z0-9_.\-]+/' in grammar("gpt-oss", None)


@pytest.mark.parametrize("name", ["olmo-3", "glm-4.5", "deepseek-v3.2", "mistral-v7", "llama-3.1"])
def test_formats_that_have_no_grammar_say_so(name: str) -> None:
    tok = tokenizer(name)
    assert lark_grammar(tok, tools=[])
    for tools, refused in ((TOOLS, PYTHON), (None, PYTHON | ONE_BY_ONE)):
        if name in refused:
            with pytest.raises(FormatError, match=f"format {name}: no grammar of this kind has "):
                lark_grammar(tok, tools=tools)
        else:
            assert lark_grammar(tok, tools=tools)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{^}{content:json}<|im_end|>", "values of content that are spelled as json"),
        ("{^}[|<|im_start|>{call.name}([, |{arg.key}={arg.value}<|im_sep|>]*)]*<|im_end|>", "text"),
    ],
)
def test_what_is_no_grammar(line: str, why: str) -> None:
    special = ["<|im_start|>", "<|im_sep|>", "<|im_end|>"]
    row = {
        "name": "other",
        "template": {"assistant": f"<|im_start|>assistant<|im_sep|>{line}"},
        "special_tokens": special,
    }
    other = ChatFormat.from_row(row)
    tok = ChatTokenizer(other, tokenizer("gpt-4o").encoding)
    with pytest.raises(FormatError, match=why):
        lark_grammar(tok, tools=TOOLS, before=None)


# -- with llguidance ---------------------------------------------------------------------------


def allowed(matcher: Any, size: int) -> list[int]:
    bits = matcher.compute_bitmask()
    return [token for token in range(size) if bits[token // 8] >> token % 8 & 1]


@pytest.mark.slow
@pytest.mark.parametrize("name", FORMAT_ROWS)
def test_a_random_model_writes_no_malformed_header_or_call(name: str) -> None:
    matcher_of = heavy("llguidance").LLMatcher
    tok = tokenizer(name)
    kept = llguidance_tokenizer(tok)
    specials = [*tok.encoding.special_tokens.values()]
    stopped = 0
    for tools in (TOOLS, None, []):
        if (name in PYTHON and tools != []) or (name in ONE_BY_ONE and tools is None):
            continue
        if name in ANYONE and tools is not None:
            with pytest.raises(FormatError, match="a recipient may be anyone"):
                lark_grammar(tok, tools=tools)
            continue
        rules = lark_grammar(tok, tools=tools)
        for seed in range(3):
            matcher, ids = matcher_of(kept, rules), list[int]()
            chance = random.Random(seed)  # noqa: S311 - the same every time
            while not matcher.is_stopped() and len(ids) < 200:
                may = allowed(matcher, tok.encoding.n_vocab)
                assert not matcher.is_error(), matcher.get_error()
                ways = ([i for i in specials if i in may], [i for i in may if i < 256], may)
                token = chance.choice(chance.choice([way for way in ways if way]))
                assert matcher.consume_token(token), matcher.get_error()
                ids.append(token)
            parser = tok.stream(strict=True)
            parser.know_tools(tools or ())
            parser.feed_all(ids)
            if matcher.is_stopped():
                assert ids[-1] in tok.stop_tokens
                parser.close()
                stopped += 1
                called = [call.name for message in parser.messages for call in message.tool_calls]
                assert tools is None or {*called} <= {"tide", "now"}
    assert stopped or name not in ROWS  # others may have to spell a text first


@pytest.mark.slow
@pytest.mark.parametrize("name", ["qwen-3", "gpt-oss", "glm-4.5", "kimi-k2", "llama-3.1"])
def test_what_the_format_writes_is_in_the_grammar(name: str) -> None:
    matcher_of = heavy("llguidance").LLMatcher
    tok = tokenizer(name)
    kept, rules = llguidance_tokenizer(tok), lark_grammar(tok, tools=TOOLS)
    user = {"role": "user", "content": "When?"}
    call = {"name": "tide", "arguments": '{"port": "Kiel", "days": 2}', "id": "functions.tide:0"}
    answers: list[dict[str, Any]] = [{"content": "At six."}, {"tool_calls": [call]}]
    if name == "gpt-oss":
        answers = [
            {"content": "At six.", "channel": "final"},
            {"content": call["arguments"], "recipient": "functions.tide", **HARMONY},
        ]
    for answer in answers:
        if name != "kimi-k2":
            for given in answer.get("tool_calls", ()):
                given.pop("id", None)
        chat = [user, {"role": "assistant", **answer}]
        whole = tok.encode_for_training(chat).input_ids
        ids = whole[len(tok.encode_prompt([user])) :]
        stop = next(at for at, token in enumerate(ids, 1) if token in tok.stop_tokens)
        assert matcher_of(kept, rules).try_consume_tokens(ids[:stop]) == stop
        wrong = [{**SCHEMA, "properties": {"port": {"const": "Oslo"}}}]
        other = [{"function": {"name": "tide", "parameters": wrong[0]}}]
        strict = matcher_of(kept, lark_grammar(tok, tools=other))
        is_call = "tool_calls" in answer or "recipient" in answer
        if name != "glm-4.5":  # where strings stand as they are
            assert (strict.try_consume_tokens(ids[:stop]) < stop) is is_call


@pytest.mark.parametrize(
    ("tools", "reason"),
    [
        (5, "tools: expected a list of definitions, found the number 5"),
        ([5], r"tools\[0\]: expected the definition of a tool as an object, found the number 5"),
        ([{"name": "f", "parameters": 5}], "parameters: expected a JSON schema"),
        ([{"name": "f", "parameters": {"properties": []}}], "properties: expected an object"),
    ],
)
def test_odd_tools_are_refused(tools: Any, reason: str) -> None:
    tok = tokenizer("qwen-3")
    with pytest.raises(ValueError, match=reason):
        lark_grammar(tok, tools=tools)


@pytest.mark.parametrize("tools", [5, "f", {"name": "f"}, [5]])
def test_a_constraint_refuses_what_is_no_list_of_tools(tools: Any) -> None:
    with pytest.raises(ValueError, match=r"tools(\[0\])?: expected"):
        Constraint(tokenizer("qwen-3"), tools=tools)
