"""Descriptions of values, and pydantic's objections, in words; none repeats a value at length."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
)

from chatfmt.conversation.wording import Fault, at, describe, did_you_mean, objections, reworded
from strategies import json_values

FOUND = {
    "a value of no known kind": (Ellipsis, "an ellipsis"),
    "a set": ({1}, "a set"),
    "a tuple": ((1, 2), "a list of 2"),
    "no members": ({}, "an empty object"),
    "members": ({"a": 1, 2: 3}, "an object with a, 2"),
    "many digits": (10**5000, "an integer of 16,610 bits"),
    "a float": (1e300, "the number 1e+300"),
    "long text": ("\n" * 99, "the text " + repr("\n" * 99)),
}


@pytest.mark.parametrize(("value", "words"), FOUND.values(), ids=FOUND)
def test_what_was_found(value: object, words: str) -> None:
    assert describe(value) == words


@given(st.one_of(json_values(), st.binary(), st.dictionaries(st.text(), st.none())))
def test_it_is_one_line_of_a_bounded_length(value: object) -> None:
    words = describe(value)
    assert len(words) < 1000
    assert "\n" not in words


def _even(value: int) -> int:
    if value % 2:
        raise ValueError(f"expected an even number, found {value}")
    return value


class Sample(BaseModel):
    model_config = ConfigDict(extra="forbid")

    word: Literal["a", "b"] = "a"
    many: Annotated[tuple[int, ...], Field(min_length=1)] = (1,)
    flag: Annotated[bool, Field(strict=True)] = True
    even: Annotated[int, AfterValidator(_even)] = 2


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"word": "c"}, [(("word",), "expected 'a' or 'b', found the text 'c'")]),
        ({"many": []}, [(("many",), "expected at least 1, found 0")]),
        ({"many": ["x"]}, [(("many", 0), "expected a whole number, found the text 'x'")]),
        ({"flag": 1}, [(("flag",), "expected true or false, found the number 1")]),
        ({"even": 3}, [(("even",), "expected an even number, found 3")]),
        ({"events": 3}, [(("events",), "there is no such field")]),
        (3, [((), "expected an object, found the number 3")]),
    ],
)
def test_objections(value: Any, expected: list[Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        Sample.model_validate(value)
    assert objections(caught.value) == expected
    again = reworded(caught.value)
    assert objections(again)[-1:] == expected  # in words that are kept as they are
    assert again.title == "Sample"
    assert [fault["type"] for fault in again.errors()] == [
        fault["type"] for fault in caught.value.errors()
    ]


def test_a_fault_in_a_part_says_where() -> None:
    def refuse(value: object) -> None:
        raise Fault(f"no {value}", ("c",))

    with pytest.raises(Fault) as caught:
        at("a", at, 0, refuse, "thing")
    assert caught.value.path == ("a", 0, "c")
    assert str(caught.value) == "a.0.c: no thing"
    assert str(Fault("alone")) == "alone"
    adapter = TypeAdapter(int)
    with pytest.raises(ValidationError):
        adapter.validate_python("x")


def test_what_is_near() -> None:
    assert did_you_mean("x" * 100_000, ["content"]) == ""
    assert did_you_mean("recipent", ["content", "recipient"]) == "; did you mean 'recipient'?"
