"""Refusals of a row, each of whose lines is well formed."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from chatfmt import ChatFormat, ChatTokenizer, Conversation, FormatError, Message, RenderError
from letters import BYTES, ids_of, row

ASK = "<s>user<m>{content}<e>"
SAY = "<s>ai<m>{^}{content}<e>"
RESULTS = {"open": "<s>tool", "each": "<m>{content}<z>", "close": "<e>"}


def refused(template: Any, **more: Any) -> str:
    with pytest.raises(FormatError) as error:
        row(template, **more)
    return str(error.value).removeprefix("format row")


NAMED = "<m>{call.name}"
TRAINED = "expected the token that stops the model as training_end"


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("<s>ai<m>{^}{content}{next}", TRAINED),
        ({"line": "<s>ai<m>{^}{content}{next}", "training_end": "<e>"}, TRAINED),
        ({"line": "<s>ai<m>{^}{content}{next}", "training_end": "<x>"}, "a special token that"),
        (
            [
                {"line": "<s>ai<m>{^}{content}{next}", "training_end": "<z>"},
                "<s>ai<m>{^}{content}<z><e>",
            ],
            "{next} ends some of its lines; let it end all or none",
        ),
        (
            [{"line": "<s>ai<m>{^}{content}<e>", "after": ["user"]}, "<s>ai<m>{content}<z>{^}<e>"],
            "",
        ),
        (
            [
                {"line": "<s>ai<m>{^}{content}<e>", "after": ["user"]},
                {"line": "<s>ai{^}<m>{content}<z><e>", "after": ["user"]},
            ],
            "a prompt would have to know which of the lines comes next",
        ),
    ],
)
def test_lines_without_an_end_or_for_one_place(lines: Any, said: str) -> None:
    template = {"user": ASK, "assistant": lines}
    if said:
        assert said in refused(template, stops=["<z>"] if "<z>" in str(lines) else [])
    else:
        assert row(template).format.placed == {"assistant"}


EACH = "[<z>{arg.key}<m>{arg.value}]*"
LOOSE = "[<z>{arg.key}<m>{arg.value:loose}]*"


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (
            [f"<s>ai{{^}}{EACH}<e>"],
            ", role assistant: a list of arguments must be inside the item of a call: […[…]*…]*",
        ),
        (
            [f"<s>ai{{^}}[{NAMED}<m>{{call.arguments}}{EACH}<z>]*<e>"],
            "a call has its arguments twice",
        ),
        (
            ["<s>ai{^}[<m>{call.id}" + EACH + "<z>]*<e>"],
            "a call needs {call.name} and {call.arguments}, or a list of arguments",
        ),
        (
            [f"<s>ai<m>{{^}}[{NAMED}{LOOSE}<z>]*<e>", f"<s>ai<m>{{^}}<z>[{NAMED}{EACH}<z>]*<e>"],
            "all lines must spell the values of arguments in one way; found loose and as JSON",
        ),
        (
            [
                f"<s>ai<m>{{^}}[{NAMED}{EACH}<z>]*<e>",
                f"<s>ai<m>{{^}}<z>[{NAMED}<m>{{call.arguments}}<z>]*<e>",
            ],
            "all lines must write the arguments of a call in one way",
        ),
        (
            [f"<s>ai{{^}}[{LOOSE}{NAMED}<z>]*<e>"],
            "the tool would be known only after its arguments",
        ),
    ],
)
def test_arguments_one_by_one(lines: list[str], said: str) -> None:
    assert said in refused({"user": ASK, "assistant": lines})


@pytest.mark.parametrize(
    ("ends", "stops", "said"),
    [
        ({}, ["<z>"], ": the stop <z> is not listed in special_tokens"),
        (
            {"<e>": "stop", "<z>": "stop"},
            ["<e>"],
            ": ends says which of them stop the model; leave out stops",
        ),
        (
            {"<e>": "continue", "<z>": "continue"},
            [],
            ": no end token stops the model; mark one of ends as stop",
        ),
        ({"<e>": "stop", "<x>": "stop"}, [], ": the end <x> is not listed in special_tokens"),
        ({"<e>": "halt"}, [], ': <e> must be "stop" or "continue", not \'halt\''),
    ],
)
def test_what_stops_a_model(ends: dict[str, str], stops: list[str], said: str) -> None:
    line = "<s>ai<m>{^}{content}" + ("{end}" if ends else "<e>")
    user = "<s>user<m>{content}" + ("{end}" if ends else "<e>")
    assert refused({"user": user, "assistant": line}, ends=ends, stops=stops) == said


def test_a_stop_that_ends_no_message_is_one_all_the_same() -> None:
    tok = row({"user": ASK, "assistant": "<s>ai<m>{^}{content}<z>"}, stops=["<z>"])
    special = tok.encoding.special_tokens
    assert tok.stop_tokens == {special["<z>"]}
    assert tok.format.ends_of("user") == {"<e>": False}


THINK = "<s>ai<m>think {^}{reasoning}<z>{content}<e>"
TWO_PROMPTS = (
    ", role assistant: a prompt would have to know which of the lines comes next; put {^} where "
    "they still write the same text"
)


@pytest.mark.parametrize(
    ("template", "speakers", "said"),
    [
        (
            {"user": ASK, "assistant": SAY},
            ["cook"],
            ": the speaker cook is not one of the roles",
        ),
        (
            {"user": ASK, "assistant": [SAY, "<s>tool<m>{content}{^}<e>"]},
            [],
            TWO_PROMPTS,
        ),
        (
            {
                "user": ASK,
                "assistant": [THINK, "<s>ai<z>{^}{content}<e>", "<s>ai<m>{^}{content}<z>"],
            },
            [],
            TWO_PROMPTS,
        ),
    ],
)
def test_who_speaks(template: Any, speakers: list[str], said: str) -> None:
    assert refused(template, speakers=speakers) == said


def test_a_speaker_need_not_be_the_assistant() -> None:
    tok = row({"user": "<s>user<m>{^}{content}<e>", "assistant": SAY}, speakers=["user"])
    assert tok.format.prompted == {"user"}
    assert row({"user": ASK, "assistant": SAY}).format.prompted == {"assistant"}


def test_a_line_without_reasoning_may_have_a_prompt_of_its_own() -> None:
    silent = "<s>ai<m>not <z>{^}{content}<e>"
    for lines in ([THINK, silent], [silent, THINK]):
        tok = row({"user": ASK, "assistant": lines})
        assert tok.encode_prompt([], thinking=None) == ids_of("<s>ai<m>think ")
        assert tok.encode_prompt([], thinking=True) == ids_of("<s>ai<m>think ")
        assert tok.encode_prompt([], thinking=False) == ids_of("<s>ai<m>not <z>")
        assert tok.format.closing == frozenset()


CANNOT_FOLLOW = (
    ": a message that begins with text cannot follow a tail or a prologue that ends in text; begin "
    "it with a special token"
)


@pytest.mark.parametrize(
    ("template", "more"),
    [
        ({"user": "Q: {content}<e>", "assistant": "A:{^} {content}<e>\n"}, {}),
        ({"user": "Q: {content}<e>", "assistant": SAY}, {"prologue": "<s>Chat\n"}),
        ({"user": "Q: {content}<e>", "tool": {**RESULTS, "close": "<e>\n"}}, {}),
    ],
)
def test_text_is_not_on_both_sides_of_a_border(template: Any, more: Any) -> None:
    assert refused(template, **more) == CANNOT_FOLLOW


def test_text_may_follow_a_tail_that_it_never_meets() -> None:
    """An answer that stands only after a question does not stand after an answer's tail."""
    answer = {"line": "{^}{content}<e> ", "after": ["user"]}
    lines: dict[str, Any] = {"user": "<s>user<m>{content}<z>", "assistant": answer}
    tok = row(lines)
    chat = Conversation(
        messages=tuple(
            Message(role=role, content=text)
            for role, text in zip(["user", "assistant"] * 2, [" a", " ", "", "b "], strict=True)
        )
    )
    assert tok.decode(tok.encode(chat)) == chat
    again = {**answer, "after": ["user", "assistant"]}
    assert refused({**lines, "assistant": again}) == CANNOT_FOLLOW
    lines["system"] = {"line": "Be: {content}<e>", "after": "start"}
    assert {*row(lines).format.lines_of} == {"user", "assistant", "system"}
    assert refused(lines, prologue="<s>Chat: ") == CANNOT_FOLLOW


