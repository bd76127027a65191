"""Parsers for servers agree with the chunks, from ids in any pieces and from text, row by row."""

from __future__ import annotations

import ast
import inspect
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import chatfmt
from chatfmt import EncodingError, serve
from chatfmt.serve import sglang, vllm
from chatfmt.serve.outputs import Output, over_text
from completions.tables import TABLE
from replies import in_chunks, put_together
from rows import ids_in, spelled, tokenizer
from servers import PUBLISHED, Said, install, request, streamed, whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chatfmt import ChatTokenizer
    from completions import Case

QUICK = ("gpt-oss", "phi-4-mini")
SLOW = (
    *("qwen-3", "minimax-m2"),
    *("hermes-3", "qwen-3-coder", "llama-3.1", "mistral-v3", "mistral-v11", "mistral-v13"),
    *("deepseek-v3", "deepseek-v3.1", "glm-4.5", "kimi-k2", "granite-3", "granite-4", "olmo-3"),
    "seed-oss",
)
ROWS = [*QUICK, *(pytest.param(name, marks=pytest.mark.slow) for name in SLOW)]

TWO_READERS = {
    # The reader of reasoning hands on what follows it, and the reader of calls begins there: it
    # knows nothing of what came before.
    ("gpt-oss", "no start token"): "it cannot tell a header without a token from text",
    ("gpt-oss", "the channel twice"): "the first was in the part of the other reader",
    ("gpt-oss", "cut off within a name"): "a header that is not complete may be of reasoning",
    # A token that has no place comes before the reasoning.
    ("deepseek-v3.1", "thinking that is opened twice"): "so they are taken to be over",
}
"""Where two readers that know nothing of each other say something else than one."""
TEXT = {
    ("phi-4-mini", "the text ends"): "the stop token is another layout's, and no text has it",
}
"""Where a text without its stop token is read otherwise; one that is cut off is below."""


@pytest.fixture(autouse=True)
def _servers(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)


def tokenizer_for(name: str) -> ChatTokenizer:
    return chatfmt.get_tokenizer(name) if name == "gpt-oss" else tokenizer(name)


def said(tok: ChatTokenizer, ids: Sequence[int], case: Case, **more: Any) -> tuple[Any, ...]:
    """What chunks say, token by token."""
    message, _ = put_together(serve.chat_chunks(tok, ids, thinking=case.thinking, **more))
    calls = [call["function"] for call in message.get("tool_calls", ())]
    told = [[call["name"], call["arguments"]] for call in calls]
    return message.get("reasoning_content", ""), message["content"] or "", told


def switches(case: Case) -> dict[str, Any]:
    known = {} if case.thinking is None else {"enable_thinking": case.thinking}
    return {"chat_template_kwargs": known}


def cases(name: str, excused: dict[tuple[str, str], str]) -> Iterator[tuple[str, Case]]:
    for what, case in TABLE[name].items():
        if (name, what) not in excused:
            yield what, case


def in_text(tok: ChatTokenizer, case: Case) -> tuple[str, list[list[int]]]:
    """The output as a server gives it as text, and the ids that this text may have had.

    Without a stop token it may have been cut off, or not: text cannot tell.
    """
    ids = ids_in(tok, case.text)
    at = next((at for at, token in enumerate(ids) if token in tok.stop_tokens), None)
    if at is not None:
        return spelled(tok, ids[:at]), [ids[: at + 1]]
    return spelled(tok, ids), [ids, *([*ids, stop] for stop in tok.stop_tokens)]


@pytest.mark.parametrize("name", ROWS)
def test_streams_of_vllm(name: str) -> None:
    tok = tokenizer_for(name)
    tools, reasoning = vllm.tool_parser(tok), vllm.reasoning_parser(tok)
    count = 0
    for what, case in cases(name, TWO_READERS):
        ids = ids_in(tok, case.text)
        expected = said(tok, ids, case)
        random = [len(one) if isinstance(one, list) else 1 for one in in_chunks(ids, what)]
        for sizes in ([1] * len(ids), random, [len(ids)]):
            two = reasoning(None, **switches(case)), tools(None)
            assert streamed(*two, ids, sizes).told() == expected, what
        count += 1
    assert count >= 12


