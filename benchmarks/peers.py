"""Other libraries at the same work: a conversation to ids, some with a mask for the loss.

Each peer gets its conversations in the objects it takes, made beforehand, and chatfmt a format
line and vocabulary that give the same ids. What a peer cannot take, or makes other ids of, is left
out on both sides; the share that is compared is in the table.
"""

from __future__ import annotations

import functools
import importlib
from typing import TYPE_CHECKING, Any, NamedTuple

import tiktoken

from chatfmt import ChatFormat, ChatTokenizer, Conversation, get_format
from chatfmt.encodings import extend_encoding, get_encoding
from chatfmt.encodings.patterns import faster
from conftest import encoding_for, stock_encoding
from formats_under_test import tokenizer_for
from harmony_encoding import load_harmony
from hf_tokenizers import hf_tokenizer_from

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

__all__ = ["PEERS", "TEKKEN", "Peer", "gpt_4o_of_hugging_face", "hugging_face", "tekken_path"]


class Peer(NamedTuple):
    """A library, and chatfmt in its layout and vocabulary."""

    name: str
    tok: ChatTokenizer
    ours: Callable[[Conversation], Any]
    """The method of ``tok`` that does the same work."""
    prepare: Callable[[Conversation], Any]
    run: Callable[[Any], Any]
    result: Callable[[Any], tuple[list[int], list[bool] | None]]
    """Ids, and the mask where there is one, of what ``run`` returns; not timed."""

    def same(self, conversation: Conversation) -> bool:
        """Whether the peer takes the conversation and gives the ids, and the mask, of chatfmt."""
        try:
            ids, mask = self.result(self.run(self.prepare(conversation)))
            example = self.tok.encode_for_training(conversation, allow_untrained=True)
        except Exception:  # noqa: BLE001 - each library refuses in its own way
            return False
        trained = [weight > 0 for weight in example.weights]
        return ids == example.input_ids and mask in (None, trained)


def _as_dicts(conversation: Conversation) -> list[dict[str, str]]:
    return [{"role": m.role, "content": m.content} for m in conversation.messages]


def _trained(tok: ChatTokenizer) -> Callable[[Conversation], Any]:
    return functools.partial(tok.encode_for_training, allow_untrained=True)


_QWEN = ["<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>", "<think>"]


@functools.cache
def _encoding() -> tiktoken.Encoding:
    """One vocabulary for all that go through Hugging Face's tokenizers: converting takes long."""
    base = encoding_for("llama-3").encoding
    return extend_encoding(base, "cl100k_peers", [*_QWEN, "</think>"])


# The template of huggingface.co/microsoft/phi-4 (tokenizer_config.json), shortened to what it does
# with these roles, with the marks that transformers needs for a mask: see "generation" in
# huggingface.co/docs/transformers/chat_templating_writing.
_PHI_4 = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '<|im_sep|>' }}"
    "{% if message['role'] == 'assistant' %}"
    "{% generation %}{{ message['content'] + '<|im_end|>' }}{% endgeneration %}"
    "{% else %}{{ message['content'] + '<|im_end|>' }}{% endif %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant<|im_sep|>' }}{% endif %}"
)


@functools.cache
def hugging_face() -> Any:
    """A fast tokenizer of transformers, in the layout of phi-4."""
    from transformers import PreTrainedTokenizerFast

    untyped: Any = PreTrainedTokenizerFast
    return untyped(tokenizer_object=hf_tokenizer_from(_encoding()), chat_template=_PHI_4)


@functools.cache
def gpt_4o_of_hugging_face() -> Any:
    """The same in the layout and with the ids of gpt-4o, whose layout is that of phi-4."""
    from transformers import PreTrainedTokenizerFast

    untyped: Any = PreTrainedTokenizerFast
    return untyped(
        tokenizer_object=hf_tokenizer_from(get_encoding("o200k_im")), chat_template=_PHI_4
    )


def _apply_chat_template() -> Peer:
    fast = hugging_face()

    def result(out: Any) -> tuple[list[int], list[bool]]:
        return out["input_ids"], [bool(bit) for bit in out["assistant_masks"]]

    tok = ChatTokenizer(get_format("phi-4"), _encoding())
    return Peer(
        "apply_chat_template with mask",
        tok,
        _trained(tok),
        _as_dicts,
        functools.partial(
            fast.apply_chat_template, return_dict=True, return_assistant_tokens_mask=True
        ),
        result,
    )


def _renderers() -> Peer:
    renderers: Any = importlib.import_module("renderers")

    renderer = renderers.PrimeQwen3Renderer(hugging_face())  # the one that adds nothing to ChatML
    tok = ChatTokenizer(get_format("chatml"), _encoding())
    return Peer(
        "renderers",
        tok,
        _trained(tok),
        _as_dicts,
        renderer.render,
        lambda rendered: (rendered.token_ids, rendered.sampled_mask),
    )


