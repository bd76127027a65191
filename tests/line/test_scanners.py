"""Scanners accept what Python's own parsers accept, character by character."""

from __future__ import annotations

import functools
import math
import random
from collections import deque
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chatfmt.line.calls import CallObject
from chatfmt.line.scanners import (
    MAX_DEPTH,
    JsonObject,
    JsonString,
    JsonValue,
    PythonLiteral,
    Scanner,
    scan,
)
from json_texts import (
    HOSTILE_CHARACTERS,
    OBJECTS,
    PYTHON_VALUES,
    STRINGS,
    VALUES,
    Pairs,
    evaluated,
    is_json,
    nearly,
)

CALL = CallObject(id="id")
EVERY: list[Scanner[Any]] = [JsonObject(), JsonString(), JsonValue(), PythonLiteral(), CALL]


def accepts(scanner: Scanner[Any], text: str) -> bool:
    return scan(scanner, text) == (len(text), True)


@functools.lru_cache(100_000)
def completion(scanner: Any, state: Any) -> str:
    """The shortest text that makes a value of what has been read; it opens no more brackets."""
    ways = deque([(state, "")])
    seen = {state}
    while ways:
        state, text = ways.popleft()
        if scanner.complete(state):
            return text
        for char in "0\"'}]):,ruealsoxn":
            after = scanner.step(state, char)
            if after is not None and after not in seen:
                seen.add(after)
                ways.append((after, text + char))
    raise AssertionError("there is none")


def check_prefixes(scanner: Any, text: str) -> None:
    """Every prefix can be completed, and a value ends only in a character that is declared."""
    state = scanner.start()
    for offset, char in enumerate(text):
        after = scanner.step(state, char)
        assert after is not None
        assert offset or char in scanner.first
        assert not scanner.complete(after) or char in scanner.last
        state = after
        completion(scanner, state)


@given(nearly(OBJECTS))
@example('{"a": NaN}')
@example('{"a": -Infinity}')
@example('{"a": "\\ud800"}')
@example('{"a": 01}')
@example('{"a": \u0661}')
@example('{"a": "\\u\uff11234"}')
@example('{"a": ' + "9" * 5000 + "e99999}")
@example('\ufeff{"a": 1}')
@example('{"a": 1} ')
@example('{"a": "\x1f"}')
@example('{"a": "\x7f\x00"}')
@example('{"a": "\x7f"}')
def test_a_json_object_is_what_pythons_parser_reads_as_one(text: str) -> None:
    assert accepts(JsonObject(), text) == is_json(text, Pairs)


@given(nearly(st.one_of(VALUES, STRINGS)))
def test_a_json_value_and_a_json_string_are_what_pythons_parser_reads_as_one(text: str) -> None:
    assert accepts(JsonValue(), text) == is_json(text)
    assert accepts(JsonString(), text) == is_json(text, str)


@given(OBJECTS, st.characters())
def test_a_json_object_is_complete_at_its_closing_brace_and_nowhere_before(
    text: str, char: str
) -> None:
    scanner = JsonObject()
    state, complete = scanner.start(), []
    for one in text:
        after = scanner.step(state, one)
        assert after is not None
        state = after
        complete.append(scanner.complete(state))
        assert scanner.part(state) == "value"
    assert complete == [False] * (len(text) - 1) + [True]
    assert scanner.step(state, char) is None


@given(VALUES)
def test_every_beginning_of_a_value_can_be_completed(text: str) -> None:
    check_prefixes(JsonValue(), text)
    if text[0] == "{":
        check_prefixes(JsonObject(), text)
    if text[0] == '"':
        check_prefixes(JsonString(), text)


@pytest.mark.parametrize(
    ("scanner", "most"),
    [(JsonObject(), MAX_DEPTH), (JsonValue(), MAX_DEPTH - 1), (CALL, MAX_DEPTH + 1)],
)
def test_nesting_is_bounded_and_what_is_within_the_bound_is_read(
    scanner: Scanner[Any], most: int
) -> None:
    for opening, closing in ('{"a":', "}"), ("[", "]"):
        nested = '{"arguments":' + opening * (most - 1) + "0" + closing * (most - 1) + "}"
        if scanner is CALL and opening == "[":
            nested = nested.replace("arguments", "x")
        assert accepts(scanner, nested)
        deeper = nested.replace("0", opening + "0" + closing)
        assert scan(scanner, deeper) == (deeper.index("0") - len(opening), False)


@given(nearly(PYTHON_VALUES.map(repr)))
@example("(1)")
@example("(,)")
@example("[1,]")
@example("(1, 2,)")
@example("{'a': 1, 2: 3}")
@example("{'a'}")
@example("'a' 'b'")
@example("r'a'")
@example("0x1")
@example("1_000")
@example("1j")
@example("00")
@example(r"'\U00110000'")
@example(r"'\N{BULLET}'")
@example(r"'\x4'")
@example("'\n'")
@example("'\r'")
@example("'\0'")
@example("'\ud800'")
@example("'''a'''")
@example("None ")
@example("nan")
def test_what_is_scanned_as_a_python_literal_is_one_and_what_repr_writes_is_scanned(
    text: str,
) -> None:
    value = evaluated(text)
    accepted = accepts(PythonLiteral(), text)
    if accepted:
        assert value is not ...
    elif value is not ...:
        assert repr(value) != text


