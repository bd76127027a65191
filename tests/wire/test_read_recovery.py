"""Lenient reading of one error in a header, by example."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import tiktoken

from assertions import assert_events_tell_messages
from chatfmt import (
    ChatFormat,
    ChatTokenizer,
    IssueKind,
    Message,
    MessageEnd,
    MessageStart,
    ParseError,
    RenderError,
    Stray,
)
from formats_under_test import tokenizer_for
from letters import SPECIALS, bytewise, in_pieces, row
from recovery import ids_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatfmt import Event, StreamParser

STRANGE = 10_000_000


def read(tok: ChatTokenizer, ids: Sequence[int]) -> tuple[StreamParser, list[Event]]:
    """A parser that has read the ids one at a time, and its events."""
    parser = tok.stream(role=None)
    events = [event for token in ids for event in parser.feed(token)]
    events += parser.close()
    assert_events_tell_messages(events, parser.messages)
    return parser, events


def strays(events: Sequence[Event]) -> list[str]:
    return [event.text for event in events if isinstance(event, Stray)]


# -- a header field that was broken off takes no more text ----------------------------------------


@pytest.mark.parametrize(
    ("between", "left"),
    [
        ("<|endoftext|>", ["<|endoftext|>", "x"]),
        ("<|im_sep|>", None),
        (STRANGE, ["x"]),
        (" ", [" x"]),
        ("\t", ["\t", "x"]),
        (" na<<", [" na<<", "x"]),
    ],
)
def test_a_role_that_was_broken_off(between: str | int, left: list[str] | None) -> None:
    tok = tokenizer_for("gpt-4o")
    pieces = ("<|im_start|>", "user", between, "x", "<|im_sep|>", "hi", "<|im_end|>")
    parser, events = read(tok, ids_of(tok, pieces))
    if left is None:  # the header is whole
        assert parser.messages == [Message(role="user", content="xhi")]
    else:
        assert parser.messages == [Message(role="user", content="hi")]
        assert "".join(strays(events)) == "".join(left)


@pytest.mark.parametrize("between", ["<|channel|>", "<|endoftext|>", STRANGE])
def test_two_channels_are_not_one(between: str | int) -> None:
    tok = tokenizer_for("harmony")
    pieces = (
        *("<|start|>", "assistant", "<|channel|>", "fin", between, "al"),
        *("<|message|>", "ok", "<|return|>"),
    )
    parser, events = read(tok, ids_of(tok, pieces))
    assert parser.messages == [Message(role="assistant", channel="fin", content="ok")]
    assert strays(events)[-1] == "al"
    assert [issue.position for issue in parser.issues] == [4, 5]


def test_literal_text_goes_on_after_a_token_that_has_no_place() -> None:
    tok = tokenizer_for("harmony")
    pieces = (
        *("<|start|>", "assistant", "<|endoftext|>", " to=x", "<|channel|>", "final"),
        *("<|message|>", "ok", "<|return|>"),
    )
    parser, _ = read(tok, ids_of(tok, pieces))
    message = Message(role="assistant", recipient="x", channel="final", content="ok")
    assert parser.messages == [message]


def test_half_a_character_does_not_go_on_with_a_field_that_was_broken_off() -> None:
    tok = row("<s>{role}[ {name}]<m>{content}<e>", roles={"user": "user"})
    ids = [*in_pieces(["<s>", "user a", "<z>"]), 0xC3, 0xA4, *in_pieces(["<m>", "hi", "<e>"])]
    parser, events = read(tok, ids)
    assert parser.messages == [Message(role="user", name="a", content="hi")]
    assert strays(events) == ["<z>", "ä"]


# -- literal text that was begun and does not go on ------------------------------------------------


@pytest.mark.parametrize("text", [" na<<", " <<", " name=<<", " name=Ann name=<<"])
def test_a_literal_that_breaks_off_leaves_the_header_to_be_closed(text: str) -> None:
    tok = tokenizer_for("gpt-4o")
    pieces = ("<|im_start|>", f"user{text}", "<|im_sep|>", "hi", "<|im_end|>")
    parser, events = read(tok, ids_of(tok, pieces))
    [message] = parser.messages
    assert (message.role, message.content) == ("user", "hi")
    name = "Ann" if "Ann" in text else None
    assert message.name == name
    assert "".join(strays(events)) == text.removeprefix(f" name={name}")


# -- a fence is whole, or text of its field --------------------------------------------------------

FENCED = "<s>{role}<m>[think {reasoning}/think ]{content}<e>"


@pytest.mark.parametrize("said", ["think a/think ", "think /think ", "think a/think b"])
def test_a_fence_right_before_the_end_of_the_input_is_no_stray(said: str) -> None:
    tok = row(FENCED, roles={"user": "user"}, fences=["^think ", "/think "])
    parser, events = read(tok, in_pieces(["<s>", f"user<m>{said}"]))
    [message] = parser.messages
    assert f"think {message.reasoning}/think {message.content}" == said
    assert strays(events) == []


def test_a_literal_that_is_cut_off_comes_out() -> None:
    tok = tokenizer_for("think")
    ids = ids_of(tok, ["<|im_start|>", "user\n", "<think>", "\na\n", "</think>", "\n"])
    parser, events = read(tok, ids)
    assert parser.messages == [Message(role="user", reasoning="a", content="")]
    assert strays(events) == ["\n"]


# -- roles -----------------------------------------------------------------------------------------


def test_a_role_is_told_once_where_the_format_has_but_one() -> None:
    tok = row("<s>{role}<m>{content}<e>", roles={"user": "user"})
    _, events = read(tok, in_pieces(["<s>", "user<m>hi", "<e>"]))
    assert [event for event in events if isinstance(event, MessageStart)] == [(0, "user")]
    parser, _ = read(tok, in_pieces(["<s>", "narrator<m>hi", "<e>"]))
    assert parser.messages == [Message(role="narrator", content="hi")]
    assert [issue.kind for issue in parser.issues] == [IssueKind.UNKNOWN_ROLE]


@pytest.mark.parametrize("name", ["gpt-3.5-turbo", "gpt-4o", "llama-3"])
def test_text_that_stands_where_a_role_should_have_ended_is_not_lost(name: str) -> None:
    """Nobody can tell where the role ends, so nobody is made the author."""
    tok = tokenizer_for(name)
    start = {"llama-3": "<|start_header_id|>"}.get(name, "<|im_start|>")
    end = {"llama-3": "<|eot_id|>"}.get(name, "<|im_end|>")
    pieces = (start, "userhello", end)
    parser, events = read(tok, [*tok.encode([]), *ids_of(tok, pieces)])
    assert parser.messages == []
    assert "".join(strays(events)) == f"userhello{end}"
    assert IssueKind.UNKNOWN_ROLE in [issue.kind for issue in parser.issues]
    assert {issue.position for issue in parser.issues} == {len(tok.encode([])) + 3}


def test_a_role_that_the_format_lacks_is_kept_where_its_end_is_clear() -> None:
    tok = tokenizer_for("harmony")
    pieces = ("<|start|>", "narrator ", "<|channel|>", "a", "<|message|>", "ok", "<|end|>")
    parser, events = read(tok, ids_of(tok, pieces))
    assert parser.messages == [Message(role="narrator", channel="a", content="ok")]
    assert strays(events) == [" "]


# -- headers that are too long ---------------------------------------------------------------------


@pytest.mark.parametrize("close", ["\n", "<m>"])
@pytest.mark.parametrize(("name", "fits"), [("ann", True), ("anna", True), ("annab", False)])
def test_a_header_is_too_long_by_its_last_character(close: str, name: str, *, fits: bool) -> None:
    """Whatever closes it; as `encode` has it."""
    longest = 10 if close == "\n" else 9
    line = f"<s>{{role}}[ {{name}}]{close}{{content}}<e>"
    tok = row(line, roles={"user": "user"}, longest_header=longest)
    message = Message(role="user", name=name, content="hi")
    ids = in_pieces(["<s>", f"user {name}{close}hi", "<e>"])
    parser, _ = read(tok, ids)
    assert parser.messages[0].name == name
    if fits:
        assert tok.encode([message]) == ids
        assert tok.decode(ids).messages == (message,)
        assert parser.issues == []
        return
    with pytest.raises(RenderError, match="the header would have"):
        tok.encode([message])
    with pytest.raises(ParseError, match="a header of at most"):
        tok.decode(ids)
    [issue] = parser.issues
    assert issue.kind is IssueKind.MALFORMED_HEADER
    assert issue.position == (11 if close == "\n" else 10)


def test_a_header_that_is_too_long_loses_no_text() -> None:
    tok = row("<s>{role}[ {name}]\n{content}<e>", roles={"user": "user"}, longest_header=8)
    parser, events = read(tok, in_pieces(["<s>", "user annabel\nhi", "<e>"]))
    [message] = parser.messages
    assert message == Message(role="user", name="anna", content="")
    assert "".join(strays(events)) == "bel\nhi"
    assert [issue.position for issue in parser.issues] == [9]


# -- what may come next ----------------------------------------------------------------------------


def test_only_a_token_that_leads_on_may_follow_text_that_has_no_place() -> None:
    tok = tokenizer_for("harmony")
    special = tok.encoding.special_tokens
    parser = tok.stream(role=None)
    parser.feed_all(ids_of(tok, ["<|start|>", "assistant<<"]))
    allowed = parser.allowed()
    assert not allowed.text
    for spelling in tok.format.special_tokens:
        leads = tok.stream(role=None)
        leads.feed_all(ids_of(tok, ["<|start|>", "assistant<<"]))
        events = leads.feed(special[spelling])
        passed_over = any(isinstance(e, Stray) and e.text == spelling for e in events)
        assert (special[spelling] in allowed.special_tokens) is not passed_over, spelling


def test_only_the_beginning_of_a_message_may_follow_text_outside_of_any() -> None:
    tok = tokenizer_for("gpt-4o")
    parser = tok.stream(role=None)
    parser.feed_all(ids_of(tok, ["<<"]))
    assert parser.allowed() == (frozenset({tok.encoding.special_tokens["<|im_start|>"]}), False)


def test_a_field_that_was_broken_off_allows_no_more_text() -> None:
    tok = row("<s>{role}<m>{content}<e>", roles={"user": "user"})
    parser = tok.stream(role=None)
    parser.feed_all(in_pieces(["<s>", "user", "<z>"]))
    assert parser.allowed() == (frozenset(in_pieces(["<m>"])), False)


# -- the end of the input --------------------------------------------------------------------------


@pytest.mark.parametrize("pieces", [("<|im_start|>", "user"), ("<|im_start|>", "user<|im_sep|>")])
def test_a_message_that_has_not_begun_has_no_end(pieces: Sequence[str]) -> None:
    tok = tokenizer_for("gpt-4o")
    parser, events = read(tok, ids_of(tok, pieces))
    assert parser.messages == []
    assert events == [MessageStart(0, "user")]
    assert not any(isinstance(event, MessageEnd) for event in events)
    assert [issue.kind for issue in parser.issues] == [IssueKind.OPEN_MESSAGE]


def test_a_literal_of_which_the_beginning_was_left_out_leads_back_past_it() -> None:
    tok = row("<s>{role}[ +ab{name}]<m>{content}<e>", roles={"user": "user"})
    parser, events = read(tok, in_pieces(["<s>", "user+a<<", "<m>", "hi", "<e>"]))
    assert parser.messages == [Message(role="user", content="hi")]
    assert "".join(strays(events)) == "+a<<"


def test_a_prologue_that_breaks_off_is_stray() -> None:
    tok = row("<s>{role}<m>{content}<e>", roles={"user": "user"}, prologue="ab")
    parser, events = read(tok, in_pieces(["ax", "<s>", "user<m>hi", "<e>"]))
    assert parser.messages == [Message(role="user", content="hi")]
    assert "".join(strays(events)) == "ax"


@pytest.mark.parametrize(("spaces", "closes"), [(7, True), (8, False)])
def test_white_space_is_taken_back_as_far_as_it_may_cost(spaces: int, *, closes: bool) -> None:
    white = " " * spaces
    line = f"<s>{{role}}[{white}<z><z>{{name}}]<m>{{content}}<e>"
    tok = row(line, roles={"user": "user"})
    parser, events = read(tok, in_pieces(["<s>", f"user{white}", "<m>", "hi", "<e>"]))
    [message] = parser.messages
    assert (message.name, message.content) == ((None, "hi") if closes else ("hi", ""))
    assert strays(events) == ([white] if closes else ["<m>"])


def test_a_field_that_is_not_there_may_be_skipped() -> None:
    """Where a token follows: text would be taken for what comes after the field."""
    line = "<s>{role}<m>{name}<z>{recipient}<m>{content}<e>"
    tok = row(line, roles={"user": "user"})
    parser, events = read(tok, in_pieces(["<s>", "user<m><z>b", "<m>", "hi", "<e>"]))
    assert parser.messages == [Message(role="user", recipient="b", content="hi")]
    assert not strays(events)
    assert len(parser.issues) == 1


def test_text_is_not_spliced_into_literal_text() -> None:
    """What follows would be taken for a field that nobody wrote."""
    tok = row("<s>{role}[ to={recipient}]<m>{content}<e>", roles={"user": "user"})
    parser, events = read(tok, in_pieces(["<s>", "user ok", "<m>", "hi", "<e>"]))
    assert parser.messages == [Message(role="user", content="hi")]
    assert "".join(strays(events)) == " ok"


def test_what_is_held_back_is_text_of_its_field_where_the_message_is_cut_off() -> None:
    tok = row(FENCED, roles={"user": "user"}, fences=["^think ", "/think "])
    ids = in_pieces(["<s>", "user<m>think a/th", "<s>", "user<m>b", "<e>"])
    parser, events = read(tok, ids)
    assert [(m.reasoning, m.content) for m in parser.messages] == [("a/th", ""), (None, "b")]
    assert strays(events) == []


@pytest.mark.parametrize(
    ("text", "reasoning", "content"),
    [("think a/th", "a/th", ""), ("thi", None, "thi"), ("think a/think b", "a", "b")],
)
def test_what_is_held_back_is_in_the_open_message(
    text: str, reasoning: str | None, content: str
) -> None:
    tok = row(FENCED, roles={"user": "user"}, fences=["^think ", "/think "])
    parser = tok.stream(role=None)
    parser.feed_all(in_pieces(["<s>", f"user<m>{text}"]))
    message = Message(role="user", reasoning=reasoning, content=content)
    assert parser.open_content == message
    parser.close()
    assert parser.messages == [message]


def test_an_id_outside_the_vocabulary_is_reported_once_where_nothing_is_open() -> None:
    tok = tokenizer_for("gpt-4o")
    parser, _ = read(tok, [*ids_of(tok, ["<<"]), STRANGE, STRANGE])
    assert [issue.kind for issue in parser.issues] == [IssueKind.UNEXPECTED_TEXT]
    parser, _ = read(tok, [*ids_of(tok, ["<|im_start|>", "user<<"]), STRANGE, STRANGE])
    kinds = [issue.kind for issue in parser.issues[:3]]
    assert kinds == [IssueKind.MALFORMED_HEADER, *[IssueKind.OUT_OF_VOCABULARY] * 2]


def with_token(token: bytes) -> ChatTokenizer:
    encoding = tiktoken.Encoding(
        "with a token",
        pat_str="(?s).",
        mergeable_ranks={**{bytes([byte]): byte for byte in range(256)}, token: 256},
        special_tokens={spelling: 257 + i for i, spelling in enumerate(SPECIALS)},
    )
    template = "<s>{role}\n{content}<e>"
    tokens = ["<s>", "<e>"]
    return ChatTokenizer(
        ChatFormat(name="row", template=template, special_tokens=tokens, roles={"user": "user"}),
        encoding,
    )


def test_half_a_character_after_text_that_was_passed_over_goes_on() -> None:
    tok = with_token(b" \n\xc3")
    special = tok.encoding.special_tokens
    ids = [special["<s>"], *b"user", 256, 0xA4, special["<e>"]]
    parser, events = read(tok, ids)
    assert parser.messages == [Message(role="user", content="\u00e4")]
    assert strays(events) == [" "]
    assert [(i.kind, i.position) for i in parser.issues] == [
        (IssueKind.MALFORMED_HEADER, 5),
        (IssueKind.STRADDLING_TOKEN, 5),
    ]


def test_half_a_character_after_text_that_was_passed_over_is_reported_with_it() -> None:
    tok = with_token(b" \xc3")
    special = tok.encoding.special_tokens
    ids = [special["<s>"], *b"user", 256, 0xA4, *b"\nhi", special["<e>"]]
    parser, events = read(tok, ids)
    assert [(i.kind, i.position) for i in parser.issues][:1] == [(IssueKind.MALFORMED_HEADER, 5)]
    assert len([i for i in parser.issues if i.position == 5]) == 1
    assert "\u00e4" in "".join(strays(events))


def test_a_token_across_the_place_where_a_prompt_ends_is_reported_once() -> None:
    token = b"\nthink a/think b"
    encoding = tiktoken.Encoding(
        "straddling",
        pat_str="(?s).",
        mergeable_ranks={**{bytes([byte]): byte for byte in range(256)}, token: 256},
        special_tokens={spelling: 257 + i for i, spelling in enumerate(SPECIALS)},
    )
    tok = ChatTokenizer(
        ChatFormat(
            name="row",
            template="<s>{role}\n[think {reasoning}/think ]{content}<e>",
            special_tokens=["<s>", "<e>"],
            roles={"user": "user"},
            fences=["^think ", "/think "],
        ),
        encoding,
    )
    special = encoding._special_tokens
    ids = [special["<s>"], *b"user", 256, special["<e>"]]
    parser = tok.stream(role=None)
    parser.feed_all(ids)
    assert parser.messages == [Message(role="user", reasoning="a", content="b")]
    assert [(i.kind, i.position) for i in parser.issues] == [(IssueKind.STRADDLING_TOKEN, 5)]


@pytest.mark.parametrize("sampled", ["<calls>\n</calls>", "<calls>\n"])
def test_a_call_list_without_a_call_is_the_answer_of_whoever_was_prompted(sampled: str) -> None:
    """The first word of the list tells of the line, and then nothing is a call."""
    calls = "<calls>\n[\n|{call:json name, arguments}]*\n</calls>"
    lines = {
        "user": "<s>user\n{content}<e>",
        "assistant": ["<s>ai\n{^}{content}<e>", f"<s>ai\n{{^}}{calls}<e>"],
    }
    made = ChatFormat(
        name="row", template=lines, special_tokens=["<s>", "<e>"], fences=["^<calls>\n"]
    )
    tok = bytewise(made)
    ids = [*sampled.encode(), tok.encoding.special_tokens["<e>"]]
    transcript = tok.render([{"role": "user", "content": "q"}])
    transcript.prompt()
    assert [message.role for message in transcript.append_completion(ids).messages] == ["assistant"]
    parser = tok.stream()
    events = [event for token in ids for event in parser.feed(token)] + parser.close()
    assert [type(event) for event in events if not isinstance(event, Stray)] == [
        MessageStart,
        MessageEnd,
    ]
    assert sampled.strip() in "".join(strays(events))
