"""Prompts with and without thinking, and how a message begins in them."""

from __future__ import annotations

from typing import Any

import pytest

from chatfmt import ChatTokenizer, Message, RenderError
from letters import ids_of, row
from rows import tokenizer

USER = "<s>user<m>{content}<e>"
ASKED = "<s>user<m>q<e>"


def said(line: Any, **more: Any) -> ChatTokenizer:
    return row({"user": USER, "assistant": line}, **more)


OPTIONAL = said("<s>ai<m>{^}[<z>{reasoning}<z>]{content}<e>")
OPENED = said("<s>ai<m>[<z>{^}{reasoning}<z>]{content}<e>")
CLOSER = said("<s>ai<m>{^}[think {reasoning}]/think {content}<e>", fences=["/think "])
NEEDED = said("<s>ai<m>{^}{reasoning}<z>{content}<e>")
APART = said("<s>ai<m>{^}so {reasoning}<z>{content}<e>")
SILENT = said("<s>ai<m>{^}{content}<e>")
CALLING = said(
    [
        "<s>ai<m>{^}[<z>{reasoning}<z>]{content}<e>",
        "<s>ai<m>{^}[<z>{reasoning}<z>]{content}[<m>{call:json n, a}]*<e>",
    ]
)
ONLY_CALLS = said("<s>ai{^}[<z>{reasoning}<z>][<m>{call:json n, a}]*<e>")
IN_GROUP = said("<s>ai<m>{^}[<z>{reasoning}<z>][{content}\n]<e>", fences=["\n"])
SAID = said("<s>ai<m>{^}[<z>{reasoning}<z>][say {content}]<e>")
CLOSED = said("<s>ai<m>{^}[think {reasoning}]/think [say {content}]<e>", fences=["/think "])
GROUP_ALONE = said("<s>ai<m>[{^}so {content}\n]<e>", fences=["\n"])


@pytest.mark.parametrize(
    ("tok", "own", "opened", "closed"),
    [
        (OPTIONAL, "<s>ai<m>", "<s>ai<m><z>", "<s>ai<m><z><z>"),
        (OPENED, "<s>ai<m><z>", "<s>ai<m><z>", "<s>ai<m><z><z>"),
        (CLOSER, "<s>ai<m>", "<s>ai<m>think ", "<s>ai<m>/think "),
        (NEEDED, "<s>ai<m>", "<s>ai<m>", "<s>ai<m><z>"),
        (APART, "<s>ai<m>", "<s>ai<m>so ", "<s>ai<m>so <z>"),
        (CALLING, "<s>ai<m>", "<s>ai<m><z>", "<s>ai<m><z><z>"),
        (ONLY_CALLS, "<s>ai", "<s>ai<z>", "<s>ai<z><z>"),
        (IN_GROUP, "<s>ai<m>", "<s>ai<m><z>", "<s>ai<m><z><z>"),
        (SAID, "<s>ai<m>", "<s>ai<m><z>", "<s>ai<m><z><z>"),
        (CLOSED, "<s>ai<m>", "<s>ai<m>think ", "<s>ai<m>/think "),
    ],
)
def test_a_prompt(tok: ChatTokenizer, own: str, opened: str, closed: str) -> None:
    asked = [Message(role="user", content="q")]
    for thinking, written in ((None, own), (True, opened), (False, closed)):
        prompt = tok.encode_prompt(asked, thinking=thinking)
        assert prompt == ids_of(ASKED + written)
        transcript = tok.render(asked)
        assert transcript.prompt(thinking=thinking) == prompt
        assert transcript.open is not None
        assert transcript.open.role == "assistant"


@pytest.mark.parametrize("thinking", [True, False])
def test_a_format_without_reasoning_has_no_such_prompt(*, thinking: bool) -> None:
    with pytest.raises(RenderError) as error:
        SILENT.encode_prompt([], thinking=thinking)
    found = error.value
    assert found.reason == f"a prompt of this format has no place for thinking={thinking}"
    assert (found.message, found.field) == (None, "reasoning")
    transcript = SILENT.render([Message(role="user", content="q")])
    with pytest.raises(RenderError, match="no place for thinking"):
        transcript.prompt(thinking=thinking)
    assert transcript.ids == ids_of(ASKED)


