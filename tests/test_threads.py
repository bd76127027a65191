"""One tokenizer in many threads and processes gives what it gives in one thread."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import subprocess
import sys
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import chatfmt
from chatfmt import ChatTokenizer, Message, get_encoding
from conftest import encoding_for
from formats_under_test import FORMATS, HARMONY, tokenizer_for

if TYPE_CHECKING:
    from collections.abc import Iterator

Chat = list[dict[str, str]]
THREADS = 16


def _chats(roles: list[str], count: int) -> list[Chat]:
    """Conversations that differ in every respect: roles, names (so headers), texts, lengths."""
    texts = ["hello", "", "2+2 = 4\n", "\U0001f468\u200d\U0001f469", "<|im_end|>", "ab " * 50]
    chats: list[Chat] = []
    for i in range(count):
        chat = [
            {"role": roles[(i + j) % len(roles)], "content": f"{texts[(i * j) % len(texts)]}{i}"}
            for j in range(i % 7)
        ]
        if chat:
            chat[0]["name"] = f"n{i}"
        chats.append(chat)
    return chats


def _everything(tok: ChatTokenizer, chat: Chat) -> Any:
    """What every way of working gives for a conversation."""
    ids = tok.encode(chat)
    transcript = tok.render(chat)
    prompt = transcript.prompt()
    parser = tok.stream(None)
    events = [event for token in ids for event in parser.feed(token)] + parser.close()
    batch = tok.encode_batch([chat, chat], num_threads=2)
    return (
        ids,
        tok.decode(ids),
        tok.decode(ids),
        prompt,
        tok.encode_prompt(chat, prefill="x"),
        transcript.spans,
        transcript.to_dict(),
        events,
        parser.spans,
        list(batch.ids),
        list(batch.weights),
        tok.count_messages(chat),
        tok.scan(chat),
    )


@pytest.fixture
def hurried() -> Iterator[None]:
    """Threads take turns as often as the interpreter can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("name", ["gpt-4o", "gpt-3.5-turbo", "harmony"])
def test_sixteen_threads_share_a_tokenizer(name: str) -> None:
    known = tokenizer_for(name)
    chats = _chats(["user", "assistant", "tool", "system"], 48)
    alone = ChatTokenizer(known.format, known.encoding)
    expected = [_everything(alone, chat) for chat in chats]

    shared = ChatTokenizer(known.format, known.encoding)  # it has learnt nothing yet
    together = threading.Barrier(THREADS)

    def work(thread: int) -> list[int]:
        together.wait(120)
        order = [*range(thread, len(chats)), *range(thread)]
        return [i for i in order if _everything(shared, chats[i]) != expected[i]]

    with ThreadPoolExecutor(THREADS) as pool:
        assert list(pool.map(work, range(THREADS))) == [[]] * THREADS


@pytest.mark.usefixtures("hurried")
def test_threads_that_make_a_tokenizer_forget() -> None:
    """More different headers than are kept, read and written at once."""
    shared = ChatTokenizer(chatfmt.get_format("gpt-4o"), get_encoding("o200k_im"))
    together = threading.Barrier(THREADS)

    def work(thread: int) -> list[str]:
        together.wait(120)
        wrong: list[str] = []
        for i in range(600):
            message = Message(role="user", name=f"n{(thread * 211 + i) % 5000}", content="x")
            if shared.decode(shared.encode([message])).messages != (message,):
                wrong.append(str(message))
        return wrong

    with ThreadPoolExecutor(THREADS) as pool:
        assert list(pool.map(work, range(THREADS))) == [[]] * THREADS


@pytest.mark.usefixtures("hurried")
def test_tokenizers_are_made_in_many_threads_at_once() -> None:
    together = threading.Barrier(THREADS)

    def work(_: int) -> str:
        together.wait(120)
        found = chatfmt.ChatFormat(**HARMONY.row())
        encoding = get_encoding("cl100k_im")
        assert encoding is get_encoding("cl100k_im")
        return pickle.dumps(found.row()).hex() + repr(chatfmt.get_tokenizer("gpt-4").encode([]))

    with ThreadPoolExecutor(THREADS) as pool:
        assert len(set(pool.map(work, range(THREADS)))) == 1


