"""Lines with the spaces that a vocabulary's owner adds before text, or without those it removes."""

from __future__ import annotations

from typing import Any

import pytest

import chatfmt
from chatfmt.errors import FormatError
from chatfmt.line.spacing import with_spacing

TOKENS = ["<s>", "<u>", "<a>", "<e>"]
BOTH = {token: ["lstrip", "rstrip"] for token in TOKENS}


def row(template: Any, **members: Any) -> chatfmt.ChatFormat:
    used = [token for token in TOKENS if token in str((template, members))]
    return chatfmt.ChatFormat(name="mine", template=template, special_tokens=used, **members)


@pytest.mark.parametrize(
    ("line", "prefixed", "stripped", "both"),
    [
        ("<u>\n{content}<e>\n", "<u> \n{content}<e> \n", "<u>{content}<e>", "<u>[ {content}]<e>"),
        ("<u>{content}<e>", "<u>[ {content}]<e>", "<u>{content}<e>", "<u>[ {content}]<e>"),
        ("<u>{^}{content}<e>", "<u>{^}[ {content}]<e>", "<u>{^}{content}<e>", None),
        ("<u>\n{^}{content}<e>", "<u> \n{^}{content}<e>", "<u>{^}{content}<e>", None),
        ("<u> {^} {content} <e>", "<u>  {^} {content} <e>", "<u>{^}{content}<e>", None),
        ("<u>{content}\n<e>", "<u> {content}\n<e>", "<u>{content}<e>", "<u>[ {content}]<e>"),
        ("<u><a>x{content}<e>", "<u><a> x{content}<e>", "<u><a>x{content}<e>", None),
    ],
)
def test_a_line(line: str, prefixed: str, stripped: str, both: str | None) -> None:
    def made(template: str) -> chatfmt.ChatFormat:
        return row({"user": template}, speakers=["user"])

    given = made(line)
    assert with_spacing(given, prefix=True) == made(prefixed)
    assert with_spacing(given, prefix=False, strips=BOTH) == made(stripped)
    if both is not None:
        assert with_spacing(given, prefix=True, strips=BOTH) == made(both)
    assert with_spacing(given, prefix=False) == given


def test_lines_of_each_role_and_all_that_belongs_to_them() -> None:
    given = row(
        {
            "user": "<u>{content}<e>",
            "assistant": ["<a>{^}{content}<e>", {"line": "<a>{^}x{content}<s>", "after": ["tool"]}],
            "tool": {"open": "<u><s>", "each": "<a>x{content}\n", "close": "<e>"},
        },
        prologue="<s>Hi",
    )
    spaced = with_spacing(given, prefix=True)
    assert spaced.prologue == "<s> Hi"
    assert spaced.template == {
        "user": "<u>[ {content}]<e>",
        "assistant": [
            "<a>{^}[ {content}]<e>",
            {"line": "<a>{^} x{content}<s>", "after": ["tool"]},
        ],
        "tool": {"open": "<u><s>", "each": "<a> x{content}\n", "close": "<e>"},
    }


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("x<u>{content}<e>", "expected a line that begins with a special token"),
        ("<u>[{name}]\n{content}<e>", r"a space would be before '\[\{name\}\]"),
    ],
)
def test_a_space_that_may_be_or_not_is_refused(line: str, reason: str) -> None:
    with pytest.raises(FormatError, match=f"^format mine: .*{reason}"):
        with_spacing(row({"user": line}), prefix=True)
    assert with_spacing(row({"user": line}), prefix=False) == row({"user": line})


def test_next_is_no_text() -> None:
    given = chatfmt.get_format("glm-4")
    spaced = with_spacing(given, prefix=True, strips={"<|system|>": ["rstrip"]}).row()["template"]
    assert spaced["system"] == "<|system|>[ {content}]{next}"
    assert spaced["user"] == "<|user|> \n{content}{next}"
