"""What no other test comes by: the rest of every branch of the core."""

from __future__ import annotations

import asyncio
import io
import os
import signal
from typing import TYPE_CHECKING, Any

import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from chatfmt import (
    ChatTokenizer,
    IssueKind,
    Message,
    MessageStart,
    ParseError,
    astream_text,
    get_format,
    get_tokenizer,
)
from chatfmt.cli import main
from chatfmt.hf import HFEncoding
from chatfmt.training.turns import sections
from chatfmt.wire.fast.packed import pack, searchable
from chatfmt.wire.kept import _MOST_ITEMS
from conftest import encoding_for
from formats_under_test import tokenizer_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from chatfmt.encodings import TiktokenEncoding

# -- the command line, in this process --------------------------------------------------------


def test_without_a_command_the_help_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "usage: chatfmt" in capsys.readouterr().err


@pytest.mark.parametrize("buffering", [1, -1])  # while it writes, and when all is written
def test_nobody_has_to_read_to_the_end(monkeypatch: pytest.MonkeyPatch, buffering: int) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "w", buffering, encoding="utf-8") as nobody:  # noqa: PTH123 - it has no path
        monkeypatch.setattr("sys.stdout", nobody)
        assert main(["formats"]) == 0


def test_ctrl_c_gives_the_code_that_shells_give(monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupted(io.BytesIO):
        def readline(self, *_: Any) -> bytes:
            signal.raise_signal(signal.SIGINT)
            return b""

        __next__ = read = readinto = readline  # type: ignore[assignment]

    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(Interrupted()))
    monkeypatch.setattr("sys.stdout", io.StringIO())  # which cannot be told how to encode
    # A shell without job control starts what runs in the background with this signal ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        assert main(["count", "-"]) == 130
    finally:
        signal.signal(signal.SIGINT, before)


# -- ids and bytes ----------------------------------------------------------------------------


def test_bytes_of_two_ids_are_no_third() -> None:
    packed = pack([7 << 24, 0, 7])
    assert packed.startswith(b"\0\0\0\x07\0\0\0")
    ids = [7 << 8, 0, 7]
    assert searchable(ids).find(searchable([7])) == 2
    assert searchable(ids[:2]).find(searchable([7])) == -1


def test_an_encoding_that_decodes_token_by_token_gives_the_same() -> None:
    class Plain:
        """The protocol, and nothing else."""

        def __init__(self, encoding: TiktokenEncoding) -> None:
            self.special_tokens = encoding.special_tokens
            self.n_vocab = encoding.n_vocab
            self.fingerprint = encoding.fingerprint
            self.encode_ordinary = encoding.encode_ordinary
            self.token_bytes = encoding.token_bytes

    fast = get_tokenizer("gpt-4o")
    plain = ChatTokenizer(get_format("gpt-4o"), Plain(encoding_for("gpt-4o")))
    ids = fast.encode([{"role": "user", "content": "2+2? é中"}])
    for _ in range(2):  # by the parser, then by what was learnt from it
        assert plain.decode(ids) == fast.decode(ids)


def test_what_was_learnt_of_many_names_does_not_pile_up() -> None:
    tok = ChatTokenizer(get_format("gpt-4o"), encoding_for("gpt-4o"))
    for i in range(_MOST_ITEMS + 1):
        ids = tok.encode([{"role": "user", "name": f"n{i}", "content": "hello"}])
        assert tok.decode(ids).messages[0].name == f"n{i}"
    assert len(tok._decoder._heads.known) <= _MOST_ITEMS


# -- sequences that no format of the table gives ----------------------------------------------


def line(name: str) -> tuple[ChatTokenizer, Mapping[str, int]]:
    tok = tokenizer_for(name)
    return tok, tok.encoding.special_tokens


def test_a_message_may_begin_with_its_content_and_be_empty() -> None:
    tok, ids = line("first")
    chat = (Message(role="user"), Message(role="assistant"))
    assert tok.encode(chat) == [ids["<e>"], ids["<s>"], ids["<e>"]]
    assert tok.decode([ids["<e>"], ids["<s>"], ids["<e>"]]).messages == chat


def test_where_there_is_one_role_all_is_its() -> None:
    tok, ids = line("alone")
    chat = (Message(role="assistant"), Message(role="assistant", content="a"))
    assert tok.decode(tok.encode(chat)).messages == chat
    assert tok.encode(chat)[0] == ids["<e>"]


def test_behind_a_header_that_breaks_off_any_closing_token_will_do() -> None:
    tok, ids = line("thinks")
    start, wrong = tok.encoding.encode_ordinary("user"), tok.encoding.encode_ordinary("?")
    found = [ids["<s>"], *start, ids["<m>"], *wrong, ids["<e>"]]
    read = tok.parse(found, strict=False)
    assert read.conversation.messages == (Message(role="user", content="?"),)
    assert [(issue.kind, issue.position) for issue in read.issues] == [
        (IssueKind.MALFORMED_HEADER, 3)
    ]