WAYS_TO_GROW: dict[str, Any] = {
    "append": lambda chat: chat.append({"role": "user", "content": "hello " * 20}),
    "append_completion": lambda chat: chat.append_completion([13225] * 20 + [200265]),
    "prompt": lambda chat: (chat.prompt(), chat.append()),
}
WAYS_TO_LOOK: dict[str, Any] = {
    "open": lambda chat: chat.open,
    "conversation": lambda chat: chat.conversation,
    "weights": lambda chat: len(chat.weights("all")),
    "logprobs": lambda chat: len(chat.logprobs),
    "copy": lambda chat: chat.copy().to_dict(),
    "to_dict": lambda chat: chat.to_dict(),
    "stream": lambda chat: chat.stream(),
    "pickle": pickle.dumps,
}


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("look", [*WAYS_TO_GROW, *WAYS_TO_LOOK])
@pytest.mark.parametrize("grow", WAYS_TO_GROW)
def test_a_transcript_that_two_threads_use_at_once_says_so(grow: str, look: str) -> None:
    """What it holds is right in any case, and whoever came second was told."""
    tok = tokenizer_for("gpt-4o")
    chat = tok.render([])
    together = threading.Barrier(2)

    def work(way: Any) -> int:
        together.wait(120)
        refused = 0
        for _ in range(60):
            try:
                way(chat)
            except RuntimeError as error:
                assert "two threads use one Transcript at once" in str(error)  # noqa: PT017
                refused += 1
        return refused

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, [WAYS_TO_GROW[grow], {**WAYS_TO_GROW, **WAYS_TO_LOOK}[look]]))
    chat.append()
    assert tok.parse(chat.ids).conversation == chat.conversation
    assert tok.transcript_from_dict(chat.to_dict()).ids == chat.ids


def test_who_comes_while_it_changes_is_told_and_changes_nothing() -> None:
    """Without chance: the second comes while the first encodes."""
    known = tokenizer_for("gpt-4o")
    within, done = threading.Event(), threading.Event()

    class Slow:
        """An encoding that waits in the middle."""

        special_tokens = known.encoding.special_tokens
        n_vocab = known.encoding.n_vocab
        fingerprint = "slow"
        token_bytes = staticmethod(known.encoding.token_bytes)

        @staticmethod
        def encode_ordinary(text: str) -> list[int]:
            if text == "wait":
                within.set()
                assert done.wait(10)
            return known.encoding.encode_ordinary(text)

    chat = ChatTokenizer(known.format, Slow()).render([])
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(chat.append, {"role": "user", "content": "wait"})
        assert within.wait(10)
        for way in (*WAYS_TO_GROW.values(), *WAYS_TO_LOOK.values()):
            with pytest.raises(RuntimeError, match=r"two threads use one Transcript.*copy\(\)"):
                way(chat)
        done.set()
        first.result()
    assert [message.content for message in chat.conversation.messages] == ["wait"]
    chat.append({"role": "assistant", "content": "on"})
    assert len(chat.conversation.messages) == 2


def test_a_method_that_fails_leaves_the_transcript_free() -> None:
    chat = tokenizer_for("gpt-4o").render([])
    for _ in range(2):
        with pytest.raises(chatfmt.RenderError):
            chat.prompt("nobody")
    chat.append_completion(token for token in [*chat.prompt()[:0], 13225, 200265])  # looks at it
    assert len(chat.conversation.messages) == 1


def _in_worker(tok: ChatTokenizer, chat: Chat) -> Any:
    return _everything(tok, chat)