NO_END_OF_EACH = (
    ", each: a message would end only where the next begins; let each end in a special token or in "
    "text"
)


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"open": "<s>{name}"}, ", open: only special tokens and literal text are allowed here"),
        ({"sep": "{content}"}, ", sep: only special tokens and literal text are allowed here"),
        ({"close": ""}, ", close: expected an end token or {next}, found none"),
        ({"close": "\n"}, ", close: expected an end token or {next}, found none"),
        ({"close": "{end}"}, ", close: only special tokens and literal text are allowed here"),
        ({"open": "tool"}, ": an envelope begins with a special token"),
        (
            {"each": "<s>{content}{end}"},
            ", each: {end} is not allowed in an envelope, which ends in its close; write the token",
        ),
        ({"open": "", "each": "x{content}"}, ": an envelope begins with a special token"),
        (
            {"each": "<m>{content}", "sep": "<z>"},
            NO_END_OF_EACH,
        ),
        ({"each": "<m>"}, ", each: there is no {content}"),
        ({"each": "<m>{content}{content}"}, ", each: {content} appears twice"),
    ],
)
def test_what_an_envelope_is_refused_for(parts: dict[str, str], said: str) -> None:
    template = {"user": ASK, "assistant": SAY, "tool": {**RESULTS, **parts}}
    assert refused(template) == f", role tool{said}"


