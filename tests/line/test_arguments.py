"""Arguments are split and joined to the very same text, or refused."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chatfmt.line.arguments import (
    canonical,
    join_arguments,
    refuse_other_spelling,
    split_arguments,
)
from chatfmt.line.jsontext import CodeError
from chatfmt.line.scanners import MAX_DEPTH
from json_texts import OBJECTS, VALUES, Pairs, is_json, nearly, parsed

KEYS = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
CANONICAL = st.dictionaries(
    KEYS,
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | KEYS,
        lambda values: st.lists(values, max_size=3) | st.dictionaries(KEYS, values, max_size=3),
        max_leaves=6,
    ),
    max_size=4,
).filter(lambda value: "Infinity" not in json.dumps(value))


@given(CANONICAL)
def test_canonical_arguments_are_taken_apart_and_joined_again(value: dict[str, object]) -> None:
    text = json.dumps(value, ensure_ascii=False)
    pairs = split_arguments(text)
    assert pairs == [(key, json.dumps(one, ensure_ascii=False)) for key, one in value.items()]
    assert join_arguments(pairs) == text
    assert canonical(text) == text
    refuse_other_spelling(text)


@given(st.lists(st.tuples(KEYS, VALUES), unique_by=lambda pair: pair[0], max_size=4))
def test_pairs_are_joined_and_taken_apart_again(pairs: list[tuple[str, str]]) -> None:
    text = join_arguments(pairs)
    assert is_json(text, Pairs)
    assert split_arguments(text) == pairs


@given(nearly(OBJECTS))
@example('{"a": 1, "a": 1}')
@example('{"a": 1,"b": 1}')
@example('{"a" : 1}')
@example("{ }")
@example('{"\\u0061": 1}')
@example('{"\\ud800": 1}')
@example('{"a": {"b":1.00, "b": 2}}')
def test_arguments_in_any_spelling_are_kept_to_the_letter_or_refused(text: str) -> None:
    try:
        spelled = split_arguments(text)
    except CodeError:
        return
    assert is_json(text, Pairs)
    assert [key for key, _ in spelled] == [key for key, _ in parsed(text)]
    assert [parsed(value) for _, value in spelled] == [value for _, value in parsed(text)]
    assert join_arguments(spelled) == text


def has_a_key_twice(value: object) -> bool:
    if isinstance(value, Pairs):
        keys = [key for key, _ in value]
        return len(set(keys)) < len(keys) or any(has_a_key_twice(item) for _, item in value)
    return isinstance(value, list) and any(map(has_a_key_twice, value))


@given(OBJECTS)
def test_the_canonical_spelling_is_that_of_pythons_json(text: str) -> None:
    value = parsed(text)
    spelled = json.dumps(json.loads(text), ensure_ascii=False)
    half = any("\ud800" <= char <= "\udfff" for char in spelled)
    if has_a_key_twice(value) or half or "Infinity" in spelled:
        with pytest.raises(CodeError):
            canonical(text)
        return
    assert canonical(text) == spelled
    if spelled == text:
        refuse_other_spelling(text)
    else:
        with pytest.raises(CodeError, match="prepare the conversation with canonical arguments"):
            refuse_other_spelling(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a":1}', r"offset 5: expected ' 1}', found '1}'"),
        ('{"a": 1,"b": 2}', "offset 8: expected ' \"b\": 2}'"),
        ('{"a": 1, "b": 2, "a": 3}', "offset 22: expected every key once, found 'a' again"),
        ('{"caf\\u00e9": 1}', "offset 5: expected 'é"),
        ("[1]", "offset 0: expected a JSON object"),
        ('{"a": 1', "offset 7: .* found the end of the text"),
        ('{"a": 1} ', "offset 8: expected a JSON object to end here, found ' '"),
    ],
)
def test_a_refusal_says_where_arguments_differ(text: str, message: str) -> None:
    with pytest.raises(CodeError, match=message):
        split_arguments(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": 1.00}', "offset 9: expected '}', found '0}'"),
        ('{"a": {"b": 1, "b": 2}}', "found 'b' again"),
        ('{"a": 1e999}', "found a larger one"),
        ("9" * 5000, "found a larger one"),
        ("NaN", "offset 0: expected a JSON value"),
        ('"\\ud800"', "half of a surrogate pair"),
    ],
)
def test_a_refusal_says_what_is_not_canonical(text: str, message: str) -> None:
    with pytest.raises(CodeError, match=message):
        refuse_other_spelling(text)


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ([("a", "1"), ("a", "2")], "found 'a' again"),
        ([("a", "one")], "offset 0: expected a JSON value for 'a', found 'one'"),
        ([("a", "1 ")], "offset 1: expected a JSON value for 'a' to end here"),
        ([("a", "[" * MAX_DEPTH + "]" * MAX_DEPTH)], "at most 63 brackets deep"),
        ([("\ud800", "1")], "half of a surrogate pair"),
    ],
)
def test_what_would_not_be_read_back_is_not_joined(
    pairs: list[tuple[str, str]], message: str
) -> None:
    with pytest.raises(CodeError, match=message):
        join_arguments(pairs)


@pytest.mark.parametrize(
    "text",
    [
        "{" + ", ".join(f'"key{n}": {n}' for n in range(1 << 14)) + "}",
        '{"a": "' + "\\n" * (1 << 17) + '"}',
        '{"a": 1' + " " * (1 << 18) + "}",
    ],
    ids=["keys", "string", "space"],
)
def test_long_arguments_take_time_in_proportion(text: str) -> None:
    begin = time.process_time()
    try:
        assert join_arguments(split_arguments(text)) == text
    except CodeError:
        assert "  " in text
    assert time.process_time() - begin < 30  # one that is quadratic takes hours
