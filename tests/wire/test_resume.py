"""A message that has begun is completed by its whole text, or ended as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatfmt import ChatFormat, ChatTokenizer, IssueKind, Message, RenderError, extend_encoding
from chatfmt.encodings import get_encoding
from conftest import encoding_for
from formats_under_test import FORMATS, LINES, tokenizer_for
from letters import bytewise, row
from recovery import ids_of
from reference import SPEAKERS
from rows import ids_in, spelled
from rows import tokenizer as row_of_the_table
from strategies import conversations, messages, retokenized

if TYPE_CHECKING:
    from chatfmt import Transcript

USER: dict[str, Any] = {"role": "user", "content": "2+2?"}


def replies(name: str) -> st.SearchStrategy[Message]:
    if name in FORMATS:
        speakers = [role for role in SPEAKERS[name] if role != "system"]
        return messages(name).map(
            lambda message: (
                message
                if message.role in speakers
                else message.model_copy(update={"role": speakers[-1]})
            )
        )
    tok = tokenizer_for(name)
    line = str(LINES[name]["template"])
    words = st.sampled_from(["a", "to=x", "b"])
    fields = {field: st.none() | words for field in ("recipient", "name") if f"{{{field}}}" in line}
    if "{reasoning}" in line:
        fields["reasoning"] = st.none() | st.sampled_from(["", "hm", "say "])
    texts = st.sampled_from(["", "a", " ok", "4 ok", "say <z>", "user: "])
    roles = st.sampled_from([*tok.format.templates])
    return st.builds(Message, role=roles, content=texts, call_id=st.none() | st.just("c"), **fields)


def prompted(name: str, reply: Message, data: st.DataObject) -> tuple[Transcript, list[Message]]:
    tok = tokenizer_for(name)
    before = [] if name in LINES else [*data.draw(conversations(name, max_messages=2)).messages]
    chat = tok.render(before)
    try:
        chat.prompt(reply.role, name=reply.name)
    except RenderError:  # no place for a name in its prompt
        chat.prompt(reply.role)
    return chat, before


EVERY = pytest.mark.parametrize("name", [*FORMATS, *(name for name in LINES if name != "to")])
"""All but the one whose header begins with what a prompt cannot give."""


@EVERY
@given(data=st.data())
@settings(deadline=None, max_examples=25)
def test_a_reply_completes_its_prompt(name: str, data: st.DataObject) -> None:
    tok, reply = tokenizer_for(name), data.draw(replies(name))
    chat, before = prompted(name, reply, data)
    chat.append(reply)
    whole = tok.render([*before, reply])
    assert chat.ids == whole.ids
    assert chat.conversation.messages == whole.conversation.messages  # with their annotations
    assert chat.spans == whole.spans
    assert chat.weights("all") == whole.weights("all")
    assert not chat.issues
    assert chat.open is None


@EVERY
@given(data=st.data())
@settings(deadline=None, max_examples=25)
def test_a_reply_completes_what_was_sampled_of_it(name: str, data: st.DataObject) -> None:
    tok, reply = tokenizer_for(name), data.draw(replies(name))
    chat, before = prompted(name, reply, data)
    stood = len(chat.ids)
    ids = tok.encode([*before, reply])[stood:]
    encoding = encoding_for(name) if name in FORMATS else tok.encoding
    ids = data.draw(st.just(ids) | retokenized(ids, encoding))
    ends = {tok.encoding.special_tokens[token] for token in tok.format.ends_of(reply.role)}
    last = max(at for at, token in enumerate(ids) if token in ends)
    sampled = ids[: data.draw(st.integers(0, last))]
    chat.append_completion(sampled)
    prefix, saved = list(chat.ids), chat.to_dict()
    opened = chat.open
    try:
        chat.append(reply)
    except RenderError:
        # half a character at the end, or a role that cannot be told yet: that goes on by ids alone
        half = tok.parse(prefix, strict=False).issues
        kinds = {issue.kind for issue in half}
        assert IssueKind.INVALID_UTF8 in kinds or (opened and opened.role is None)
        assert chat.to_dict() == saved
        return
    assert chat.ids[: len(prefix)] == prefix
    assert chat.conversation.messages == (*before, reply)
    assert tok.decode(chat.ids) == chat.conversation.on_wire()
    kept = [span.sampled for span in chat.spans for _ in range(span.start, span.stop)]
    assert kept == [stood <= at < len(prefix) for at in range(len(kept))]


@EVERY
@given(data=st.data())
@settings(deadline=None, max_examples=25)
def test_what_was_cut_anywhere_is_ended_well_where_it_can_be(
    name: str, data: st.DataObject
) -> None:
    """A cut within a text, or between texts, always; in a header, where what it has is enough."""
    tok, reply = tokenizer_for(name), data.draw(replies(name))
    chat, before = prompted(name, reply, data)
    ids = tok.encode([*before, reply])[len(chat.ids) :]
    chat.append_completion(ids[: data.draw(st.integers(0, max(0, len(ids) - 1)))])
    opened, said = chat.open, chat.conversation.messages
    if opened is None or opened.role is None:
        return
    chat.append()
    assert chat.open is None
    good = not [i for i in chat.issues if i.kind is not IssueKind.STRADDLING_TOKEN]
    if said[len(before) :]:
        half = IssueKind.INVALID_UTF8 in {issue.kind for issue in chat.issues}
        assert good or half
        assert half or chat.conversation.messages == said
    if good:
        assert tok.decode(chat.ids) == chat.conversation.on_wire()


@pytest.mark.parametrize(
    "cut", ["<think>", "<think>\n", "<think>\nhm", "<think>\nhm\n", "</think>"]
)
def test_a_completion_cut_around_its_reasoning_is_ended_as_the_format_has_it(cut: str) -> None:
    tok = tokenizer_for("think")
    special, encode = tok.encoding.special_tokens, tok.encoding.encode_ordinary
    text = cut if cut != "</think>" else "<think>\nhm\n</think>"
    ids: list[int] = []
    for piece in (
        text.replace("<think>", "\0<think>\0").replace("</think>", "\0</think>\0").split("\0")
    ):
        ids += [special[piece]] if piece in special else encode(piece)
    chat = tok.render([USER])
    chat.append_completion(ids)
    chat.append(USER)
    [told] = [i for i in chat.issues if i.kind is not IssueKind.STRADDLING_TOKEN]
    assert (told.kind, told.found) == (IssueKind.OPEN_MESSAGE, "a message of role 'user'")
    assert tok.decode(chat.ids) == chat.conversation
    reasoning = "hm" * ("hm" in text) + "\n" * (cut.endswith("hm\n"))
    assert chat.conversation.messages[1] == Message(role="assistant", reasoning=reasoning)


@pytest.mark.parametrize(
    ("begun", "wrong", "field", "told"),
    [
        (
            {"prefill": "Sure, "},
            {"content": "Hello"},
            "content",
            "its content begins with 'Sure, '",
        ),
        ({"prefill": "Sure, "}, {"content": ""}, "content", "found ''"),
        ({"prefill": "Sure, "}, {"content": "Sure, ", "name": "Ann"}, "name", "it has no name"),
        ({"name": "Ann"}, {"content": "x"}, "name", "its name is 'Ann'"),
        ({"name": "Ann"}, {"content": "x", "name": "Bob"}, "name", "found 'Bob'"),
        ({"prefill": "x" * 9999}, {"content": "y" * 9999}, "content", "(9,999 characters)"),
    ],
)
def test_a_reply_that_is_another_is_refused_with_a_hint(
    begun: dict[str, Any], wrong: dict[str, str], field: str, told: str
) -> None:
    tok = tokenizer_for("gpt-4o")
    chat = tok.render([USER])
    chat.prompt(**begun)
    saved = chat.to_dict()
    with pytest.raises(RenderError, match="expected the whole message") as error:
        chat.append({"role": "assistant", **wrong})
    assert (error.value.message, error.value.field) == (1, field)
    assert told in str(error.value)
    assert "append() without messages" in str(error.value)
    assert len(str(error.value)) < 600
    assert chat.to_dict() == saved
    chat.append()
    chat.append({"role": "assistant", **wrong})
    assert len(chat.conversation.messages) == 3


def test_reasoning_that_has_begun_is_part_of_the_reply() -> None:
    tok = tokenizer_for("think")
    special, encode = tok.encoding.special_tokens, tok.encoding.encode_ordinary
    chat = tok.render([USER])
    chat.append_completion([special["<think>"], *encode("\nhm")])
    for wrong in ({"content": "4"}, {"reasoning": "no", "content": "4"}):
        with pytest.raises(RenderError, match="its reasoning begins with 'hm'"):
            chat.append({"role": "assistant", **wrong})
    reply = Message(role="assistant", reasoning="hm, 4", content="4", weight=0.5)
    chat.append(reply, USER)
    assert chat.conversation.messages == (Message(**USER), reply, Message(**USER))
    assert tok.decode(chat.ids) == chat.conversation.on_wire()
    assert not chat.issues


def test_strays_stay_where_they_are() -> None:
    tok = tokenizer_for("gpt-4o")
    chat = tok.render([USER])
    chat.append_completion([13225, -1, 11])
    prefix = list(chat.ids)
    chat.append({"role": "assistant", "content": "Hello, world"})
    assert chat.ids[: len(prefix)] == prefix
    assert chat.conversation.messages[-1].content == "Hello, world"


def test_a_message_of_another_role_ends_the_open_one_and_that_is_told() -> None:
    tok = tokenizer_for("gpt-4o")
    chat = tok.render([USER])
    stands = len(chat.prompt())
    chat.append(USER)
    assert chat.conversation.messages == (
        Message(**USER),
        Message(role="assistant"),
        Message(**USER),
    )
    [issue] = chat.issues
    assert (issue.kind, issue.position) == (IssueKind.OPEN_MESSAGE, stands)
    assert issue.state == "the content of message 1"
    again = tok.transcript_from_dict(chat.to_dict())
    assert again.issues == chat.issues
    ended = tok.render([USER])
    ended.prompt()
    ended.append()
    assert not ended.issues


@pytest.mark.parametrize(
    ("name", "cut", "fields"),
    [
        ("harmony", ["<|channel|>"], None),
        ("harmony", ["<|channel|>", "final"], {"channel": "final"}),
        ("harmony", [" to=f", "<|channel|>", "c"], {"recipient": "f", "channel": "c"}),
        ("harmony", [" to"], None),  # a recipient that nobody has named is not made up
        ("thinks", ["thi"], {"reasoning": ""}),
        ("thinks", ["sa"], {}),
    ],
)
def test_a_header_that_was_cut_is_ended_by_what_it_has(
    name: str, cut: list[str], fields: dict[str, Any] | None
) -> None:
    """Where that is not enough, by the bare end of a message, which is not well-formed."""
    tok = tokenizer_for(name)
    chat = tok.render([USER])
    chat.append_completion(ids_of(tok, cut))
    chat.append()
    assert chat.open is None
    assert chat.conversation.messages[1] == Message(role="assistant", **(fields or {}))
    if fields is None:
        assert [issue.kind for issue in chat.issues] == [IssueKind.UNEXPECTED_SPECIAL]
    else:
        assert tok.decode(chat.ids) == chat.conversation


@pytest.mark.parametrize("cut", [" ", " n", " na", " nam", " name"])
def test_a_name_that_has_not_begun_is_not_made_of_what_stands_before_it(cut: str) -> None:
    tok = tokenizer_for("gpt-4o")
    special = tok.encoding.special_tokens["<|im_start|>"]
    begun = [special, *tok.encoding.encode_ordinary(f"user{cut}")]
    chat = tok.parse(begun, allow_open=True)
    chat.append()
    assert chat.conversation.messages == (Message(role="user"),)
    assert [issue.kind for issue in chat.issues] == [IssueKind.UNEXPECTED_SPECIAL]


def test_a_name_that_stands_there_is_kept() -> None:
    tok = tokenizer_for("gpt-4o")
    special = tok.encoding.special_tokens["<|im_start|>"]
    begun = [special, *tok.encoding.encode_ordinary("user name=na")]
    chat = tok.parse(begun, allow_open=True)
    chat.append()
    assert chat.conversation.messages == (Message(role="user", name="na"),)
    assert not chat.issues


@pytest.mark.parametrize(
    ("name", "cut", "said"),
    [
        (
            "harmony",
            [" to=x", "<|constrain|>", "json"],
            Message(role="assistant", recipient="x", content_type="json"),
        ),
        (
            "think",
            ["<think>", "\nhm\n", "</think>", "\n4"],
            Message(role="assistant", reasoning="hm", content="4"),
        ),
    ],
)
def test_what_deviates_is_ended_as_it_stands(name: str, cut: list[str], said: Message) -> None:
    tok = tokenizer_for(name)
    chat = tok.render([USER])
    chat.append_completion(ids_of(tok, cut))
    stood = list(chat.ids)
    chat.append()
    assert chat.ids[: len(stood)] == stood
    assert chat.open is None
    assert chat.conversation.messages[1] == said


def test_a_header_that_deviates_is_not_the_beginning_of_a_reply() -> None:
    tok = tokenizer_for("harmony")
    chat = tok.render([USER])
    pieces = ["<|channel|>", "final", "<|constrain|>", "json", "<|message|>", "{}"]
    chat.append_completion(ids_of(tok, pieces))
    saved = chat.to_dict()
    reply = Message(role="assistant", channel="final", content_type="json", content="{}")
    with pytest.raises(RenderError, match="its ids are not the beginning of the message"):
        chat.append(reply)
    assert chat.to_dict() == saved
    chat.append()
    assert chat.conversation.messages[1] == reply


def test_a_prompt_that_several_roles_share_is_of_the_one_that_was_prompted() -> None:
    template = {"ab": "<s>{role}{^}<m>{content}<e>", "abc": "<s>{role}{^}<z>{content}<e>"}
    tok = row(template)
    chat = tok.render([])
    chat.prompt("ab")
    assert chat.open is not None
    assert chat.open.role == "ab"
    assert tok.parse(chat.ids, allow_open=True).open == chat.open._replace(role=None)
    chat.append(Message(role="ab", content="hi"))
    assert tok.decode(chat.ids) == chat.conversation


def single(role: str, line: str) -> ChatTokenizer:
    encoding = extend_encoding(get_encoding("cl100k_im"), "one role", ["<s>", "<e>"])
    tokens = [token for token in ("<s>", "<e>") if token in line]
    row = ChatFormat(name="one role", template={role: line}, special_tokens=tokens)
    return ChatTokenizer(row, encoding)


def test_a_prompt_without_an_id_is_one_all_the_same() -> None:
    tok = single("b", "{content}<e>")
    end = tok.encoding.special_tokens["<e>"]
    for again in (lambda chat: chat, lambda chat: chat.copy(), _through_dict(tok)):
        chat = tok.render([])
        with pytest.raises(RenderError, match="unknown role 'assistant'"):
            chat.append_completion([15339, end])
        assert chat.prompt("b") == []
        chat = again(chat)
        assert chat.stream().feed_text(15339) == "hello"
        assert chat.append_completion([]).stop_reason == "length"
        assert chat.append_completion([15339]).messages == (Message(role="b", content="hello"),)
        assert chat.append_completion([end, 1]).rest == [1]
        with pytest.raises(RenderError, match="unknown role 'assistant'"):
            chat.append_completion([15339])
        chat.prompt("b")
        chat.append({"role": "b", "content": "x"})
        assert tok.decode(chat.ids).messages == tuple(
            Message(role="b", content=text) for text in ("hello", "x")
        )


def _through_dict(tok: ChatTokenizer) -> Any:
    return lambda chat: tok.transcript_from_dict(chat.to_dict())


def test_an_empty_prompt_for_one_of_several_roles_is_not_forgotten() -> None:
    tok = tokenizer_for("first")
    chat = tok.render([])
    chat.prompt("user")
    end = tok.encoding.special_tokens["<e>"]
    assert chat.append_completion([15339, end]).messages == (Message(role="user", content="hello"),)


def test_a_name_that_has_begun_is_the_name() -> None:
    tok = tokenizer_for("gpt-4o")
    begun = [tok.encoding.special_tokens["<|im_start|>"]]
    begun += tok.encoding.encode_ordinary("user name=Al")
    transcript = tok.parse(begun, strict=False, allow_open=True)
    transcript.append()
    assert transcript.conversation.messages[-1].name == "Al"


def test_what_may_be_a_name_or_a_role_is_ended_as_it_stands() -> None:
    tok = row_of_the_table("gpt-oss")
    transcript = tok.parse(ids_in(tok, "<|start|>ass"), strict=False, allow_open=True)
    transcript.append()
    assert transcript.open is None
    assert "ass" in spelled(tok, transcript.ids)
    assert transcript.issues


def test_ids_that_are_a_prompt_are_open_in_the_role_that_it_is_for() -> None:
    """They might also be how a longer name of another role begins."""
    lines = {"assistant": "<s>{name}\n{content}<e>", "tool": "<s>{role}{^}\n{content}<e>"}
    row = ChatFormat(
        name="row", template=lines, special_tokens=["<s>", "<e>"], speakers=["tool", "assistant"]
    )
    tok = bytewise(row)
    parsed = tok.parse(tok.encode_prompt([], role="tool"), allow_open=True)
    assert parsed.open is not None
    assert parsed.open.role == "tool"
