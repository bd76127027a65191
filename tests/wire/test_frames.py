"""The frame of a content, in training too, and what is refused because of it."""

from __future__ import annotations

import pytest

from chatfmt import Conversation, Message, RenderError
from chatfmt.encodings.guard import LONGEST_RUN
from letters import ids_of, row

USER, REPLY = Message(role="user", content="q"), Message(role="assistant", content="a")
ENDS = row(
    {
        "user": "<s>user<m>{content}<e>",
        "assistant": {"line": "<s>ai<m>{^}{content}<e>", "training_end": "<z>"},
    },
    stops=["<z>"],
)
GROUPED = row(
    {
        "user": "<s>user\n{content}<e>",
        "assistant": "<s>ai<m>{^}[<z>{reasoning}<z>][{content}\n]<e>",
    },
    fences=["\n"],
)


def test_the_last_answer_in_training_ends_in_a_token_that_stops() -> None:
    chat = [USER, REPLY, USER, REPLY]
    example = ENDS.encode_for_training(chat)
    written = ids_of("<s>user<m>q<e><s>ai<m>a<e><s>user<m>q<e><s>ai<m>a<z>")
    assert example.input_ids == written
    trained = [t for t, weight in zip(written, example.weights, strict=True) if weight]
    assert trained == ids_of("aa<z>")  # what ends the first does not stop the model
    assert ENDS.decode(written).messages == tuple(chat)
    assert ENDS.encode(chat) == [*written[:-1], *ids_of("<e>")]
    batch = ENDS.encode_batch([chat])
    assert [*batch.ids] == written
    assert [*batch.weights] == example.weights


def test_an_end_after_which_the_model_goes_on_is_trained() -> None:
    chat = [USER, REPLY, REPLY, USER]
    example = ENDS.encode_for_training(chat)
    assert example.input_ids == ENDS.encode(chat)
    pairs = zip(example.input_ids, example.weights, strict=True)
    # it writes the header of its second message itself, and not what ends that one
    assert [token for token, weight in pairs if weight] == ids_of("a<e><s>ai<m>a")
    assert ENDS.render(chat).weights() == example.weights


def test_the_end_that_a_model_samples_is_read_and_kept() -> None:
    transcript = ENDS.render([USER])
    transcript.prompt()
    done = transcript.append_completion(ids_of("a<z>"))
    assert (done.stop_reason, done.messages) == ("stop", (REPLY,))
    transcript.append(USER)
    assert transcript.ids == ids_of("<s>user<m>q<e><s>ai<m>a<z><s>user<m>q<e>")


@pytest.mark.parametrize("train_on", ["all", "assistant"])
def test_a_batch_weighs_what_its_conversations_weigh(train_on: str) -> None:
    chats = [
        Conversation(messages=(USER, REPLY.model_copy(update={"reasoning": "r"}))),
        Conversation(messages=(USER, REPLY, USER)),
        Conversation(messages=(Message(role="assistant"), USER)),
    ]
    batch = GROUPED.encode_batch(chats, train_on=train_on)  # type: ignore[arg-type]
    ids: list[int] = []
    weights: list[float] = []
    for chat in chats:
        transcript = GROUPED.render(chat)
        example = GROUPED.encode_for_training(chat, train_on=train_on)  # type: ignore[call-overload]
        assert example.input_ids == transcript.ids
        assert example.weights == transcript.weights(train_on)  # type: ignore[arg-type]
        ids += transcript.ids
        weights += transcript.weights(train_on)  # type: ignore[arg-type]
    assert [*batch.ids] == ids
    assert [*batch.weights] == weights
    # the newline of the user's header is not the model's, and the content is
    assert weights[5:8] == ([0.0, 1.0, 1.0] if train_on == "all" else [0.0] * 3)


