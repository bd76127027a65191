"""The class behind `chatfmt.serve.hf.tokenizer`; importing it imports transformers.

Source: transformers 5.24, ``tokenization_utils_base.py`` and ``tokenization_python.py``.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from transformers import AddedToken, BatchEncoding, PreTrainedTokenizer

from chatfmt.serve.outputs import ids_of, spelled, stops_in_order
from chatfmt.serve.reasoning import thinking_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from chatfmt.prepare.prepared import Prepared
    from chatfmt.tokenizer import ChatTokenizer

__all__ = ["Tokenizer"]


class Tokenizer(PreTrainedTokenizer):  # type: ignore[misc] # transformers need not be installed
    """A transformers tokenizer with chatfmt's ids.

    Args:
        tok: the format and its vocabulary.
        pad: the token that fills up a batch; by default the token that ends an answer.
        values: as in `ChatTokenizer.prepare`.
        more: as in transformers.

    Raises:
        ValueError: ``pad`` is not a special token of the vocabulary.
    """

    model_input_names = ("input_ids", "attention_mask")

    def __init__(
        self,
        tok: ChatTokenizer,
        *,
        pad: str | None = None,
        values: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        self.tok = tok
        self._values = dict(values or {})
        special = tok.encoding.special_tokens
        self._spellings = {token: spelling for spelling, token in special.items()}
        end = self._spellings[stops_in_order(tok)[0]]
        if pad is not None and pad not in special:
            raise ValueError(
                f"expected a special token of the vocabulary as pad, such as {end!r}; found {pad!r}"
            )
        self._added_tokens_decoder = {
            token: AddedToken(spelling, special=True, normalized=False)
            for spelling, token in special.items()
        }
        super().__init__(eos_token=end, pad_token=end if pad is None else pad, **more)
        # It is never run, but libraries check whether a template is set.
        self.chat_template = f"{{# written by chatfmt: {tok.format.name} #}}"

    # -- vocabulary -----------------------------------------------------------------------------

    @property
    def vocab_size(self) -> int:
        """One more than the highest id."""
        return self.tok.encoding.n_vocab

    def __len__(self) -> int:
        return self.vocab_size

    @cached_property
    def _names(self) -> dict[str, int]:
        found = {}
        for token in range(self.vocab_size):
            try:
                found[self._convert_id_to_token(token)] = token
            except KeyError:  # a gap
                continue
        return found

    def get_vocab(self) -> dict[str, int]:
        """Every token by its name: special tokens as they are spelled, other bytes in Latin-1."""
        return dict(self._names)

    def _convert_token_to_id(self, token: str) -> int | None:
        return self._names.get(token)

    def _convert_id_to_token(self, index: int) -> str:
        spelling = self._spellings.get(index)
        return (
            self.tok.encoding.token_bytes(index).decode("latin-1") if spelling is None else spelling
        )

    # -- text -----------------------------------------------------------------------------------

    def _ids(self, text: str, *, split: bool) -> list[int]:
        return self.tok.encoding.encode_ordinary(text) if split else ids_of(self.tok, text)

    def tokenize(self, text: str, **more: Any) -> list[str]:
        """The names of the tokens of a text; ``split_special_tokens`` as in transformers."""
        split = bool(more.get("split_special_tokens", self.split_special_tokens))
        return [self._convert_id_to_token(token) for token in self._ids(text, split=split)]

    def convert_tokens_to_string(self, tokens: Sequence[str]) -> str:
        """The text of named tokens."""
        return self._decode([self._names[name] for name in tokens])

    def _decode(
        self,
        token_ids: int | Sequence[int],
        skip_special_tokens: bool = False,
        clean_up_tokenization_spaces: bool | None = None,
        **more: Any,
    ) -> str:
        ids = [token_ids] if isinstance(token_ids, int) else [*map(int, token_ids)]
        if skip_special_tokens:
            ids = [token for token in ids if token not in self._spellings]
        data = (
            self._spellings[token].encode()
            if token in self._spellings
            else self.tok.encoding.token_bytes(token)
            for token in ids
        )
        return b"".join(data).decode("utf-8", "replace")

    def build_inputs_with_special_tokens(
        self, token_ids_0: list[int], token_ids_1: list[int] | None = None
    ) -> list[int]:
        """The ids unchanged: the format writes the special tokens."""
        return [*token_ids_0, *(token_ids_1 or ())]

    # -- conversations --------------------------------------------------------------------------

    def apply_chat_template(
        self,
        conversation: Any,
        tools: Iterable[Mapping[str, Any]] | None = None,
        documents: Any = None,
        chat_template: str | None = None,
        add_generation_prompt: bool = False,
        continue_final_message: bool = False,
        tokenize: bool = True,
        padding: Any = False,
        truncation: bool = False,
        max_length: int | None = None,
        return_tensors: Any = None,
        return_dict: bool = True,
        return_assistant_tokens_mask: bool = False,
        tokenizer_kwargs: dict[str, Any] | None = None,
        **more: Any,
    ) -> Any:
        """A conversation, or a batch of them, as ids or text; the arguments are transformers'.

        ``enable_thinking`` or ``thinking`` sets the ``thinking`` of `ChatTokenizer.prepare`; other
        text arguments, such as ``date``, become its values.

        Raises:
            ValueError: the arguments exclude each other, or include documents or a template.
            RenderError: the format cannot carry the conversation.
        """
        if documents is not None or chat_template not in (None, self.chat_template):
            raise ValueError(
                "expected no documents and no chat_template: the format of this tokenizer writes "
                "conversations, and has no place for documents"
            )
        if add_generation_prompt and continue_final_message:
            raise ValueError(
                "expected add_generation_prompt or continue_final_message, found both: a prompt "
                "either begins a message or continues the last one"
            )
        if return_assistant_tokens_mask and (
            not (tokenize and return_dict) or add_generation_prompt or continue_final_message
        ):
            raise ValueError(
                "return_assistant_tokens_mask works only for whole conversations, with "
                "tokenize=True and return_dict=True"
            )
        is_batch = bool(conversation) and isinstance(conversation[0], list | tuple)
        chats = [
            self._prepared(one, tools, more)
            for one in (conversation if is_batch else [conversation])
        ]
        masks: list[list[int]] = []
        if return_assistant_tokens_mask:
            examples = [self.tok.encode_for_training(one, allow_untrained=True) for one in chats]
            ids = [[*one.input_ids] for one in examples]
            masks = [[int(weight > 0) for weight in one.weights] for one in examples]
        elif add_generation_prompt or continue_final_message:
            ids = [
                self.tok.encode_prompt(one, continue_last=continue_final_message) for one in chats
            ]
        else:
            ids = [self.tok.encode(one) for one in chats]
        if not tokenize:
            texts = [spelled(self.tok, one) for one in ids]
            return texts if is_batch else texts[0]
        if truncation and max_length is not None:
            ids, masks = [one[:max_length] for one in ids], [one[:max_length] for one in masks]
        longest = max_length if padding == "max_length" else None  # they are cut already
        found = self.pad(
            {"input_ids": ids}, padding=padding, max_length=longest, **(tokenizer_kwargs or {})
        )
        if masks:
            found["assistant_masks"] = [
                self._padded(mask, len(row))
                for mask, row in zip(masks, found["input_ids"], strict=True)
            ]
        if not is_batch and return_tensors is None:
            found = BatchEncoding({name: rows[0] for name, rows in found.items()})
        found = BatchEncoding(dict(found), tensor_type=return_tensors)
        return found if return_dict else found["input_ids"]

    def _padded(self, mask: list[int], length: int) -> list[int]:
        fill = [0] * (length - len(mask))
        return [*fill, *mask] if self.padding_side == "left" else [*mask, *fill]

    def _prepared(
        self, chat: Any, tools: Iterable[Mapping[str, Any]] | None, more: Mapping[str, Any]
    ) -> Prepared:
        texts = {name: value for name, value in more.items() if isinstance(value, str)}
        return self.tok.prepare(
            chat, tools=tools, values=self._values | texts, thinking=thinking_in(dict(more))
        )

    def save_vocabulary(self, save_directory: str, filename_prefix: str | None = None) -> Any:
        """Save nothing: keep the format and the vocabulary that this tokenizer is made of.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError(
            "a tokenizer made by chatfmt has no files of its own; save the model's, or export "
            "them with chatfmt export-hf"
        )
