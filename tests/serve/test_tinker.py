"""A renderer for tinker-cookbook, over classes of the shape that it publishes.

Source: tinker-cookbook 0.6.1, ``renderers/base.py`` and ``renderers/__init__.py``. The library
itself runs in test_tinker_library.py.
"""

from __future__ import annotations

import pickle
import sys
from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import StrEnum
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel

from chatfmt import RenderError
from chatfmt.serve import tinker
from chatfmt.serve.attributed import Options
from chatfmt.serve.supervised import supervised
from library_chats import CHATS, TOOLS
from rows import ids_in, spelled, tokenizer

USER, HELLO = {"role": "user", "content": "hi"}, {"role": "assistant", "content": "Hello"}
THINKS = [{"type": "thinking", "thinking": "Hm."}]
THOUGHT: dict[str, Any] = {"role": "assistant", "content": THINKS}


@dataclass
class EncodedTextChunk:
    tokens: list[int]


@dataclass
class ModelInput:
    ids: list[int]

    @classmethod
    def from_ints(cls, ids: list[int]) -> ModelInput:
        return cls(ids)


class Renderer(ABC):
    tokenizer: Any

    @abstractmethod
    def get_stop_sequences(self) -> list[int]: ...

    @abstractmethod
    def render_message(self, message: Any, ctx: Any) -> Any: ...

    @abstractmethod
    def parse_response(self, response: list[int]) -> Any: ...


class ToolCall(BaseModel):
    class FunctionBody(BaseModel):
        name: str
        arguments: str

    type: str = "function"
    id: str | None = None
    function: FunctionBody


class UnparsedToolCall(BaseModel):
    raw_text: str
    error: str


class ParseTermination(StrEnum):
    STOP_SEQUENCE = "stop_sequence"
    MALFORMED = "malformed"


@dataclass
class RenderedMessage:
    output: list[EncodedTextChunk]
    header: EncodedTextChunk


@dataclass
class StreamingMessageHeader:
    role: str


@dataclass
class StreamingTextDelta:
    text: str
    content_index: int


@dataclass
class StreamingThinkingDelta:
    thinking: str
    content_index: int


class Registry:
    known: ClassVar[dict[str, Any]] = {}


@pytest.fixture(autouse=True)
def _library(monkeypatch: pytest.MonkeyPatch) -> None:
    base = ModuleType("tinker_cookbook.renderers.base")
    for one in (
        *(Renderer, ToolCall, UnparsedToolCall, ParseTermination, RenderedMessage),
        *(StreamingMessageHeader, StreamingTextDelta, StreamingThinkingDelta),
    ):
        setattr(base, one.__name__, one)
    base.__dict__.update(TextPart=dict, ThinkingPart=dict)
    registry = SimpleNamespace(register_renderer=Registry.known.__setitem__)
    chunks = SimpleNamespace(EncodedTextChunk=EncodedTextChunk, ModelInput=ModelInput)
    for name, module in {
        "tinker_cookbook": ModuleType("tinker_cookbook"),
        "tinker_cookbook.renderers": registry,
        "tinker_cookbook.renderers.base": base,
        "tinker": chunks,
        "torch": SimpleNamespace(tensor=list),
    }.items():
        monkeypatch.setitem(sys.modules, name, module)


def weighed(name: str, messages: Any, train_on: str, **options: Any) -> list[str]:
    """The texts that have weight."""
    tok = tokenizer(name)
    model_input, weights = tinker.renderer(tok, **options).build_supervised_example(
        messages, train_on
    )
    assert len(weights) == len(model_input.ids)
    texts = [""]
    for token, weight in zip(model_input.ids, weights, strict=True):
        if weight:
            texts[-1] += spelled(tok, [token])
        elif texts[-1]:
            texts.append("")
    return [text for text in texts if text]


def test_a_renderer_is_one_of_theirs() -> None:
    tok = tokenizer("qwen-3")
    assert isinstance(tinker.renderer(tok), Renderer)
    made = tinker.renderer(tok)
    assert spelled(tok, made.get_stop_sequences()) == "<|im_end|><|endoftext|>"
    assert made._end_message_token == made.get_stop_sequences()[0]
    assert not made.has_extension_property
    assert tinker.renderer(tokenizer("qwen-3-2507")).has_extension_property
    assert not made.disables_thinking
    assert tinker.renderer(tok, thinking=False).disables_thinking