@given(PYTHON_VALUES, st.sampled_from([",", ")", ", b='x'", ")\n"]))
def test_a_python_literal_ends_before_what_follows_an_argument(value: object, rest: str) -> None:
    text = repr(value)
    assert scan(PythonLiteral(), text + rest) == (len(text), True)
    check_prefixes(PythonLiteral(), text)


@given(st.integers() | st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_may_end_after_any_digit(value: float) -> None:
    text = repr(value)
    for scanner in JsonValue(), PythonLiteral():
        state = scanner.start()
        for offset, char in enumerate(text, 1):
            after = scanner.step(state, char)
            assert after is not None
            state = after
            number = is_json(text[:offset]) and math.isfinite(float(text[:offset]))
            assert scanner.complete(state) == number


@pytest.mark.parametrize("scanner", EVERY, ids=lambda scanner: type(scanner).__name__)
def test_states_do_not_grow_with_a_hostile_text(scanner: Scanner[Any]) -> None:
    chance = random.Random(7)  # noqa: S311 - it is to be the same every time
    pieces = [*HOSTILE_CHARACTERS, '"name"', '"arguments"', r"\u006e", '{"', "[{", "'", "((", '":']
    state = scanner.start()
    sizes = set()
    length = 0
    while length < 100_000:
        for char in chance.choice(pieces):
            after = scanner.step(state, char)
            if after is not None:
                state = after
                length += 1
                sizes.add(len(repr(state)))
        if scanner.complete(state):
            state = scanner.start()
    assert max(sizes) < 300


@pytest.mark.parametrize("scanner", EVERY, ids=lambda scanner: type(scanner).__name__)
def test_a_hostile_text_of_one_nesting_has_few_states(scanner: Scanner[Any]) -> None:
    chance = random.Random(7)  # noqa: S311 - it is to be the same every time
    pieces = [char for char in HOSTILE_CHARACTERS if char not in "[("]
    pieces += ['"name"', '"arguments"', '"id"', r'"n\u0061m', r"\u006", '":', '{"']
    seen = set()
    state = scanner.start()
    for _ in range(100_000):
        for char in chance.choice(pieces):
            after = scanner.step(state, char)
            if after is not None:
                state = after
                seen.add(state)
        if scanner.complete(state):
            state = scanner.start()
    # at most 36 states in strings, 30 elsewhere, for each depth; 8 sets of keys before a call's
    assert len(seen) < 66 * MAX_DEPTH * (8 if scanner is CALL else 1)


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "' + "a\\n" * 1000 + '", "arguments": {"x": [' + "-1.5e3, " * 1000 + "0]}}",
        "{" + ", ".join(f'"key{n}": {n}' for n in range(1000)) + "}",
    ],
)
def test_a_long_text_passes_through_the_same_few_states(text: str) -> None:
    for scanner in JsonObject(), CALL, PythonLiteral():
        state: Any = scanner.start()
        seen = set()
        for char in text:
            state = scanner.step(state, char)
            assert state is not None
            seen.add(state)
        assert len(seen) < 60


@pytest.mark.parametrize("scanner", [s for s in EVERY if s is not CALL], ids=repr)
def test_a_value_is_one_part(scanner: Scanner[Any]) -> None:
    text = {"JsonObject": '{"a": [1]}', "JsonString": '"a"'}.get(type(scanner).__name__, "[1]")
    state, parts = scanner.start(), []
    for char in text:
        state = scanner.step(state, char)
        assert state is not None
        parts.append(scanner.part(state))
    assert scanner.complete(state)
    assert parts == ["value"] * len(text)


@pytest.mark.parametrize("scanner", EVERY, ids=repr)
@pytest.mark.parametrize("value", ["1", "-1.5", "1e5", "0", '"a"', "[1]", "{}", "true", "True"])
def test_a_complete_value_goes_on_with_nothing_but_what_is_declared(
    scanner: Scanner[Any], value: str
) -> None:
    state = scanner.start()
    for char in value:
        state = scanner.step(state, char)
        if state is None:
            return
    after = {char for char in map(chr, range(128)) if scanner.step(state, char) is not None}
    assert not scanner.complete(state) or after <= {*scanner.more}


def test_numbers_go_on() -> None:
    for scanner in JsonValue(), PythonLiteral():
        for more in scanner.more:
            assert accepts(scanner, f"1{more}" + "0" * (more in ".eE"))
    assert [JsonObject().more, JsonString().more, CALL.more] == ["", "", ""]
