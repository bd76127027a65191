"""Renderers for Prime Intellect's ``renderers``, made of a format.

Source: renderers 0.1.12, ``base.py``, ``configs.py`` and ``custom.py``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from chatfmt.json_text import loads
from chatfmt.serve.attributed import Options, bridged, goes_on, written
from chatfmt.serve.given import definitions, plain_messages, tokenizer_for
from chatfmt.serve.outputs import stops_in_order
from chatfmt.serve.parsed import read_reply

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from chatfmt.serve.attributed import Attributed
    from chatfmt.serve.outputs import Source
    from chatfmt.serve.parsed import TriedCall
    from chatfmt.tokenizer import ChatTokenizer

__all__ = ["Renderer", "renderer", "renderer_class"]

_STATUS = {
    "ok": "OK",
    "not_json": "INVALID_JSON",
    "unclosed": "UNCLOSED_BLOCK",
    "malformed": "MALFORMED_STRUCTURE",
}


def renderer(
    source: Source,
    tokenizer: Any = None,  # noqa: ANN401 - of transformers, or one like it
    *,
    thinking: bool | None = None,
    values: Mapping[str, str | dt.date] | None = None,
    history: Literal["published", "keep"] = "published",
) -> Renderer:
    """A renderer that implements the whole protocol ``renderers.Renderer``.

    Args:
        source: a format or its name, with the vocabulary of ``tokenizer`` or the one that is
            bundled with the format; or a `ChatTokenizer`.
        tokenizer: a tokenizer that `chatfmt.hf.HFEncoding` reads.
        thinking: as in `ChatTokenizer.prepare`.
        values: see there.
        history: see there; with ``"keep"``, ``bridge_to_next_turn`` also continues with a new
            question.

    >>> made = renderer("gpt-4o")
    >>> made.render_ids([{"role": "user", "content": "hello"}], add_generation_prompt=True)
    [200264, 1428, 200266, 24912, 200265, 200264, 173781, 200266]
    >>> made.get_stop_token_ids(), made.is_prefix_stable
    ([200265], True)

    Raises:
        UnknownFormatError: there is no such format.
        EncodingRequiredError: no vocabulary is bundled, and no tokenizer is given.
        EncodingError: `chatfmt.hf.HFEncoding` cannot read the tokenizer.
    """
    return Renderer(tokenizer_for(source, tokenizer), Options(thinking, values, history))


def renderer_class(
    source: Source,
    *,
    values: Mapping[str, str | dt.date] | None = None,
    history: Literal["published", "keep"] = "published",
) -> type[Any]:
    """The class of a `renderer`, for ``renderers.CustomRendererConfig``.

    Assign it to a name of a module; ``import_path`` is that name. The configuration then has
    ``enable_thinking`` and ``thinking_retention``.

    Args:
        source: as in `renderer`.
        values: see there.
        history: see there.

    >>> Qwen3 = renderer_class("qwen-3")  # doctest: +SKIP

    Raises:
        ImportError: ``renderers`` is not installed.
    """
    base = import_module("renderers").BaseRendererConfig

    class Config(base):  # type: ignore[misc, valid-type] # renderers need not be installed
        """The settings."""

        enable_thinking: bool | None = None
        _template_fields: ClassVar[frozenset[str]] = frozenset({"enable_thinking"})

    Config.model_rebuild(_types_namespace={"ClassVar": ClassVar})

    class Made(Renderer):
        """A renderer of one format."""

        config_class: ClassVar[type[Any]] = Config

        def __init__(self, tokenizer: Any, config: Any = None) -> None:  # noqa: ANN401 - theirs
            self.config = Config() if config is None else config
            options = Options(self.config.enable_thinking, values, history)
            super().__init__(
                tokenizer_for(source, tokenizer), options, self.config.thinking_retention
            )

    return Made


class Renderer:
    """The protocol ``renderers.Renderer`` over a `ChatTokenizer`; `renderer` makes one.

    Messages and definitions are plain dicts, in the shape of OpenAI's API.

    Args:
        tok: format and vocabulary.
        options: how conversations are prepared.
        retention: ``thinking_retention`` of a configuration.
    """

    def __init__(
        self,
        tok: ChatTokenizer,
        options: Options = Options(),  # noqa: B008 - it is immutable
        retention: Literal["tool_cycle", "all"] | None = None,
    ) -> None:
        self.tok = tok
        self._options = options
        self._retention = retention

    @property
    def is_prefix_stable(self) -> bool:
        """Whether a conversation keeps its ids when messages are added to it."""
        return goes_on(self.tok, self._options)

    def get_stop_token_ids(self) -> list[int]:
        """The stop tokens; the one that ends an answer comes first."""
        return stops_in_order(self.tok)

    def render(
        self,
        messages: Sequence[Mapping[str, Any]],
        *,
        tools: Sequence[Mapping[str, Any]] | None = None,
        add_generation_prompt: bool = False,
    ) -> Any:  # noqa: ANN401 - a class of theirs
        """A conversation as ``renderers.RenderedTokens``.

        Raises:
            ImportError: ``renderers`` is not installed.
            RenderError: as for `ChatTokenizer.prepare` and `ChatTokenizer.encode`.
            ValueError: there is no message.
        """
        return _rendered(self._written(messages, tools, prompt=add_generation_prompt), messages)

    def render_ids(
        self,
        messages: Sequence[Mapping[str, Any]],
        *,
        tools: Sequence[Mapping[str, Any]] | None = None,
        add_generation_prompt: bool = False,
    ) -> list[int]:
        """The ids of `render`; this works without ``renderers``."""
        return self._written(messages, tools, prompt=add_generation_prompt).ids

    def _written(
        self,
        messages: Sequence[Mapping[str, Any]],
        tools: Sequence[Mapping[str, Any]] | None,
        *,
        prompt: bool,
    ) -> Attributed:
        if not messages:
            raise ValueError("expected messages, found none")
        return written(
            self.tok,
            plain_messages(messages),
            self._options,
            tools=definitions(tools),
            prompt=prompt,
        )

    def parse_response(
        self,
        token_ids: Sequence[int],
        *,
        tools: Sequence[Mapping[str, Any]] | None = None,
        prompt_ids: Sequence[int] | None = None,
    ) -> Any:  # noqa: ANN401 - a class of theirs
        """Sampled ids as ``renderers.ParsedResponse``, with every call that was tried.

        Raises:
            ImportError: ``renderers`` is not installed.
        """
        reply = read_reply(
            self.tok,
            token_ids,
            prompt=() if prompt_ids is None else prompt_ids,
            thinking=self._options.thinking,
            tools=definitions(tools) or (),
        )
        return import_module("renderers").ParsedResponse(
            content=reply.content,
            reasoning_content=reply.reasoning,
            tool_calls=[*map(_call, reply.calls)],
            reasoning_complete=reply.thinking_over,
        )

    def bridge_to_next_turn(
        self,
        previous_prompt_ids: Sequence[int],
        previous_completion_ids: Sequence[int],
        new_messages: Sequence[Mapping[str, Any]],
        *,
        tools: Sequence[Mapping[str, Any]] | None = None,
    ) -> Any:  # noqa: ANN401 - a class of theirs
        """The next prompt, if it begins with all earlier ids; otherwise None.

        Raises:
            ImportError: ``renderers`` is not installed.
        """
        following = plain_messages(new_messages)
        asks = any(message.get("role") == "user" for message in following)
        if self._retention == "tool_cycle" and asks:
            return None
        found = bridged(
            self.tok,
            previous_prompt_ids,
            previous_completion_ids,
            following,
            self._options,
            tools=definitions(tools),
            keep_thinking=self._retention == "all",
        )
        return None if found is None else _rendered(found, new_messages)


def _rendered(found: Attributed, messages: Sequence[Mapping[str, Any]]) -> Any:  # noqa: ANN401
    theirs = import_module("renderers")
    return theirs.RenderedTokens(
        token_ids=found.ids,
        message_indices=found.messages,
        sampled_mask=found.sampled,
        is_content=found.content,
        message_roles=[message.get("role") or "" for message in messages],
        message_tool_names=theirs.extract_message_tool_names([*messages]),
    )


def _call(call: TriedCall) -> Any:  # noqa: ANN401 - a class of theirs
    theirs = import_module("renderers")
    arguments: Any = call.arguments or None
    if call.status == "ok":
        arguments = loads(call.arguments)
    return theirs.ParsedToolCall(
        raw=call.raw,
        name=call.name,
        arguments=arguments,
        token_span=(call.start, call.stop),
        status=theirs.ToolCallParseStatus[_STATUS[call.status]],
        id=call.id,
    )
