"""A renderer for Prime's library, over classes of the shape that it publishes.

Source: renderers 0.1.12, ``base.py`` and ``configs.py``. The library itself runs in
test_prime_library.py.
"""

from __future__ import annotations

import pickle
import sys
from dataclasses import dataclass, field
from enum import StrEnum
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict

import chatfmt
from chatfmt.serve import prime
from library_chats import CHATS, TOOLS
from rows import ids_in, spelled, tokenizer

USER, HELLO = {"role": "user", "content": "hi"}, {"role": "assistant", "content": "Hello"}


@dataclass
class RenderedTokens:
    token_ids: list[int]
    message_indices: list[int]
    sampled_mask: list[bool]
    is_content: list[bool]
    message_roles: list[str]
    message_tool_names: list[str | None]


@dataclass
class ParsedToolCall:
    raw: str
    name: str | None
    arguments: Any
    token_span: tuple[int, int]
    status: str
    id: str | None


@dataclass
class ParsedResponse:
    content: str
    reasoning_content: str | None = None
    tool_calls: list[ParsedToolCall] = field(default_factory=list)
    reasoning_complete: bool | None = True


class ToolCallParseStatus(StrEnum):
    OK = "ok"
    INVALID_JSON = "invalid_json"
    UNCLOSED_BLOCK = "unclosed_block"
    MALFORMED_STRUCTURE = "malformed_structure"