def test_a_prompt_is_that_of_the_template() -> None:
    tok = tokenizer("qwen-3")
    messages, tools = CHATS["a result at the end"]
    made = tinker.renderer(tok)
    first, *rest = messages
    bare = [tool["function"] for tool in tools]
    prefix = made.create_conversation_prefix_with_tools(bare, first["content"])
    ids = tok.encode_prompt(tok.prepare(messages, tools=tools))
    assert made.build_generation_prompt([*prefix, *rest]).ids == ids
    prefilled = made.build_generation_prompt([*prefix, *rest], prefill="So")
    assert prefilled.ids == [*ids, *tok.encoding.encode_ordinary("So")]
    plain = made.create_conversation_prefix_with_tools(bare)
    without = tok.encode_prompt(tok.prepare([USER], tools=tools))
    assert made.build_generation_prompt([*plain, USER]).ids == without


@pytest.mark.parametrize(
    ("train_on", "texts"),
    [
        ("last_assistant_message", ["Hello<|im_end|>"]),
        ("last_assistant_turn", ["Hello<|im_end|>"]),
        ("all_assistant_messages", ["Hello<|im_end|>"] * 2),
        ("all_messages", ["hi<|im_end|>", "Hello<|im_end|>"] * 2),
        ("all_user_and_system_messages", ["hi<|im_end|>"] * 2),
    ],
)
def test_what_is_trained(train_on: str, texts: list[str]) -> None:
    assert weighed("qwen-3-2507", [USER, HELLO, USER, HELLO], train_on) == texts


def test_a_turn_has_several_messages() -> None:
    messages = [*CHATS["a result"][0]]
    one, other = weighed("qwen-3-2507", messages, "last_assistant_turn")
    assert one.startswith("<tool_call>")
    assert other == "Low: 0.4 m.<|im_end|>"
    assert weighed("qwen-3-2507", messages, "last_assistant_message") == [other]


def test_every_token_is_trained_but_for_the_prologue() -> None:
    [text] = weighed("llama-3", [USER, HELLO], "all_tokens")
    assert text.startswith("<|start_header_id|>user")


def test_messages_say_what_is_trained() -> None:
    chat = [USER | {"trainable": False}, HELLO | {"trainable": True}, USER | {"trainable": True}]
    assert weighed("qwen-3-2507", chat, "customized") == ["Hello<|im_end|>", "hi<|im_end|>"]


def test_an_example_ends_where_the_model_stops() -> None:
    tok = tokenizer("qwen-3-2507")
    ids = tinker.renderer(tok).build_supervised_example([USER, HELLO])[0].ids
    assert spelled(tok, ids).endswith("Hello<|im_end|>")
    glm = tokenizer("glm-4.7")
    assert spelled(
        glm, tinker.renderer(glm).build_supervised_example([USER, HELLO])[0].ids[-1:]
    ) in {spelled(glm, [stop]) for stop in glm.stop_tokens}


def test_a_trained_answer_keeps_its_thinking_and_earlier_ones_do_not() -> None:
    thought = [*THOUGHT["content"], {"type": "text", "text": "Yes."}]
    chat = [USER, {"role": "assistant", "content": thought}] * 2
    assert weighed("qwen-3", chat, "all_assistant_messages") == [
        "Yes.<|im_end|>",
        "<think>\nHm.\n</think>\n\nYes.<|im_end|>",
    ]
    assert weighed("qwen-3", chat, "all_assistant_messages", history="keep")[0].startswith(
        "<think>"
    )


def test_a_trained_answer_keeps_its_thinking_where_history_has_none() -> None:
    chat = [USER, THOUGHT | {"content": [*THOUGHT["content"], {"type": "text", "text": "Yes."}]}]
    [text] = weighed("kimi-k2-thinking", chat, "last_assistant_message")
    assert text == "<think>Hm.</think>Yes.<|im_end|>"


def test_reasoning_after_a_prompt_that_says_there_is_none_is_refused() -> None:
    made = tinker.renderer(tokenizer("qwen-3"), thinking=False)
    with pytest.raises(RenderError, match="no reasoning"):
        made.build_supervised_example([USER, THOUGHT])
    made.build_supervised_example([USER, THOUGHT], "all_tokens")
    made.build_supervised_example([USER, HELLO])


def test_an_unknown_choice_is_refused() -> None:
    with pytest.raises(ValueError, match="TrainOnWhat"):
        supervised(tokenizer("qwen-3"), [USER], Options(), train_on="some")


