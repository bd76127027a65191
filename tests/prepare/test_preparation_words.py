"""How a row lists words, how they describe themselves, and what is wrong with a list."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import pytest
from pydantic import ValidationError

from chatfmt import FORMAT_ROWS, ChatFormat, FormatError, get_format
from chatfmt.prepare.definitions import Calls
from chatfmt.prepare.systems import Insert, System
from chatfmt.prepare.texts import Strip
from chatfmt.prepare.words import read_words

ROW: dict[str, Any] = {
    "name": "mine",
    "template": "<s>{role}<m>{content}<e>",
    "special_tokens": ["<s>", "<m>", "<e>"],
    "roles": ["system", "user", "assistant"],
}
WITH_WORDS = [name for name in FORMAT_ROWS if get_format(name).preparation]


def test_words_are_read_in_order() -> None:
    assert read_words([]) == ()
    assert read_words([{"word": "strip", "roles": ["user"]}, {"word": "system"}]) == (
        Strip(roles=["user"]),
        System(),
    )


def test_a_word_knows_the_values_in_its_texts() -> None:
    assert System(values={"date": None}).names == {"date": None}
    assert Insert(role="x", content="", values={"a": "b"}).names == {"a": "b"}
    assert System().names == Insert(role="x", content="").names == {}
    assert Calls(ids="{n}").names == {}


def test_a_word_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        System().default = "x"


WRONG: list[tuple[Any, str]] = [
    ([{"word": "fry"}], "prepare.0: Input tag 'fry' found using 'word' does not match"),
    ([{}], "prepare.0: Unable to extract tag using discriminator 'word'"),
    (["strip"], "prepare.0: Input should be an object"),
    ([{"word": "system"}, {"word": "strip"}], "prepare.1.strip.roles: Field required"),
    ([{"word": "system", "defualt": "x"}], "prepare.0.system.defualt: Extra inputs"),
    ([{"word": "system", "drop": 1}], "prepare.0.system.drop: Input should be a valid boolean"),
    ([{"word": "fold", "into": "all"}], "prepare.0.fold.into: Input should be 'first' or 'last'"),
    (
        [{"word": "tools", "into": "system", "spelling": {"indent": "x"}}],
        "prepare.0.tools.spelling.indent: Input should be a valid integer",
    ),
    (
        [{"word": "insert", "role": "x", "content": {1}}],
        "prepare must be a list of words, as JSON has them; found ",
    ),
]


@pytest.mark.parametrize(("words", "reason"), WRONG)
def test_what_is_no_word_is_said(words: Any, reason: str) -> None:
    with pytest.raises(ValueError, match=r"^prepare") as caught:
        read_words(words)
    assert str(caught.value).startswith(reason)
    with pytest.raises(FormatError) as refused:
        ChatFormat(**ROW, prepare=words)
    assert str(refused.value).startswith(f"format mine, {reason}")


@pytest.mark.parametrize("words", [5, "strip", {"word": "system"}, None])
def test_what_is_no_list_of_words(words: Any) -> None:
    with pytest.raises(FormatError, match=r"format mine.*prepare"):
        ChatFormat(**ROW, prepare=words)


def test_a_text_that_is_no_unicode_is_no_json() -> None:
    with pytest.raises(ValueError, match=r"^prepare: Invalid JSON"):
        read_words([{"word": "system", "default": "\ud800"}])


def test_a_format_keeps_copies_of_its_words() -> None:
    words = [{"word": "strip", "roles": ["user"]}]
    own = ChatFormat(**ROW, prepare=words)
    words[0]["roles"] = ["tool"]
    given = own.row()
    assert given["prepare"] == [{"word": "strip", "roles": ["user"]}]
    given["prepare"][0]["roles"].append("system")
    assert own.row()["prepare"] == [{"word": "strip", "roles": ["user"]}]
    assert own.preparation == (Strip(roles=["user"]),)


def test_formats_that_prepare_otherwise_are_different() -> None:
    plain, other = ChatFormat(**ROW), ChatFormat(**ROW, prepare=[{"word": "system"}])
    assert plain != other
    assert other == ChatFormat(**ROW, prepare=[{"word": "system"}])


@pytest.mark.parametrize("name", WITH_WORDS)
def test_a_row_with_words_is_the_same_when_copied(name: str) -> None:
    row = get_format(name)
    through_json = ChatFormat.from_row(json.loads(json.dumps(row.row())))
    for one in (through_json, pickle.loads(pickle.dumps(row))):
        assert one == row
        assert one.preparation == row.preparation
        assert one.row() == row.row()


def test_a_deep_copy_has_the_same_words() -> None:
    row = get_format("llama-3.1")
    assert copy.deepcopy(row) == row
    assert copy.deepcopy(row).preparation == row.preparation


def test_rows_have_words() -> None:
    assert len(WITH_WORDS) >= 50
