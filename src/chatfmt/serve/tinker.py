"""Renderers for tinker-cookbook, made of a format.

Source: tinker-cookbook 0.6.1, ``renderers/base.py`` and ``renderers/__init__.py``.
"""

from __future__ import annotations

from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

from chatfmt.facade.writing import as_conversation
from chatfmt.serve.attributed import Options, goes_on, written
from chatfmt.serve.given import plain_messages, tokenizer_for, with_definitions
from chatfmt.serve.outputs import Output, server_class, stops_in_order
from chatfmt.serve.parsed import read_reply
from chatfmt.serve.pieces import Text
from chatfmt.serve.supervised import supervised

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Mapping, Sequence

    from chatfmt.serve.outputs import Source
    from chatfmt.serve.parsed import TriedCall
    from chatfmt.serve.pieces import Piece
    from chatfmt.tokenizer import ChatTokenizer

__all__ = ["register", "renderer"]

_BASE = "tinker_cookbook.renderers.base"


def register(
    name: str,
    source: Source,
    *,
    thinking: bool | None = None,
    values: Mapping[str, str | dt.date] | None = None,
    history: Literal["published", "keep"] = "published",
) -> None:
    """Register a `renderer` under a name that ``get_renderer`` then knows.

    Args:
        name: such as ``"chatfmt/qwen-3"``.
        source: a format or its name, with the vocabulary of the tokenizer that is given to
            ``get_renderer``; or a `ChatTokenizer`.
        thinking: as in `renderer`.
        values: see there.
        history: see there.

    >>> register("chatfmt/qwen-3", "qwen-3")  # doctest: +SKIP

    Raises:
        ImportError: tinker-cookbook is not installed.
    """

    def make(tokenizer: Any, _: Any = None) -> Any:  # noqa: ANN401 - classes of theirs
        return renderer(source, tokenizer, thinking=thinking, values=values, history=history)

    import_module("tinker_cookbook.renderers").register_renderer(name, make)


def renderer(
    source: Source,
    tokenizer: Any = None,  # noqa: ANN401 - of transformers, or one like it
    *,
    thinking: bool | None = None,
    values: Mapping[str, str | dt.date] | None = None,
    history: Literal["published", "keep"] = "published",
) -> Any:  # noqa: ANN401 - a class of theirs
    """A renderer: a subclass of tinker-cookbook's ``Renderer`` for one format.

    Args:
        source: a format or its name, with the vocabulary of ``tokenizer`` or the one that is
            bundled with the format; or a `ChatTokenizer`.
        tokenizer: a tokenizer that `chatfmt.hf.HFEncoding` reads.
        thinking: as in `ChatTokenizer.prepare`.
        values: see there.
        history: see there.

    >>> renderer("gpt-4o").get_stop_sequences()  # doctest: +SKIP
    [200265]

    Raises:
        ImportError: tinker-cookbook is not installed.
        UnknownFormatError: there is no such format.
        EncodingRequiredError: no vocabulary is bundled, and no tokenizer is given.
        EncodingError: `chatfmt.hf.HFEncoding` cannot read the tokenizer.
    """
    tok = tokenizer_for(source, tokenizer)
    return _made(tok, Options(thinking, values, history), tokenizer)


def _made(tok: ChatTokenizer, options: Options, tokenizer: Any = None) -> Any:  # noqa: ANN401
    return server_class(_Renderer, "Renderer", _BASE, tok)(tok, options, tokenizer)


