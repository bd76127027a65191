"""Each coder reads back what it spells, or refuses to spell it."""

from __future__ import annotations

import ast
import json
import time
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chatfmt.errors import ChatfmtError
from chatfmt.line.coders import CODERS
from chatfmt.line.jsontext import CodeError
from json_texts import (
    OBJECTS,
    PYTHON_VALUES,
    STRINGS,
    VALUES,
    Number,
    Pairs,
    evaluated,
    is_json,
    nearly,
    parsed,
)

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
TYPES = st.frozensets(
    st.sampled_from(["string", "integer", "number", "boolean", "null", "object", "array"])
)
# What is written bare, and might be read as something else.
BARE = st.one_of(
    VALUES,
    TEXTS,
    st.sampled_from(
        [
            "",
            " ",
            "2",
            " 2",
            "2 ",
            "1.00",
            "true",
            "True",
            "null",
            "None",
            "NaN",
            '"',
            '"a"',
            "[",
            "-",
        ]
    ),
)


def whole(text: str) -> bool:
    """Whether UTF-8 can hold it."""
    return not any("\ud800" <= char <= "\udfff" for char in text)


def quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def types_of(value: Any) -> set[str]:
    """The names that JSON Schema has for a parsed value."""
    if isinstance(value, Number):
        return {"number", "integer"} if set(value.partition(".")[2]) <= {"0"} else {"number"}
    if isinstance(value, bool):
        return {"boolean"}
    return {{Pairs: "object", list: "array", type(None): "null", str: "string"}[type(value)]}


@given(TEXTS)
def test_a_text_is_a_json_string_and_nothing_but_what_must_be_is_escaped(text: str) -> None:
    spelled = CODERS["json"].spell(text)
    assert spelled == quoted(text)
    assert CODERS["json"].read(spelled) == text


@given(nearly(STRINGS))
@example('"a" ')
@example('"a""b"')
@example('"\t"')
def test_a_json_string_is_read_with_any_escape_or_refused(raw: str) -> None:
    if is_json(raw, str) and whole(parsed(raw)):
        assert CODERS["json"].read(raw) == parsed(raw)
    else:
        with pytest.raises(CodeError):
            CODERS["json"].read(raw)


@given(nearly(OBJECTS))
@example("[]")
@example(" {}")
def test_an_object_stays_as_it_is_spelled_or_is_refused(text: str) -> None:
    if is_json(text, Pairs):
        assert CODERS["object"].spell(text) == text == CODERS["object"].read(text)
    else:
        for function in CODERS["object"].spell, CODERS["object"].read:
            with pytest.raises(CodeError):
                function(text)


def bare_json(text: str) -> Any:
    """The value, if the text is JSON but no string; otherwise the text is a string."""
    return parsed(text) if is_json(text) and not is_json(text, str) else text


def read_bare(text: str, types: frozenset[str]) -> str:
    value = bare_json(text)
    is_number = isinstance(value, Number)
    if (isinstance(value, str) and not is_number) or (
        "string" in types and not integer_or_other(value) & types
    ):
        return quoted(text)
    return text


def integer_or_other(value: Any) -> set[str]:
    """Exponents are numbers, as far as one looks at the spelling."""
    names = types_of(value)
    return names - {"integer"} if isinstance(value, Number) and "e" in value.lower() else names


@given(BARE, TYPES)
@example("2", frozenset({"string", "integer"}))
@example("2.5", frozenset({"string", "integer"}))
@example("2.0", frozenset({"string", "integer"}))
@example("1e5", frozenset({"string", "integer"}))
@example("null", frozenset({"string"}))
def test_bare_text_is_json_where_it_reads_as_json_and_may_be_of_its_type(
    text: str, types: frozenset[str]
) -> None:
    value = CODERS["loose"].read(text, types)
    assert value == read_bare(text, types)
    if whole(text):
        assert CODERS["loose"].spell(value, types) == text


@given(st.one_of(VALUES, TEXTS.map(quoted), BARE.map(quoted)), TYPES)
@example('"2"', frozenset())
@example('"2"', frozenset({"string"}))
@example('"2"', frozenset({"integer"}))
@example('"null"', frozenset({"string", "integer"}))
@example('{"a":1, "a": 2.00}', frozenset())
def test_a_value_is_spelled_loosely_or_refused_because_it_would_be_read_otherwise(
    value: str, types: frozenset[str]
) -> None:
    bare = parsed(value) if is_json(value, str) else value
    kept = whole(bare) and read_bare(bare, types) == value
    if kept:
        assert CODERS["loose"].spell(value, types) == bare
        assert CODERS["loose"].read(bare, types) == value
    else:
        with pytest.raises(CodeError):
            CODERS["loose"].spell(value, types)


