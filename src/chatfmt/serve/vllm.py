"""Parsers for vLLM, made from a format: for tool calls and for reasoning in a model's output.

A plugin registers them for ``vllm serve --tool-parser-plugin plugin.py --tool-call-parser mine``::

    from chatfmt.serve import vllm
    from vllm.tool_parsers import ToolParserManager

    ToolParserManager.register_module("mine", module=vllm.tool_parser("qwen-3"))

Source: vLLM 0.33.0, ``tool_parsers/abstract_tool_parser.py``,
``reasoning/abs_reasoning_parsers.py``, ``parser/abstract_parser.py`` and
``entrypoints/generate/base/protocol.py``.
"""

from __future__ import annotations

from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from chatfmt.serve.outputs import Output, ids_of, over_ids, over_text, server_class, spelled
from chatfmt.serve.pieces import Arguments, CallStart, Text
from chatfmt.serve.reasoning import ReasoningSplitter, is_over, thinking_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from chatfmt.serve.outputs import Source
    from chatfmt.serve.pieces import Piece
    from chatfmt.tokenizer import ChatTokenizer

__all__ = ["reasoning_parser", "tool_parser"]

_PROTOCOL = "vllm.entrypoints.generate.base.protocol"
_TOOLS = "vllm.tool_parsers.abstract_tool_parser"
_REASONING = "vllm.reasoning.abs_reasoning_parsers"


def tool_parser(source: Source) -> type[Any]:
    """A subclass of vLLM's ``ToolParser`` that reads the calls of a format.

    Streams are read by their ids. A whole output comes as text, from which special tokens must not
    be stripped: ``adjust_request`` makes sure of that. Text that is not a call is content, and so
    is reasoning that no reasoning parser has taken out before.

    Args:
        source: a format or its name, whose ids are then read over the server's tokenizer, which
            `chatfmt.hf.HFEncoding` has to be able to read; or a tokenizer, with any vocabulary.

    >>> tool_parser("qwen-3")  # doctest: +SKIP
    <class 'chatfmt.serve.vllm.ToolParser of qwen-3'>

    Raises:
        ImportError: vLLM is not installed.
        UnknownFormatError: there is no such format.
    """
    return server_class(_Calls, "ToolParser", _TOOLS, source, source=source)


def reasoning_parser(source: Source) -> type[Any]:
    """A subclass of vLLM's ``ReasoningParser`` that splits off reasoning.

    Args:
        source: as in `tool_parser`.

    >>> reasoning_parser("qwen-3")  # doctest: +SKIP
    <class 'chatfmt.serve.vllm.ReasoningParser of qwen-3'>

    Raises:
        ImportError: vLLM is not installed.
        UnknownFormatError: there is no such format.
    """
    return server_class(_Reasoning, "ReasoningParser", _REASONING, source, source=source)


class _Server:
    """The part that both parsers share."""

    source: Source
    model_tokenizer: Any
    engine_based_streaming = True  # makes vLLM ask for the rest at the end

    @cached_property
    def _over_ids(self) -> ChatTokenizer:
        return over_ids(self.source, self.model_tokenizer)

    @cached_property
    def _over_text(self) -> ChatTokenizer:
        return over_text(self.source)


class _Calls(_Server):
    """Reads tool calls."""

    supports_required_and_named = False  # calls come as the model was trained to write them
    prev_tool_call_arr: list[dict[str, Any]]
    streamed_args_for_tool: list[str]

    def __init__(self, tokenizer: Any, tools: Any = None) -> None:
        super().__init__(tokenizer, tools)  # type: ignore[call-arg] # vLLM's class comes next
        self._definitions = _plain(tools)
        self._output: Output | None = None

    def adjust_request(self, request: Any) -> Any:
        """The request, which keeps special tokens in texts if it has tools."""
        request = super().adjust_request(request)  # type: ignore[misc]
        if request.tools and request.tool_choice != "none":
            request.skip_special_tokens = False
        return request

    def extract_tool_calls(self, model_output: str, request: Any) -> Any:
        """The calls of a whole output, and its content."""
        tools = _plain(request.tools) or self._definitions
        output = self._new(self._over_text, tools, whole_calls=True)
        pieces = [*output.take_text(model_output), *output.end()]
        of = import_module(_PROTOCOL)
        calls = [
            of.ToolCall(
                id=piece.id,
                function=of.FunctionCall(
                    name=piece.name, arguments=_arguments(pieces, piece.number)
                ),
            )
            for piece in pieces
            if isinstance(piece, CallStart)
        ]
        return of.ExtractedToolCallInformation(
            tools_called=bool(calls), tool_calls=calls, content=_text(pieces)
        )

    def extract_tool_calls_streaming(
        self,
        previous_text: str,
        current_text: str,
        delta_text: str,
        previous_token_ids: Sequence[int],
        current_token_ids: Sequence[int],
        delta_token_ids: Sequence[int],
        request: Any,
    ) -> Any:
        """The delta for the new ids; None if they bring nothing."""
        if self._output is None:
            tools = self._definitions or _plain(request.tools)
            self._output = self._new(self._over_ids, tools)
        return self._delta(self._output.take(delta_token_ids))

    def finish_streaming(self) -> Any:
        """The delta for ids that waited for more; None if there are none."""
        return None if self._output is None else self._delta(self._output.end(cut=True))

    @staticmethod
    def _new(
        tok: ChatTokenizer, tools: Iterable[dict[str, Any]], *, whole_calls: bool = False
    ) -> Output:
        """An output after closed reasoning, if a prompt can close it, else after a plain one."""
        return Output(
            tok, after=(False, None), tools=tools, whole_calls=whole_calls, new_id=_new_id
        )

    def _delta(self, pieces: Sequence[Piece]) -> Any:
        """A delta, noted where vLLM looks up the calls and how much of each was sent."""
        for piece in pieces:
            if isinstance(piece, CallStart):
                self.prev_tool_call_arr.append({"name": piece.name, "arguments": ""})
                self.streamed_args_for_tool.append("")
            elif isinstance(piece, Arguments):
                self.prev_tool_call_arr[piece.number]["arguments"] += piece.text
                self.streamed_args_for_tool[piece.number] += piece.text
        self.current_tool_id = len(self.prev_tool_call_arr) - 1
        self.current_tool_name_sent = self.current_tool_id >= 0
        of = import_module(_PROTOCOL)
        calls = [_call_delta(of, p) for p in pieces if isinstance(p, CallStart | Arguments)]
        text = _text(pieces)
        return of.DeltaMessage(content=text, tool_calls=calls) if text or calls else None