@pytest.mark.parametrize("name", ROWS)
def test_texts_of_vllm(name: str) -> None:
    tok = tokenizer_for(name)
    tools, reasoning = vllm.tool_parser(tok), vllm.reasoning_parser(tok)
    for what, case in cases(name, TWO_READERS | TEXT):
        text, possible = in_text(tok, case)
        found = whole(reasoning(None, **switches(case)), tools(None), text)
        assert found in [said(tok, ids, case, whole_calls=True) for ids in possible], what


@pytest.mark.parametrize("name", ROWS)
def test_texts_of_sglang(name: str) -> None:
    tok = tokenizer_for(name)
    tools, reasoning = sglang.tool_detector(tok), sglang.reasoning_detector(tok)
    for what, case in cases(name, TWO_READERS | TEXT):
        if case.thinking is False:  # SGLang asks no detector of reasoning then
            continue
        text, possible = in_text(tok, case)
        expected = [said(tok, ids, case) for ids in possible]
        for size in (1, 5, len(text) or 1):
            splitter, tool = reasoning(force_reasoning=case.thinking), tools()
            thought = content = ""
            calls: dict[int, list[str]] = {}
            pieces = [text[at : at + size] for at in range(0, len(text), size)]
            for piece in [*pieces, None]:
                part = (
                    splitter.finish()
                    if piece is None
                    else splitter.parse_streaming_increment(piece)
                )
                thought += part.reasoning_text
                results = [tool.parse_streaming_increment(part.normal_text, [])]
                results += [tool.finish([])] if piece is None else []
                for result in results:
                    content += result.normal_text
                    for call in result.calls:
                        one = calls.setdefault(call.tool_index, [call.name, ""])
                        one[1] += call.parameters
            assert (thought, content, [*calls.values()]) in expected, what


DEFINITIONS = [{"type": "function", "function": {"name": "tide", "parameters": {}}}]
CALL = '<tool_call>\n{"name": "tide", "arguments": {"port": "Kiel"}}\n</tool_call>'


class Definition:
    """A definition as servers have it."""

    class function:  # noqa: N801 - it is an attribute there
        name = "tide"

    def model_dump(self) -> dict[str, Any]:
        return DEFINITIONS[0]


def test_requests_keep_special_tokens() -> None:
    tool = vllm.tool_parser("qwen-3")(None)
    assert not tool.adjust_request(request(DEFINITIONS)).skip_special_tokens
    assert tool.adjust_request(request()).skip_special_tokens
    assert not vllm.reasoning_parser("qwen-3")(None).adjust_request(request()).skip_special_tokens


def test_ids_of_calls_are_new_where_the_wire_has_none() -> None:
    parser = vllm.tool_parser("qwen-3")
    [one], [two] = (
        parser(None, [Definition()]).extract_tool_calls(CALL, request()).tool_calls
        for _ in range(2)
    )
    assert one.id != two.id
    assert one.id.startswith("chatcmpl-tool-")


def test_what_vllm_looks_up_of_a_stream() -> None:
    tok = tokenizer("qwen-3")
    parser = vllm.tool_parser(tok)(None, [Definition()])
    assert parser.finish_streaming() is None
    heard = Said()
    for token in ids_in(tok, CALL):
        heard.take(parser.extract_tool_calls_streaming("", "", "", [], [], [token], request()))
    assert parser.prev_tool_call_arr == [{"name": "tide", "arguments": '{"port": "Kiel"}'}]
    assert parser.streamed_args_for_tool == ['{"port": "Kiel"}']
    assert (parser.current_tool_id, parser.current_tool_name_sent) == (0, True)
    assert heard.calls == [["tide", '{"port": "Kiel"}']]


