"""Make training examples from conversations: ids, labels and weights, and batches of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol, TypeAlias, get_args

from chatfmt.errors import ContextOverflowError, NothingToTrainError, shown
from chatfmt.prepare.prepared import prepare as prepared_whole
from chatfmt.training import weights
from chatfmt.training.each import Part, each_turn, preparation_asked
from chatfmt.training.fit import fit
from chatfmt.training.turns import INSTRUCTIONS, sections
from chatfmt.wire.runs import begun_before

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from chatfmt.conversation import Conversation, Message
    from chatfmt.training.weights import TrainOn
    from chatfmt.wire.write import Renderer

__all__ = ["Overlong", "TrainingExample", "Turns", "collate", "training_examples"]

Overlong: TypeAlias = Literal["refuse", "fit", "split"]
"""How to treat a conversation of more than ``max_tokens`` ids.

``refuse`` raises `ContextOverflowError`. ``fit`` drops the oldest turns, as `ChatTokenizer.fit`
does, with their labels. ``split`` makes pieces of whole turns, each with the system and developer
messages before it, so that every message is trained in exactly one piece; a piece in which nothing
is trained is left out. A single turn that is too long is always refused.
"""


Turns: TypeAlias = Literal["whole", "each"]
"""Whether a conversation makes one sequence, or each turn makes one.