class _Reasoning(_Server):
    """Separates reasoning from the rest."""

    def __init__(self, tokenizer: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(tokenizer, *args, **kwargs)  # type: ignore[call-arg] # vLLM's comes next
        self._thinking = thinking_in(kwargs.get("chat_template_kwargs"))
        self._splitter: ReasoningSplitter | None = None

    def adjust_request(self, request: Any) -> Any:
        """The request, which keeps special tokens in texts."""
        request = super().adjust_request(request)  # type: ignore[misc]
        request.skip_special_tokens = False
        return request

    def is_reasoning_end(self, input_ids: Sequence[int]) -> bool:
        """Whether the last message of a prompt and what follows it is past its reasoning."""
        return is_over(self._over_ids, [*input_ids])

    def is_reasoning_end_streaming(
        self, input_ids: Sequence[int], delta_ids: Iterable[int]
    ) -> bool:
        """The same while an output is streamed."""
        return self.has_engine_confirmed_reasoning_end() or self.is_reasoning_end(input_ids)

    def has_engine_confirmed_reasoning_end(self) -> bool:
        """Whether the stream has brought something other than reasoning."""
        return self._splitter is not None and self._splitter.rest is not None

    def extract_content_ids(self, input_ids: list[int]) -> list[int]:
        """The ids after the reasoning; in a stream, those that have come so far."""
        return (self._splitter or self._read(input_ids)[0]).rest or []

    def count_reasoning_tokens(self, token_ids: Sequence[int]) -> int:
        """The number of ids that bring text of the reasoning."""
        return self._read(token_ids)[0].count

    def extract_reasoning(self, model_output: str, request: Any) -> tuple[str | None, str | None]:
        """The reasoning of a whole output, and the rest of it unchanged."""
        tok = self._over_text
        thinking = thinking_in(getattr(request, "chat_template_kwargs", None))
        splitter = ReasoningSplitter(tok, self._thinking if thinking is None else thinking)
        text = splitter.take(ids_of(tok, model_output))
        return text or None, spelled(tok, splitter.rest or []) or None

    def extract_reasoning_streaming(
        self,
        previous_text: str,
        current_text: str,
        delta_text: str,
        previous_token_ids: Sequence[int],
        current_token_ids: Sequence[int],
        delta_token_ids: Sequence[int],
    ) -> Any:
        """The reasoning in the new ids, and the rest of these; None if they bring nothing."""
        if self._splitter is None:
            self._splitter = ReasoningSplitter(self._over_ids, self._thinking)
        before = len(self._splitter.rest or ())
        text = self._splitter.take(delta_token_ids)
        stops = self._over_ids.stop_tokens
        rest = (self._splitter.rest or [])[before:]
        content = spelled(self._over_ids, (token for token in rest if token not in stops))
        if not text and not content:
            return None
        made = import_module(_PROTOCOL).DeltaMessage
        return made(reasoning=text or None, content=content or None)

    def finish_streaming(self) -> Any:
        """Do nothing: no text is ever held back."""
        return

    def _read(self, ids: Iterable[int]) -> tuple[ReasoningSplitter, str]:
        splitter = ReasoningSplitter(self._over_ids, self._thinking)
        return splitter, splitter.take(ids)


def _plain(tools: Any) -> list[dict[str, Any]]:
    """Definitions as dicts, as in OpenAI's API; vLLM has them as pydantic models."""
    return [tool if isinstance(tool, dict) else tool.model_dump() for tool in tools or ()]


def _new_id(_: int) -> str:
    return f"chatcmpl-tool-{uuid4().hex}"


def _text(pieces: Iterable[Piece]) -> str | None:
    return "".join(piece.text for piece in pieces if isinstance(piece, Text)) or None


def _arguments(pieces: Iterable[Piece], number: int) -> str:
    each = (piece for piece in pieces if isinstance(piece, Arguments))
    return "".join(piece.text for piece in each if piece.number == number)


def _call_delta(of: Any, piece: CallStart | Arguments) -> Any:
    if isinstance(piece, CallStart):
        function = of.DeltaFunctionCall(name=piece.name, arguments="")
        return of.DeltaToolCall(index=piece.number, id=piece.id, type="function", function=function)
    function = of.DeltaFunctionCall(arguments=piece.text)
    return of.DeltaToolCall(index=piece.number, function=function)