@pytest.mark.parametrize("token", ["<z>", "<e>", "<x>"])
def test_the_end_in_training_is_another_token(token: str) -> None:
    say = {"line": SAY, "training_end": token}
    if token == "<z>":  # noqa: S105 - a token of the vocabulary
        assert row({"user": ASK, "assistant": say}).format.lines[1].training_end == token
        return
    assert refused({"user": ASK, "assistant": say}) == (
        ", role assistant: training_end must be a special token that is not the line's own end, "
        f"found '{token}'"
    )


# ---- what could not be built, or only in a time without bounds

ENVELOPE = {"open": "<s>", "close": "<e>"}
LITERAL_ALONE = "each: with every group left out a message is nothing but literal text"


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("x[<m>{content}]{next}", "each line that may follow must begin with a special token"),
        ("[x<m>{tools}]<s>{content}{next}", "must begin with a special token"),
        ("[<m>{tools}]<s>{content}{next}", TRAINED),
        ("{^}<m>{content}{next}", TRAINED),
        ("{content}<m>{next}", "must begin with a special token"),
        ("[x<m>{call.name}<z>]*{next}", "must begin with a special token"),
        ("[<m>{call.name}<z>]*{next}", "a call needs {call.name} and {call.arguments}, or a list"),
        (
            "[[<m>{arg.key}<z>{arg.value:loose}<s>]*<z>{call.name}<e>]*{next}",
            "the tool would be known only after its arguments",
        ),
        ({"line": "<m>{content}<e>", "after": ["nobody"]}, "after names the role nobody"),
        ({**ENVELOPE, "each": "x[<m>{content}]y"}, LITERAL_ALONE),
        ({**ENVELOPE, "each": "x[<m>{content}<z>]y"}, LITERAL_ALONE),
        ({**ENVELOPE, "each": "x[<m>{tools}<z>]y[<m>{content}]y", "sep": "\n"}, LITERAL_ALONE),
        ("[" * 5000 + "{content}<e>", "a group is not allowed inside a group"),
        ("<s>{content}<e>" + "x" * 17_000, "the lines are too long"),
        ("<s>{content}" + "ab" * 500 + "<e>", "literal text repeats itself"),
        ("<s>{content}" + "ab" * 600 + "{reasoning}<e>", "and it has 1,200 characters; expected"),
    ],
    ids=lambda value: str(value)[:24],
)
def test_lines_without_an_end_of_places_or_words(template: Any, said: str) -> None:
    assert said in refused({"user": template})


def test_where_messages_of_an_envelope_are_told_apart() -> None:
    row({"user": {**ENVELOPE, "each": "x[<m>{content}<z>]y", "sep": "<z>"}})
    row({"user": {**ENVELOPE, "each": "x{content}<z>y"}})


def test_a_long_value_beside_long_literal_text() -> None:
    lines = ["<s>{^}{name}<m>{content}<e>", "<s>{^}" + "a" * 1100 + "{channel}<m>{content}<e>"]
    assert "expected at most 1,024" in refused({"user": lines})


def test_a_private_character_is_as_good_as_any() -> None:
    tok = row({"user": "<s>{reasoning}\ue000{content}<e>"}, fences=["\ue000"])
    message = {"role": "user", "reasoning": "a", "content": "\ue001b"}
    assert tok.decode(tok.encode([message])).messages[0].reasoning == "a"
    with pytest.raises(RenderError, match="read as structure"):
        tok.encode([{**message, "reasoning": "a\ue000"}])


@pytest.mark.parametrize(("start", "prompt"), [("content", "<s>user:"), ("role", "<s>user")])
def test_generation_start_places_the_end_of_a_prompt_and_is_deprecated(
    start: Any, prompt: str
) -> None:
    members: dict[str, Any] = {
        "name": "old",
        "template": "<s>{role}:[<m>{reasoning}<z>]{content}<e>",
        "roles": ["user", "assistant"],
        "special_tokens": ["<s>", "<m>", "<z>", "<e>"],
    }
    with pytest.warns(
        DeprecationWarning, match="format old: generation_start is deprecated"
    ) as told:
        old = ChatFormat(**members, generation_start=start)
    assert [warning.filename for warning in told] == [__file__]
    placed = "<s>{role}:{^}" if start == "content" else "<s>{role}{^}:"
    template = members["template"].replace("<s>{role}:", placed)
    new = ChatFormat(**{**members, "template": template, "speakers": members["roles"]})
    assert [line.pieces for line in old.lines] == [line.pieces for line in new.lines]
    assert old.prompted == new.prompted == {"user", "assistant"}
    assert old.stop_spellings == new.stop_spellings
    tok = ChatTokenizer(old, BYTES)
    assert tok.encode_prompt([], role="user") == ids_of(prompt)
    assert pickle.loads(pickle.dumps(old)) == old  # without a warning: its maker has had it