class _Tiktoken:
    """A tiktoken encoding with the methods that renderers asks of a tokenizer."""

    unk_token_id = None

    def __init__(self, encoding: tiktoken.Encoding) -> None:
        self.name_or_path = encoding.name
        self._encoding = encoding
        self.eos_token_id = self.convert_tokens_to_ids("<|im_end|>")

    def encode(self, text: str, *, add_special_tokens: bool = False) -> list[int]:
        if add_special_tokens:
            raise ValueError("expected add_special_tokens=False")
        return self._encoding.encode_ordinary(text)

    def decode(self, ids: list[int]) -> str:
        return self._encoding.decode(ids)

    def convert_tokens_to_ids(self, token: str) -> int:
        return self._encoding.encode_single_token(token)


def _renderers_over_tiktoken() -> Peer:
    """Without offsets of characters it gives no mask, but says of each id whose message it is."""
    renderers: Any = importlib.import_module("renderers")

    ours = _encoding()
    renderer = renderers.PrimeQwen3Renderer(_Tiktoken(stock_encoding(ours)))
    tok = ChatTokenizer(get_format("chatml"), ours)
    return Peer(
        "renderers over tiktoken, no mask",
        tok,
        tok.render,
        _as_dicts,
        renderer.render,
        lambda rendered: (rendered.token_ids, None),
    )


def _harmony() -> Peer:
    theirs: Any = importlib.import_module("openai_harmony")

    encoding = load_harmony()
    keep_all = theirs.RenderConversationConfig(auto_drop_analysis=False)

    def prepare(conversation: Conversation) -> Any:
        return theirs.Conversation.from_messages(
            theirs.Message.from_role_and_content(theirs.Role(m.role), m.content)
            for m in conversation.messages
        )

    tok = tokenizer_for("harmony")
    return Peer(
        "openai-harmony",
        tok,
        tok.encode,
        prepare,
        lambda conversation: encoding.render_conversation(conversation, keep_all),
        lambda ids: (ids, None),
    )


TEKKEN: dict[str, Any] = {
    "name": "tekken",
    "template": {"user": "[INST]{content}[/INST]", "assistant": "{content}</s>"},
    "special_tokens": ["<s>", "</s>", "[INST]", "[/INST]"],
    "prologue": "<s>",
    "source": "mistral-common, InstructTokenizerV3",
}
"""The layout of mistral-common's vocabulary of that name."""


def tekken_path() -> Path:
    """Its file, which mistral-common has with it."""
    tokenizers: Any = importlib.import_module("mistral_common.tokens.tokenizers.mistral")
    path: Path = tokenizers.MistralTokenizer._data_path() / "tekken_240911.json"
    return path


def _mistral() -> Peer:
    theirs: Any = importlib.import_module("mistral_common.protocol.instruct.messages")
    request: Any = importlib.import_module("mistral_common.protocol.instruct.request")
    mode = importlib.import_module("mistral_common.protocol.instruct.validator").ValidationMode
    tokenizers: Any = importlib.import_module("mistral_common.tokens.tokenizers.mistral")

    tokenizer = tokenizers.MistralTokenizer.from_file(str(tekken_path()), mode=mode.finetuning)
    kinds = {
        "user": theirs.UserMessage,
        "assistant": theirs.AssistantMessage,
        "system": theirs.SystemMessage,
    }

    def prepare(conversation: Conversation) -> Any:
        messages = [kinds[m.role](content=m.content) for m in conversation.messages]
        return request.ChatCompletionRequest(messages=messages)

    tekken: Any = tokenizer.instruct_tokenizer.tokenizer
    first = tekken.num_special_tokens  # it adds this to the ids of its own tiktoken encoding
    special = {token: tekken.get_special_token(token) for token in TEKKEN["special_tokens"]}
    encoding = tiktoken.Encoding(
        "tekken",
        pat_str=faster(tekken._model._pat_str),
        mergeable_ranks={
            token: first + rank for token, rank in tekken._model._mergeable_ranks.items()
        },
        special_tokens=special,
    )
    tok = ChatTokenizer(ChatFormat(**TEKKEN), encoding)
    return Peer(
        "mistral-common",
        tok,
        tok.encode,
        prepare,
        tokenizer.encode_chat_completion,
        lambda tokenized: (tokenized.tokens, None),
    )


_MAKERS: Iterable[Callable[[], Peer]] = (
    _apply_chat_template,
    _renderers,
    _renderers_over_tiktoken,
    _harmony,
    _mistral,
)
PEERS: dict[str, Callable[[], Peer]] = {
    maker.__name__.strip("_"): functools.cache(maker) for maker in _MAKERS
}
"""How each is made; ImportError where the library is not installed."""
