"""The message that a template writes by itself: it stands between tokens, around the date."""

from __future__ import annotations

import pytest

from chatfmt.templates.opening import Opening, opening

TOKENS = ["<s>", "<m>", "<t>", "<e>"]


@pytest.mark.parametrize("bos", ["", "<s>"])
@pytest.mark.parametrize("text", ["{}", "Day {}", "a\n{} b", "1{}"])
@pytest.mark.parametrize(("head", "end"), [("<m>", "<e>"), ("<m>system<t>", "<e>\n"), ("<m>1", "")])
def test_prologue_head_text_and_end_make_the_whole(
    bos: str, text: str, head: str, end: str
) -> None:
    now, later = (f"{bos}{head}{text.format(day)}{end}" for day in "29")
    found = opening(now, later, TOKENS, "<s>")
    if not end:
        assert found is None
        return
    assert found is not None
    assert found.prologue + found.head + found.text + found.end == now
    assert (found.prologue, found.head, found.text, found.end) == (
        bos,
        head,
        text.format("2"),
        found.end,
    )


def test_what_is_the_same_every_day_is_no_message() -> None:
    assert opening("<m>Day<e>", "<m>Day<e>", TOKENS, "") is None


def test_text_before_the_first_token_has_no_head() -> None:
    assert opening("2<e>", "9<e>", TOKENS, "") is None


def test_a_date_beside_other_tokens() -> None:
    assert opening("<m>a<t>2<e>", "<m>a<t>9<e>", TOKENS, "") == Opening("", "<m>a<t>", "2", "<e>")


def test_another_token_on_another_day() -> None:
    assert opening("<m>a<t>", "<m>a<e>", TOKENS, "") is None