def share_in_processes(method: str) -> None:
    """What processes that are started in this way give is what this one gives."""
    tok = tokenizer_for("gpt-4o")
    chats = _chats(["user", "assistant"], 12)
    expected = [_everything(tok, chat) for chat in chats]
    context = multiprocessing.get_context(method)
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        assert list(pool.map(_in_worker, [tok] * len(chats), chats)) == expected


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_processes_share_a_tokenizer(method: str) -> None:
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"this system cannot {method}")
    # A program of its own: what threads of the test runner hold would be held in a fork for ever.
    code = f"import test_threads; test_threads.share_in_processes({method!r})"
    here = Path(__file__).parent
    subprocess.run([sys.executable, "-c", code], cwd=here, check=True, timeout=300)  # noqa: S603


def test_a_fork_in_the_middle_of_a_message() -> None:
    if not hasattr(os, "fork"):
        pytest.skip("this system cannot fork")
    code = """
import os, chatfmt
tok = chatfmt.get_tokenizer("gpt-4o")
ids = tok.encode([{"role": "assistant", "content": "one two three"}])
transcript, parser = tok.render([]), tok.stream(None)
transcript.prompt()
for token in ids[:4]:
    parser.feed(token)
child = os.fork()
for token in ids[4:]:
    parser.feed(token)
parser.close()
transcript.append_completion(ids[3:])
assert [m.content for m in parser.messages] == ["one two three"]
assert transcript.ids == ids
if child:
    assert os.waitpid(child, 0)[1] == 0
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=300)  # noqa: S603


# ---- pickles


def _instances() -> dict[str, Any]:
    """One of every public class that one can make, and the public tables."""
    tok = tokenizer_for("gpt-4o")
    chat = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    transcript = tok.render(chat)
    prompt = transcript.prompt()
    completion = transcript.append_completion([13225, 200265, 1], logprobs=[-0.1, -0.2, -0.3])
    parser = tok.stream(None)
    events = parser.feed_all(tok.encode([{"role": "user", "name": "n", "content": "a"}]))
    issue = tok.parse([1], strict=False).issues[0]
    ids = tok.encode(chat)
    found: dict[str, Any] = {
        "Change": chatfmt.Change(0, "content", "strip", " a", "a"),
        "Prepared": tok.prepare(chat),
        "FORMAT_ROWS": chatfmt.FORMAT_ROWS,
        "MODELS": chatfmt.MODELS,
        "Allowed": tok.stream().allowed(),
        "ChatFormat": tok.format,
        "ChatTokenizer": tok,
        "Completion": completion,
        "Conversation": transcript.conversation,
        "Difference": tok.explain(ids, ids[:-1]),
        "EncodedBatch": tok.encode_batch([chat]),
        "Fitted": tok.fit(chat, 100),
        "Issue": issue,
        "IssueKind": issue.kind,
        "Cause": next(iter(chatfmt.Cause)),
        "Message": transcript.conversation.messages[0],
        "OpenMessage": tok.parse(prompt, allow_open=True).open,
        "Span": transcript.spans[0],
        "Stray": tok.stream().feed(tok.encoding.special_tokens["<|im_sep|>"])[-1],
        "SpecialText": tok.scan([{"role": "user", "content": "<|im_end|>"}])[0],
        "TokenEncoding": tok.encoding,
        "ToolCall": chatfmt.ToolCall(name="f", arguments="{}", id="call_1"),
        "TrainingExample": tok.encode_for_training(chat),
        "Transcript": transcript,
    }
    found |= {type(event).__name__: event for event in events}
    found |= {
        "ArgumentsDelta": chatfmt.ArgumentsDelta(0, 0, "{}"),
        "ToolCallAbandoned": chatfmt.ToolCallAbandoned(0, 0, "{"),
        "ToolCallEnd": chatfmt.ToolCallEnd(0, 0, found["ToolCall"]),
        "ToolCallStart": chatfmt.ToolCallStart(0, 0, None, "f"),
    }
    found |= {
        "ChatfmtError": chatfmt.ChatfmtError("a"),
        "ContextOverflowError": chatfmt.ContextOverflowError(3, 2, 1),
        "DataError": chatfmt.DataError("a", "b", 1, "c"),
        "EncodingError": chatfmt.EncodingError("a"),
        "EncodingRequiredError": chatfmt.EncodingRequiredError("a"),
        "FormatError": chatfmt.FormatError("a"),
        "NothingToTrainError": chatfmt.NothingToTrainError("a"),
        "ParseError": chatfmt.ParseError(issue),
        "RenderError": chatfmt.RenderError("a", "b", 1, "c"),
        "TranscriptError": chatfmt.TranscriptError("a"),
        "UnknownFormatError": chatfmt.UnknownFormatError("a"),
    }
    found |= {
        "EncodedExamples": tok.encode_examples([chat]),
        "Provenance": chatfmt.Provenance(Path("v"), Path("t"), "chatml", (), "equal"),
    }
    return found


NO_INSTANCES = {"Event", "StreamParser"}
"""A union; and a parser in the middle of its work, which `copy` a transcript instead."""


def _shown(value: object) -> object:
    """What is compared: equality, where the class has it."""
    match value:
        case ChatTokenizer():
            return value.format, value.encoding.fingerprint
        case chatfmt.Transcript():
            return value.to_dict()
        case chatfmt.ChatfmtError():
            return type(value), value.args, vars(value), str(value)
        case chatfmt.EncodedBatch():
            return list(value.ids), list(value.offsets), list(value.weights)
        case chatfmt.TokenEncoding():
            return value.fingerprint
    return value


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_public_objects_can_be_pickled(protocol: int) -> None:
    made = _instances()
    functions = {name for name in chatfmt.__all__ if not name[0].isupper()}
    assert set(chatfmt.__all__) == {*made, *functions, *NO_INSTANCES}
    for name, value in made.items():
        again = pickle.loads(pickle.dumps(value, protocol))
        assert type(again) is type(value), name
        assert _shown(again) == _shown(value), name


@pytest.mark.parametrize("name", FORMATS)
def test_a_pickled_tokenizer_works(name: str) -> None:
    tok = tokenizer_for(name)
    again = pickle.loads(pickle.dumps(tok))
    chat = [{"role": "user", "content": f"hello {name}"}]
    assert again.decode(again.encode(chat)) == tok.decode(tok.encode(chat))
    assert again.encoding.fingerprint == encoding_for(name).fingerprint


# ---- no network


OFFLINE = """
import json, sys

