"""What a row is refused for that is no fault of one line."""

from __future__ import annotations

from typing import Any

import pytest

from chatfmt import ChatFormat, FormatError


def made(template: str = "<s>{role}\n{content}<e>", **row: Any) -> ChatFormat:
    return ChatFormat(
        name="x", template=template, special_tokens=["<s>", "<e>"], roles=["user"], **row
    )


@pytest.mark.parametrize("longest", [0, -1, True, 1.5, "9", None])
def test_a_header_has_a_longest_length(longest: Any) -> None:
    with pytest.raises(FormatError) as error:
        made(longest_header=longest)
    assert str(error.value) == (
        f"format x: longest_header must be a positive integer, found {longest!r}"
    )
    assert made(longest_header=1).longest_header == 1


@pytest.mark.parametrize(
    ("template", "word"),
    [
        ("<s>{role}\n{tools}<e>{content}<s>", "tools"),
        ("<s>{role}\n{content:json}<e>", "content"),
        ("<s>{role} {channel=final}\n{content}<e>", "channel"),
        ("<s>{role}\n[<e>{call.name}]*<s>", "call.name"),
        ("<s>{role}<e>\n{content}{next}", "next"),
    ],
)
def test_a_word_that_is_read_but_not_written_yet(template: str, word: str) -> None:
    with pytest.raises(FormatError) as error:
        made(template)
    assert str(error.value) == (
        f"format x: {{{word}}} is read by the machine, but not written yet; a line may hold role, "
        "content, name, recipient, channel, content_type, reasoning as they are"
    )
