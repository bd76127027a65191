"""What a row is refused for though each of its lines is well made."""

from __future__ import annotations

from typing import Any

import pytest

from chatfmt import FormatError
from letters import row

ASK = "<s>user<m>{content}<e>"
SAY = "<s>ai<m>{^}{content}<e>"
RESULTS = {"open": "<s>tool", "each": "<m>{content}<z>", "close": "<e>"}


def refused(template: Any, **more: Any) -> str:
    with pytest.raises(FormatError) as error:
        row(template, **more)
    return str(error.value).removeprefix("format row")


NAMED = "<m>{call.name}"
NOT_WRITTEN = "is read by the machine, but not written yet"


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("<s>ai<m>{^}{content}{next}", "{next}"),
        ({"line": "<s>ai<m>{^}{content}{next}", "training_end": "<e>"}, "{next}"),
        ("<s>ai{^}[<z>{arg.key}<m>{arg.value}]*<e>", "a list of arguments"),
        (f"<s>ai{{^}}[{NAMED}[<z>{{arg.key}}<m>{{arg.value}}]*<z>]*<e>", "a list of arguments"),
        (
            f"<s>ai{{^}}[{NAMED}<m>{{call.arguments}}[<z>{{arg.key}}<m>{{arg.value}}]*<z>]*<e>",
            "a list of arguments",
        ),
        (f"<s>ai{{^}}[{NAMED}[<z>{{arg.key}}<m>{{arg.value:loose}}]*<z>]*<e>", "{arg.value:loose}"),
        (
            f"<s>ai{{^}}[{NAMED}[<z>{{arg.key}}<m>{{arg.value:python}}]*<z>]*<e>",
            "{arg.value:python}",
        ),
        ({"line": SAY, "after": "start"}, "after"),
        ({"line": SAY, "after": ["user"]}, "after"),
    ],
)
def test_a_word_that_is_read_but_not_written_yet(line: Any, word: str) -> None:
    assert refused({"user": ASK, "assistant": line}) == f": {word} {NOT_WRITTEN}"


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


TWO_PROMPTS = (
    ", role assistant: a prompt would have to know which of the lines is to come; put {^} where "
    "they still write the same"
)


@pytest.mark.parametrize(
    ("template", "speakers", "said"),
    [
        (
            {"user": ASK, "assistant": SAY},
            ["cook"],
            ": the speaker cook is none of the roles",
        ),
        (
            {"user": ASK, "assistant": [SAY, "<s>tool<m>{content}{^}<e>"]},
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


NO_END_OF_EACH = (
    ", each: a message would end only where the next begins; let each end in a special token or in "
    "text"
)


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"open": "<s>{name}"}, ", open: only special tokens and literal text may stand here"),
        ({"sep": "{content}"}, ", sep: only special tokens and literal text may stand here"),
        ({"close": ""}, ", close: expected an end token, found none"),
        ({"close": "\n"}, ", close: expected an end token, found none"),
        ({"close": "{end}"}, ", close: only special tokens and literal text may stand here"),
        ({"open": "tool"}, ": an envelope begins with a special token"),
        ({"open": "", "each": "x{content}"}, ": an envelope begins with a special token"),
        (
            {"each": "<m>{content}", "sep": "<z>"},
            NO_END_OF_EACH,
        ),
        ({"each": "<m>"}, ", each: there is no {content}"),
        ({"each": "<m>{content}{content}"}, ", each: {content} stands there twice"),
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
