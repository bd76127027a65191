"""What parsers import of vLLM and SGLang: classes of the published shape, and how they are called.

Source: vLLM 0.33.0, ``entrypoints/generate/base/protocol.py``, ``parser/abstract_parser.py``;
SGLang 0.5.23, ``function_call/core_types.py``, ``function_call/base_format_detector.py``,
``parser/reasoning_parser.py``.
"""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pytest

__all__ = ["Said", "install", "request", "streamed", "whole"]


class FunctionCall(BaseModel):
    name: str
    arguments: str


class ToolCall(BaseModel):
    id: str
    type: str = "function"
    function: FunctionCall


class DeltaFunctionCall(BaseModel):
    name: str | None = None
    arguments: str | None = None


class DeltaToolCall(BaseModel):
    id: str | None = None
    type: str | None = None
    index: int
    function: DeltaFunctionCall | None = None


class DeltaMessage(BaseModel):
    role: str | None = None
    content: str | None = None
    reasoning: str | None = None
    tool_calls: list[DeltaToolCall] = Field(default_factory=list)


class ExtractedToolCallInformation(BaseModel):
    tools_called: bool
    tool_calls: list[ToolCall]
    content: str | None = None


class ToolParser:
    supports_required_and_named: bool = True
    engine_based_streaming: bool = False

    def __init__(self, tokenizer: Any, tools: Any = None) -> None:
        self.prev_tool_call_arr: list[dict[str, Any]] = []
        self.current_tool_id: int = -1
        self.current_tool_name_sent: bool = False
        self.streamed_args_for_tool: list[str] = []
        self.model_tokenizer = tokenizer
        self.tools = tools or []

    def adjust_request(self, request: Any) -> Any:
        return request


class ReasoningParser:
    engine_based_streaming: bool = False

    def __init__(self, tokenizer: Any, *args: Any, **kwargs: Any) -> None:
        self.model_tokenizer = tokenizer
        self.given = args, kwargs

    def adjust_request(self, request: Any) -> Any:
        return request


class ToolCallItem(BaseModel):
    tool_index: int
    name: str | None = None
    parameters: str


class StreamingParseResult(BaseModel):
    normal_text: str = ""
    calls: list[ToolCallItem] = []


class ReasoningResult:
    def __init__(self, normal_text: str | None = None, reasoning_text: str | None = None) -> None:
        self.normal_text = normal_text or ""
        self.reasoning_text = reasoning_text or ""


class BaseFormatDetector:
    def __init__(self) -> None:
        self.prev_tool_call_arr: list[dict[str, Any]] = []
        self.current_tool_id: int = -1
        self.current_tool_name_sent: bool = False
        self.streamed_args_for_tool: list[str] = []


class BaseReasoningFormatDetector:
    def __init__(self, think_start_token: str, think_end_token: str, **more: Any) -> None:
        self.think_start_token, self.think_end_token = think_start_token, think_end_token
        self.more = more


PUBLISHED: dict[str, dict[str, Any]] = {
    "vllm.entrypoints.generate.base.protocol": {
        one.__name__: one
        for one in (
            FunctionCall,
            ToolCall,
            DeltaFunctionCall,
            DeltaToolCall,
            DeltaMessage,
            ExtractedToolCallInformation,
        )
    },
    "vllm.tool_parsers.abstract_tool_parser": {"ToolParser": ToolParser},
    "vllm.reasoning.abs_reasoning_parsers": {"ReasoningParser": ReasoningParser},
    "sglang.srt.function_call.core_types": {
        "ToolCallItem": ToolCallItem,
        "StreamingParseResult": StreamingParseResult,
    },
    "sglang.srt.function_call.base_format_detector": {"BaseFormatDetector": BaseFormatDetector},
    "sglang.srt.parser.reasoning_parser": {
        "BaseReasoningFormatDetector": BaseReasoningFormatDetector,
        "StreamingParseResult": ReasoningResult,
    },
}
"""Module to what is taken from it."""


def install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let them be imported."""
    for name, members in PUBLISHED.items():
        parts = name.split(".")
        for count in range(1, len(parts)):
            parent = ".".join(parts[:count])
            if parent not in sys.modules:
                monkeypatch.setitem(sys.modules, parent, ModuleType(parent))
        module = ModuleType(name)
        vars(module).update(members)
        monkeypatch.setitem(sys.modules, name, module)


def request(tools: Sequence[dict[str, Any]] = (), **more: Any) -> Any:
    """A request as far as parsers look at it."""
    members = {"tools": [*tools], "tool_choice": "auto", "skip_special_tokens": True}
    return SimpleNamespace(**members, **more)


class Said:
    """What a client has been told."""

    def __init__(self) -> None:
        self.reasoning = self.content = ""
        self.calls: list[list[str]] = []

    def take(self, delta: DeltaMessage | None) -> None:
        if delta is None:
            return
        assert delta.reasoning or delta.content or delta.tool_calls
        self.reasoning += delta.reasoning or ""
        self.content += delta.content or ""
        for call in delta.tool_calls:
            assert call.function is not None
            if call.index == len(self.calls):
                assert call.id
                assert call.function.name is not None
                self.calls.append([call.function.name, ""])
            assert call.index == len(self.calls) - 1
            self.calls[-1][1] += call.function.arguments or ""

    def told(self) -> tuple[str, str, list[list[str]]]:
        return self.reasoning, self.content, self.calls


def streamed(reasoning: Any, tool: Any, ids: Sequence[int], sizes: Sequence[int]) -> Said:
    """A stream as vLLM's ``parse_delta`` hands it to two parsers."""
    said, ended = Said(), reasoning is None
    for delta in _chunks(ids, sizes):
        rest: list[int] = delta
        if not ended:
            thought = reasoning.extract_reasoning_streaming("", "", "", [], [], delta)
            rest = []
            if reasoning.has_engine_confirmed_reasoning_end():
                ended = True
                rest = reasoning.extract_content_ids(delta)
                assert reasoning.finish_streaming() is None
                if thought is not None:
                    thought.content = None  # the other parser reads it
                    thought = thought if thought.reasoning else None
            said.take(thought)
        if ended:
            said.take(tool.extract_tool_calls_streaming("", "", "", [], [], rest, request()))
    if ended:
        said.take(tool.finish_streaming())
    return said


def whole(reasoning: Any, tool: Any, text: str) -> tuple[str, str, list[list[str]]]:
    """A text as vLLM's ``parse`` hands it to two parsers."""
    thought, content = None, text
    if reasoning is not None:
        thought, content = reasoning.extract_reasoning(text, request())
    found = tool.extract_tool_calls(content or "", request())
    assert found.tools_called == bool(found.tool_calls)
    calls = [[call.function.name, call.function.arguments] for call in found.tool_calls]
    return thought or "", found.content or "", calls


def _chunks(ids: Sequence[int], sizes: Sequence[int]) -> Iterator[list[int]]:
    at = 0
    for size in sizes:
        yield [*ids[at : at + size]]
        at += size