def refuse(event, args):
    if event.startswith("socket."):
        raise OSError(f"no network here: {event}")

sys.addaudithook(refuse)
import socket
try:
    socket.socket()
except OSError as error:
    assert "no network here" in str(error)
else:
    raise AssertionError("sockets are not blocked")

import chatfmt
chat = [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]
for name, row in chatfmt.FORMAT_ROWS.items():
    if row.get("encoding") is None or not isinstance(row["template"], str):
        continue
    tok = chatfmt.get_tokenizer(name)
    ids = tok.encode(chat)
    assert tok.decode(ids).messages == chatfmt.Conversation(messages=chat).messages
    transcript = tok.render(chat[:1])
    transcript.prompt()
    transcript.append_completion(ids[len(transcript.ids):])
    parser = tok.stream()
    assert "".join(chatfmt.stream_text(parser, tok.encoding.encode_ordinary("4"))) == "4"
    tok.encode_for_training(chat)
    tok.encode_batch([chat] * 3, num_threads=2)
    tok.fit(chat, 1000)
    tok.scan(chat)
    tok.transcript_from_dict(json.loads(json.dumps(transcript.to_dict())))
for model in chatfmt.MODELS:
    try:
        chatfmt.tokenizer_for_model(model)
    except chatfmt.EncodingRequiredError:
        pass
from chatfmt.adapters import read_row
assert read_row({"prompt": "a", "completion": "b"})
"""


def test_nothing_in_the_base_install_opens_a_socket() -> None:
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-W", "error", "-c", OFFLINE],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert (done.returncode, done.stderr) == (0, "")
