"""Detectors for SGLang, made from a format: for tool calls and for reasoning in a model's text.

Register them by name before the server starts::

    from chatfmt.serve import sglang
    from sglang.srt.function_call.function_call_parser import FunctionCallParser

    FunctionCallParser.ToolCallParserEnum["mine"] = sglang.tool_detector("qwen-3")

SGLang gives its detectors text, in which special tokens must be spelled: requests need
``skip_special_tokens: false``. In text, a token cannot be distinguished from the same letters
written by the model.

Source: SGLang 0.5.23, ``srt/function_call/base_format_detector.py``,
``srt/function_call/core_types.py``, ``srt/function_call/function_call_parser.py`` and
``srt/parser/reasoning_parser.py``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from chatfmt.serve.outputs import Output, over_text, server_class, spelled
from chatfmt.serve.pieces import Arguments, CallStart, Text
from chatfmt.serve.reasoning import ReasoningSplitter
from chatfmt.wire.spelled import SpelledText

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from chatfmt.serve.outputs import Source
    from chatfmt.serve.pieces import Piece
    from chatfmt.tokenizer import ChatTokenizer

__all__ = ["reasoning_detector", "tool_detector"]

_TOOLS = "sglang.srt.function_call.base_format_detector"
_REASONING = "sglang.srt.parser.reasoning_parser"
_TYPES = "sglang.srt.function_call.core_types"


def tool_detector(source: Source) -> type[Any]:
    """A subclass of SGLang's ``BaseFormatDetector`` that reads the calls of a format.

    A call to a tool that the request does not list gets the index -1; it is not dropped.

    Args:
        source: a format, its name, or a tokenizer.

    >>> tool_detector("qwen-3")  # doctest: +SKIP
    <class 'chatfmt.serve.sglang.BaseFormatDetector of qwen-3'>

    Raises:
        ImportError: SGLang is not installed.
        UnknownFormatError: there is no such format.
    """
    tok = over_text(source)
    return server_class(_Calls, "BaseFormatDetector", _TOOLS, source, tok=tok)


def reasoning_detector(source: Source) -> type[Any]:
    """A subclass of SGLang's ``BaseReasoningFormatDetector`` that splits off reasoning.

    Args:
        source: as in `tool_detector`.

    >>> reasoning_detector("qwen-3")  # doctest: +SKIP
    <class 'chatfmt.serve.sglang.BaseReasoningFormatDetector of qwen-3'>

    Raises:
        ImportError: SGLang is not installed.
        UnknownFormatError: there is no such format.
    """
    tok = over_text(source)
    return server_class(_Reasoning, "BaseReasoningFormatDetector", _REASONING, source, tok=tok)


class _Calls:
    """Reads tool calls."""

    tok: ChatTokenizer
    prev_tool_call_arr: list[dict[str, Any]]
    streamed_args_for_tool: list[str]

    def __init__(self) -> None:
        super().__init__()
        self._output: Output | None = None

    def has_tool_call(self, text: str) -> bool:
        """Whether a text has a complete call."""
        return any(isinstance(piece, CallStart) for piece in self._whole(text, []))

    def detect_and_parse(self, text: str, tools: list[Any]) -> Any:
        """The calls of a whole text, and its content."""
        pieces = self._whole(text, tools)
        places = {tool.function.name: at for at, tool in enumerate(tools)}
        of = import_module(_TYPES)
        calls = [
            of.ToolCallItem(
                tool_index=places.get(piece.name, -1),
                name=piece.name,
                parameters="".join(
                    more.text
                    for more in pieces
                    if isinstance(more, Arguments) and more.number == piece.number
                ),
            )
            for piece in pieces
            if isinstance(piece, CallStart)
        ]
        return of.StreamingParseResult(normal_text=_text(pieces), calls=calls)

    def parse_streaming_increment(self, new_text: str, tools: list[Any]) -> Any:
        """The result of more text."""
        if self._output is None:
            self._output = self._new(tools)
        return self._told(self._output.take_text(new_text))

    def finish(self, tools: list[Any]) -> Any:
        """The result of text that waited for more, now that nothing follows."""
        return self._told([] if self._output is None else self._output.end())

    def supports_structural_tag(self) -> bool:
        """False: calls are not constrained."""
        return False

    def parses_required_natively(self) -> bool:
        """True: a call that a request requires comes as the model was trained to write it."""
        return True

    def structure_info(self) -> Any:
        """Always raise: there is none, as `supports_structural_tag` says."""
        raise NotImplementedError("this detector gives no structure for constrained calls")

    def _new(self, tools: Iterable[Any], *, whole_calls: bool = False) -> Output:
        plain = [tool if isinstance(tool, dict) else tool.model_dump() for tool in tools]
        return Output(self.tok, after=(False, None), tools=plain, whole_calls=whole_calls)

    def _whole(self, text: str, tools: Iterable[Any]) -> list[Piece]:
        output = self._new(tools, whole_calls=True)
        return [*output.take_text(text), *output.end()]

    def _told(self, pieces: Sequence[Piece]) -> Any:
        of = import_module(_TYPES)
        calls = []
        for piece in pieces:
            if isinstance(piece, CallStart):
                self.prev_tool_call_arr.append({"name": piece.name, "arguments": ""})
                self.streamed_args_for_tool.append("")
                item = of.ToolCallItem(tool_index=piece.number, name=piece.name, parameters="")
                calls.append(item)
            elif isinstance(piece, Arguments):
                self.prev_tool_call_arr[piece.number]["arguments"] += piece.text
                self.streamed_args_for_tool[piece.number] += piece.text
                calls.append(of.ToolCallItem(tool_index=piece.number, parameters=piece.text))
        self.current_tool_id = len(self.prev_tool_call_arr) - 1
        self.current_tool_name_sent = self.current_tool_id >= 0
        return of.StreamingParseResult(normal_text=_text(pieces), calls=calls)


class _Reasoning:
    """Separates reasoning from the rest."""

    tok: ChatTokenizer

    def __init__(
        self, *, stream_reasoning: bool = True, force_reasoning: bool | None = None, **more: Any
    ) -> None:
        super().__init__("", "", **more)  # type: ignore[call-arg] # SGLang's class comes next
        self.stream_reasoning = stream_reasoning
        self._thinking = True if force_reasoning else None
        self._text = SpelledText(self.tok.encoding)
        self._splitter = ReasoningSplitter(self.tok, self._thinking)
        self._waiting = ""  # reasoning that is held back until it is over

    def detect_and_parse(self, text: str) -> Any:
        """The reasoning of a whole text, and the rest of it unchanged."""
        one = type(self)(force_reasoning=self._thinking)
        begun, ended = one.parse_streaming_increment(text), one.finish()
        return self._result(
            begun.reasoning_text + ended.reasoning_text, begun.normal_text + ended.normal_text
        )

    def parse_streaming_increment(self, new_text: str) -> Any:
        """The reasoning in more text, and the rest of it."""
        return self._told(self._text.take(new_text))

    def finish(self) -> Any:
        """The result of text that waited for more, now that nothing follows."""
        told = self._told(self._text.end())
        told.reasoning_text += self._waiting
        self._waiting = ""
        return told

    def _told(self, ids: list[int]) -> Any:
        before = len(self._splitter.rest or ())
        reasoning = self._waiting + self._splitter.take(ids)
        rest, self._waiting = self._splitter.rest, ""
        if rest is None and not self.stream_reasoning:
            reasoning, self._waiting = "", reasoning
        return self._result(reasoning, spelled(self.tok, (rest or [])[before:]))

    @staticmethod
    def _result(reasoning: str, normal: str) -> Any:
        made = import_module(_REASONING).StreamingParseResult
        return made(normal_text=normal, reasoning_text=reasoning)


def _text(pieces: Iterable[Piece]) -> str:
    return "".join(piece.text for piece in pieces if isinstance(piece, Text))
