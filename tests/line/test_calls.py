"""Calls as JSON objects: the marks of the scanner, the reader and the writer agree."""

from __future__ import annotations

import json
import time
from itertools import groupby

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chatfmt.line.calls import Call, CallLayout, CallObject, read_call, spell_call
from chatfmt.line.jsontext import CodeError
from chatfmt.line.scanners import scan
from json_texts import (
    NUMBERS,
    OBJECTS,
    SPACE,
    VALUES,
    WORDS,
    Pairs,
    is_json,
    nearly,
    objects,
    parsed,
    strings,
)

KEYS = CallObject(id="id")
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
KEY_STRINGS = {
    "name": ['"name"', '"n\\u0061me"', '"\\u006eam\\u0065"', '"\\u006Eame"'],
    "arguments": ['"arguments"', '"argument\\u0073"'],
    "id": ['"id"', '"i\\u0064"'],
}
OTHER_KEYS = st.one_of(
    st.sampled_from(
        [
            '"nam"',
            '"names"',
            '"n\\u00e1me"',
            '"\\nname"',
            '"\\name"',
            '""',
            '"type"',
            '"argument"',
            '"i\\u0063"',
        ]
    ),
    strings().filter(lambda key: parsed(key) not in KEYS.parts),
)
STRING = strings()
IN_STRING = OBJECTS.flatmap(
    lambda text: st.sampled_from([json.dumps(text), json.dumps(text, ensure_ascii=False)])
)


@st.composite
def calls(draw: st.DrawFn) -> list[tuple[str, str]]:
    """A call with everything that is allowed in one, as pairs of a text and its part."""
    parts = draw(st.permutations(["name", "arguments", "id", "", ""]))
    members = []
    for part in draw(st.sampled_from([parts, [one for one in parts if one not in ("", "id")]])):
        key = draw(st.sampled_from(KEY_STRINGS[part]) if part else OTHER_KEYS)
        value = draw({"": VALUES, "arguments": st.one_of(OBJECTS, IN_STRING)}.get(part, STRING))
        space = [draw(SPACE) for _ in range(4)]
        before = space[0] + key + space[1] + ":" + space[2]
        members.append([(before, "call"), (value, part or "call"), (space[3], "call")])
    call = [("{", "call")]
    for number, member in enumerate(members):
        call += [(",", "call")] * (number > 0) + member
    return [*call, ("}", "call")]


def parts_of(text: str, keys: CallObject = KEYS) -> list[tuple[str, str]]:
    """Texts and their parts, as the scanner marks them one character at a time."""
    state = keys.start()
    marked = []
    for char in text:
        after = keys.step(state, char)
        assert after is not None
        state = after
        marked.append((char, keys.part(state)))
    assert keys.complete(state)
    assert keys.step(state, " ") is None
    runs = groupby(marked, key=lambda pair: pair[1])
    return [("".join(char for char, _ in run), part) for part, run in runs]


def joined(pieces: list[tuple[str, str]]) -> list[tuple[str, str]]:
    runs = groupby((piece for piece in pieces if piece[0]), key=lambda piece: piece[1])
    return [("".join(text for text, _ in run), part) for part, run in runs]


@given(calls())
def test_each_part_of_a_call_is_the_raw_text_of_its_value(call: list[tuple[str, str]]) -> None:
    text = "".join(text for text, _ in call)
    marked = parts_of(text)
    assert marked == joined(call)
    assert "".join(part for part, _ in marked) == text


@given(calls().filter(lambda call: not any("\\ud800" in text for text, _ in call)))
def test_a_call_is_read_as_its_parts_are_marked(call: list[tuple[str, str]]) -> None:
    raw = {part: text for text, part in call if part != "call"}
    text = "".join(text for text, _ in call)
    others = [(key, value) for key, value in parsed(text) if key not in KEYS.parts]
    try:
        found = read_call(text, KEYS)
    except CodeError:
        values = [part for piece in call for part in piece]
        assert any("\\uD" in value or "\\ud" in value for value in values)  # half a pair
        return
    assert found.name == parsed(raw["name"])
    assert found.id == (parsed(raw["id"]) if "id" in raw else None)
    in_string = raw["arguments"][0] == '"'
    assert found.arguments == (parsed(raw["arguments"]) if in_string else raw["arguments"])
    assert [(key, parsed(value)) for key, value in found.other_keys] == others
    assert len(found.notes) == len(others) + in_string


def scans(text: str) -> bool:
    return scan(KEYS, text) == (len(text), True)


@given(
    st.one_of(
        nearly(calls().map(lambda call: "".join(text for text, _ in call))),
        nearly(
            objects(
                st.one_of(OBJECTS, strings(), NUMBERS, WORDS),
                st.sampled_from(['"x"', *(key for keys in KEY_STRINGS.values() for key in keys)]),
            )
        ),
    )
)
@example('{"name": "f", "name": "g", "arguments": {}}')
@example('{"x": 1, "x": 2}')
@example('{"arguments": []}')
@example('{"id": null}')
@example('{"name": {}}')
def test_a_call_is_scanned_if_it_is_an_object_whose_known_keys_are_right_and_single(
    text: str,
) -> None:
    right = is_json(text, Pairs)
    if right:
        known = [(KEYS.parts[key], value) for key, value in parsed(text) if key in KEYS.parts]
        right = len(dict(known)) == len(known) and all(
            type(value) is str or (part == "arguments" and type(value) is Pairs)
            for part, value in known
        )
    assert scans(text) == right
    try:
        read_call(text, KEYS)
    except CodeError:
        return
    assert right


