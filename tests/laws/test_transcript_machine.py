"""Transcripts as a state machine: whatever is appended, ids and conversation stay in step."""

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
from chatfmt import IssueKind, Message, RenderError
from chats import Chat, by_id, serious
from conftest import encoding_for
from formats_under_test import FORMATS, tokenizer_for
from reference import reference_decode
from strategies import conversations, messages, mutated, random_ids, retokenized, texts

NAMED = ("gpt-4o", "gpt-4", "gpt-3.5-turbo")
"""Formats whose prompts have a place for a name."""


class TranscriptMachine(RuleBasedStateMachine):
    name: str
    chats: Bundle[Chat] = Bundle("chats")

    def __init__(self) -> None:
        super().__init__()
        self.tok = tokenizer_for(self.name)
        self.encoding = encoding_for(self.name)
        self.prompt_ids = self.tok.encode_prompt([])
        self.all: list[Chat] = []

    # -- what can be done ---------------------------------------------------------------------

    @initialize(target=chats, data=st.data())
    def render(self, data: st.DataObject) -> Chat:
        conversation = data.draw(conversations(self.name, max_messages=2))
        chat = Chat(self.tok.render(conversation))
        assert chat.transcript.conversation == conversation
        return self.checked(chat)

    @rule(target=chats, data=st.data(), allow_open=st.booleans())
    def parse(self, data: st.DataObject, *, allow_open: bool) -> Chat:
        """Anything at all, to go on from: a prompt, half a message, garbage."""
        ids = self.anything(data)
        chat = Chat(self.tok.parse(ids, strict=False, allow_open=allow_open))
        assert chat.ids == ids
        # That the ids ended in a message is an issue until the message goes on.
        chat.issues = self.tok.parse(ids, strict=False, allow_open=True).issues
        return self.checked(chat)

    def anything(self, data: st.DataObject) -> list[int]:
        whole = self.tok.encode([data.draw(messages(self.name))])
        special = [self.tok.encoding.special_tokens[s] for s in self.tok.format.special_tokens]
        n_vocab = self.tok.encoding.n_vocab
        return data.draw(mutated(whole, n_vocab) | random_ids(n_vocab, special, max_size=8))

    @rule(chat=chats, data=st.data())
    def append(self, chat: Chat, data: st.DataObject) -> None:
        new = data.draw(st.lists(messages(self.name), max_size=2))
        transcript, opened = chat.transcript, chat.transcript.open
        said = transcript.conversation.messages
        begun = said[opened.index :] if opened else ()
        same = bool(opened and new and opened.role == new[0].role)
        if same and begun and data.draw(st.booleans()):  # the reply, whole
            more = data.draw(texts(["<|im_end|>"], max_pieces=2))
            new[0] = begun[0].model_copy(update={"content": begun[0].content + more})
        try:
            transcript.append(*new)
        except RenderError as error:
            assert opened is not None
            assert opened.role is None or same
            assert opened.role is None or "expected the whole message" in str(error)  # noqa: PT017
            assert transcript.open == opened
            assert transcript.ids == chat.ids
            assert transcript.conversation.messages == said
        else:
            assert transcript.open is None
            count = len(said) - len(begun) + bool(opened) - same + len(new)
            said = transcript.conversation.messages
            assert len(said) == count
            assert list(said[len(said) - len(new) :]) == new
            left = [i for i in transcript.issues if i not in serious(transcript.issues)]
            told = any(
                i.kind is IssueKind.OPEN_MESSAGE and i.position == len(chat.ids) for i in left
            )
            assert told == bool(opened and new and not same)
        chat.grow()
        self.checked(chat)

    @rule(chat=chats, role=st.sampled_from(["assistant", "user", "nobody"]), data=st.data())
    def prompt(self, chat: Chat, role: str, data: st.DataObject) -> None:
        no_name = st.sampled_from([None, "Ann"]) if self.name in NAMED else st.none()
        name = data.draw(no_name)
        prefill = data.draw(st.just("") | texts(["<|im_end|>", "<|end|>"], max_pieces=2))
        transcript, opened = chat.transcript, chat.transcript.open
        try:
            ids = transcript.prompt(role, name=name, prefill=prefill)
        except RenderError:
            assert opened or role not in self.tok.format.prompted
            assert transcript.ids == chat.ids
            assert transcript.open == opened
        else:
            assert ids == transcript.ids
            assert ids is not transcript.ids
            now = transcript.open
            assert now is not None
            assert now.role == role
            if opened is None:
                assert now.name == name
                [*_, last] = [None, *transcript.conversation.messages[now.index :]]
                assert (last.content if last else "") == prefill
            else:
                assert ids == chat.ids
        chat.grow()
        self.checked(chat)

    @rule(chat=chats, logprobs=st.booleans(), data=st.data())
    def complete(self, chat: Chat, data: st.DataObject, *, logprobs: bool) -> None:  # noqa: C901
        """In the format, in any tokens; whole, cut or with ids after the stop token."""
        opened = chat.transcript.open
        role = opened.role if opened else "assistant"
        goes_on = opened is None and chat.transcript.stream().open is None
        if goes_on:
            role = chat.transcript.conversation.messages[-1].role
        within = opened is not None and opened.part == "content"
        assume(opened is None or within or chat.ids[-len(self.prompt_ids) :] == self.prompt_ids)
        assume(role in self.tok.format.prompted)  # a mangled header may have any
        assert role is not None

        further = data.draw(st.integers(0, 2)) if self.name == "harmony" else 0
        heard: list[Message] = []
        ids: list[int] = []
        for _ in range(1 + further):
            message = data.draw(messages(self.name)).model_copy(
                update={"role": role, "weight": None, "call_id": None}
            )
            if self.name != "harmony" or (within and not heard):
                message = Message(role=role, content=message.content)
            whole = self.tok.encode([message])
            if not heard and not goes_on:
                there = self.tok.encode_prompt([], role=role)
                if within:
                    empty = message.model_copy(update={"content": ""})
                    there = self.tok.encode_prompt([empty], role=role, continue_last=True)
                whole = whole[len(there) :]
            heard.append(message)
            ids += whole
        special = self.tok.encoding.special_tokens.values()
        while ids[-1] not in special:  # a model does not write the tail
            ids.pop()
        # in the format: another stop token, which ends no line, is told as an issue
        ends = {self.tok.encoding.special_tokens[end] for end in self.tok.format.ends_of(role)}
        stops = chat.transcript.stream().stop_tokens & ends
        assume(stops)  # none where another was prompted, and the model went on as this one
        ids[-1] = data.draw(st.sampled_from(sorted(stops)))
        ids = data.draw(st.just(ids) | retokenized(ids, self.encoding))
        kind = data.draw(st.sampled_from(["stop", "length", "overrun"]))
        given = ids
        if kind == "length":
            given = ids[: data.draw(st.integers(0, len(ids) - 1))]
        elif kind == "overrun":
            given = ids + data.draw(random_ids(self.tok.encoding.n_vocab, ids).filter(bool))
        taken = given[: len(ids)]
        completion = self.give(chat, given, taken, logprobs=logprobs)
        assert completion.stop_reason == kind
        if kind != "length":
            assert completion.stop_token == ids[-1]
            if within:
                assert completion.messages[0].content.endswith(heard[0].content)
            else:
                assert completion.messages == tuple(heard)
                assert not serious(completion.issues)

    @rule(chat=chats, logprobs=st.booleans(), data=st.data())
    def mangle(self, chat: Chat, data: st.DataObject, *, logprobs: bool) -> None:
        """Anything at all."""
        given = self.anything(data)
        stops = chat.transcript.stream().stop_tokens
        stop = next((i for i, token in enumerate(given) if token in stops), len(given))
        self.give(chat, given, given[: stop + 1], logprobs=logprobs)

    def give(self, chat: Chat, given: list[int], taken: list[int], *, logprobs: bool) -> Any:
        probabilities = [-0.5 * i for i in range(len(given))] if logprobs else None
        streamed = chat.transcript.stream()
        completion = chat.transcript.append_completion(given, logprobs=probabilities)
        assert completion.rest == given[len(taken) :]
        chat.grow(taken, probabilities)
        # the stream behind the same transcript has read the same
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
            assume(self.name != "harmony")  # its vocabulary takes a second to load
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
            assert transcript.logprobs == each.logprobs
            assert_tiles(transcript.spans, len(each.ids))
            assert [s.sampled for s in transcript.spans for _ in range(*s[:2])] == each.sampled
            assert set(each.issues) <= set(transcript.issues)
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
        expected = reference_decode(self.name, closed.ids, self.encoding)
        if serious(closed.issues):
            assert expected is None
        else:
            assert expected == conversation
            parsed = self.tok.parse(closed.ids)
            assert parsed.conversation == conversation
            assert by_id(parsed.spans) == by_id(closed.spans)
        return chat


HERE = ("gpt-4o", "gpt-3.5-turbo", "harmony")


@pytest.mark.hypothesis  # it draws at random, though no decorator says so
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name not in HERE)) for name in FORMATS]
)
def test_any_interleaving(name: str) -> None:
    machine = type("Machine", (TranscriptMachine,), {"name": name})
    run_state_machine_as_test(
        machine,
        settings=settings(
            deadline=None,
            max_examples=25,
            stateful_step_count=12,
            suppress_health_check=list(HealthCheck),
        ),
    )
