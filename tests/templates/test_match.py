"""Rows of the table are recognised in templates that write them, and only in these."""

from __future__ import annotations

import pytest

from chatfmt import get_format
from chatfmt.templates.asks import Ask, Kinds, asks, template_messages
from chatfmt.templates.compare import Evidence, Verdict, compare, evidence
from chatfmt.templates.letters import Letters, ids_in, in_letters, spelled
from chatfmt.templates.match import Match, kinds_of, match_template
from chatfmt.templates.render import Refused

CHATML = (
    "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


def test_a_row_is_found() -> None:
    found = match_template(CHATML)
    assert found is not None
    assert found.format.name == "chatml"
    assert found.proven
    assert str(found).startswith("chatml: ")


def test_a_template_that_trims_is_not_the_row() -> None:
    found = match_template(CHATML.replace("m.content", "m.content|trim"))
    assert found is not None
    assert not found.proven
    first = found.evidence.differing[0]
    assert first.verdict is Verdict.DIFFERENT
    assert first.template != first.format


def test_rows_whose_tokens_the_vocabulary_lacks_are_left_out() -> None:
    assert match_template(CHATML, special_tokens=["<|im_start|>"]) is None
    assert match_template("{{ messages[0].content }}") is None


def test_kinds() -> None:
    assert kinds_of(get_format("gemma-2")) == Kinds(("user", "assistant"))
    assert kinds_of(get_format("mistral-v3")).roles == ("system", "user", "assistant")
    assert kinds_of(get_format("qwen-3")) == Kinds(thinks=True, calls=True)


def test_the_battery_is_the_same_every_time_and_has_what_the_row_has() -> None:
    kinds = Kinds(thinks=True, calls=True)
    once, again = ([*map(repr, asks(kinds))] for _ in range(2))
    assert once == again
    assert [*map(repr, asks(kinds, seed=1))] != once
    every = [*asks(kinds)]
    assert {ask.thinking for ask in every} == {None, True, False}
    messages = [message for ask in every for message in template_messages(ask.conversation)]
    members = {name for message in messages for name in message}
    assert members == {
        "role",
        "content",
        "reasoning_content",
        "name",
        "tool_call_id",
        "tool_calls",
    }
    assert all(ask.thinking is None for ask in asks(Kinds()))


def test_verdicts() -> None:
    tok = in_letters(get_format("phi-4"))
    ask = next(asks(Kinds(("user", "assistant")), drawn=0))
    text = "<|im_start|>user<|im_sep|>u0<|im_end|>"
    assert compare(tok, ask, text) == (Verdict.EQUAL, text)
    assert compare(tok, ask, "x") == (Verdict.DIFFERENT, text)
    assert compare(tok, ask, Refused("no")) == (Verdict.TEMPLATE_REFUSES, text)
    gemma = in_letters(get_format("gemma-2"))
    system = next(a for a in asks(Kinds()) if a.conversation.messages[0].role == "system")
    assert compare(gemma, system, Refused("no"))[0] is Verdict.REFUSED
    assert compare(gemma, system, "x")[0] is Verdict.FORMAT_REFUSES
    found = evidence(gemma, [(system, "x"), (system, Refused("no")), (ask, Refused("no"))])
    assert str(found) == "1 refused by both, 1 refused by the template alone, 1 different"
    assert found.template_refuses[0].template == "no"
    assert not found.proven
    assert not Match(gemma.format, Evidence(equal=1)).proven


def test_a_fault_of_the_row_is_an_excuse_and_no_other() -> None:
    tok = in_letters(get_format("phi-4"))
    called = next(
        ask
        for ask in asks(Kinds(calls=True))
        if any(message.tool_calls for message in ask.conversation.messages)
    )
    before = "<|im_start|>user<|im_sep|>u0<|im_end|>"
    assert compare(tok, called, before + "rest")[0] is Verdict.EXCUSED
    assert compare(tok, called, "rest")[0] is Verdict.FORMAT_REFUSES


def test_letters() -> None:
    letters = Letters({"<e>": 256})
    assert letters.fingerprint != Letters({}).fingerprint
    with pytest.raises(KeyError):
        letters.token_bytes(256)
    tok = in_letters(get_format("chatml"))
    ids = tok.encode([{"role": "user", "content": "é"}])
    assert ids_in(tok, spelled(tok, ids)) == ids
    assert str(Ask(tok.decode(ids), prompt=True)) == "user: 'é' | prompt"
