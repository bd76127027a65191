"""Messages that end where the next begins, and lines that are allowed only at certain places."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatfmt import ChatFormat, Conversation, Message, RenderError, ToolCall
from chatfmt.wire.events import MessageEnd, MessageStart
from letters import bytewise
from rows import ids_in, spelled, tokenizer

CALLS_LINE = "[<call>{call.name}\n{call.arguments:object}</call>]*"
INNER = ["<think>", "</think>", "<call>", "</call>", "<result>", "</result>"]
THINKS = "<ai>{^}[\n<think>{reasoning}</think>][\n{content}]"
SAYS = "<ai>{^}[<think>{reasoning}</think>]{content}"
UNENDED = bytewise(
    ChatFormat(
        name="unended",
        prologue="<b>",
        template={
            "system": "<sys>\n{content}{next}",
            "user": "<user>\n{content}{next}",
            "assistant": [
                {"line": THINKS + "{next}", "training_end": "<user>"},
                {
                    "line": THINKS + "[\n<call>{call.name}\n{call.arguments:object}</call>]*{next}",
                    "training_end": "<tool>",
                },
            ],
            "tool": {
                "open": "<tool>",
                "each": "\n<result>\n{content}\n</result>",
                "close": "{next}",
            },
        },
        special_tokens=["<b>", "<sys>", "<user>", "<ai>", "<tool>", "<end>", *INNER],
        stops=["<end>", "<user>", "<tool>"],
    )
)
PLACED = bytewise(
    ChatFormat(
        name="placed",
        prologue="<b>",
        template={
            "system": {"line": "{content}{next}", "after": "start"},
            "user": "<user>{content}{next}",
            "assistant": [
                {"line": "{^}{content}<end>", "after": ["tool"]},
                {"line": f"{{^}}{{content}}{CALLS_LINE}<end>", "after": ["tool"]},
                f"{SAYS}<end>",
                f"{SAYS}{CALLS_LINE}<end>",
            ],
            "tool": {"open": "<tool>", "each": "<result>{content}</result>", "close": "<done>"},
        },
        special_tokens=["<b>", "<user>", "<ai>", "<tool>", "<end>", "<done>", *INNER],
    )
)
BOTH = [UNENDED, PLACED]

TEXTS = st.lists(st.sampled_from([*"a\n <>/", "<user>", "<ai>", "\n</result>"])).map("".join)
CALLS = st.lists(
    st.sampled_from(["{}", '{"a": 1}', '{"a": "</call>"}']).map(
        lambda text: ToolCall(name="f", arguments=text)
    ),
    max_size=2,
).map(tuple)
MESSAGES = st.one_of(
    st.builds(Message, role=st.sampled_from(["user", "tool"]), content=TEXTS),
    st.builds(
        Message,
        role=st.just("assistant"),
        content=TEXTS,
        reasoning=st.none() | TEXTS,
        tool_calls=CALLS,
    ),
)
CHATS = st.tuples(
    st.lists(st.builds(Message, role=st.just("system"), content=TEXTS), max_size=1),
    st.lists(MESSAGES, max_size=6),
).map(lambda parts: Conversation(messages=(*parts[0], *parts[1])))


def carried(tok: Any, chat: Conversation) -> bool:
    """Whether the format can carry it; if not, only what leaves no trace is the reason."""
    try:
        tok.encode(chat)
    except RenderError as refused:
        expected = (
            "would leave no trace",
            "no place for the field reasoning",
            "no line of this role",
        )
        assert any(text in str(refused) for text in expected)  # noqa: PT017 - some are refused
        return False
    return True


@pytest.mark.parametrize("tok", BOTH, ids=lambda tok: tok.format.name)
@settings(deadline=None, max_examples=100)
@given(chat=CHATS)
def test_laws(tok: Any, chat: Conversation) -> None:
    check_laws(tok, chat)


def check_laws(tok: Any, chat: Conversation) -> None:
    if not carried(tok, chat):
        return
    ids = tok.encode(chat)
    assert tok.decode(ids) == chat
    rendered, parsed = tok.render(chat), tok.parse(ids)
    if not chat.messages or chat.messages[-1].role != "tool":
        assert rendered.ids == ids
        assert rendered.spans == parsed.spans
    assert parsed.conversation == chat
    assert not parsed.open
    stream = tok.stream(role=None, strict=True)
    for token in ids:
        stream.feed(token)
    stream.close()
    assert stream.messages == [*chat.messages]
    assert stream.spans == parsed.spans
    for size in range(len(chat.messages)):
        begun = Conversation(messages=chat.messages[:size])
        if size and chat.messages[size].role == chat.messages[size - 1].role == "tool":
            continue  # within an envelope
        assert ids[: len(tok.encode(begun))] == tok.encode(begun)
        if chat.messages[size].role == "assistant":
            prompt = tok.encode_prompt(begun)
            assert ids[: len(prompt)] == prompt


@pytest.mark.parametrize("tok", BOTH, ids=lambda tok: tok.format.name)
@settings(deadline=None, max_examples=100)
@given(chat=CHATS)
def test_what_is_trained(tok: Any, chat: Conversation) -> None:
    check_training(tok, chat)


def check_training(tok: Any, chat: Conversation) -> None:
    """All that no prompt writes, through the token that stops the model, in three ways."""
    if not carried(tok, chat):
        return
    example = tok.encode_for_training(chat, allow_untrained=True)
    batch = tok.encode_batch([chat], train_on="assistant")
    assert [*batch.ids] == example.input_ids
    assert [*batch.weights] == example.weights
    if (chat.messages and chat.messages[-1].role == "assistant") or tok is PLACED:
        assert tok.decode(example.input_ids) == chat
    weights = tok.render(chat).weights()
    for one, other in zip(weights, example.weights, strict=False):
        assert one == other
    expected: list[int] = []
    for at, message in enumerate(chat.messages):
        if message.role != "assistant":
            continue
        begun = Conversation(messages=chat.messages[:at])
        whole = tok.encode(Conversation(messages=chat.messages[: at + 1]))
        thinking = False if message.reasoning == "" else None
        prompt = tok.encode_prompt(begun, thinking=thinking)
        after = example.input_ids[len(whole) : len(whole) + 1]
        stops = tok is UNENDED and bool({*after} & {*tok.stop_tokens})
        expected += range(len(prompt), len(whole) + stops)
    assert [at for at, weight in enumerate(example.weights) if weight] == expected


CALLING = ToolCall(name="f", arguments='{"a": 1}')
SEQUENCES = [
    "u",
    "ua",
    "uaa",
    "uat",
    "uattau",
    "sucttcta",
    "uetuec",
    "ueau",
    "",
]
"""Messages by their letters: system, user, answer, empty answer, call, result."""
BY_LETTER = {
    "s": Message(role="system", content="Be brief."),
    "u": Message(role="user", content="hi"),
    "a": Message(role="assistant", content="Hello.", reasoning="Hm."),
    "e": Message(role="assistant", content="", reasoning=""),
    "c": Message(role="assistant", content="", tool_calls=(CALLING, CALLING)),
    "t": Message(role="tool", content="1"),
}


@pytest.mark.parametrize("letters", SEQUENCES)
@pytest.mark.parametrize("tok", BOTH, ids=lambda tok: tok.format.name)
def test_some_sequences(tok: Any, letters: str) -> None:
    messages = [BY_LETTER[letter] for letter in letters]
    if tok is PLACED:  # after a result there is no reasoning
        messages = [
            message.model_copy(update={"reasoning": None})
            if at and messages[at - 1].role == "tool"
            else message
            for at, message in enumerate(messages)
        ]
    chat = Conversation(messages=tuple(messages))
    check_laws(tok, chat)
    check_training(tok, chat)
    transcript = tok.render(chat)
    assert tok.transcript_from_dict(transcript.to_dict()).ids == transcript.ids
    again = tok.render(Conversation())
    for message in messages:
        again.append(message)
    assert again.ids == transcript.ids
    assert again.spans == transcript.spans


@pytest.mark.parametrize("name", ["deepseek-r1", "deepseek-v3.1"])
def test_a_prompt_after_a_result_is_empty_whatever_the_row_says(name: str) -> None:
    tok = tokenizer(name)
    messages = [{"role": "user", "content": "hi"}, {"role": "tool", "content": "1"}]
    assert tok.encode_prompt(messages) == tok.encode(messages)
    begun = tok.encode_prompt(messages, prefill="So")
    assert spelled(tok, begun) == spelled(tok, tok.encode(messages)) + "So"


def test_a_prefill_goes_on_after_what_closes_reasoning() -> None:
    tok = tokenizer("deepseek-v3.1")
    begun = spelled(tok, tok.encode_prompt([{"role": "user", "content": "hi"}], prefill="So"))
    assert begun.endswith("</think>So")
    thinks = tok.encode_prompt([{"role": "user", "content": "hi"}], prefill="So", thinking=True)
    assert spelled(tok, thinks).endswith("<think>So")


@pytest.mark.parametrize("text", ["#", "# T", "\n", "\n\n", "x\n\n# T"])
@pytest.mark.parametrize("end", ["{next}", "<end>"])
def test_a_text_that_might_yet_be_a_fence_is_all_there_is(text: str, end: str) -> None:
    """The input ends while two lines of the first message could still be meant."""
    first = ChatFormat(
        name="first",
        prologue="<b>",
        template={
            "system": [
                {"line": f"{{content}}{end}", "after": "start"},
                {"line": f"[{{content}}\n\n]# Tools\n{{tools}}{end}", "after": "start"},
            ],
            "user": "<user>{content}<end>",
            "assistant": "<ai>{^}{content}<end>",
        },
        special_tokens=["<b>", "<user>", "<ai>", "<end>"],
        fences=["^# Tools\n", "\n\n# Tools\n"],
    )
    tok = bytewise(first)
    ids = ids_in(tok, f"<b>{text}")
    message = Message(role="system", content=text)
    assert tok.parse(ids, strict=False).conversation.messages == (message,)
    if end == "{next}":
        assert tok.decode(ids).messages == (message,)
        assert tok.encode([message]) == ids


@pytest.mark.parametrize("header", ["<turn>", "<turn>\n", "<turn>me\n"])
def test_an_empty_message_with_the_header_of_an_envelope(header: str) -> None:
    """Nothing but where it ends tells whose message it is."""
    format_ = ChatFormat(
        name="shared",
        template={
            "user": f"{header}{{content}}{{next}}",
            "assistant": "<ai>{^}{content}<end>",
            "tool": {"open": header, "each": "<r>{content}</r>", "sep": "\n", "close": "{next}"},
        },
        special_tokens=["<turn>", "<ai>", "<end>"],
        fences=["^<r>", "</r>\n<r>"],
    )
    tok = bytewise(format_)
    user, tool = Message(role="user", content=""), Message(role="tool", content="")
    answer = Message(role="assistant", content="x")
    for messages in ((user,), (user, answer), (user, user, answer), (user, tool, tool, user)):
        ids = tok.encode(messages)
        assert tok.decode(ids).messages == messages
        parser = tok.stream(role=None, strict=True)
        for token in ids:
            parser.feed(token)
        parser.close()
        assert parser.messages == [*messages]
        assert parser.spans == tok.render(messages).spans


def test_a_reply_that_breaks_off_has_not_stopped() -> None:
    chat = UNENDED.render([{"role": "user", "content": "hi"}])
    completion = chat.append_completion(ids_in(UNENDED, "\nok"))
    assert (completion.stop_reason, completion.issues) == ("length", ())
    assert chat.append_completion(ids_in(UNENDED, "ay<user>")).stop_reason == "stop"
    assert chat.conversation.messages[-1].content == "okay"


def test_a_sampled_stop_token_belongs_to_the_next_message() -> None:
    chat = UNENDED.render([{"role": "user", "content": "hi"}])
    chat.append_completion(ids_in(UNENDED, '\n<call>f\n{"a": 1}</call><tool>'))
    branch, third = chat.copy(), chat.copy()
    chat.append({"role": "tool", "content": "1"})
    assert spelled(UNENDED, chat.ids).endswith("</call><tool>\n<result>\n1\n</result>")
    assert chat.conversation == UNENDED.decode(chat.ids)
    assert not chat.issues
    with pytest.raises(RenderError, match="the model stopped with <tool>, but no message of role"):
        branch.append({"role": "user", "content": "stop"})
    assert branch.ids == third.ids
    branch.append({"role": "user", "content": "stop"}, replace_stop=True)
    assert spelled(UNENDED, branch.ids).endswith("</call><user>\nstop")
    assert branch.open is None
    assert spelled(UNENDED, branch.prompt()).endswith("<user>\nstop<ai>")
    third.append()
    assert third.ids[-1] == UNENDED.encoding.special_tokens["<tool>"]
    assert UNENDED.transcript_from_dict(third.to_dict()).ids == third.ids
    sampled = [at for at, weight in enumerate(third.weights("sampled")) if weight]
    assert sampled[-1] == len(third.ids) - 1


def test_nothing_changes_where_the_message_is_refused() -> None:
    chat = UNENDED.render([{"role": "user", "content": "hi"}])
    chat.append_completion(ids_in(UNENDED, "\nok<user>"), logprobs=[-1.0] * 4)
    before = chat.to_dict()
    with pytest.raises(RenderError):
        chat.append({"role": "cook", "content": "x"}, replace_stop=True)
    assert chat.to_dict() == before


def test_a_stop_token_that_no_line_has_is_kept_and_trained() -> None:
    chat = UNENDED.render([{"role": "user", "content": "hi"}])
    completion = chat.append_completion(ids_in(UNENDED, "\nok<end>"))
    assert completion.stop_reason == "stop"
    assert len(completion.issues) == 1
    chat.append({"role": "user", "content": "more"})
    text = spelled(UNENDED, chat.ids)
    assert text.endswith("<ai>\nok<end><user>\nmore")
    trained = [t for t, weight in zip(chat.ids, chat.weights(), strict=True) if weight]
    assert spelled(UNENDED, trained) == "\nok<end>"
    assert UNENDED.transcript_from_dict(chat.to_dict()).ids == chat.ids


def test_a_message_of_the_user_goes_on_from_the_stop_token() -> None:
    chat = UNENDED.render([{"role": "user", "content": "hi"}])
    chat.append_completion(ids_in(UNENDED, "\nok<user>"))
    chat.append({"role": "user", "content": "more"})
    assert chat.conversation == UNENDED.decode(chat.ids)
    assert chat.open is None
    assert not chat.issues
    begun = UNENDED.parse(ids_in(UNENDED, "<b><user>\nhi"), allow_open=True)
    assert begun.open is None
    stopped = UNENDED.parse(ids_in(UNENDED, "<b><ai>\nhi<user>"))
    stopped.append({"role": "user", "content": "more"})
    assert spelled(UNENDED, stopped.ids) == "<b><ai>\nhi<user>\nmore"
    sampled = UNENDED.parse(ids_in(UNENDED, "<b><ai>\nhi"), allow_open=True)
    assert sampled.open is not None


def test_a_header_may_be_one_token() -> None:
    tok = tokenizer("glm-4.7")
    chat = Conversation(messages=tuple(BY_LETTER[letter] for letter in "uaua"))
    rendered = tok.render(chat)
    assert tok.parse(rendered.ids).spans == rendered.spans
    assert rendered.weights() == tok.encode_for_training(chat).weights[: len(rendered.ids)]


def test_a_stream_ends_with_its_message() -> None:
    parser = UNENDED.stream()
    stop = UNENDED.encoding.special_tokens["<user>"]
    events = [*parser.events(ids_in(UNENDED, "\nok<user>\nnever read"))]
    assert events[-1] == MessageEnd(0, Message(role="assistant", content="ok"), stop)
    assert parser.close() == []
    assert not parser.issues
    follows = UNENDED.stream()
    more = follows.feed_all(ids_in(UNENDED, "\nok<user>\nhi"))
    assert MessageStart(1, "user") in more


def test_an_answer_after_a_result_has_no_header() -> None:
    chat = PLACED.render(
        [{"role": "user", "content": "hi"}, {"role": "tool", "content": "1"}],
    )
    prompt = chat.prompt()
    assert spelled(PLACED, prompt).endswith("<tool><result>1</result><done>")
    stream = chat.stream()
    assert "".join(stream.texts(ids_in(PLACED, "ok<end>"))) == "ok"
    chat.append_completion(ids_in(PLACED, "ok<end>"))
    chat.append({"role": "user", "content": "bye"})
    assert chat.conversation == PLACED.decode(chat.ids)
    assert PLACED.transcript_from_dict(chat.to_dict()).ids == chat.ids


@given(
    chat=st.lists(
        st.builds(Message, role=st.sampled_from(["user", "assistant"]), content=TEXTS), max_size=4
    )
)
def test_headers_in_words_and_a_newline_that_ends_a_text(chat: list[Message]) -> None:
    """Only the word after the token says whose message it is, be it empty, and last."""
    row = {"user": "<h>User\n{content}\n{next}", "assistant": "<h>Bot\n{^}{content}\n<e>"}
    tok = bytewise(ChatFormat(name="words", template=row, special_tokens=["<h>", "<e>"]))
    assert [*tok.decode(tok.encode(chat)).messages] == chat


def test_nothing_but_a_token_that_stops_the_model_is_no_message() -> None:
    """At the end it could not be told from the end of the answer before it."""
    tok = tokenizer("glm-4.7")
    answer = Message(role="assistant", content="Hello.")
    empty = Message(role="user", content="")
    for write in (tok.encode, tok.encode_for_training, lambda chat: tok.encode_batch([chat])):
        with pytest.raises(RenderError, match="an empty message of this role from the end of the"):
            write([answer, empty])
    transcript = tok.render([answer])
    with pytest.raises(RenderError, match="message 1: nothing tells"):
        transcript.append(empty)
    for chat in ([empty], [empty, answer], [answer, empty, answer], [empty, empty]):
        assert [*tok.decode(tok.encode(chat)).messages] == chat
    prompt = tok.encode_prompt([answer, empty], thinking=False)
    assert tok.encode([answer, empty, answer])[: len(prompt)] == prompt
    stopped = tok.encode_for_training([answer]).input_ids
    assert len(tok.decode(stopped).messages) == 1


@pytest.mark.parametrize(
    ("messages", "said"),
    [
        ([{"role": "system", "content": ""}], "an empty message of this role would leave no trace"),
        (
            [{"role": "user", "content": ""}, {"role": "system", "content": "x"}],
            "expected a message of role system at the start, found it after user",
        ),
    ],
)
def test_what_has_no_place(messages: list[dict[str, str]], said: str) -> None:
    with pytest.raises(RenderError) as refused:
        PLACED.encode(messages)
    assert said in str(refused.value)
    assert refused.value.message == len(messages) - 1


def test_a_message_that_only_its_last_letter_tells_from_another() -> None:
    """The end of the input says whose it is: no other message may end there."""
    row = {"tool": "<s>user[b{content}x]xy{next}", "x": "<s>{role}[y{content}x]{^}<e>x"}
    tok = bytewise(ChatFormat(name="late", template=row, special_tokens=["<s>", "<e>"]))
    chat = [Message(role="tool", content="")]
    ids = tok.encode(chat)
    assert spelled(tok, ids) == "<s>userxy"
    assert [*tok.decode(ids).messages] == chat
    assert [*tok.parse(ids, strict=False).conversation.messages] == chat