@pytest.mark.parametrize(
    ("name", "output", "over", "rest"),
    [
        ("qwen-3", "", False, ""),
        ("qwen-3", "<think>\nHm.\n", False, ""),
        ("qwen-3", "<think>\nHm.\n</think>\n\n", True, ""),
        ("qwen-3", "Good.", True, "Good."),
        ("qwen-3", "<think>\nHm.\n</think>\n\nGood.", True, "Good."),
        ("qwen-3", "<tool_call>", True, "<tool_call>"),
        ("minimax-m2", "Hm.", False, ""),
        ("gpt-oss", "<|channel|>analysis<|message|>Hm.<|end|>", False, ""),
        ("gpt-oss", "<|channel|>final<|message|>Good.", True, "<|channel|>final<|message|>Good."),
    ],
)
def test_whether_reasoning_is_over(name: str, output: str, over: bool, rest: str) -> None:  # noqa: FBT001
    tok = tokenizer_for(name)
    before = tok.encode([{"role": "user", "content": "hello"}])
    ids = ids_in(tok, output)
    prompt = tok.encode_prompt([])
    parser = vllm.reasoning_parser(tok)(None)
    assert parser.is_reasoning_end([*before, *prompt, *ids]) == over
    assert parser.is_reasoning_end_streaming([*before, *prompt, *ids], ids) == over
    assert spelled(tok, parser.extract_content_ids(ids)) == rest
    assert parser.finish_streaming() is None
    assert parser.extract_reasoning_streaming("", "", "", [], [], ids) is None or ids
    assert parser.is_reasoning_end_streaming([], ids) == over
    assert spelled(tok, parser.extract_content_ids([])) == rest
    assert parser.count_reasoning_tokens(ids) == output.count("Hm") * len(ids_in(tok, "Hm."))


def test_a_prompt_that_closes_the_reasoning() -> None:
    tok = tokenizer("qwen-3")
    parser = vllm.reasoning_parser(tok)(None)
    assert parser.is_reasoning_end(tok.encode_prompt([], thinking=False))
    assert not parser.is_reasoning_end(tok.encode_prompt([], thinking=True))
    assert not parser.is_reasoning_end([])


def test_a_reasoning_parser_alone_gives_the_rest_as_it_stands() -> None:
    tok = tokenizer("qwen-3")
    parser = vllm.reasoning_parser(tok)(None)
    ids = ids_in(tok, f"<think>\nHm.\n</think>\n\nGo. {CALL}<|im_end|>")
    delta = parser.extract_reasoning_streaming("", "", "", [], [], ids)
    assert (delta.reasoning, delta.content) == ("Hm.", f"Go. {CALL}")
    assert parser.extract_reasoning_streaming("", "", "", [], [], []) is None


def test_detectors_of_sglang() -> None:
    parser = sglang.tool_detector("qwen-3")()
    assert parser.has_tool_call(CALL)
    assert not parser.has_tool_call("Good.")
    result = parser.detect_and_parse(f"Go. {CALL}", [Definition()])
    [call] = result.calls
    assert (result.normal_text, call.tool_index, call.name) == ("Go. ", 0, "tide")
    assert call.parameters == '{"port": "Kiel"}'
    [other] = parser.detect_and_parse(CALL.replace("tide", "wind"), [Definition()]).calls
    assert (other.tool_index, other.name) == (-1, "wind")
    assert parser.finish([]).calls == []
    assert parser.parses_required_natively()
    assert not parser.supports_structural_tag()
    with pytest.raises(NotImplementedError):
        parser.structure_info()


def test_reasoning_of_sglang() -> None:
    made = sglang.reasoning_detector("qwen-3")
    text = f"<think>\nHm.\n</think>\n\nGo. {CALL}"
    found = made().detect_and_parse(text)
    assert (found.reasoning_text, found.normal_text) == ("Hm.", f"Go. {CALL}")
    at_once = made(stream_reasoning=False)
    assert at_once.parse_streaming_increment(text[:12]).reasoning_text == ""
    assert at_once.parse_streaming_increment(text[12:]).reasoning_text == "Hm."
    cut = made(stream_reasoning=False)
    cut.parse_streaming_increment(text[:11])
    assert cut.finish().reasoning_text == "Hm."


def test_a_row_reads_ids_over_the_tokenizer_of_the_server() -> None:
    tokenizers = pytest.importorskip("tokenizers")
    pre = tokenizers.pre_tokenizers.ByteLevel
    alphabet = sorted(pre.alphabet())
    made = tokenizers.Tokenizer(tokenizers.models.BPE({c: i for i, c in enumerate(alphabet)}, []))
    made.pre_tokenizer = pre(add_prefix_space=False)
    made.decoder = tokenizers.decoders.ByteLevel()
    row = chatfmt.get_format("qwen-3")
    made.add_special_tokens([*row.special_tokens])
    ids = made.encode("Go. " + CALL).ids
    for source in ("qwen-3", row):
        parser = vllm.tool_parser(source)(made)
        found = streamed(None, parser, ids, [len(ids)])
        assert found.told() == ("", "Go. ", [["tide", '{"port": "Kiel"}']])
    with pytest.raises(EncodingError, match="make the parser from a ChatTokenizer, which brings"):
        vllm.tool_parser("qwen-3")(object()).extract_tool_calls_streaming(
            "", "", "", [], [], ids, request()
        )