WORDS = {"true": "True", "false": "False", "null": "None"}


@given(st.one_of(VALUES, BARE.map(quoted)), TYPES)
@example('"True"', frozenset())
@example('"true"', frozenset())
@example('"None"', frozenset({"string"}))
def test_the_loose_spelling_of_python_differs_in_three_words(
    value: str, types: frozenset[str]
) -> None:
    loose, python = CODERS["loose"], CODERS["loose_python"]
    bare = parsed(value) if is_json(value, str) else value
    word = {python: json for json, python in WORDS.items()}.get(bare)
    if value in WORDS:
        kept = read_bare(value, types) == value
    else:
        kept = whole(bare) and read_bare(bare, types) == value
        kept = kept and (word is None or read_bare(word, types) != word)
    if kept:
        assert python.spell(value, types) == WORDS.get(value, bare)
        assert python.read(python.spell(value, types), types) == value
    else:
        with pytest.raises(CodeError):
            python.spell(value, types)
    if whole(bare) and word is None:
        assert python.read(bare, types) == loose.read(bare, types)


def plain(value: Any) -> Any:
    """With lists and dicts only, the last of two keys, and Python's numbers."""
    if isinstance(value, Pairs):
        return {key: plain(item) for key, item in value}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, Number):
        return ast.literal_eval(value)
    return value


def canonical_strings(text: str) -> bool:
    """Whether every string in a JSON text is in its canonical spelling."""

    def strings(value: Any) -> list[str]:
        if isinstance(value, Pairs):
            return [text for key, item in value for text in (key, *strings(item))]
        if isinstance(value, list):
            return [text for item in value for text in strings(item)]
        return [value] if isinstance(value, str) and not isinstance(value, Number) else []

    rest = text
    for string in strings(parsed(text)):
        before, found, rest = rest.partition(quoted(string))
        if '"' in before or not found or not whole(string):
            return False
    return '"' not in rest


@given(st.one_of(VALUES, VALUES.filter(canonical_strings), TEXTS.map(quoted)))
@example('{"a":1.00, "b" : [-0, 1e999, true]}')
@example('["it\'s", "\\"", "\'\\"", "\\\\"]')
@example('["\\u00e9"]')
@example('["True", {"null": null}]')
@example("9" * 5000)
def test_a_value_is_spelled_as_a_python_literal_and_read_back_or_refused(value: str) -> None:
    python = CODERS["python"]
    if not canonical_strings(value):
        with pytest.raises(CodeError):
            python.spell(value)
        return
    spelled = python.spell(value)
    assert python.read(spelled) == value
    if len(value) < 4300:  # Python reads no longer numbers
        assert ast.literal_eval(spelled) == plain(parsed(value))


PYTHON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda values: st.lists(values, max_size=3) | st.dictionaries(TEXTS, values, max_size=3),
    max_leaves=8,
)


@given(PYTHON)
def test_python_is_spelled_as_repr_writes_it(value: object) -> None:
    text = json.dumps(value, ensure_ascii=False)
    assert CODERS["python"].spell(text) == repr(value)
    assert CODERS["python"].read(repr(value)) == text


@given(nearly(PYTHON_VALUES.map(repr)))
@example("(1)")
@example("(1 ,\n)")
@example("'\\u001f0'")
@example("'\\ud83d\\ude00'")
def test_what_is_read_of_a_python_literal_is_the_value_that_python_gives_it(text: str) -> None:
    try:
        value = CODERS["python"].read(text)
    except CodeError:
        assert evaluated(text) is ... or repr(evaluated(text)) != text or "\\ud" in text
    else:
        assert plain(parsed(value)) == plain(evaluated(text))