class BaseRendererConfig(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    thinking_retention: str | None = None


@pytest.fixture(autouse=True)
def _library(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("renderers")
    for one in (
        *(RenderedTokens, ParsedToolCall, ParsedResponse, ToolCallParseStatus),
        BaseRendererConfig,
    ):
        setattr(module, one.__name__, one)
    names = {"extract_message_tool_names": lambda given: [one.get("name") for one in given]}
    module.__dict__.update(names)
    monkeypatch.setitem(sys.modules, "renderers", module)


def test_a_conversation_is_rendered() -> None:
    tok = tokenizer("qwen-3")
    messages, tools = CHATS["a result at the end"]
    found = prime.renderer(tok).render(messages, tools=tools, add_generation_prompt=True)
    ids = tok.encode_prompt(tok.prepare(messages, tools=tools))
    assert found.token_ids == ids
    assert prime.renderer(tok).render_ids(messages, tools=tools, add_generation_prompt=True) == ids
    assert found.message_roles == ["system", "user", "assistant", "tool"]
    assert found.message_tool_names == [None, None, None, "tide"]
    sampled = [
        token for token, is_sampled in zip(ids, found.sampled_mask, strict=True) if is_sampled
    ]
    assert spelled(tok, sampled).endswith("</tool_call><|im_end|>")
    assert {*found.message_indices} == {-1, 0, 1, 2, 3}
    assert len(found.is_content) == len(ids)


def test_definitions_may_lack_their_envelope() -> None:
    made = prime.renderer(tokenizer("qwen-3"))
    bare: list[Any] = [tool["function"] for tool in TOOLS]
    assert made.render_ids([USER], tools=bare) == made.render_ids([USER], tools=TOOLS)


def test_without_the_library_there_are_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "renderers", None)
    made = prime.renderer("gpt-4o")
    assert made.render_ids([USER])[0] == 200264
    with pytest.raises(ImportError):
        made.render([USER])


def test_no_messages_are_refused() -> None:
    with pytest.raises(ValueError, match="expected messages"):
        prime.renderer("gpt-4o").render([])


@pytest.mark.parametrize(
    ("name", "first", "stable"),
    [
        ("gpt-4o", "<|im_end|>", True),
        ("qwen-3.5", "<|im_end|>", False),
        ("gpt-oss", "<|return|>", False),
        ("llama-3.2", "<|eot_id|>", True),
        ("glm-4.7", "<|endoftext|>", False),
        ("glm-4.5", "<|user|>", False),
    ],
)
def test_stop_tokens_and_prefixes(name: str, first: str, stable: bool) -> None:  # noqa: FBT001
    tok = tokenizer(name)
    made = prime.renderer(tok)
    assert spelled(tok, made.get_stop_token_ids()[:1]) == first
    assert {*made.get_stop_token_ids()} == tok.stop_tokens
    assert made.is_prefix_stable is stable


@pytest.mark.parametrize(
    ("name", "stable"),
    [
        ("kimi-k2-thinking", True),
        ("qwen-3", False),  # answers without a thinking get an empty one after the last question
        ("gpt-oss", False),
        ("mistral-v3", False),
        ("gpt-4o", True),
    ],
)
def test_where_thinking_is_kept(name: str, stable: bool) -> None:  # noqa: FBT001
    assert prime.renderer(tokenizer(name), history="keep").is_prefix_stable is stable


def test_a_reply_is_parsed() -> None:
    tok = tokenizer("qwen-3")
    call = '<tool_call>\n{"name": "tide", "arguments": {"port": "Kiel"}}\n</tool_call>'
    reply = f"<think>\nHm.\n</think>\n\nI look.\n{call}\n<tool_call>\nx\n</tool_call><|im_end|>"
    found = prime.renderer(tok).parse_response(ids_in(tok, reply))
    assert (found.content, found.reasoning_content) == ("I look.", "Hm.")
    assert found.reasoning_complete
    one, other = found.tool_calls
    assert (one.status, one.name, one.arguments, one.raw) == ("ok", "tide", {"port": "Kiel"}, call)
    assert (other.status, other.name, other.arguments) == ("malformed_structure", None, None)
    assert one.token_span[1] < other.token_span[0]


def test_definitions_say_what_a_value_is() -> None:
    tok = tokenizer("glm-4.5")
    reply = "\n<think></think>\n<tool_call>tide\n<arg_key>port</arg_key>\n<arg_value>1</arg_value>"
    made, ids = prime.renderer(tok), ids_in(tok, reply + "\n</tool_call><|observation|>")
    assert made.parse_response(ids).tool_calls[0].arguments == {"port": 1}
    assert made.parse_response(ids, tools=TOOLS).tool_calls[0].arguments == {"port": "1"}


def test_the_prompt_says_where_a_reply_begins() -> None:
    tok = tokenizer("qwen-3")
    prompt = tok.encode_prompt([USER], thinking=True)
    found = prime.renderer(tok).parse_response(ids_in(tok, "Hm"), prompt_ids=prompt)
    assert (found.reasoning_content, found.reasoning_complete) == ("Hm", False)


def test_a_bridge_is_the_next_prompt() -> None:
    tok = tokenizer("qwen-3")
    made = prime.renderer(tok)
    prompt = made.render_ids([USER], add_generation_prompt=True)
    sampled = ids_in(tok, "Hello<|im_end|>")
    found = made.bridge_to_next_turn(prompt, sampled, [USER])
    assert found.token_ids[: len(prompt + sampled)] == prompt + sampled
    assert found.message_roles == ["user"]
    assert not any(found.sampled_mask)
    thought = ids_in(tok, "<think>\nHm.\n</think>\n\nHello<|im_end|>")
    assert made.bridge_to_next_turn(prompt, thought, [USER]) is None


def test_a_class_for_configurations() -> None:
    tok = tokenizer("qwen-3")
    made = prime.renderer_class(tok)
    assert issubclass(made.config_class, BaseRendererConfig)
    assert made.config_class._template_fields == frozenset({"enable_thinking"})
    silent = made(None, made.config_class(enable_thinking=False))
    closed = silent.render_ids([USER], add_generation_prompt=True)
    assert spelled(tok, closed).endswith("<think>\n\n</think>\n\n")
    plain = made(SimpleNamespace(tok=tok))
    assert plain.config == made.config_class()
    prompt, thought = plain.render_ids([USER], add_generation_prompt=True), "<think>\nHm.\n</think>"
    ids = ids_in(tok, thought + "\n\nHello<|im_end|>")
    kept = made(None, made.config_class(thinking_retention="all"))
    assert kept.bridge_to_next_turn(prompt, ids, [USER]) is not None
    cycle = made(None, made.config_class(thinking_retention="tool_cycle"))
    hello = ids_in(tok, "Hello<|im_end|>")
    assert cycle.bridge_to_next_turn(prompt, hello, [USER]) is None
    assert plain.bridge_to_next_turn(prompt, hello, [USER]) is not None


def test_it_is_pickled() -> None:
    again = pickle.loads(pickle.dumps(prime.renderer("gpt-4o")))
    assert again.render_ids([USER]) == prime.renderer("gpt-4o").render_ids([USER])


def test_an_unknown_format_is_refused_at_once() -> None:
    with pytest.raises(chatfmt.UnknownFormatError):
        prime.renderer("qwen-33")
