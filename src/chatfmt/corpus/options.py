"""Options of a corpus: how rows become examples, and how examples become files."""

from __future__ import annotations

from dataclasses import dataclass, fields
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Literal

from chatfmt.encodings import TiktokenEncoding
from chatfmt.errors import ChatfmtError

if TYPE_CHECKING:
    from chatfmt.adapters import Source
    from chatfmt.prepare.options import PrepareOptions
    from chatfmt.tokenizer import ChatTokenizer
    from chatfmt.training import Overlong
    from chatfmt.training.examples import Turns

__all__ = ["COLUMNS", "EncodeOptions", "FileOptions", "description"]

COLUMNS = ("weights", "attention_mask", "assistant_masks")
"""Columns that are written on request."""


@dataclass(frozen=True, kw_only=True)
class EncodeOptions:
    """How rows become examples; holds everything that a worker needs, and can be pickled.

    >>> import chatfmt
    >>> from chatfmt.adapters import Source
    >>> source = Source(name="sums", paths=["sums.jsonl"])
    >>> EncodeOptions(tokenizer=chatfmt.get_tokenizer("gpt-4o"), sources=(source,)).train_on
    'assistant'

    Raises:
        ChatfmtError: two of the options exclude each other.
    """

    tokenizer: ChatTokenizer
    sources: tuple[Source, ...]
    """How to read the rows of each source, which is found by its name."""
    prepare: PrepareOptions | None = None
    """How the chat template rewrites each conversation first; None leaves it unchanged."""
    train_on: Literal["assistant", "last", "all", "none"] = "assistant"
    train_end: bool = True
    max_tokens: int | None = None
    overlong: Overlong = "refuse"
    turns: Turns = "whole"
    """``each`` makes an example of every turn in which the assistant speaks, with everything before
    it. If it is prepared, that is done as it would be when the model is asked."""
    allow_untrained: bool = False
    weights: bool = False
    """Write a column of weights. Without it, a weight other than 0 and 1 is refused."""
    special_text: Literal["text", "warn", "refuse"] = "text"
    """How to treat a row whose text spells a special token. It is text in any case; ``warn``
    also writes a column ``special_text`` that says where, and ``refuse`` refuses the row."""
    preferences: bool | Literal["whole"] = False
    """True: rows are pairs of answers of which one was preferred; False: they are conversations.
    The prompt is separate from the answers, as in trainers such as TRL's for DPO; with ``whole``,
    it is part of both, as in trainers for reward models."""
    prompts: bool = False
    """True: rows are prompts, which end with any role but the assistant. The columns are
    ``prompt_ids``, and ``metadata`` with everything else in the row."""

    @property
    def kind(self) -> Literal["conversations", "preferences", "prompts"]:
        """The kind of the rows.

        >>> import chatfmt
        >>> EncodeOptions(tokenizer=chatfmt.get_tokenizer("gpt-4o"), sources=()).kind
        'conversations'
        """
        return "prompts" if self.prompts else "preferences" if self.preferences else "conversations"

    def __post_init__(self) -> None:
        if self.prompts and (self.preferences or self.weights or self.overlong != "refuse"):
            raise ChatfmtError("prompts have no answers and no weights, and are never cut")
        if self.preferences and (self.weights or self.overlong != "refuse"):
            raise ChatfmtError("preferences have no weights, and overlong must be refuse for them")
        if self.turns == "each":
            self._check_turns()

    def _check_turns(self) -> None:
        if self.kind != "conversations":
            raise ChatfmtError(f"turns is each: expected conversations, found {self.kind}")
        if self.overlong != "refuse":
            raise ChatfmtError("turns is each: expected overlong to be refuse, turns are not cut")
        if self.prepare is not None and self.prepare.thinking is not None:
            raise ChatfmtError(
                "turns is each: expected no thinking, each answer itself says whether it thinks"
            )


@dataclass(frozen=True, kw_only=True)
class FileOptions:
    """How examples become files.

    >>> FileOptions(pack=2048, pad_id=0)
    FileOptions(shuffle=None, pack=2048, pad_id=0, masks=(), shard_tokens=33554432)

    Raises:
        ChatfmtError: a number is out of range, or two of the options exclude each other.
    """

    shuffle: int | None = None
    """A seed; None keeps the order of the input."""
    pack: int | None = None
    """The size in ids of a pack of whole examples; None writes each example as its own row."""
    pad_id: int | None = None
    """The id that fills up every pack; None does not fill packs up."""
    masks: tuple[str, ...] = ()
    """``attention_mask``, ``assistant_masks``: columns that follow from the others."""
    shard_tokens: int = 1 << 25
    """The number of ids at which a file is full."""

    @property
    def arranges(self) -> bool:
        """Whether examples are reordered or packed after all of them are encoded.

        >>> FileOptions(shuffle=7).arranges
        True
        """
        return self.shuffle is not None or self.pack is not None

    def __post_init__(self) -> None:
        if self.shard_tokens < 1 or (self.pack is not None and self.pack < 1):
            raise ChatfmtError("expected at least 1 id in a pack and in a shard")
        if self.pad_id is not None and (self.pack is None or self.pad_id < 0):
            raise ChatfmtError("pad_id is an id that fills up packs: it needs pack")


def description(encode: EncodeOptions, files: FileOptions) -> dict[str, Any]:
    """Everything that decides what is written, except the input, as JSON values."""
    encoding = encode.tokenizer.encoding
    name = encoding.encoding.name if isinstance(encoding, TiktokenEncoding) else None
    own = ("tokenizer", "sources", "prepare")
    return {
        "chatfmt": version("chatfmt"),
        "format": encode.tokenizer.format.row(),
        "encoding": {"name": name, "fingerprint": encoding.fingerprint},
        "sources": [source.model_dump(mode="json", by_alias=True) for source in encode.sources],
        "options": {
            field.name: getattr(options, field.name)
            for options in (encode, files)
            for field in fields(options)
            if field.name not in own
        }
        | {"prepare": None if encode.prepare is None else encode.prepare.to_dict()},
    }