def test_a_reply_to_each_prompt_is_read() -> None:
    replies = {
        None: ("x<e>", Message(role="assistant", content="x")),
        True: ("r<z>x<e>", Message(role="assistant", reasoning="r", content="x")),
        False: ("x<e>", Message(role="assistant", reasoning="", content="x")),
    }
    for thinking, (sampled, message) in replies.items():
        transcript = OPTIONAL.render([Message(role="user", content="q")])
        prompt = transcript.prompt(thinking=thinking)
        done = transcript.append_completion(ids_of(sampled))
        assert done.messages == (message,)
        assert done.stop_reason == "stop"
        assert not done.issues
        assert transcript.ids == [*prompt, *ids_of(sampled)]
        assert transcript.ids == OPTIONAL.encode(transcript.conversation)


@pytest.mark.parametrize(
    ("tok", "thinking", "written"),
    [
        (OPTIONAL, None, "<s>ai<m>Sure"),
        (OPTIONAL, True, "<s>ai<m><z>Sure"),
        (OPTIONAL, False, "<s>ai<m><z><z>Sure"),
        (OPENED, None, "<s>ai<m><z>Sure"),
        (CLOSER, None, "<s>ai<m>/think Sure"),
        (CLOSER, True, "<s>ai<m>think Sure"),
        (NEEDED, None, "<s>ai<m>Sure"),
        (NEEDED, True, "<s>ai<m>Sure"),
        (NEEDED, False, "<s>ai<m><z>Sure"),
        (APART, None, "<s>ai<m>so Sure"),
        (APART, True, "<s>ai<m>so Sure"),
        (SILENT, None, "<s>ai<m>Sure"),
        (IN_GROUP, None, "<s>ai<m>Sure"),
        (GROUP_ALONE, None, "<s>ai<m>so Sure"),
        (IN_GROUP, False, "<s>ai<m><z><z>Sure"),
        (CLOSER, False, "<s>ai<m>/think Sure"),
        (SAID, None, "<s>ai<m>say Sure"),
        (SAID, True, "<s>ai<m><z>Sure"),
        (SAID, False, "<s>ai<m><z><z>say Sure"),
        (CLOSED, None, "<s>ai<m>/think say Sure"),
        (CLOSED, True, "<s>ai<m>think Sure"),
        (CLOSED, False, "<s>ai<m>/think say Sure"),
    ],
)
def test_a_prefill_goes_into_the_field_that_is_open(
    tok: ChatTokenizer,
    thinking: bool | None,  # noqa: FBT001 - a case
    written: str,
) -> None:
    asked = [Message(role="user", content="q")]
    ids = tok.encode_prompt(asked, prefill="Sure", thinking=thinking)
    assert ids == ids_of(ASKED + written)
    transcript = tok.render(asked)
    assert transcript.prompt(prefill="Sure", thinking=thinking) == ids
    field = "reasoning" if thinking or tok in (OPENED, NEEDED, APART) else "content"
    if thinking is False:
        field = "content"
    assert transcript.open is not None
    assert transcript.open.part == field
    [*_, begun] = transcript.conversation.messages
    assert getattr(begun, field) == "Sure"


def test_a_line_of_calls_has_no_content_to_begin() -> None:
    with pytest.raises(RenderError) as error:
        ONLY_CALLS.encode_prompt([], prefill="Sure")
    assert error.value.field == "content"


@pytest.mark.parametrize(
    ("message", "written"),
    [
        ({"content": "x"}, "<s>ai<m>x"),
        ({"content": "x", "reasoning": ""}, "<s>ai<m><z><z>x"),
        ({"content": "x", "reasoning": "r"}, "<s>ai<m><z>r<z>x"),
    ],
)
def test_a_last_message_is_gone_on_with(message: dict[str, str], written: str) -> None:
    last = Message(role="assistant", **message)  # type: ignore[arg-type]
    ids = OPTIONAL.encode_prompt([Message(role="user", content="q"), last], continue_last=True)
    assert ids == ids_of(ASKED + written)


def test_a_message_of_calls_has_no_content_to_continue() -> None:
    call: Any = {"name": "f", "arguments": "{}"}
    for tok, last in (
        (CALLING, Message(role="assistant", content="x", tool_calls=(call,))),
        (ONLY_CALLS, Message(role="assistant", tool_calls=(call,))),
    ):
        with pytest.raises(RenderError) as error:
            tok.encode_prompt([Message(role="user", content="q"), last], continue_last=True)
        assert error.value.reason == "such a message has no content to continue"
        assert (error.value.message, error.value.field) == (1, "content")


def test_only_those_who_speak_are_prompted() -> None:
    with pytest.raises(RenderError) as error:
        SILENT.encode_prompt([], role="user")
    assert error.value.reason == (
        "expected a role in which the model is prompted (assistant), found user"
    )
    assert error.value.field == "role"