LAYOUTS = st.builds(
    CallLayout,
    st.permutations(["name", "arguments", "id"]).map(tuple),
    st.sampled_from([", ", ",", ",\n  "]),
    st.sampled_from([": ", ":"]),
)
NAMES = st.sampled_from(
    [KEYS, CallObject("function", "parameters", "call"), CallObject("n", "name", "arguments")]
)


@given(TEXTS, OBJECTS, st.none() | TEXTS, NAMES, LAYOUTS)
def test_a_call_is_read_as_it_was_spelled(
    name: str, arguments: str, id: str | None, keys: CallObject, layout: CallLayout
) -> None:
    text = spell_call(name, arguments, id, keys, layout)
    assert read_call(text, keys) == Call(name, arguments, id)
    marked = {part: text for text, part in parts_of(text, keys)}
    assert marked["arguments"] == arguments
    assert marked["name"] == json.dumps(name, ensure_ascii=False)


def test_the_layout_of_a_call_is_the_one_that_json_dumps_has() -> None:
    call = {"name": "é", "arguments": {"a": [1, 2]}, "id": "x"}
    for separators in (", ", ": "), (",", ":"):
        arguments = json.dumps(call["arguments"], separators=separators)
        text = spell_call(
            "é", arguments, "x", KEYS, CallLayout(("name", "arguments", "id"), *separators)
        )
        assert text == json.dumps(call, ensure_ascii=False, separators=separators)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"arguments": {}}', 'offset 16: expected the key "name" in a call, found "arguments"'),
        (
            '{"name": "f", "args": {}}',
            'expected the key "arguments" in a call, found "name", "args"',
        ),
        ("{}", 'offset 1: expected the key "name" in a call, found no key'),
        ('{"name": "f", "name": "g"}', 'offset 22: expected "name" once in a call'),
        ('{"name": 1}', "offset 9: expected a string as \"name\", found '1'"),
        ('{"arguments": [1]}', "offset 14: expected an object as \"arguments\", found '.1.'"),
        (
            '{"name": "f", "arguments": "{"}',
            "offset 27: expected a JSON object in the string of arguments: at its offset 1: expe",
        ),
        ('{"name": "f", "arguments": ""}', "at its offset 0"),
        ('{"name": "\\ud800", "arguments": {}}', "offset 9: .*half of a surrogate pair"),
        ('{"name": "f", "arguments": {}} ', "offset 30: .* to end here"),
        ('{"name": "f", "arguments": {}', "offset 29: .* found the end of the text"),
    ],
)
def test_what_is_no_call_is_refused_with_the_place(text: str, message: str) -> None:
    with pytest.raises(CodeError, match=message):
        read_call(text, KEYS)


def test_what_no_layout_can_write_is_refused() -> None:
    with pytest.raises(CodeError, match=r"arguments that are a JSON object, found '\[1\]'"):
        spell_call("f", "[1]", None, KEYS)
    with pytest.raises(CodeError, match="a call without an id, for which the layout has no key"):
        spell_call("f", "{}", "c", CallObject())
    with pytest.raises(CodeError, match="half of a surrogate pair"):
        spell_call("\ud800", "{}", None, KEYS)


def test_escapes_in_a_key_have_few_states() -> None:
    before = KEYS.start()
    for char in '{"':
        after = KEYS.step(before, char)
        assert after is not None
        before = after
    seen = set()
    for code in range(0, 0x10000, 0x7):
        state = before
        for char in f"\\u{code:04x}":
            after = KEYS.step(state, char)
            assert after is not None
            state = after
            seen.add(state)
    assert len(seen) < 20


@pytest.mark.parametrize("keys", [("a", "a"), ("", "a"), ("é", "a")])
def test_keys_that_cannot_be_followed_are_refused(keys: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match="expected different keys in ASCII, found"):
        CallObject(*keys)


def test_equal_scanners_are_one() -> None:
    assert len({CallObject(), CallObject("name", "arguments"), CallObject(id="id")}) == 2


def test_a_long_call_takes_time_in_proportion() -> None:
    begin = time.process_time()
    arguments = '{"a": "' + "\\n" * (1 << 17) + '", "b": [' + "1, " * (1 << 17) + "0]}"
    text = spell_call("f", arguments, None, KEYS)
    assert read_call(text, KEYS).arguments == arguments
    in_string = '{"name": "f", "arguments": ' + json.dumps(arguments) + "}"
    assert read_call(in_string, KEYS).arguments == arguments
    assert time.process_time() - begin < 60  # one that is quadratic takes hours
