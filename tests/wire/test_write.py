"""Every shape of a message in every format, one after the other: the same on each run.

The property tests draw conversations at random. These go through all shapes, in tokenizers that
have not been used before, so that any wrong code is certain to be reached.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest

from chatfmt import (
    ChatFormat,
    ChatTokenizer,
    Conversation,
    Message,
    RenderError,
    ToolCall,
    extend_encoding,
    get_encoding,
)
from chatfmt.encodings.guard import LONGEST_RUN
from conftest import encoding_for
from formats_under_test import FORMATS, LINES, tokenizer_for
from letters import row
from reference import (
    FIELDS,
    ROLES,
    SPEAKERS,
    reference_can_carry,
    reference_encode,
    reference_prompt,
)
from rows import tokenizer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

VALUES = {"recipient": "functions.f", "name": "Ann", "channel": "final", "content_type": "json"}


def fresh(name: str) -> ChatTokenizer:
    known = tokenizer_for(name)
    return ChatTokenizer(known.format, known.encoding)


def shapes(role: str, fields: Mapping[str, bool]) -> list[Message]:
    """Messages with every choice of fields, with and without content; some fields must be there."""
    values = [
        [*([] if needed else [None]), *([VALUES[name]] if name in VALUES else ["", "reasoning"])]
        for name, needed in fields.items()
    ]
    return [
        Message.model_validate(
            {"role": role, "content": content, **dict(zip(fields, chosen, strict=True))}
        )
        for chosen in itertools.product(*values)
        for content in ("", "a\n", " ok")
    ]


def chats(messages: list[Message]) -> Iterator[tuple[Message, ...]]:
    """Each message by itself, between two others, and behind one of its own role."""
    yield ()
    for before, message, after in zip(
        messages[-1:] + messages, messages, messages[1:], strict=False
    ):
        yield (message,)
        yield (before, message, after)
        yield (message, message)


def of_reference(name: str) -> Iterator[Conversation]:
    fields = dict.fromkeys(FIELDS[name], False)
    for chat in chats([message for role in ROLES[name] for message in shapes(role, fields)]):
        conversation = Conversation(messages=chat)
        assert reference_can_carry(name, conversation)
        yield conversation


@pytest.mark.parametrize("name", FORMATS)
def test_all_shapes_are_written_as_the_reference_writes_them(name: str) -> None:
    tok = fresh(name)
    for conversation in of_reference(name):
        written = reference_encode(name, conversation, encoding_for(name))
        rendered = tok.render(conversation)
        assert tok.encode(conversation) == rendered.ids == [item.token for item in written]
        assert [
            (span.message, span.part, span.generated)
            for span in rendered.spans
            for _ in range(span.start, span.stop)
        ] == [(item.message, item.part, item.generated) for item in written]
        for one, next_one in itertools.pairwise(rendered.spans):
            assert one.stop == next_one.start
            assert one[2:] != next_one[2:]


@pytest.mark.parametrize("name", [*FORMATS, *LINES])
def test_what_is_written_is_read_and_grows(name: str) -> None:
    tok = fresh(name)
    messages = []
    for role, line in tok.format.templates.items():
        others = {
            field: needed
            for field, needed in line.fields.items()
            if field not in ("role", "content")
        }
        messages += shapes(role, others)
    for chat in chats(messages):
        rendered = tok.render(chat)
        read = tok.parse(rendered.ids)
        assert (read.conversation.messages, read.spans) == (chat, rendered.spans)
        grown = tok.render(())
        for message in chat:
            grown.append(message)
        assert (grown.ids, grown.spans) == (rendered.ids, rendered.spans)
        assert sum(tok.count_messages(chat)) == len(rendered.ids) - len(tok.encode(()))


@pytest.mark.parametrize("name", FORMATS)
def test_a_prompt_in_every_role(name: str) -> None:
    tok = fresh(name)
    chat = of_reference(name)
    conversation = next(itertools.islice(chat, 2, None))
    for role in ROLES[name]:
        if role not in SPEAKERS[name]:
            with pytest.raises(RenderError, match="expected a role in which the model is prompted"):
                tok.encode_prompt(conversation, role=role)
            continue
        prompt = reference_prompt(name, conversation, encoding_for(name), role)
        assert tok.encode_prompt(conversation, role=role) == prompt
        if "name" in FIELDS[name] and name != "harmony":
            prompt = reference_prompt(name, conversation, encoding_for(name), role, "Ann")
            assert tok.encode_prompt(conversation, role=role, name="Ann") == prompt


@pytest.mark.parametrize(
    "name", [*FORMATS, *(name for name in LINES if name not in ("alone", "to"))]
)
@pytest.mark.parametrize("sampled", ["", "Hi"])
def test_a_message_that_was_cut_off_is_ended_before_the_next(name: str, sampled: str) -> None:
    tok = fresh(name)
    cut = Message(role="assistant", content=sampled)
    after = Message(role=next(iter(tok.format.templates)), content="a")
    whole, start = tok.render([cut, after]), len(tok.encode_prompt(()))
    [at, *_] = [
        span.start for span in whole.spans if span.message == 0 and span.part in ("content", "end")
    ]
    stop = at + len(tok.encoding.encode_ordinary(sampled)) if sampled else start
    transcript = tok.render(())
    done = transcript.append_completion(whole.ids[start:stop])
    assert done.stop_reason == "length"
    transcript.append(after)
    assert transcript.ids == whole.ids
    assert transcript.conversation.messages == (cut, after)


def test_reasoning_that_was_cut_off_is_ended_before_the_next() -> None:
    tok = fresh("think")
    after = Message(role="user", content="a")
    cut = Message(role="assistant", reasoning="So")
    transcript = tok.render(())
    whole = tok.encode([cut, after])
    start = len(tok.encode_prompt(()))
    stop = whole.index(tok.encoding.special_tokens["</think>"]) - 1
    transcript.append_completion(whole[start:stop])
    transcript.append(after)
    assert transcript.ids == whole


_LONG = "a" * (LONGEST_RUN + 1)
_RUN = (
    "more than 900,000 characters without a break from offset {} on; an encoder takes minutes for "
    "such a run, or fails: break it up or leave it out"
)
_NO_PLACE = (
    "the format has no place for the field {}, found {!r}; leave it out or use a "
    "format that carries it"
)
_CALL = {"name": "f", "arguments": "{}"}
_NOWHERE = (
    "the format has no place for {}; leave them out or write them another way, such as "
    "`chatfmt.conversation.harmony.split_for_harmony` does"
)


@pytest.mark.parametrize(
    ("name", "fields", "field", "reason"),
    [
        ("gpt-4o", {"content": "x " + _LONG}, "content", _RUN.format(2)),
        ("think", {"reasoning": _LONG}, "reasoning", _RUN.format(0)),
        ("gpt-4o", {"reasoning": "a"}, "reasoning", _NO_PLACE.format("reasoning", "a")),
        ("gpt-4o", {"recipient": "f"}, "recipient", _NO_PLACE.format("recipient", "f")),
        ("gpt-4o", {"tool_calls": [_CALL]}, "tool_calls", _NOWHERE.format("tool_calls")),
        ("harmony", {"tools": ""}, "tools", _NOWHERE.format("tools")),
        (
            "gpt-4o",
            {"role": "cook"},
            "role",
            "unknown role 'cook'; there are system, developer, user, assistant, tool",
        ),
    ],
)
def test_what_cannot_be_written_is_refused_with_its_place(
    name: str, fields: dict[str, Any], field: str, reason: str
) -> None:
    chat = [Message(role="user", content="a"), Message(**{"role": "user", **fields})]
    tok = fresh(name)
    ways: list[Any] = [
        tok.encode,
        tok.render,
        tok.count_messages,
        tok.encode_for_training,
        lambda chat: tok.encode_prompt(chat, role=chat[1].role, continue_last=True),
        lambda chat: tok.render(chat[:1]).append(chat[1]),
    ]
    for way in ways:
        with pytest.raises(RenderError) as error:
            way(chat)
        found = error.value
        assert (found.reason, found.format, found.message, found.field) == (reason, name, 1, field)


@pytest.mark.parametrize("field", ["content", "reasoning"])
def test_a_lone_surrogate_that_no_model_has_seen_is_refused(field: str) -> None:
    unchecked = Message(role="user").model_copy(update={field: "a\ud800"})
    tok = fresh("think")
    for way in (tok.encode, tok.render, tok.count_messages):
        with pytest.raises(RenderError) as error:
            way([Message(role="user"), unchecked])
        found = error.value
        assert found.reason == "the lone surrogate U+D800 at offset 1 has no UTF-8 form"
        assert (found.format, found.message, found.field) == ("think", 1, field)


def test_a_message_of_an_unknown_role_is_ended_like_any_other() -> None:
    tok = fresh("gpt-4o")
    special, encode = tok.encoding.special_tokens, tok.encoding.encode_ordinary
    found = [special["<|im_start|>"], *encode("narrator"), special["<|im_sep|>"], *encode("Hi")]
    transcript = tok.parse(found, strict=False, allow_open=True)
    after = Message(role="user", content="a")
    transcript.append(after)
    assert transcript.ids == [*found, special["<|im_end|>"], *tok.encode([after])]


def test_a_name_is_refused_with_what_it_may_be() -> None:
    tok = fresh("gpt-4o")
    with pytest.raises(RenderError) as error:
        tok.encode([Message(role="user", name="a b")])
    assert error.value.reason.startswith("expected the name to match [^")
    assert error.value.reason.endswith(", found 'a b'")
    assert (error.value.message, error.value.field) == (0, "name")


def test_a_message_that_follows_its_like_is_refused_with_its_place() -> None:
    said = Message(role="assistant", channel="final", content="a")
    odd = Message(role="assistant", channel="no channel", content="b")
    with pytest.raises(RenderError) as error:
        fresh("harmony").render([said, odd])
    assert (error.value.message, error.value.field) == (1, "channel")


def test_a_field_that_must_be_there_is_missed() -> None:
    with pytest.raises(RenderError) as error:
        fresh("to").encode([Message(role="user", recipient="x"), Message(role="user")])
    assert error.value.reason == "the format needs the field recipient in each message"
    assert (error.value.message, error.value.field) == (1, "recipient")


def test_a_prompt_without_a_place_for_a_name_refuses_one() -> None:
    for name in ("llama-3", "harmony"):
        with pytest.raises(RenderError) as error:
            fresh(name).encode_prompt([], name="Ann")
        found = error.value
        assert found.reason == "a prompt of this format has no place for a name"
        assert (found.format, found.message, found.field) == (name, None, "name")


def test_what_is_around_reasoning_is_not_kept() -> None:
    tok = fresh("think")
    for number in range(3):
        tok.encode([Message(role="assistant", reasoning=f"{number}")])
    assert not tok._renderer._frames.known.known
    tok.encode([Message(role="assistant", content="a")])
    [frame] = tok._renderer._frames.known.known.values()
    assert tok._renderer.frame(Message(role="assistant", content="b"), 0) is frame


OPENED = {
    "user": "<s>u<m>{content}<e>",
    "assistant": "<s>a<m>[<t>\n{^}{reasoning}\n<z>]{content}<e>",
}


@pytest.mark.parametrize("reasoning", ["", "because\n", None])
def test_a_prompt_may_end_in_a_group(reasoning: str | None) -> None:
    tok = rows_of("opened", OPENED)
    asked = Message(role="user", content="why?")
    reply = Message(role="assistant", content="so", reasoning=reasoning)
    prompt = tok.encode_prompt([asked])
    ids = tok.encode([asked, reply])
    assert tok.decode(ids).messages == (asked, reply)
    assert (ids[: len(prompt)] == prompt) == (reasoning is not None)
    if reasoning is not None:
        parser = tok.stream(strict=True)
        for token in ids[len(prompt) :]:
            parser.feed(token)
        assert parser.messages == [reply]
    cut_off = tok.parse(prompt, allow_open=True)
    cut_off.append()
    assert cut_off.conversation.messages[-1] == Message(role="assistant", content="", reasoning="")


@pytest.mark.parametrize("text", ["", "x"])
def test_a_text_that_must_be_there_may_be_empty(text: str) -> None:
    tok = rows_of(
        "needed",
        {
            "system": ["<s>s<m>{content}<e>", "<s>s<m>{content}<t>{tools}<e>"],
            "assistant": "<s>a<m>{reasoning}<z>{content}<e>",
        },
    )
    messages = (
        Message(role="system", content=text, tools=text),
        Message(role="system", content=text),
        Message(role="assistant", content=text, reasoning=text),
    )
    assert tok.decode(tok.encode(messages)).messages == messages


@pytest.mark.parametrize("text", ["", "x", "\n x"])
def test_a_line_that_begins_with_text_where_nobody_is_prompted(text: str) -> None:
    tok = rows_of(
        "begun", {"user": "User: {content}<e>", "assistant": "Assistant:{^} {content}<e>"}
    )
    messages = (Message(role="user", content=text), Message(role="assistant", content=text))
    ids = tok.encode(messages)
    assert tok.decode(ids).messages == messages
    assert tok.render(messages).spans == tok.parse(ids).spans
    assert tok.encoding.encode_ordinary(f"User: {text}") == ids[: ids.index(*tok.stop_tokens)]


def test_definitions_may_stand_alone_in_a_line() -> None:
    tok = rows_of(
        "alone",
        {
            "system": ["<s>s<m>{content}<e>", "<s>t<m>{tools}<e>"],
            "assistant": "<s>a<m>{^}{content}<e>",
        },
    )
    alone = Message(role="system", content="", tools="f()")
    assert tok.decode(tok.encode([alone])).messages == (alone,)
    with pytest.raises(RenderError, match="no place for the field content"):
        tok.encode([Message(role="system", content="x", tools="f()")])


FENCED = {
    "named": ("{content}[ab{call.name}c{call.arguments:object}d]*", ["ab"]),
    "grouped": ("[{content}x][ab{call.name}c{call.arguments:object}d]*", ["^ab", "xab"]),
    "object": ("{content}[ab{call:json name, arguments}d]*", ["ab"]),
    "separated": ("[{content}x][y|ab{call:json name, arguments}d]*", ["^ab", "xab"]),
}


@pytest.mark.parametrize("name", FENCED)
@pytest.mark.parametrize("content", ["", "w", "a"])
@pytest.mark.parametrize("functions", ["f", "fg", "fgh"])
def test_a_call_may_begin_with_a_fence(name: str, content: str, functions: str) -> None:
    line, fences = FENCED[name]
    lines = ["<m>{^}{content}<e>", f"<m>{{^}}{line}<e>"]
    tok = rows_of(name, {"user": "<s>{content}<e>", "assistant": lines}, fences=fences)
    calls = tuple(ToolCall(name=function, arguments='{"a": 1}') for function in functions)
    message = Message(role="assistant", content=content, tool_calls=calls)
    ids = tok.encode([message])
    assert tok.decode(ids).messages == (message,)
    assert tok.parse(ids).spans == tok.render([message]).spans


def rows_of(name: str, template: dict[str, Any], **members: Any) -> ChatTokenizer:
    tokens = [token for token in ("<s>", "<m>", "<t>", "<z>", "<e>") if token in str(template)]
    made = ChatFormat(name=name, template=template, special_tokens=tokens, **members)
    return ChatTokenizer(made, extend_encoding(get_encoding("cl100k_im"), name, tokens))


@pytest.mark.parametrize("name", ["chatml", "llama-3.1", "qwen-2.5", "mistral-v3-spm", "gpt-4o"])
def test_an_error_says_where_in_the_content_it_is(name: str) -> None:
    tok = tokenizer(name)
    said = [Message(role="user"), Message.model_construct(role="user", content="n\u00e9\ud800")]
    ways: list[Callable[[], object]] = [
        lambda: tok.encode(said),
        lambda: tok.render(said),
        lambda: tok.count_messages(said),
        lambda: tok.encode_for_training(said),
    ]
    for way in ways:
        with pytest.raises(RenderError, match=r"U\+D800 at offset 2 ") as error:
            way()
        assert (error.value.message, error.value.field) == (1, "content")


def test_a_content_that_only_its_header_makes_too_long_is_refused() -> None:
    tok = row({"user": "<s>user<m>so{content}<e>", "assistant": "<s>ai<m>{^}{content}<e>"})
    with pytest.raises(RenderError, match="characters without a break"):
        tok.encode([{"role": "user", "content": "a" * LONGEST_RUN}])


def test_where_others_than_speakers_have_a_group_with_a_prompt_in_it() -> None:
    tok = row("<s>{role}<m>[<z>{^}{reasoning}<z>]{content}<e>", roles=["user", "assistant"])
    for reasoning in (None, "", "r"):
        for role in ("user", "assistant"):
            chat = [{"role": role, "content": "x", "reasoning": reasoning}]
            assert tok.decode(tok.encode(chat)).messages[0].reasoning == reasoning
        assert tok.parse(tok.encode(chat)).spans == tok.render(chat).spans  # of the assistant
