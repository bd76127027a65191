"""Fields that end in ordinary text, in a word of another line, or where their scanner ends them."""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from assertions import assert_events_tell_messages
from chatfmt import FormatError, Message, ParseError, RenderError, ToolCall
from chatfmt.line.calls import CallObject
from chatfmt.line.scanners import JsonObject, scan
from chatfmt.wire.read.steps import Steps
from chatfmt.wire.read.walk import Run
from letters import BYTES, SPECIALS, ids_of, row
from one_line import machine_of

if TYPE_CHECKING:
    from chatfmt import ChatTokenizer
    from chatfmt.line.machine import Machine

_ROLES = {"user": "user", "assistant": "assistant"}


def read(tok: ChatTokenizer, ids: list[int]) -> Message | None:
    """The one message that the ids are, whole and one by one; None where they are none."""
    one_by_one = tok.stream(role=None, strict=True)
    failure = None
    try:
        events = [event for token in ids for event in one_by_one.feed(token)]
        events += one_by_one.close()
    except ParseError as error:
        failure = error.issue
    if failure is not None:
        with pytest.raises(ParseError) as whole:
            tok.parse(ids)
        assert whole.value.issue == failure
        return None
    [message] = one_by_one.messages
    assert_events_tell_messages(events, [message])
    assert tok.parse(ids).conversation.messages == (message,)
    return message


# -- fences ---------------------------------------------------------------------------------------

THOUGHT = "<s>{role}<m>[think {reasoning}/think ]{content}<e>"
FENCES = ["^think ", "/think "]
PIECES = st.sampled_from(["think ", "/think ", "think", "/", "//", " ", "t", "a", "/th", "é"])


@functools.cache
def thinker() -> ChatTokenizer:
    return row(THOUGHT, roles=_ROLES, fences=FENCES)


def thought(body: str) -> Message | None:
    """What the text between ``<m>`` and ``<e>`` says, by looking for the fences."""
    reasoning = None
    if body.startswith("think "):
        reasoning, found, body = body.removeprefix("think ").partition("/think ")
        if not found or body.startswith("think "):
            return None
    return Message(role="user", reasoning=reasoning, content=body)


@settings(deadline=None)
@given(st.lists(PIECES, max_size=8).map("".join))
@example("think a/think b")
@example("think //think b/think c")
@example("think a/think think b/think c")
@example("think a/thin/think ")
@example("thinkthink /think ")
def test_a_fence_ends_the_field_where_it_first_stands(body: str) -> None:
    assert read(thinker(), ids_of(f"<s>user<m>{body}<e>")) == thought(body)


@settings(deadline=None)
@given(st.lists(PIECES, max_size=8).map("".join))
@example("think ")
@example("think /think")
def test_what_may_be_a_fence_is_given_out_once_it_is_none(body: str) -> None:
    """Cut off anywhere, the text that was read is in the message, but for fences."""
    tok = thinker()
    parser = tok.stream(role=None)
    events = parser.feed_all(ids_of(f"<s>user<m>{body}"))
    events += parser.close()
    said = "".join(getattr(event, "text", "") for event in events)
    rest = body
    for fence in ("think ", "/think ") if body.startswith("think ") else ():
        before, _, after = rest.partition(fence)
        rest = before + after
    if not rest.startswith("think "):
        shown = said.removeprefix(rest)  # of a fence that nothing has followed
        assert said == rest + shown
        assert body.endswith(shown)
        assert len(shown) <= len("/think ")


def test_a_fence_is_read_whatever_was_decoded_before() -> None:
    tok = row(THOUGHT, roles=_ROLES, fences=FENCES)
    for body in ("hi", "think a/think b"):
        [message] = tok.decode(ids_of(f"<s>user<m>{body}<e>")).messages
        assert message == thought(body)


@pytest.mark.parametrize(
    "message",
    [
        Message(role="user", content="think me"),
        Message(role="user", reasoning="a/think b", content="c"),
        Message(role="user", reasoning="a", content="think c"),
    ],
)
def test_a_message_that_holds_a_fence_is_refused(message: Message) -> None:
    with pytest.raises(RenderError):
        thinker().encode([message])


@pytest.mark.parametrize(
    "message",
    [
        Message(role="user", content="I think me"),
        Message(role="user", content="/think "),
        Message(role="user", reasoning="think /think", content=" c"),
        Message(role="user", reasoning="", content=""),
        Message(role="user", reasoning="", content="think"),
    ],
)
def test_a_message_that_only_looks_like_it_is_not(message: Message) -> None:
    ids = thinker().encode([message])
    assert read(thinker(), ids) == message