def test_a_reply_is_a_message() -> None:
    tok = tokenizer("qwen-3")
    call = '<tool_call>\n{"name": "tide", "arguments": {"port": "Kiel"}}\n</tool_call>'
    bad = "<tool_call>\nx\n</tool_call>"
    text = f"<think>\nHm.\n</think>\n\nI look.\n{call}\n{bad}<|im_end|>"
    message, ended = tinker.renderer(tok).parse_response(ids_in(tok, text))
    assert ended == "stop_sequence"
    assert message["content"] == [
        {"type": "thinking", "thinking": "Hm."},
        {"type": "text", "text": "I look."},
    ]
    [made] = message["tool_calls"]
    assert (made.function.name, made.function.arguments) == ("tide", '{"port": "Kiel"}')
    [failed] = message["unparsed_tool_calls"]
    assert (failed.raw_text, failed.error) == (bad, "this is not how the format writes a call")
    assert tinker.renderer(tok).parse_response(ids_in(tok, "Hel")) == (
        {"role": "assistant", "content": "Hel"},
        "malformed",
    )


def test_a_reply_streams() -> None:
    tok = tokenizer("qwen-3")
    ids = ids_in(tok, "<think>\nHm\n</think>\n\nYes" + '<tool_call>\n{"name": "f"<|im_end|>')
    made = tinker.renderer(tok)
    header, *deltas, message = made.parse_response_streaming(ids)
    assert header.role == "assistant"
    reasoning = [one.thinking for one in deltas if isinstance(one, StreamingThinkingDelta)]
    texts = [one.text for one in deltas if isinstance(one, StreamingTextDelta)]
    assert "".join(reasoning) == "Hm"
    assert "".join(texts).startswith("Yes")
    assert [one.content_index for one in deltas] == [0] * len(reasoning) + [1] * len(texts)
    assert message == made.parse_response(ids)[0]


def test_a_message_is_a_header_and_what_follows_it() -> None:
    tok = tokenizer("qwen-3")
    found = tinker.renderer(tok).render_message(USER, None)
    assert spelled(tok, found.header.tokens) == "<|im_start|>user\n"
    assert spelled(tok, found.output[0].tokens) == "hi<|im_end|>\n"
    empty = tinker.renderer(tok).render_message({"role": "user", "content": ""}, None)
    assert spelled(tok, empty.header.tokens) == "<|im_start|>user\n<|im_end|>\n"


def test_a_message_in_the_shape_of_openai() -> None:
    call = ToolCall(function=ToolCall.FunctionBody(name="f", arguments="{}"), id="c")
    given = THOUGHT | {"tool_calls": [call], "trainable": True}
    assert tinker.renderer(tokenizer("qwen-3")).to_openai_message(given) == {
        "role": "assistant",
        "content": None,
        "reasoning_content": "Hm.",
        "tool_calls": [
            {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
        ],
    }


def test_calls_that_failed_keep_their_text() -> None:
    tok = tokenizer("qwen-3")
    failed = HELLO | {"unparsed_tool_calls": [UnparsedToolCall(raw_text="f(", error="x")]}
    ids = tinker.renderer(tok).build_generation_prompt([USER, failed, USER]).ids
    assert "Hellof(<|im_end|>" in spelled(tok, ids)


def test_a_registered_name_makes_renderers() -> None:
    tok = tokenizer("qwen-3")
    tinker.register("chatfmt/qwen-3", "qwen-3", thinking=False)
    given = SimpleNamespace(tok=tok)
    made = Registry.known["chatfmt/qwen-3"](given, None)
    assert made.tokenizer is given
    assert made.disables_thinking
    assert made.tok.encoding is tok.encoding


def test_it_is_pickled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "torch")  # transformers looks at it
    pytest.importorskip("transformers")
    made = tinker.renderer("gpt-4o")
    again = pickle.loads(pickle.dumps(made))
    assert again.get_stop_sequences() == made.get_stop_sequences()
    assert again.tokenizer.eos_token_id == 200265


def test_definitions_without_text_are_no_message() -> None:
    made = tinker.renderer(tokenizer("qwen-3-2507"))
    prefix = made.create_conversation_prefix_with_tools(TOOLS)
    chat = [*prefix, USER, HELLO]
    ids = made.build_supervised_example(chat)[0].ids
    assert spelled(tokenizer("qwen-3-2507"), ids).startswith("<|im_start|>system\n# Tools")