def test_an_output_ends_once() -> None:
    tok = over_text("qwen-3")
    output = Output(tok)
    output.take_text("Good.")
    assert output.end() == []
    assert output.stopped
    assert output.end() == output.take([1]) == output.take_text("More.") == []
    with pytest.raises(KeyError):
        tok.encoding.token_bytes(999)
    assert over_text("gpt-oss").encoding.n_vocab > 200_000


def _published(folder: Path, module: str) -> dict[str, dict[str, list[str]]]:
    """Class to method to parameters, read without importing anything."""
    tree = ast.parse((folder / (module.replace(".", "/") + ".py")).read_text("utf-8"))
    return {
        node.name: {
            one.name: [a.arg for a in (*one.args.posonlyargs, *one.args.args, *one.args.kwonlyargs)]
            for one in node.body
            if isinstance(one, ast.FunctionDef)
        }
        for node in tree.body
        if isinstance(node, ast.ClassDef)
    }


@pytest.mark.parametrize(
    ("made", "module"),
    [
        (lambda: vllm.tool_parser("qwen-3"), "vllm.tool_parsers.abstract_tool_parser"),
        (lambda: vllm.reasoning_parser("qwen-3"), "vllm.reasoning.abs_reasoning_parsers"),
        (lambda: sglang.tool_detector("qwen-3"), "sglang.srt.function_call.base_format_detector"),
    ],
    ids=["tool parser", "reasoning parser", "detector"],
)
def test_methods_have_the_published_parameters(made: Any, module: str) -> None:
    folder = os.environ.get(f"CHATFMT_{module.partition('.')[0].upper()}")
    if folder is None:
        pytest.skip("CHATFMT_VLLM and CHATFMT_SGLANG name folders with the unpacked wheels")
    ours, base = made().__mro__[1], made().__mro__[-2].__name__
    methods = _published(Path(folder), module)[base]
    checked = 0
    for name, method in vars(ours).items():
        if name in methods and name != "__init__":
            assert [*inspect.signature(method).parameters] == methods[name], name
            checked += 1
    assert checked >= 3
    assert PUBLISHED[module]


def _table() -> list[list[list[str]]]:
    """The cells of the table in docs/serving.md, each with its names."""
    page = (Path(__file__).parents[2] / "docs" / "serving.md").read_text("utf-8")
    lines = [line for line in page.splitlines() if line.startswith("| `") and line.count("|") == 6]
    return [[re.findall(r"`([^`]+)`", cell) for cell in line.split("|")[1:-1]] for line in lines]


def test_the_table_of_parsers_names_formats() -> None:
    named = [name for formats, *_ in _table() for name in formats]
    assert len(named) == len({*named})
    assert {*named} <= chatfmt.FORMAT_ROWS.keys()
    assert {*QUICK, "hermes-3", "kimi-k2", "granite-4", "mistral-v3"} <= {*named}


@pytest.mark.parametrize(
    ("column", "path"),
    [
        (1, "vllm/tool_parsers/__init__.py"),
        (2, "vllm/reasoning/__init__.py"),
        (3, "sglang/srt/function_call/function_call_parser.py"),
        (4, "sglang/srt/parser/reasoning_parser.py"),
    ],
)
def test_the_table_of_parsers_has_the_published_names(column: int, path: str) -> None:
    folder = os.environ.get(f"CHATFMT_{path.partition('/')[0].upper()}")
    if folder is None:
        pytest.skip("CHATFMT_VLLM and CHATFMT_SGLANG name folders with the unpacked wheels")
    tree = ast.parse((Path(folder) / path).read_text("utf-8"))
    keys = {
        key.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Dict)
        for key in node.keys
        if isinstance(key, ast.Constant)
    }
    named = {name for row in _table() for name in row[column]}
    assert named
    assert named <= keys