class _Renderer:
    """A renderer over a `ChatTokenizer`."""

    supports_streaming = True

    def __init__(self, tok: ChatTokenizer, options: Options, tokenizer: Any = None) -> None:  # noqa: ANN401
        self.tok = tok
        self._options = options
        if tokenizer is not None:
            self.tokenizer = tokenizer

    def __reduce__(self) -> tuple[Any, ...]:
        return _made, (self.tok, self._options, self.__dict__.get("tokenizer"))

    @cached_property
    def tokenizer(self) -> Any:  # noqa: ANN401 - of transformers
        """The tokenizer that was given, or one of transformers."""
        from chatfmt.serve.hf import tokenizer

        return tokenizer(self.tok)

    @property
    def has_extension_property(self) -> bool:
        """Whether each prompt begins with the previous prompt and its answer."""
        return goes_on(self.tok, self._options)

    @property
    def disables_thinking(self) -> bool:
        """Whether prompts turn thinking off."""
        return self._options.thinking is False

    def get_stop_sequences(self) -> list[int]:
        """The stop tokens; the one that ends an answer comes first."""
        return stops_in_order(self.tok)

    @property
    def _end_message_token(self) -> int:
        return self.get_stop_sequences()[0]

    def render_message(self, message: Mapping[str, Any], _: Any = None) -> Any:  # noqa: ANN401 - theirs
        """A message by itself: the ids before its sampled ids or content, and the rest."""
        found = written(self.tok, plain_messages([message]), self._options)
        own = [at for at, index in enumerate(found.messages) if index == 0]
        first = next((at for at in own if found.content[at]), own[-1] + 1)
        chunk = import_module("tinker").EncodedTextChunk
        header = [found.ids[at] for at in own if at < first]
        output = [found.ids[at] for at in own if at >= first]
        return import_module(_BASE).RenderedMessage(
            header=chunk(tokens=header), output=[chunk(tokens=output)]
        )

    def build_generation_prompt(
        self,
        messages: Sequence[Mapping[str, Any]],
        role: str = "assistant",
        prefill: str | None = None,
    ) -> Any:  # noqa: ANN401 - a class of theirs
        """The prompt for the next message; ``prefill`` is ordinary text after it.

        Raises:
            RenderError: as for `ChatTokenizer.prepare` and `ChatTokenizer.encode_prompt`.
        """
        plain, tools = with_definitions(messages)
        chat = as_conversation(plain)
        prepared = self._options.after(self.tok, chat.messages).prepare(self.tok, chat, tools)
        ids = self.tok.encode_prompt(prepared, role=role)
        return _input([*ids, *self.tok.encoding.encode_ordinary(prefill or "")])

    def build_supervised_example(
        self,
        messages: Sequence[Mapping[str, Any]],
        train_on_what: str = "last_assistant_message",
    ) -> tuple[Any, Any]:
        """Ids and their weights, as `ChatTokenizer.encode_for_training` gives them.

        Raises:
            RenderError: as for `ChatTokenizer.prepare`; or a trained answer has reasoning although
                the prompt turns thinking off.
            ValueError: ``train_on_what`` is unknown.
        """
        chat, tools = with_definitions(messages)
        flags = [bool(message.pop("trainable", False)) for message in chat]
        ids, weights = supervised(
            self.tok, chat, self._options, tools=tools, train_on=str(train_on_what), flags=flags
        )
        return _input(ids), import_module("torch").tensor(weights)

    def parse_response(self, response: Sequence[int]) -> tuple[dict[str, Any], Any]:
        """A message, which also has the calls that could not be read, and how it ended."""
        reply = read_reply(self.tok, response, thinking=self._options.thinking)
        of = import_module(_BASE)
        parts = []
        if reply.reasoning is not None:
            parts = [of.ThinkingPart(type="thinking", thinking=reply.reasoning)]
            parts += [of.TextPart(type="text", text=reply.content)] if reply.content else []
        message = {"role": "assistant", "content": parts or reply.content}
        calls = [_call(of, call) for call in reply.calls if call.status == "ok"]
        failed = [
            of.UnparsedToolCall(raw_text=call.raw, error=_ERRORS[call.status])
            for call in reply.calls
            if call.status != "ok"
        ]
        message |= {"tool_calls": calls} if calls else {}
        message |= {"unparsed_tool_calls": failed} if failed else {}
        ended = of.ParseTermination
        return message, ended.STOP_SEQUENCE if reply.stopped else ended.MALFORMED

    def parse_response_streaming(self, response: Sequence[int]) -> Iterator[Any]:
        """A header, the text and reasoning that each id adds, and then the message."""
        of = import_module(_BASE)
        output = Output(self.tok, after=(self._options.thinking,))
        yield of.StreamingMessageHeader(role="assistant")
        index, field = -1, None
        for piece in _pieces(output, response):
            if not isinstance(piece, Text):
                continue
            index, field = index + (piece.field != field), piece.field
            if piece.field == "reasoning":
                yield of.StreamingThinkingDelta(thinking=piece.text, content_index=index)
            else:
                yield of.StreamingTextDelta(text=piece.text, content_index=index)
        yield self.parse_response(response)[0]

    def create_conversation_prefix_with_tools(
        self, tools: Sequence[Mapping[str, Any]], system_prompt: str = ""
    ) -> list[dict[str, Any]]:
        """A system message that carries the definitions as ``tools``.

        They are written at the format's place for definitions.
        """
        return [{"role": "system", "content": system_prompt, "tools": [*tools]}]

    def to_openai_message(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """The message in the shape of OpenAI's API, reasoning as ``reasoning_content``."""
        [plain], _ = with_definitions([message])
        plain.pop("trainable", None)
        [made] = as_conversation([plain]).to_openai()["messages"]
        return dict(made)


_ERRORS = {
    "not_json": "the arguments are not a JSON object",
    "unclosed": "the call does not end",
    "malformed": "this is not how the format writes a call",
}


def _pieces(output: Output, ids: Sequence[int]) -> Iterator[Piece]:
    for token in ids:
        yield from output.take([token])
    yield from output.end(cut=True)


def _input(ids: list[int]) -> Any:  # noqa: ANN401 - a class of theirs
    return import_module("tinker").ModelInput.from_ints(ids)


def _call(of: Any, call: TriedCall) -> Any:  # noqa: ANN401 - a class of theirs
    function = of.ToolCall.FunctionBody(name=call.name, arguments=call.arguments)
    return of.ToolCall(function=function, id=call.id)
