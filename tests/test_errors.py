"""Errors show at most a line of what was given, however long it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from chatfmt import ChatFormat, get_format, tokenizer_for_model
from chatfmt.errors import shown
from chatfmt.line.arguments import join_arguments, split_arguments
from chatfmt.line.calls import CallObject, read_call
from chatfmt.line.jsontext import quoted
from chatfmt.training.examples import TrainingExample, collate
from formats_under_test import tokenizer_for

if TYPE_CHECKING:
    from collections.abc import Callable

LONG: Any = "line\n" * 100_000
TOK = tokenizer_for("gpt-4o")
CHAT = [{"role": "assistant", "content": "x"}]


def _from_dict(**damage: Any) -> object:
    return TOK.transcript_from_dict({**TOK.render(CHAT).to_dict(), **damage})


def _decode(ids: Any) -> object:
    return TOK.decode(ids)


def _row(template: Any = "<s>{role}\n{content}<e>", **row: Any) -> object:
    given = {"name": "x", "special_tokens": ["<s>", "<e>"], "roles": ["user"], **row}
    return ChatFormat.from_row({"template": template, **given})


def _long(key: str) -> str:
    """A JSON object with a long key, twice."""
    return f"{{{quoted(key)}: 1, {quoted(key)}: 2}}"


RAISING: dict[str, Callable[[], object]] = {
    "role": lambda: TOK.encode([{"role": LONG}]),
    "name": lambda: TOK.encode([{"role": "user", "name": LONG}]),
    "channel": lambda: TOK.encode([{"role": "user", "channel": LONG}]),
    "prompt": lambda: TOK.encode_prompt([], role=LONG),
    "prompt's name": lambda: TOK.encode_prompt([], name=LONG),
    "continue_last": lambda: TOK.encode_prompt([], role=LONG, name=LONG, continue_last=True),
    "continued": lambda: TOK.encode_prompt([{"role": LONG}], continue_last=True),
    "a text": lambda: TOK.encode(LONG),
    "an id": lambda: TOK.decode([LONG]),
    "a float": lambda: _decode([1e300]),
    "train_on": lambda: TOK.encode_for_training(CHAT, train_on=LONG),
    "weight": lambda: TOK.encode_for_training(CHAT, train_on=lambda *_: LONG),
    "nothing to train": lambda: TOK.encode_for_training([], train_on=_named(LONG)),
    "overlong": lambda: TOK.encode_for_training(CHAT, overlong=LONG),
    "side": lambda: collate([TrainingExample([], [], [])], pad_id=0, side=LONG),
    "format": lambda: _from_dict(format={"name": LONG}),
    "encoding": lambda: _from_dict(encoding=LONG),
    "ids": lambda: _from_dict(ids=[LONG] * 1000),
    "messages": lambda: _from_dict(messages=[{"role": "assistant", "content": LONG}]),
    "partial": lambda: _from_dict(partial={"role": "assistant", "content": LONG}),
    "prompted": lambda: _from_dict(prompted=[LONG, 0]),
    "unknown format": lambda: get_format(LONG),
    "unknown model": lambda: tokenizer_for_model(LONG),
    "row's member": lambda: _row(**{LONG: 1}),
    "row's kind": lambda: _row(source=[LONG, 1]),
    "row's start": lambda: _row(generation_start=LONG),
    "row's length": lambda: _row(longest_header=LONG),
    "row's role": lambda: _row(roles=[LONG]),
    "row's spelling": lambda: _row(roles={"user": LONG}),
    "row's end": lambda: _row("<s>{role}\n{content}{end}", ends={"<e>": LONG}),
    "spelling in a line": lambda: _row("<s>{role}-{content}<e>", roles={"user": "a-" + "a" * 9**6}),
    "value in a line": lambda: _row(f"<s>{{role}}{{channel={LONG}}}\n{{content}}<e>"),
    "argument": lambda: split_arguments(_long(LONG)),
    "argument's value": lambda: join_arguments([(LONG, "{")]),
    "key of a call": lambda: read_call(f'{{{quoted(LONG)}: 1, "name": "f"}}', CallObject()),
}

# What may be as long, and is no value but stands for itself: on any number of lines.
NAMING: dict[str, Callable[[], object]] = {
    "row's name": lambda: _row("<s>", name=LONG),
    "row's token": lambda: _row(special_tokens=["<s>", "<e>", "<" + "x" * 9999 + ">"]),
    "row's tokens": lambda: _row(special_tokens=[LONG, LONG]),
    "row's roles": lambda: _row({"user": "<s>{content}<e>"}, roles=[f"r{n}" for n in range(2000)]),
    "field": lambda: _row("<s>{role}\n{" + "x" * 9**6 + "}<e>"),
    "coder": lambda: _row("<s>{role}\n{content:" + "x" * 9**6 + "}<e>"),
}


def _named(name: str) -> Any:
    class Rule:
        def __call__(self, *_: object) -> float:
            return 0.0

        def __repr__(self) -> str:
            return name

    return Rule()


@pytest.mark.parametrize("what", RAISING)
def test_no_error_shows_more_than_a_line_of_a_value(what: str) -> None:
    with pytest.raises((ValueError, TypeError)) as error:
        RAISING[what]()
    assert len(str(error.value)) < 700
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("what", NAMING)
def test_no_error_has_more_than_a_few_lines_of_a_name(what: str) -> None:
    with pytest.raises(ValueError, match="format") as error:
        NAMING[what]()
    assert len(str(error.value)) <= 600


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a'b", '"a\'b"'),
        (None, "None"),
        (1.5, "1.5"),
        pytest.param(10**5000, "an integer of 16,610 bits", id="more digits than Python spells"),
        (b"x" * 200, "(200 bytes)"),
        (list(range(1000)), "[0, 1, 2, 3, 4, 5, ...]"),
        ({"a": "x" * 1000}, "…"),
    ],
)
def test_shown(value: object, text: str) -> None:
    assert shown(value).endswith(text)
    assert len(shown(value)) < 140