def test_a_name_stands_in_a_prompt_that_has_a_place_for_it() -> None:
    tok = said("<s>ai[ {name}]<m>{^}[<z>{reasoning}<z>]{content}<e>")
    assert tok.encode_prompt([], name="Bo") == ids_of("<s>ai Bo<m>")
    assert tok.encode_prompt([], name="Bo", thinking=False) == ids_of("<s>ai Bo<m><z><z>")
    with pytest.raises(RenderError) as error:
        tok.encode_prompt([], name="B o")
    assert error.value.field == "name"
    for named in (OPTIONAL, CLOSER):
        with pytest.raises(RenderError, match="has no place for a name"):
            named.encode_prompt([], name="Bo", thinking=True)


def test_without_reasoning_the_model_writes_all_after_what_closes_it() -> None:
    tok = said("<s>ai<m>[think {^}{reasoning}]<z>{content}<e>")
    transcript = tok.render([Message(role="assistant", content="a")])
    assert transcript.ids == ids_of("<s>ai<m><z>a<e>")
    header = len(ids_of("<s>ai<m><z>"))
    assert [span for span in transcript.spans if span.start < header < span.stop] == []
    assert all(span.generated == (span.start >= header) for span in transcript.spans)
    assert tok.parse(transcript.ids).spans == transcript.spans


@pytest.mark.parametrize(
    ("other", "shared"),
    [("say<z>", "say"), ("sat<z>", "sa"), ("<z>", ""), ("to <z>", "")],
)
def test_a_line_that_is_never_prompted_shares_what_it_can(other: str, shared: str) -> None:
    tok = said(["<s>ai<m>say no{^}{reasoning}<z>{content}<e>", f"<s>ai<m>{other}{{content}}<e>"])
    assert tok.encode_prompt([]) == ids_of("<s>ai<m>say no")
    assert tok.encode_prompt([], thinking=False) == ids_of("<s>ai<m>say no<z>")
    transcript = tok.render([Message(role="assistant", content="a")])
    assert transcript.ids == ids_of(f"<s>ai<m>{other}a<e>")
    header = len(ids_of("<s>ai<m>" + shared))
    for spans in (transcript.spans, tok.parse(transcript.ids).spans):
        assert [i for span in spans if span.generated for i in range(span.start, span.stop)] == [
            *range(header, len(transcript.ids))
        ]


def test_a_line_that_is_never_prompted_may_share_the_whole_prompt() -> None:
    tok = said(["<s>ai<m>{^}{content}<e>", "<s>ai<m>{content}<z>{reasoning}<e>"])
    message = Message(role="assistant", content="a", reasoning="b")
    transcript = tok.render([message])
    header = len(ids_of("<s>ai<m>"))
    assert all(span.generated == (span.start >= header) for span in transcript.spans)
    assert tok.parse(transcript.ids).spans == transcript.spans


@pytest.mark.parametrize(
    "line",
    [
        "<s>{role}<m>[<z>{^}{reasoning}<z>]{content}<e>",
        "<s>{role}<m>[<z>\n{^}{reasoning}\n<z>\n]{content}<e>",
        "<s>{role}<m>[{^}<z>{reasoning}<z>]{content}<e>",
        "<s>{role}<m>{^}[<z>{reasoning}<z>]{content}<e>",
        "<s>{role}<m>{^}[think {reasoning}]/think {content}<e>",
    ],
)
@pytest.mark.parametrize("reasoning", [None, "", "hm"])
@pytest.mark.parametrize("role", ["user", "assistant"])
def test_reader_and_writer_agree_about_what_the_model_writes(
    line: str, reasoning: str | None, role: str
) -> None:
    fences = ["/think "] if "/think" in line else []
    tok = row(line, roles=["user", "assistant"], fences=fences)
    written = tok.render([Message(role=role, content="hi", reasoning=reasoning)])
    assert tok.parse(written.ids).spans == written.spans
    decoded = tok.parse(written.ids).conversation.messages[0]
    assert decoded.reasoning == reasoning


def test_what_was_sampled_after_empty_reasoning_stays_sampled() -> None:
    """Where a chunk of ids ends before it is known what a letter belongs to."""
    tok = tokenizer("glm-4.5")
    message = Message(role="assistant", content="x", reasoning="")
    transcript = tok.render([message])
    border = len(transcript.ids) - 2
    parser = tok.stream(None)
    parser.feed_all(transcript.ids[:border])
    parser.set_sampled(True)
    for token in transcript.ids[border:]:
        parser.feed_all([token])
    parser.close()
    assert parser.spans == [
        span._replace(sampled=span.start >= border) for span in transcript.spans
    ]
    assert parser.spans[-2][:5] == (border, border + 1, 0, "header", True)
