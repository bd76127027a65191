"""Dates in the texts of words: filled in again, they are the text that the template wrote."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from chatfmt import Conversation
from chatfmt.prepare.prepared import messages_prepared
from chatfmt.prepare.words import read_words
from chatfmt.templates.dates import dated, texts_of
from chatfmt.templates.render import DATE, LATER

FORMS = ("%d %b %Y", "%Y-%m-%d", "%A")


@pytest.mark.parametrize("how", FORMS)
@pytest.mark.parametrize("date", [DATE, LATER, dt.date(1999, 12, 31)])
def test_a_dated_word_writes_the_date_of_each_day(how: str, date: dt.date) -> None:
    source = f"{{{{ strftime_now('{how}') }}}} {{{{ strftime_now( \"{FORMS[0]}\" ) }}}}"
    written = f"Now: {DATE.strftime(how)}, {{day}} 1"
    word = dated(source, {"word": "insert", "role": "system", "content": written})
    made = messages_prepared("x", read_words([word]), Conversation(), {"date": date})
    assert made.messages[0].content == written.replace(DATE.strftime(how), date.strftime(how))


@pytest.mark.parametrize("name", ["before", "default", "between", "content"])
def test_each_text_of_a_word_is_looked_at(name: str) -> None:
    word: dict[str, Any] = {"word": "system", name: f"a {DATE.strftime('%d')}"}
    assert texts_of([word]) == [word[name]]
    assert dated("{{ strftime_now('%d') }}", word)[name] == "a {date:%d}"


def test_a_text_without_the_date_is_left_alone() -> None:
    word = {"word": "system", "default": "Be kind."}
    assert dated("{{ strftime_now('%d %b %Y') }}", word) == word
