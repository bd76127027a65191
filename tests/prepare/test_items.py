"""The objects of preparation words: messages known by keys, values, refusals."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from chatfmt import Message, RenderError
from chatfmt.prepare.items import Asked, Item, first_of, last_of

ITEMS = [
    Item(key, Message(role=role)) for key, role in enumerate(["user", "tool", "user", "assistant"])
]


def asked(**values: Any) -> Asked:
    return Asked(format="mine", tools=(), values=values, keep_history=False, given=2)


def test_an_item_is_updated_and_the_one_before_stays() -> None:
    item = Item(0, Message(role="user", content="a"))
    assert item.update(content="b") == Item(0, Message(role="user", content="b"))
    assert item.message.content == "a"


def test_messages_that_are_added_are_known_by_keys_of_their_own() -> None:
    one = asked()
    assert [one.add(Message(role="system")).key for _ in range(2)] == [2, 3]


def test_where_roles_are() -> None:
    assert first_of(ITEMS, "user") == 0
    assert first_of(ITEMS, "system") is None
    assert last_of(ITEMS, ["user"]) == 2
    assert last_of(ITEMS, ["user", "tool", "assistant"]) == 3
    assert last_of(ITEMS, ["system"]) == -1


def test_values_are_filled_in_and_other_braces_stay() -> None:
    one = asked(date=dt.date(2025, 1, 2), name="{effort}")
    text = '{"a": {n}} {date:%d %b %Y}, {name} {effort} {effort:x} {Date} {date:%H}'
    assert one.fill(text, {"date": None, "name": None, "effort": "low"}) == (
        '{"a": {n}} 02 Jan 2025, {effort} low low {Date} 00'
    )


def test_a_text_stands_for_a_date_verbatim() -> None:
    assert asked(date="today").fill("{date:%Y}", {"date": None}) == "today"


@pytest.mark.parametrize(
    ("values", "text", "reason"),
    [
        (
            {"date": dt.date(2025, 1, 2)},
            "{date}",
            "the value date is text, found a date; pass the text that is to be written",
        ),
        (
            {},
            "{date:%d}",
            "the value date is needed: a datetime.date, or text in the form '%d'; found none",
        ),
        ({}, "{date}", "the value date is needed: text; found none"),
        ({"date": 5}, "{date}", "the value date is needed: text; found the number 5"),
    ],
)
def test_a_value_that_is_missing_or_of_another_kind(
    values: dict[str, Any], text: str, reason: str
) -> None:
    with pytest.raises(RenderError) as caught:
        asked(**values).fill(text, {"date": None})
    assert (caught.value.reason, caught.value.message) == (reason, None)


def test_a_refusal_names_only_messages_that_were_given() -> None:
    one = asked()
    added = one.add(Message(role="system"))
    for item, index in ((None, None), (ITEMS[1], 1), (added, None)):
        with pytest.raises(RenderError) as caught:
            one.refuse("no", item, "role")
        error = caught.value
        assert (error.reason, error.format, error.message, error.field) == (
            *("no", "mine"),
            *(index, "role"),
        )
