"""The members with which trainers weight a message's loss.

Sources: ``weight``: OpenAI, "Fine-tuning, training format for chat models", and mistral-finetune;
``train`` and ``train_detail``: axolotl, docs/dataset-formats/conversation.qmd; ``loss``: ms-swift,
docs/source_en/Customization/Custom-dataset.md, and AgentInstruct; ``loss_mask``: slime,
slime/utils/mask_utils.py; ``masked``: torchtune's ``Message``, where true means no loss;
``loss_weight`` and ``trainable`` are used by data sets. verl has no such member.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatfmt.conversation.wording import Fault, at, describe

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["SWITCHES", "weight_of"]


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Fault(f"expected a number such as 0 or 1, found {describe(value)}")
    try:
        return float(value)
    except OverflowError:
        raise Fault("expected a number that fits a double, found a larger one") from None


def _yes_or_no(value: object) -> float:
    if not isinstance(value, bool):
        raise Fault(f"expected true or false, found {describe(value)}")
    return float(value)


def _either(value: object) -> float:
    return float(value) if isinstance(value, bool) else _number(value)


def _unless(value: object) -> float:
    return 1.0 - _yes_or_no(value)


SWITCHES: dict[str, Callable[[object], float]] = {
    "weight": _number,
    "train": _yes_or_no,
    "loss": _either,
    "loss_mask": _either,
    "loss_weight": _number,
    "masked": _unless,
    "trainable": _yes_or_no,
}
"""Name of a member, to the function that turns its value into a weight."""


def weight_of(message: Mapping[str, Any]) -> float | None:
    """The factor for a message's loss from one of its members; None where no member has it.

    >>> weight_of({"train": False}), weight_of({"masked": False}), weight_of({"role": "user"})
    (0.0, 1.0, None)

    Raises:
        Fault: two members give one, or a value is not a weight.
    """
    given = [key for key in SWITCHES if message.get(key) is not None]
    if not given:
        return None
    first, *others = given
    if others:
        raise Fault(f"expected {first} or {others[0]}, found both", (others[0],))
    return at(first, SWITCHES[first], message[first])