def test_headers_of_one_beginning_part_where_they_differ() -> None:
    tok, ids = line("apart")
    chat = (Message(role="user", content="a"), Message(role="assistant", content="b"))
    assert tok.decode(tok.encode(chat)).messages == chat
    [header] = tok.encoding.encode_ordinary("z")
    assert tok.parse([ids["<s>"], header, ids["<m>"]], strict=False).conversation.messages == ()


@pytest.mark.parametrize("token", ["<m>", "<z>", "<s>"])
def test_what_breaks_off_before_its_text_belongs_to_nobody(token: str) -> None:
    tok, ids = line("gap")
    found = [ids["<s>"], *tok.encoding.encode_ordinary("x "), ids[token]]
    with pytest.raises(ParseError) as error:
        tok.parse(found)
    assert (error.value.kind, error.value.position) == (IssueKind.UNEXPECTED_SPECIAL, 3)
    read = tok.parse(found, strict=False)
    assert read.conversation.messages == ()
    assert (read.issues[0].kind, read.issues[0].position) == (IssueKind.UNEXPECTED_SPECIAL, 3)


def test_a_token_goes_on_where_the_model_begins_to_write() -> None:
    tok, ids = line("joined")
    encode = tok.encoding.encode_ordinary
    assert len(encode("getElement")) == 1
    joined = [ids["<s>"], *encode("getElement to=x"), ids["<m>"], ids["<e>"]]
    assert tok.decode(joined).messages == (Message(role="assistant", recipient="x"),)
    read = tok.parse(joined)
    assert read.conversation.messages == (Message(role="assistant", recipient="x"),)
    assert [(issue.kind, issue.position) for issue in read.issues] == [
        (IssueKind.STRADDLING_TOKEN, 1)
    ]
    assert [span.start for span in read.spans if span.generated] == [2, 5]


def test_a_sequence_may_come_in_any_two_parts() -> None:
    chat = [
        Message(role="user", content="Weather?"),
        Message(role="assistant", recipient="functions.f", channel="commentary", content="{}"),
    ]
    tok = tokenizer_for("harmony")
    whole = tok.render(chat)
    for cut in range(len(whole.ids) + 1):
        parser = tok.stream(role=None)
        events = [*parser.feed_all(whole.ids[:cut]), *parser.feed_all(whole.ids[cut:])]
        events += parser.close()
        assert (parser.messages, parser.spans) == (chat, whole.spans)
        assert sum(isinstance(event, MessageStart) for event in events) == 2


def test_what_is_decoded_without_a_prologue_is_learnt_without_one() -> None:
    tok = ChatTokenizer(get_format("llama-3"), encoding_for("llama-3"))
    ids = tok.encode([{"role": "user", "content": "a"}], prologue=False)
    for _ in range(2):
        assert tok.decode(ids, prologue=False).messages[0].content == "a"
    with pytest.raises(ParseError):
        tok.decode(ids)


def test_instructions_go_with_what_they_stand_before() -> None:
    roles = ["system", "user", "assistant", "system", "developer", "user"]
    assert sections([Message(role=role) for role in roles]) == [range(3), range(3, 6)]
    roles = ["assistant", "user"]
    assert sections([Message(role=role) for role in roles]) == [range(1), range(1, 2)]


# -- small things -----------------------------------------------------------------------------


def test_half_a_character_is_no_text_yet() -> None:
    tok = get_tokenizer("gpt-4o")
    halves = tok.encoding.encode_ordinary("🦉")
    assert len(halves) > 1
    assert list(tok.stream().texts(halves)) == ["🦉"]
    assert list(tok.stream().texts(halves[:1])) == ["\ufffd"]
    assert list(tok.stream().texts([])) == []


def test_a_stream_without_text_gives_none() -> None:
    async def no_ids() -> AsyncIterator[int]:
        no_ids: tuple[int, ...] = ()
        for token in no_ids:
            yield token

    async def pieces() -> list[str]:
        return [piece async for piece in astream_text(get_tokenizer("gpt-4o").stream(), no_ids())]

    assert asyncio.run(pieces()) == []


def test_a_text_is_no_conversation() -> None:
    with pytest.raises(TypeError, match="found the text 'hello'; a message is like"):
        get_tokenizer("gpt-4o").encode("hello")  # type: ignore[arg-type]


def test_an_entry_that_no_text_comes_to_has_the_bytes_it_decodes_to() -> None:
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({char: i for i, char in enumerate([*alphabet, "中"])}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    encoding = HFEncoding(tokenizer)
    assert repr(encoding) == "HFEncoding(n_vocab=257, special_tokens=0)"
    assert encoding.token_bytes(256) == "中".encode()
    assert tokenizer.decode([256]) == "中"
    assert 256 not in encoding.encode_ordinary("中")
    with pytest.raises(TypeError):
        encoding.encode_ordinary(NoText())  # type: ignore[arg-type]


class NoText:
    """What has the method of a text that is asked why it was refused."""

    def encode(self) -> bytes:
        return b""
