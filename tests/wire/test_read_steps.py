"""Steps of the machine that no format of the table needs: scanners, bounds, half characters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chatfmt import Allowed, ContentDelta, IssueKind, Message, MessageEnd, ParseError, Stray
from chatfmt.wire.read import recovery, steps
from chatfmt.wire.read.characters import HERE
from chatfmt.wire.read.recovery import Repairs, Stand
from chatfmt.wire.read.steps import Steps
from formats_under_test import tokenizer_for
from letters import BYTES, SPECIALS, ids_of, in_pieces, row
from one_line import machine_of, parser_of

if TYPE_CHECKING:
    from chatfmt.wire.read.state import State, Step

TABLE = {byte: bytes([byte]) for byte in range(256)}
SPELLINGS = {BYTES.encode_single_token(spelling): spelling for spelling in SPECIALS}
CALL = "<s>{content}[<m>{call.name}={call.arguments:object}]*<e>"


def walked(walker: Steps, text: str) -> State | None:
    """The state after a text, or None where no reading goes on."""
    state = walker.start
    for token in ids_of(text):
        step = walker.step(state, token)
        if step is None:
            return None
        state = step.state
    return state


# -- scanners --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "reads"),
    [
        ("<s>hi<m>f={}<e>", True),
        ('<s><m>f={"a": "<"}<m>g={}<e>', True),
        ("<s><m>f=[]", False),
        ("<s><m>f={}}", False),
        ("<s><m>f={<e>", False),
        ("<s><m>f={<m>", False),
        ("<s><m>f={x", False),
        ("<s><m>f=x", False),
    ],
)
def test_a_scanner_says_where_its_field_ends(text: str, *, reads: bool) -> None:
    assert (walked(Steps(machine_of(CALL), TABLE, SPELLINGS), text) is not None) is reads


@pytest.mark.parametrize(
    ("text", "tokens", "more"),
    [
        ("<s><m>f", "", True),
        ("<s><m>f=", "", True),
        ("<s><m>f={", "", True),
        ("<s><m>f={}", "<m><e>", False),
        ("<s>hi", "<m>", True),
        ("<s>", "<m>", True),
    ],
)
def test_what_may_come_next_is_up_to_the_scanner(text: str, tokens: str, *, more: bool) -> None:
    walker = Steps(machine_of(CALL), TABLE, SPELLINGS)
    state = walked(walker, text)
    assert state is not None
    assert walker.allowed(state) == ({SPELLINGS[token] for token in ids_of(tokens)}, more)


def test_a_character_outside_ascii_may_come_within_a_scanner() -> None:
    walker = Steps(machine_of(CALL), TABLE, SPELLINGS)
    state = walked(walker, '<s><m>f={"')
    assert state is not None
    assert walker.may_begin(state, b"\xc3")
    begun = walker.step(state, 0xC3)
    assert begun is not None
    assert begun.state.pending == b"\xc3"
    ended = walker.step(begun.state, 0xA4)
    assert ended is not None
    assert not ended.state.pending


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("<s>{content}<e>\u3000", "<s>hi<e>"),  # literal text
        ("<s>é{name}[:{channel}]<m>{content}<e>", "<s>"),
        ("<s>{name}é<m>{content}<e>", "<s>"),  # the alphabet of a header field
        ("<s>{name}é<m>{content}<e>", "<s>x"),
        ("<s>{role}<m>{content}<e>", "<s>"),
        ("<s>{content}é\u2028<e>", "<s>hi"),  # a fence
        ("<s>{content}é\u2028<e>", "<s>hié"),
        ("<s>{content}<e>", "<s>"),  # free text
        (CALL, '<s><m>f={"'),  # a scanner
        (CALL, "<s><m>f={"),
        (CALL, "<s><m>f"),
    ],
)
def test_half_a_character_is_taken_if_one_that_begins_like_it_is(line: str, text: str) -> None:
    walker = Steps(machine_of(line), TABLE, SPELLINGS)
    state = walked(walker, text)
    assert state is not None
    for data in ("é", "\u3000", "\u3a40", "\u2003", "\u2028", "\u20ac", "中", "\U0001f600"):
        for size in range(1, len(data.encode())):
            begun = data.encode()[:size]
            taken = any(
                walker.character(state, chr(number), HERE) is not None
                for number in (*range(0x80, 0xD800), *range(0x1F600, 0x1F640))
                if chr(number).encode().startswith(begun)
            )
            step: Step | None = None
            here = state
            for byte in begun:
                step = walker.step(here, byte)
                if step is None:
                    break
                here = step.state
            assert (step is not None) is taken, begun


def test_a_wrong_character_is_reported_with_the_byte_that_rules_it_out() -> None:
    tok = row({"user": "<s>{content}<e>"}, prologue="\u3000")
    with pytest.raises(ParseError, match="id 1: unexpected text"):
        tok.decode([0xE3, *"\u3a40".encode()[1:]])
    read = tok.parse([0xE3, *"\u3a40".encode()[1:], *ids_of("<s>hi<e>")], strict=False)
    assert read.conversation.messages == (Message(role="user", content="hi"),)
    assert [event.position for event in read.issues] == [1]


def test_of_two_readings_that_come_together_the_first_is_kept() -> None:
    """No format has such lines: the proof refuses them."""
    walker = Steps(machine_of("<s>[ a{name}][ ab{recipient}]<m>{content}<e>"), TABLE, SPELLINGS)
    state = walked(walker, "<s> abc")
    assert state is not None
    assert len(state.threads) == 2
    after = walker.step(state, ids_of("<m>")[0])
    assert after is not None
    assert len(after.state.threads) == 1
    [(origin, _)] = after.branches
    assert origin == 0


def test_of_two_readings_that_come_together_in_a_text_the_first_is_kept() -> None:
    walker = Steps(machine_of("<s>[ a{name}][ ab{recipient}];{content}<e>"), TABLE, SPELLINGS)
    state = walked(walker, "<s> abc")
    assert state is not None
    after = walker.step(state, ord(";"))
    assert after is not None
    assert len(state.threads) > len(after.state.threads) == 1


# -- one message after another ---------------------------------------------------------------------


def test_a_message_without_an_end_is_over_where_the_next_begins() -> None:
    parser = parser_of("<s>{content}{next}")
    events = parser.feed_all(in_pieces(["<s>", "hi", "<s>", "ho"]))
    assert events[:3] == [
        (0, "a"),
        ContentDelta(0, "content", "hi"),
        MessageEnd(0, Message(role="a", content="hi"), ids_of("<s>")[0]),
    ]
    parser.close()
    assert [message.content for message in parser.messages] == ["hi", "ho"]
    second = [span[:4] for span in parser.spans if span.message == 1]
    assert second == [(3, 4, 1, "header"), (4, 6, 1, "content")]


# -- half characters -------------------------------------------------------------------------------


def test_half_a_character_where_only_a_certain_one_may_stand() -> None:
    tok = row("<s>{role}[ä{name}]<m>{content}<e>", roles={"user": "user"})
    ids = [*in_pieces(["<s>", "user"]), 0xC3, *in_pieces(["<m>", "hi", "<e>"])]
    parser = tok.stream(role=None)
    events = [event for token in ids for event in parser.feed(token)]
    assert parser.messages == [Message(role="user", content="hi")]
    assert [event.text for event in events if isinstance(event, Stray)] == [
        "\N{REPLACEMENT CHARACTER}"
    ]
    assert parser.issues[0].kind is IssueKind.INVALID_UTF8
    assert parser.issues[0].position == 5


@pytest.mark.parametrize(("data", "text"), [([0xFF], "\ufffd"), ([0xC3, 0xA4], "ä")])
def test_bytes_where_no_such_character_may_stand(data: list[int], text: str) -> None:
    tok = row("<s>{role}<m>{content}<e>", roles={"user": "user"})
    ids = [*in_pieces(["<s>", "user"]), *data, *in_pieces(["<m>", "hi", "<e>"])]
    parser = tok.stream(role=None)
    events = [event for token in ids for event in parser.feed(token)]
    assert parser.messages == [Message(role="user", content="hi")]
    assert "".join(event.text for event in events if isinstance(event, Stray)) == text


def test_only_text_may_follow_half_a_character() -> None:
    parser = row("<s>{role}<m>{content}<e>", roles={"user": "user"}).stream(role=None)
    parser.feed_all([*in_pieces(["<s>", "user<m>"]), 0xC3])
    assert parser.allowed() == Allowed(frozenset(), text=True)


# -- what is remembered is bounded -----------------------------------------------------------------


def test_a_long_token_is_not_remembered() -> None:
    machine = machine_of("<s>{name}<m>{content}<e>")
    walker = Steps(machine, {0: b"x" * 64, 1: b"x" * 65}, {2: "<s>", 3: "<m>"})
    step = walker.step(walker.start, 2)
    assert step is not None
    state = step.state
    for token in (0, 1):
        walker.step(state, token)
    assert set(state.steps) == {0}


def test_steps_are_forgotten_once_there_are_too_many() -> None:
    many = steps._MOST_STEPS
    walker = Steps(machine_of("<s>{content}<e>"), dict.fromkeys(range(many + 9), b"x"), {-1: "<s>"})
    begun = walker.step(walker.start, -1)
    assert begun is not None
    for token in range(many + 9):
        walker.step(begun.state, token)
    assert len(walker.start.steps) == 0
    assert 10 <= len(begun.state.steps) < 20  # states count, too
    again = walker.step(begun.state, 0)
    assert again is not None
    assert again.branches


def test_whoever_stands_in_a_state_that_is_forgotten_goes_on() -> None:
    tok = tokenizer_for("harmony")
    ids = tok.encode([Message(role="user", name="Ann", channel="final", content="hi there")])
    for at in range(len(ids)):
        parser = tok.stream(role=None)
        parser.feed_all(ids[:at])
        parser._reader.steps.forget()
        parser.feed_all(ids[at:])
        assert (parser.messages, parser.issues) == ([*tok.decode(ids).messages], [])


def test_ways_on_are_forgotten_once_there_are_too_many() -> None:
    machine = machine_of("<s>{name}\n<m>{content}<e>")
    walker = Steps(machine, TABLE, SPELLINGS)
    state = walked(walker, "<s>x")
    assert state is not None
    stands = (Stand(state.threads[0][0]),)
    repairs = Repairs(machine)
    known = repairs.find(stands, "<m>")
    assert known is not None
    assert known.spelling == "\n"
    for number in range(recovery._MOST_KNOWN):
        repairs.find(stands, f"<{number}>")
    assert len(repairs._known) <= recovery._MOST_KNOWN
    assert repairs.find(stands, "<m>") == known