@pytest.mark.parametrize("fences", [[], ["think "], ["^think "], ["/think ", "^thinks"]])
def test_a_row_lists_its_fences(fences: list[str]) -> None:
    with pytest.raises(FormatError, match="tells where"):
        row(THOUGHT, roles=_ROLES, fences=fences)


@pytest.mark.parametrize("fences", [FENCES, ["^t", "/"], ["^think ", "/think ", "^other"]])
def test_each_fence_whole_or_how_it_begins(fences: list[str]) -> None:
    tok = row(THOUGHT, roles=_ROLES, fences=fences)
    assert tok.format.machine.fences == [("content", "^think "), ("reasoning", "/think ")]


ARGUED = {
    "user": "<s>user<m>{content}<e>",
    "assistant": "<s>ai<m>{^}[, |{call.name}([-{arg.key}={arg.value:loose}/end ]*)]*<e>",
}
WHOLE, SHORT = ["/end -", "/end ), "], ["/end "]


@pytest.mark.parametrize(
    ("fences", "words"), [(WHOLE, WHOLE), (SHORT, SHORT), (["/end -", "/e"], ["/e"])]
)
def test_the_value_of_an_argument_ends_where_what_is_listed_is_complete(
    fences: list[str], words: list[str]
) -> None:
    found = row(ARGUED, fences=fences).format.machine.fences
    assert sorted(found) == sorted(("arg.value", word) for word in words)


@pytest.mark.parametrize(
    ("fences", "arguments", "issues"),
    [(WHOLE, '{"a": "1/end  -b=2"}', 0), (SHORT, '{"a": 1, "b": 2}', 1)],
)
def test_what_stands_between_two_arguments_is_none_of_the_value(
    fences: list[str], arguments: str, issues: int
) -> None:
    tok = row(ARGUED, fences=fences)
    parser = tok.stream()
    parser.feed_all(ids_of("f(-a=1/end  -b=2/end )<e>"))
    parser.close()
    assert [call.arguments for call in parser.messages[0].tool_calls] == [arguments]
    assert len(parser.issues) == issues


def test_a_value_that_holds_what_is_listed_is_refused() -> None:
    message = Message(
        role="assistant", tool_calls=(ToolCall(name="f", arguments='{"a": "1/end 2"}'),)
    )
    whole = row(ARGUED, fences=WHOLE)
    assert read(whole, whole.encode([message])) == message
    with pytest.raises(RenderError, match="at offset 1 this would be read as structure"):
        row(ARGUED, fences=SHORT).encode([message])


# -- a word of another line -----------------------------------------------------------------------


@functools.cache
def named() -> ChatTokenizer:
    return row({"user": "<s>user<m>{content}<e>", "tool": "<s>{name}<m>{content}<z>"})


@settings(deadline=None)
@given(st.text("user", min_size=1, max_size=6), st.sampled_from(["<e>", "<z>"]))
@example("user", "<e>")
@example("user", "<z>")
@example("users", "<z>")
@example("use", "<z>")
def test_a_name_is_never_the_word_of_another_line(name: str, end: str) -> None:
    message = read(named(), ids_of(f"<s>{name}<m>hi{end}"))
    if name == "user":
        assert message == (Message(role="user", content="hi") if end == "<e>" else None)
    else:
        written = Message(role="tool", name=name, content="hi")
        assert message == (written if end == "<z>" else None)
        assert named().encode([written]) == ids_of(f"<s>{name}<m>hi<z>")


def test_a_message_with_that_name_is_refused() -> None:
    with pytest.raises(RenderError):
        named().encode([Message(role="tool", name="user", content="hi")])


# -- scanners -------------------------------------------------------------------------------------


def readings(machine: Machine, ids: list[int]) -> list[list[tuple[str, str]]]:
    """Each reading of the ids: the fields in their order, each with its text."""
    table = {byte: bytes([byte]) for byte in range(256)}
    spellings = {BYTES.encode_single_token(spelling): spelling for spelling in SPECIALS}
    steps = Steps(machine, table, spellings)
    state, read = steps.start, [list[Run]()]
    for token in ids:
        step = steps.step(state, token)
        if step is None:
            return []
        state = step.state
        read = [[*read[origin], *runs] for origin, runs in step.branches]
    complete = [machine.all[place].accepts for place, _ in state.threads]
    return [_fields(runs) for runs, done in zip(read, complete, strict=True) if done]


