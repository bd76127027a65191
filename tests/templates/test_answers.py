"""The lines with which an answer is tried: the right one is among them, wherever a prompt ends."""

from __future__ import annotations

import pytest

from chatfmt.templates.answers import Answers, answer_lines

TOKENS = ("<a>", "<t>", "</t>", "<e>")
OPENED = ("<a><t>\n", "</t>")


@pytest.mark.parametrize(
    ("line", "more", "answers"),
    [
        (
            "<a>[<t>{reasoning}]</t>{^}{content}<e>",
            {},
            Answers("<a></t>", "<e>", None, "<a></t>", None, ("<a><t>", "</t>")),
        ),
        (
            "<a>[<t>{^}{reasoning}]</t>{content}<e>",
            {"thinking": False},
            Answers("<a></t>", "<e>", None, "<a></t>", None, ("<a><t>", "</t>")),
        ),
        (
            "<a>{^}[<t>\n{reasoning}</t>]{content}<e>",
            {"thinking": False},
            Answers("<a>", "<e>", None, "<a><t>\n</t>", None, OPENED),
        ),
        (
            "<a>[<t>{^}\n{reasoning}</t>]{content}<e>",
            {},
            Answers("<a>", "<e>", None, "<a><t>", None, OPENED),
        ),
        (
            "<a>{^}[<t>\n{reasoning}</t>]{content}<e>",
            {"thinking": True},
            Answers("<a>", "<e>", None, "<a><t>\n", None, OPENED),
        ),
        (
            "<a>{^}[<t>\n{reasoning}</t>]{content}<e>",
            {},
            Answers("<a>", "<e>", None, "no such beginning", None, OPENED),
        ),
        *(
            (line, {}, Answers("<a>\n", "<e>", None, "<a>\n", None, ("<a>\n<t>", "</t>\n")))
            for line in (
                "<a>\n{^}[<t>{reasoning}</t>\n]{content}<e>",
                "<a>[\n{^}<t>{reasoning}</t>]\n{content}<e>",
            )
        ),
    ],
)
def test_where_a_prompt_ends_says_where_the_model_begins(
    line: str, more: dict[str, bool], answers: Answers
) -> None:
    assert ([line], more) in [*answer_lines(answers, TOKENS)]


def test_reasoning_after_which_no_white_space_leads_to_the_text_has_a_line_of_its_own() -> None:
    answers = Answers("<a>\n", "<e>", "<a><e>", "<a>\n", None, OPENED)
    lines = ["<a><t>\n{reasoning}</t>{content}<e>", "<a>\n{^}{content}<e>"]
    assert (lines, {}) in [*answer_lines(answers, TOKENS)]


def test_a_prompt_with_an_empty_thought_begins_the_line_with_a_thought() -> None:
    answers = Answers("<a></t>", "<e>", None, "<a><t></t>", "<a><t></t>", ("<a><t>", "</t>"))
    lines = ["<a><t>{^}{reasoning}</t>{content}<e>", "<a></t>{content}<e>"]
    assert (lines, {"thinking": False}) in [*answer_lines(answers, TOKENS)]