def test_long_text_with_breaks_is_no_endless_run() -> None:
    said = Message(role="user", content="ab " * (LONGEST_RUN // 3 + 1))
    assert len(ENDS.encode([said])) == len(ids_of("<s>user<m><e>")) + len(said.content)


def test_a_run_that_is_too_long_only_with_the_text_after_it_names_its_field() -> None:
    tok = row({"assistant": "<s>ai<m>{^}{reasoning}x<z>{content}<e>"}, fences=["x"])
    fits = Message(role="assistant", reasoning="a" * (LONGEST_RUN - 1))
    assert len(tok.encode([fits])) > LONGEST_RUN
    with pytest.raises(RenderError) as error:
        tok.encode([Message(role="assistant", reasoning="a" * LONGEST_RUN)])
    assert error.value.reason.startswith("more than 900,000 characters without a break")
    assert (error.value.message, error.value.field) == (0, "reasoning")


ENVELOPED = row(
    {
        "user": "<s>user<m>{content}<e>",
        "tool": {"open": "<s>tool<m>", "each": "({content})", "close": "<e>"},
    },
    fences=[")("],
)


@pytest.mark.parametrize(("content", "offset"), [("1)(2", 1), (")(", 0)])
def test_text_that_would_be_read_as_two_messages_is_refused(content: str, offset: int) -> None:
    with pytest.raises(RenderError) as error:
        ENVELOPED.encode([USER, Message(role="tool", content=content)])
    assert error.value.reason == (
        f"at offset {offset} this would be read as structure: ')('; leave it out, or put other "
        "text in between"
    )
    assert (error.value.message, error.value.field) == (1, "content")


@pytest.mark.parametrize("content", ["1)", "(", "()", "", "<e>"])
def test_text_that_only_looks_like_two_messages_is_read(content: str) -> None:
    chat = [Message(role="tool", content=content), Message(role="tool", content=content)]
    assert ENVELOPED.decode(ENVELOPED.encode(chat)).messages == tuple(chat)


def test_a_message_that_is_begun_in_a_line_without_a_content_can_be_ended() -> None:
    calls = row(
        {"user": "<s>user<m>{content}<e>", "assistant": "<s>ai{^}[<m>{call:json n, a}]*<e>"}
    )
    begun = ids_of('<s>ai<m>{"n": "f"')
    transcript = calls.parse(begun, strict=False, allow_open=True)
    transcript.append(USER)
    assert transcript.ids == [*begun, *ids_of("<e><s>user<m>q<e>")]


def test_a_message_that_is_open_in_a_group_can_be_ended() -> None:
    for begun, rest in (("<s>ai<m>a", "\n<e>"), ("<s>ai<m><z>r", "<z><e>"), ("<s>ai<m>", "<e>")):
        transcript = GROUPED.parse(ids_of(begun), strict=False, allow_open=True)
        transcript.append(USER)
        assert transcript.ids == ids_of(f"{begun}{rest}<s>user\nq<e>")


@pytest.mark.parametrize("sampled", ["<s>a", "<s>ai<z>"])
def test_a_message_whose_header_is_broken_gets_a_bare_end(sampled: str) -> None:
    transcript = GROUPED.parse(ids_of(f"{sampled}"), strict=False, allow_open=True)
    if transcript.open is None or transcript.open.role is None:
        with pytest.raises(RenderError, match="has no role yet"):
            transcript.append(USER)
        return
    transcript.append(USER)
    assert GROUPED.parse(transcript.ids, strict=False).conversation.messages[-1] == USER


def test_the_id_of_the_call_that_is_answered_is_in_the_open_header() -> None:
    tok = row({"user": "<s>user<m>{content}<e>", "tool": "<s>tool {call_id}<m>{content}<e>"})
    transcript = tok.parse(ids_of("<s>tool c1<m>"), strict=False, allow_open=True)
    assert transcript.open is not None
    assert transcript.open.call_id == "c1"
    other = Message(role="tool", call_id="c2", content="1")
    with pytest.raises(RenderError) as error:
        transcript.append(other)
    assert "its call_id is 'c1'; expected the whole message, with the same call_id" in str(
        error.value
    )
    transcript.append(other.model_copy(update={"call_id": "c1"}))
    assert transcript.ids == ids_of("<s>tool c1<m>1<e>")