def _fields(runs: list[Run]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for run in runs:
        field = run.place.meaning.field
        if field is not None and run.enters:
            found.append((field, run.text))
        elif field is not None:
            found[-1] = field, found[-1][1] + run.text
    return [
        (field, text) for field, text in found if text
    ]  # a fence may have been content until now


JSON = st.one_of(
    st.dictionaries(st.sampled_from(["a", "<m>", "}"]), st.sampled_from([1, "}", "{", {}, []])).map(
        json.dumps
    ),
    st.sampled_from(["{}", "{", "}", '{"', '"}', "{ }", "{}}", "{,}", "[]", "", "=", "a={}", "x"]),
)
CALLS = machine_of("<s>{content}[<m>{call.name}={call.arguments:object}]*<e>")


@settings(deadline=None)
@given(
    st.sampled_from(["", "hi", "{}", "a=", "call "]),
    st.lists(st.tuples(st.sampled_from(["f", "g.h", "", "ü"]), JSON), max_size=3),
)
@example("hi", [("f", '{"}": {}}'), ("g.h", "{}")])
@example("", [("f", "{}}")])
def test_an_object_ends_where_its_bracket_closes(
    content: str, calls: list[tuple[str, str]]
) -> None:
    ids = ids_of("<s>") + BYTES.encode_ordinary(content)
    for name, arguments in calls:
        ids += ids_of("<m>") + BYTES.encode_ordinary(f"{name}={arguments}")
    written = [("content", content)] if content else []
    for name, arguments in calls:
        written += [("call.name", name), ("call.arguments", arguments)]
    good = bool(calls) and all(
        name in ("f", "g.h") and scan(JsonObject(), arguments) == (len(arguments), True)
        for name, arguments in calls
    )
    assert readings(CALLS, [*ids, *ids_of("<e>")]) == ([written] if good else [])


OBJECTS = machine_of("<s>{content}call [,|{call:json name, arguments}]*<e>")
CALL = '{"name": "f", "arguments": {"a": "},{"}}'


@settings(deadline=None)
@given(st.lists(st.sampled_from(["call ", "call", " ", CALL, ",", "{}", "}", "a"]), max_size=7))
@example(["a", "call ", CALL, ",", CALL])
@example(["call ", CALL, "call "])
@example(["call ", CALL, ","])
def test_after_a_fence_come_objects(pieces: list[str]) -> None:
    body = "".join(pieces)
    content, fence, rest = body.partition("call ")
    written = [("content", content)] if content else []
    good = bool(fence)
    while good:
        stop, complete = scan(CallObject("name", "arguments"), rest)
        written.append(("call", rest[:stop]))
        good, rest = complete, rest[stop:]
        if not rest:
            break
        good = good and rest.startswith(",")
        rest = rest[1:]
    found = readings(OBJECTS, ids_of(f"<s>{body}<e>"))
    assert found == ([written] if good else [])


def test_a_name_is_no_word_with_which_another_begins() -> None:
    tok = row(
        {
            "tool": "<s>{name}<m>{content}<e>",
            "user": "<s>user<m>{content}<e>",
            "assistant": "<s>user_x<m>{content}<e>",
        }
    )
    for name in ("user", "user_x"):
        with pytest.raises(RenderError, match=name):
            tok.encode([Message(role="tool", name=name, content="")])
    for name in ("use", "user_", "user_xy"):
        message = Message(role="tool", name=name, content="")
        assert tok.decode(tok.encode([message])).messages == (message,)


def test_a_group_around_a_content_is_not_read_around_none() -> None:
    tok = row({"user": "[{content}xy]b{tools}<e>"}, fences=["xyb", "^b"])
    assert tok.decode(ids_of("axyb<e>")).messages[0].content == "a"
    with pytest.raises(ParseError, match="id 2"):
        tok.decode(ids_of("xyb<e>"))


@pytest.mark.parametrize("word", ["user", "users", "u", "x"])
def test_a_name_has_an_end_though_it_may_not_be_just_some_word(word: str) -> None:
    tok = row({"user": "<s>user to<m>{content}<e>", "tool": "<s>{name} to<m>{content}<e>"})
    name = word + "x" * (64 - len(word))
    assert tok.decode(ids_of(f"<s>{name} to<m><e>")).messages[0].name == name
    with pytest.raises(ParseError, match="malformed header"):
        tok.decode(ids_of(f"<s>{name}x to<m><e>"))


@pytest.mark.parametrize("field", ["reasoning", "tools"])
@pytest.mark.parametrize("group", ["[x{%s}]", "[{%s}x]", "[<z>{%s}]", "[{%s}<z>]"])
def test_a_group_around_an_empty_text_is_read_as_one(group: str, field: str) -> None:
    tok = row({"user": f"<s>{group % field}<m>{{content}}<e>"}, fences=["x"])
    for text in ("", None, "a"):
        message = Message.model_validate({"role": "user", "content": "b", field: text})
        assert tok.decode(tok.encode([message])).messages == (message,)
