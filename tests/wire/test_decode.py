"""The fast path of decoding, against the parser."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatfmt import ChatTokenizer, Conversation, ParseError
from chatfmt.wire.binding import Binding
from chatfmt.wire.fast.decode import Decoder
from conftest import encoding_for
from formats_under_test import FORMATS, tokenizer_for
from strategies import conversations, mutated, retokenized


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