@pytest.mark.parametrize(
    ("literal", "value"),
    [
        ("(1, 'a', (), (2,), ( 3 , ))", '[1, "a", [], [2], [ 3 ]]'),
        (r"'\a\x41\u00e9\U0001F600\'\"\\'", '"\\u0007A\u00e9\U0001f600\'\\"\\\\"'),
        ("{\"x\":None,\n'y': -1.50}", '{"x":null,\n"y": -1.50}'),
    ],
)
def test_a_python_literal_is_read_with_any_escape_quotation_mark_and_space(
    literal: str, value: str
) -> None:
    assert CODERS["python"].read(literal) == value


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("python", "{'a': {1}}", r"offset 7: expected a Python literal .*, found '1}}'"),
        ("python", "[r'a']", r"offset 1: .* found \"r'a'\]\""),
        ("python", "['a', '\\ud800']", "offset 6: .* U[+]D800, half of a surrogate pair"),
        ("python", "[1", "offset 2: .* found the end of the text"),
        ("python", "1, 2", "offset 1: .* to end here, found ', 2'"),
        ("python", "[" * 100 + "]" * 100, "offset 63: .* at most 63 brackets deep, found '"),
        ("json", '"a" ', "offset 3: expected a JSON string to end here, found ' '"),
        ("json", '"\\udc00"', "half of a surrogate pair; write the character itself"),
        ("object", '{"a": NaN}', "offset 6: expected a JSON object, found 'NaN}'"),
        ("object", "[1]", r"offset 0: expected a JSON object, found '\[1\]'"),
        ("object", "", "offset 0: expected a JSON object, found the end of the text"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_place(name: str, text: str, message: str) -> None:
    with pytest.raises(CodeError, match=message) as caught:
        CODERS[name].read(text)
    assert isinstance(caught.value, ChatfmtError)
    assert str(caught.value.offset) in message or name == "json"


def test_what_would_be_read_otherwise_is_refused_with_the_difference_and_a_way_out() -> None:
    with pytest.raises(CodeError, match=r"offset 0: .* found '\"2\"', which would be read as '2'"):
        CODERS["loose"].spell('"2"')
    with pytest.raises(
        CodeError, match="a parameter whose type is string alone keeps every string"
    ):
        CODERS["loose_python"].spell('"True"')
    with pytest.raises(CodeError, match=r"offset 8: .* found '\\\\u00e9\"}', .*; prepare the"):
        CODERS["python"].spell('{"a": "x\\u00e9"}')


@pytest.mark.parametrize(
    ("name", "most"), [("object", 64), ("loose", 63), ("loose_python", 63), ("python", 63)]
)
@pytest.mark.parametrize("inner", ["0", '"' + "{[" * 100 + '\\"}"', "[], {}, " * 100 + "[]"])
def test_nesting_is_bounded_but_not_the_number_of_brackets(
    name: str, most: int, inner: str
) -> None:
    own = "]" in inner  # a level of its own
    nested = '{"a": ' + "[" * (most - 1 - own) + inner + "]" * (most - 1 - own) + "}"
    coder = CODERS[name]
    assert coder.read(coder.spell(nested)) == nested
    with pytest.raises(CodeError, match=f"at most {most} brackets deep"):
        coder.spell(nested.replace(inner, f"[{inner}]"))


LONG = 1 << 17


@pytest.mark.parametrize(
    "value",
    [
        quoted("\\\"'\n" * (LONG // 7)),
        "[" + ", ".join(["-1.5e3"] * (LONG // 8)) + "]",
        "[" + "[], " * (LONG // 4) + "[]]",
        "{" + ", ".join(f'"k{n}": {{}}' for n in range(LONG // 16)) + "}",
        "[1" + " " * LONG + ", 2]",
        "9" * LONG,
    ],
    ids=["escapes", "numbers", "brackets", "keys", "space", "digits"],
)
def test_a_long_value_takes_time_in_proportion(value: str) -> None:
    begin = time.process_time()
    for name in "loose", "loose_python":
        assert CODERS[name].read(CODERS[name].spell(value)) == value
    CODERS["python"].spell(value)  # which reads it back
    for name in "json", "object", "python":
        with pytest.raises(CodeError):
            CODERS[name].read(value[:-1] + "'!")
    assert time.process_time() - begin < 60  # one that is quadratic takes hours


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("json", 'say "\u00e9"\n', '"say \\"\u00e9\\"\\n"'),
        ("json", "", '""'),
        ("object", '{"b":1.00, "a": []}', '{"b":1.00, "a": []}'),
        ("loose", '"two"', "two"),
        ("loose", "[1, 2.0]", "[1, 2.0]"),
        ("loose_python", "null", "None"),
        ("python", '["a", true, {"b": null}]', "['a', True, {'b': None}]"),
    ],
)
def test_spelled_and_read_by_hand(name: str, value: str, text: str) -> None:
    assert CODERS[name].spell(value) == text
    assert CODERS[name].read(text) == value


@pytest.mark.parametrize(
    ("text", "types", "value"),
    [
        ("2", {"string"}, '"2"'),
        ("2", {"string", "integer"}, "2"),
        ("2.0", {"string", "integer"}, "2.0"),
        ("2.5", {"string", "integer"}, '"2.5"'),
        ("2.5", {"string", "number"}, "2.5"),
        ("null", {"string", "null"}, "null"),
        ("[]", {"string", "object"}, '"[]"'),
        ("[]", {"object"}, "[]"),  # no string may stand here, whatever the value is
        ("true", set(), "true"),
    ],
)
def test_bare_text_by_the_types_that_it_may_have(text: str, types: set[str], value: str) -> None:
    assert CODERS["loose"].read(text, types) == value
