"""The fast path of decoding, against the parser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatfmt import ChatTokenizer, Conversation, ParseError, get_format, get_tokenizer
from chatfmt.wire.binding import Binding
from chatfmt.wire.fast.decode import _MOST_HEADS, Decoder
from conftest import encoding_for
from formats_under_test import FORMATS, tokenizer_for
from strategies import conversations, mutated, retokenized

if TYPE_CHECKING:
    from chatfmt.encodings import TiktokenEncoding


@pytest.mark.parametrize("name", FORMATS)
@given(data=st.data())
@settings(deadline=None, max_examples=60)
def test_whatever_it_has_learnt_it_says_what_the_parser_says(
    name: str, data: st.DataObject
) -> None:
    tok = tokenizer_for(name)
    decoder = Decoder(Binding(tok.format, tok.encoding))
    for lesson in data.draw(st.lists(conversations(name), max_size=3)):
        prologue = data.draw(st.booleans())
        ids = tok.encode(lesson, prologue=prologue)
        ids = ids[: data.draw(st.just(len(ids)) | st.just(max(0, len(ids) - 1)))]
        try:
            read = tok.parse(ids, prologue=prologue)
        except ParseError:
            continue
        decoder.learn(ids, read.spans, read.conversation.messages, prologue=prologue)
    ids = tok.encode(data.draw(conversations(name)))
    ids = data.draw(st.just(ids) | mutated(ids, tok.encoding.n_vocab) | _other(name, ids))
    for prologue in (True, False):
        found = decoder.decode(ids, prologue=prologue)
        if found is not None:
            assert found == tok.parse(ids, prologue=prologue).conversation


def _other(name: str, ids: list[int]) -> st.SearchStrategy[list[int]]:
    return retokenized(ids, encoding_for(name))


@pytest.mark.parametrize("name", [name for name in FORMATS if name not in ("think", "harmony")])
def test_it_takes_over_once_it_has_seen_each_role(name: str) -> None:
    tok = ChatTokenizer(tokenizer_for(name).format, encoding_for(name))
    chat = Conversation.model_validate(
        {"messages": [{"role": role, "content": f"{role}\n"} for role in tok.format.templates]}
    )
    ids = tok.encode(chat)
    assert tok._decoder.decode(ids, prologue=True) is None
    assert tok.decode(ids) == chat
    assert tok._decoder.decode(ids, prologue=True) == chat
    other = tok.encode([{"role": "user", "content": "a text it has never seen <|im_end|>"}])
    assert tok._decoder.decode(other, prologue=True) == tok.decode(other)
    if tok.format.templates["user"].tail:
        cut = [*other[:-1], *other]
        assert tok._decoder.decode(cut, prologue=True) is None


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
    for i in range(_MOST_HEADS + 1):
        ids = tok.encode([{"role": "user", "name": f"n{i}", "content": "hello"}])
        assert tok.decode(ids).messages[0].name == f"n{i}"
    assert len(tok._decoder._known) <= _MOST_HEADS


def test_what_is_decoded_without_a_prologue_is_learnt_without_one() -> None:
    tok = ChatTokenizer(get_format("llama-3"), encoding_for("llama-3"))
    ids = tok.encode([{"role": "user", "content": "a"}], prologue=False)
    for _ in range(2):
        assert tok.decode(ids, prologue=False).messages[0].content == "a"
    with pytest.raises(ParseError):
        tok.decode(ids)