``whole`` makes one sequence, with all answers trained. ``each`` makes one for each turn of the
assistant: the conversation up to the last answer of the turn, with only the answers of that turn
trained.
"""


class TrainingExample(NamedTuple):
    """One sequence to train on; all three have the same length.

    >>> import chatfmt
    >>> tok = chatfmt.get_tokenizer("gpt-4o")
    >>> chat = [{"role": "user", "content": "hello"}, {"role": "assistant", "content": "Hello"}]
    >>> tok.encode_for_training(chat).weights
    [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0]
    """

    input_ids: list[int]
    labels: list[int]
    """The ids, unshifted, with the ignore index exactly where the weight is 0."""
    weights: list[float]


def training_examples(
    renderer: Renderer,
    conversation: Conversation,
    *,
    train_on: TrainOn = "assistant",
    train_end: bool = True,
    max_tokens: int | None = None,
    overlong: Overlong = "refuse",
    allow_untrained: bool = False,
    ignore_index: int = -100,
    turns: Turns = "whole",
    prepare: bool = False,
    tools: Iterable[Mapping[str, Any]] | None = None,
    values: Mapping[str, str | dt.date] | None = None,
    history: Literal["published", "keep"] = "published",
) -> list[TrainingExample]:
    """Make the examples of a conversation.

    There is one, or possibly several with ``overlong="split"`` or ``turns="each"``. The arguments
    are those of `ChatTokenizer.encode_for_training`.
    """
    _check(train_on, max_tokens, overlong, turns)
    weights.check_ignore_index(ignore_index)
    asked = preparation_asked(prepare=prepare, tools=tools, values=values, history=history)
    if overlong != "refuse" and (prepare or turns == "each"):
        raise ValueError(
            f"overlong={shown(overlong)} is for whole turns that are not prepared: shorten the "
            "conversation first, by ChatTokenizer.fit"
        )
    if turns == "each":
        parts = each_turn(renderer, conversation, train_on, max_tokens, asked)
    else:
        if asked is not None:
            name, words = renderer.format.name, renderer.format.preparation
            conversation = prepared_whole(name, words, conversation, **asked)
            renderer = renderer.for_tools(conversation.tools)
        parts = _parts(renderer, conversation, train_on, max_tokens, overlong)
    made = (_example(*part, train_end=train_end, ignore_index=ignore_index) for part in parts)
    examples = [one for one in made if allow_untrained or any(one.weights)]
    if not examples:
        raise NothingToTrainError(
            "expected something to train, found that no id of these "
            f"{len(conversation.messages)} messages has a weight (train_on={shown(train_on)}, "
            f"train_end={train_end}): leave the conversation out, or pass allow_untrained=True"
        )
    return examples


def _example(
    renderer: Renderer,
    messages: Sequence[Message],
    factors: Sequence[float],
    *,
    train_end: bool,
    ignore_index: int,
) -> TrainingExample:
    """The result of rendering, `weights.spread` and `weights.labels`, in one pass without spans."""
    ids, trained = list(renderer.prologue), []
    frames = renderer.frames(messages)
    unended = 0.0  # trains the token that ends a message without an end token
    for index, (message, frame, factor) in enumerate(zip(messages, frames, factors, strict=True)):
        if frame.goes_on or frame.is_unended:
            following = messages[index + 1].role if index + 1 < len(messages) else None
            frame = frame.in_training(message.role, following)  # noqa: PLW2901 - what it is here
        head, head_marks, prefix, suffix, close, close_marks, _, _, is_unended, _ = frame
        start = len(ids)
        ids += head
        text = "" if suffix is None else prefix + message.content + suffix
        content = renderer.content(text, message, index)
        ids += content
        stop = len(ids)
        ids += close
        if unended and ids[start] in renderer.binding.stops:
            trained.append((start, start + 1, unended))
        unended = factor if is_unended and train_end else 0.0
        if factor:
            before = len(prefix.encode()) if prefix else 0
            if before:
                before = begun_before(renderer.binding, content, before)
            trained.append((start + len(head) + before, stop, factor))
            for offset, marks in ((start, head_marks), (stop, close_marks)):
                for first, last, part, generated in marks:
                    if generated and (train_end or part != "end"):
                        trained.append((offset + first, offset + last, factor))
    labels, spread = [ignore_index] * len(ids), [0.0] * len(ids)
    for start, stop, factor in trained:
        labels[start:stop] = ids[start:stop]
        spread[start:stop] = [factor] * (stop - start)
    return TrainingExample(ids, labels, spread)


def _check(train_on: TrainOn, max_tokens: int | None, overlong: Overlong, turns: Turns) -> None:
    """Raise ValueError if an argument is unknown, or two contradict each other."""
    if train_on == "sampled":
        raise ValueError(
            'train_on="sampled" needs ids that were sampled: it is for Transcript.weights'
        )
    if overlong not in get_args(Overlong):
        raise ValueError(f"overlong must be refuse, fit or split, found {shown(overlong)}")
    if turns not in get_args(Turns):
        raise ValueError(f"turns must be whole or each, found {shown(turns)}")
    if max_tokens is None and overlong != "refuse":
        raise ValueError(f"overlong is {shown(overlong)}: expected max_tokens too, found none")


def _parts(
    renderer: Renderer,
    conversation: Conversation,
    train_on: TrainOn,
    max_tokens: int | None,
    overlong: Overlong,
) -> Iterator[Part]:
    """The conversation, or the part of it in each example."""
    messages = conversation.messages
    factors = weights.message_weights(messages, train_on)
    seen: set[int] = set()
    for piece in _pieces(renderer, conversation, max_tokens, overlong):
        # Instructions are in several pieces; only the first one trains them.
        trained = [0.0 if index in seen else factors[index] for index in piece]
        seen.update(piece)
        yield Part(renderer, [messages[index] for index in piece], trained)


def _pieces(
    renderer: Renderer, conversation: Conversation, max_tokens: int | None, overlong: Overlong
) -> list[list[int]]:
    """Indices of the messages that go into each example."""
    messages = conversation.messages
    whole = list(range(len(messages)))
    if max_tokens is None:
        return [whole]
    prologue, counts = len(renderer.prologue), renderer.count_messages(messages)
    tokens = prologue + sum(counts)
    if tokens <= max_tokens:
        return [whole]
    if overlong == "refuse":
        raise ContextOverflowError(tokens, max_tokens)
    if overlong == "fit":
        dropped = set(fit(conversation, counts, prologue, max_tokens).dropped)
        return [[index for index in whole if index not in dropped]]
    return _split(messages, counts, prologue, max_tokens)


def _split(
    messages: Sequence[Message], counts: Sequence[int], prologue: int, max_tokens: int
) -> list[list[int]]:
    """As few pieces as whole turns allow, each as full as possible."""
    pieces: list[list[int]] = []
    tokens = 0
    for section in sections(messages):
        added = sum(counts[index] for index in section)
        if pieces and tokens + added <= max_tokens:
            pieces[-1] += section
            tokens += added
            continue
        before = [index for index in range(section.start) if messages[index].role in INSTRUCTIONS]
        pieces.append([*before, *section])
        tokens = prologue + sum(counts[index] for index in pieces[-1])
        if tokens > max_tokens:
            raise ContextOverflowError(tokens, max_tokens)
    return pieces


class HasExample(Protocol):
    """A transcript, which `collate` accepts besides examples."""

    def training_example(self) -> TrainingExample:
        """Ids, labels and weights."""


def collate(
    examples: Sequence[TrainingExample | HasExample],
    *,
    pad_id: int,
    side: Literal["right", "left"] = "right",
    pad_to_multiple_of: int | None = None,
    ignore_index: int = -100,
) -> dict[str, list[list[Any]]]:
    """Collate examples to one batch of rectangular lists, for any tensor library.

    The attention mask follows from the lengths, never from comparing ids, so ``pad_id`` may be the
    end token.

    Args:
        examples: any number of examples, or of transcripts, for which `Transcript.training_example`
            is used.
        pad_id: the id that fills unused places.
        side: the side on which padding goes.
        pad_to_multiple_of: rounds the length of rows up to a multiple of it.
        ignore_index: the label of padding.

    Returns:
        ``input_ids``, ``labels``, ``attention_mask`` and ``weights``, each with one row per
        example, all rows of equal length.

    Raises:
        ValueError: ``side`` or ``pad_to_multiple_of`` is invalid, or the numbers of labels, weights
            and ids of an example differ.

    >>> batch = collate([TrainingExample([7, 8], [-100, 8], [0.0, 1.0])],
    ...                 pad_id=8, pad_to_multiple_of=4)
    >>> batch["input_ids"], batch["labels"], batch["attention_mask"]
    ([[7, 8, 8, 8]], [[-100, 8, -100, -100]], [[1, 1, 0, 0]])
    """
    if side not in ("right", "left"):
        raise ValueError(f"side must be right or left, found {shown(side)}")
    if pad_to_multiple_of is not None and pad_to_multiple_of < 1:
        raise ValueError(f"pad_to_multiple_of must be at least 1, found {pad_to_multiple_of}")
    made = [e if isinstance(e, TrainingExample) else e.training_example() for e in examples]
    for index, example in enumerate(made):
        if not len(example.input_ids) == len(example.labels) == len(example.weights):
            raise ValueError(
                f"example {index}: expected as many labels and weights as ids, found "
                f"{len(example.input_ids)} ids, {len(example.labels)} labels and "
                f"{len(example.weights)} weights"
            )
    longest = max((len(example.input_ids) for example in made), default=0)
    multiple = pad_to_multiple_of or 1
    length = -(-longest // multiple) * multiple

    def padded(row: Sequence[Any], filler: float) -> list[Any]:
        padding = [filler] * (length - len(row))
        return [*row, *padding] if side == "right" else [*padding, *row]

    return {
        "input_ids": [padded(example.input_ids, pad_id) for example in made],
        "labels": [padded(example.labels, ignore_index) for example in made],
        "attention_mask": [padded([1] * len(example.input_ids), 0) for example in made],
        "weights": [padded(example.weights, 0.0) for example in made],
    }
