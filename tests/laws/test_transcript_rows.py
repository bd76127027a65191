"""Transcripts as a state machine, over rows in which a message may end where the next begins.

Each text has one sequence of ids there, so what was written and sampled in the format is what
`encode` writes, except for the token that ended the model's message.
"""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from assertions import assert_tiles
from chatfmt import Message, ParseError, RenderError, ToolCall
from chats import Chat, by_id, serious
from rows import ONE_BY_ONE, texts, tokenizer
from strategies import mutated, random_ids

ROWS = ("deepseek-v3", "deepseek-r1", "deepseek-v3.1", "glm-4.5", "glm-4.7")
CALLS = st.lists(
    st.builds(
        ToolCall, name=st.sampled_from(["f", "get_time"]), arguments=st.sampled_from(ONE_BY_ONE)
    ),
    max_size=2,
).map(tuple)


class RowMachine(RuleBasedStateMachine):
    name: str
    chats: Bundle[Chat] = Bundle("chats")

    def __init__(self) -> None:
        super().__init__()
        self.tok = tokenizer(self.name)
        row = self.tok.format
        text = st.sampled_from(texts(row)) | st.sampled_from("abc")
        thinks = any("reasoning" in line.fields for line in row.lines_of["assistant"])
        self.answers = st.builds(
            Message,
            role=st.just("assistant"),
            content=text,
            reasoning=st.none() | text if thinks else st.none(),
            tool_calls=CALLS,
        )
        self.messages = self.answers | st.builds(
            Message, role=st.sampled_from(["system", "user", "tool", "user", "tool"]), content=text
        )
        self.all: list[Chat] = []

    # -- what can be done ---------------------------------------------------------------------

    @initialize(target=chats, data=st.data())
    def render(self, data: st.DataObject) -> Chat:
        messages = data.draw(st.lists(self.messages, max_size=3))
        try:
            transcript = self.tok.render(messages)
        except RenderError:
            transcript = self.tok.render([])
        return self.checked(Chat(transcript))

    @rule(target=chats, data=st.data(), allow_open=st.booleans())
    def parse(self, data: st.DataObject, *, allow_open: bool) -> Chat:
        """Anything at all, to go on from: a prompt, half a message, garbage."""
        ids = self.anything(data)
        chat = Chat(self.tok.parse(ids, strict=False, allow_open=allow_open))
        assert chat.ids == ids
        chat.issues = self.tok.parse(ids, strict=False, allow_open=True).issues
        chat.in_format = False
        return self.checked(chat)

    def anything(self, data: st.DataObject) -> list[int]:
        try:
            whole = self.tok.encode([data.draw(self.messages)])
        except RenderError:
            whole = []
        special = [*self.tok.encoding.special_tokens.values()]
        n_vocab = self.tok.encoding.n_vocab
        return data.draw(mutated(whole, n_vocab) | random_ids(n_vocab, special, max_size=8))

    @rule(chat=chats, data=st.data(), replace_stop=st.booleans())
    def append(self, chat: Chat, data: st.DataObject, *, replace_stop: bool) -> None:
        new = data.draw(st.lists(self.messages, max_size=2))
        transcript, stop = chat.transcript, chat.pending_stop(self.tok.stop_tokens)
        said, before = transcript.conversation.messages, transcript.to_dict()
        opened = transcript.open if stop is None else None
        begun = said[opened.index :] if opened else ()
        if opened and begun and opened.role == "assistant" and data.draw(st.booleans()):
            more = data.draw(st.sampled_from(["", "x", "\n"]))
            whole = begun[0].model_copy(update={"content": begun[0].content + more})
            new = [whole, *new[1:]]
        same = bool(opened and new and opened.role == new[0].role)
        # Half a character opens no message, and is one, or stray, when it is not completed.
        half = transcript.open is None and transcript.stream().is_within_character
        try:
            transcript.append(*new, replace_stop=replace_stop)
        except RenderError:
            assert transcript.to_dict() == before
        else:
            if transcript.ids[: len(chat.ids)] != chat.ids:
                assert stop is not None
                assert replace_stop
                chat.drop_stop()
            count = len(said) - len(begun) + bool(opened) - same + len(new)
            said = transcript.conversation.messages
            if half:  # by the part that its ids now have
                [last] = [s for s in transcript.spans if s.start < len(chat.ids) <= s.stop]
                count += last.message is not None
            assert len(said) == count
            assert [*said[len(said) - len(new) :]] == new
        chat.grow()
        self.checked(chat)

    @rule(chat=chats, thinking=st.sampled_from([None, True, False]))
    def prompt(self, chat: Chat, *, thinking: bool | None) -> None:
        transcript, opened = chat.transcript, chat.transcript.open
        before, closes_envelope = transcript.to_dict(), chat.is_result_last()
        try:
            ids = transcript.prompt(thinking=thinking)
        except RenderError:
            assert transcript.to_dict() == before
        else:
            chat.in_format &= not closes_envelope
            assert ids == transcript.ids
            now = transcript.open
            if opened is not None:
                assert ids == chat.ids
            assert now is None or now.role == "assistant"
        chat.grow()
        self.checked(chat)

    @rule(chat=chats, data=st.data(), kind=st.sampled_from(["stop", "length", "overrun"]))
    def complete(self, chat: Chat, data: st.DataObject, *, kind: str) -> None:
        """In the format: whole, cut, or with ids after the stop token."""
        opened, said = chat.transcript.open, chat.transcript.conversation.messages
        assume(opened is None)
        message = data.draw(self.answers)
        try:
            prompt = self.tok.encode_prompt(said[-1:])
            whole = self.tok.encode([*said[-1:], message])
        except RenderError:
            return
        assume(whole[: len(prompt)] == prompt)
        ids = whole[len(prompt) :]
        stops = self.tok.stop_tokens
        if not ids or ids[-1] not in stops:
            ids.append(data.draw(st.sampled_from(sorted(stops))))
        given = ids
        if kind == "length":
            given = ids[: data.draw(st.integers(0, len(ids) - 1))]
        elif kind == "overrun":
            given = ids + data.draw(random_ids(self.tok.encoding.n_vocab, ids).filter(bool))
        in_format = bool(given) or not chat.is_result_last()
        completion = self.give(chat, given, given[: len(ids)], in_format=in_format)
        assert completion.stop_reason == kind
        if kind == "length":
            return
        assert completion.stop_token == ids[-1]
        assert completion.messages == (message,)
        unknown = ids[-1] == self.tok.encoding.special_tokens.get("<|endoftext|>")
        assert len(completion.issues) == unknown

    @rule(chat=chats, data=st.data())
    def mangle(self, chat: Chat, data: st.DataObject) -> None:
        """Anything at all."""
        given = self.anything(data)
        stops = chat.transcript.stream().stop_tokens
        stop = next((i for i, token in enumerate(given) if token in stops), len(given))
        self.give(chat, given, given[: stop + 1], in_format=False)

    def give(self, chat: Chat, given: list[int], taken: list[int], *, in_format: bool) -> Any:
        streamed = chat.transcript.stream()
        completion = chat.transcript.append_completion(given)
        assert completion.rest == given[len(taken) :]
        chat.in_format &= in_format
        chat.grow(taken)
        streamed.feed_all(taken)
        read = [*streamed.messages, *([streamed.open_content] if streamed.open_content else [])]
        assert tuple(read) == completion.messages
        issues = [(issue.kind, issue.found) for issue in completion.issues]
        assert [(i.kind, i.found) for i in streamed.issues][-len(issues) or 99 :] == issues
        self.checked(chat)
        return completion

    @rule(target=chats, chat=chats, how=st.sampled_from(["copy", "json", "pickle"]))
    def branch(self, chat: Chat, how: str) -> Chat:
        transcript = chat.transcript
        if how == "copy":
            other = transcript.copy()
        elif how == "json":
            saved = json.loads(json.dumps(transcript.to_dict()))
            other = self.tok.transcript_from_dict(saved)
        else:
            other = pickle.loads(pickle.dumps(transcript))
        assert other.to_dict() == transcript.to_dict()
        assert other.open == transcript.open
        return self.checked(Chat(other, chat))

    # -- what must hold -----------------------------------------------------------------------

    def checked(self, chat: Chat) -> Chat:
        if chat not in self.all:
            self.all.append(chat)
        for each in self.all:  # the others, too: a branch leaves them alone
            transcript = each.transcript
            assert transcript.ids == each.ids
            assert_tiles(transcript.spans, len(each.ids))
            assert [s.sampled for s in transcript.spans for _ in range(*s[:2])] == each.sampled
            assert {*each.issues} <= {*transcript.issues}
        transcript = chat.transcript
        weights = transcript.weights("sampled")
        assert all(sampled for sampled, weight in zip(chat.sampled, weights, strict=True) if weight)

        closed = transcript.copy()
        assert closed.open == transcript.open
        assert closed.conversation == transcript.conversation
        if closed.open and closed.open.role is None:
            return chat
        closed.append()
        conversation = closed.conversation.on_wire()
        if serious(closed.issues):
            with pytest.raises(ParseError):
                self.tok.decode(closed.ids)
            return chat
        assert self.tok.decode(closed.ids) == conversation
        parsed = self.tok.parse(closed.ids)
        for one, other, sampled in zip(
            by_id(parsed.spans), by_id(closed.spans), chat.sampled, strict=False
        ):
            # A prompt can have written an empty reasoning, if nobody has sampled it.
            assert one == other or (sampled and one == (*other[:2], False))
        if chat.in_format:
            written = self.tok.encode(conversation)
            ended = closed.ids[len(written) :] if len(closed.ids) > len(written) else []
            assert closed.ids[: len(written)] == written[: len(closed.ids)]
            assert ended in ([], *([stop] for stop in self.tok.stop_tokens))
        return chat


@pytest.mark.hypothesis  # it draws at random, though no decorator says so
@pytest.mark.parametrize("name", ROWS)
def test_any_interleaving(name: str) -> None:
    machine = type("Machine", (RowMachine,), {"name": name})
    run_state_machine_as_test(
        machine,
        settings=settings(
            deadline=None,
            max_examples=25,
            stateful_step_count=12,
            suppress_health_check=list(HealthCheck),
        ),
    )
