"""A message that would be read differently is refused, and no other."""

from __future__ import annotations

import random

import pytest
from fuzz import walks

from chatfmt import FormatError, Message, RenderError
from letters import ids_of, row

ROLES = {"user": "user"}
# Without a reasoning, "ab" comes at once; so a reasoning is ended by "abab".
DOUBLED = row("<s>{role}<m>[{reasoning}ab]ab{content}<e>", roles=ROLES, fences=["abab", "^ab"])
# The literal text after the content leads to a special token, so it is no fence.
CLOSED = row("<s>{role}<m>[ab{reasoning}/ab]{content}ab<e>", roles=ROLES, fences=["^ab", "/ab"])


def user(content: str, reasoning: str | None = None) -> Message:
    return Message(role="user", reasoning=reasoning, content=content)


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (user("c"), "<s>user<m>abc<e>"),
        (user("ab"), "<s>user<m>abab<e>"),
        (user("c", reasoning="x"), "<s>user<m>xababc<e>"),
    ],
)
def test_written_and_read(message: Message, text: str) -> None:
    assert DOUBLED.encode([message]) == ids_of(text)
    assert DOUBLED.decode(ids_of(text)).messages == (message,)


@pytest.mark.parametrize("reasoning", ["", "ab", "abx", "xabab", "xab"])
def test_a_reasoning_that_would_be_read_otherwise(reasoning: str) -> None:
    """An empty one, too: it would be content that begins with "ab"."""
    with pytest.raises(RenderError) as error:
        DOUBLED.encode([user("c", reasoning=reasoning)])
    assert (error.value.message, error.value.field) == (0, "reasoning")


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (user(""), "<s>user<m>ab<e>"),
        (user("a"), "<s>user<m>aab<e>"),
        (user("", reasoning=""), "<s>user<m>ab/abab<e>"),
    ],
)
def test_an_empty_content_before_text_that_is_no_fence(message: Message, text: str) -> None:
    assert CLOSED.encode([message]) == ids_of(text)
    assert CLOSED.decode(ids_of(text)).messages == (message,)


def test_a_content_that_would_be_a_reasoning() -> None:
    with pytest.raises(RenderError):
        CLOSED.encode([user("abc")])


# "bb" ends a reasoning before a content; without one it is followed by other text and a token.
TOLD = row("<s>{role}<m>{reasoning}b[b{content}]x<m><e>", roles=ROLES, fences=["bb"])


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (user("", reasoning="qb"), "<s>user<m>qbbx<m><e>"),
        (user("", reasoning=""), "<s>user<m>bx<m><e>"),
        (user("c", reasoning="q"), "<s>user<m>qbbcx<m><e>"),
    ],
)
def test_a_special_token_tells_where_a_field_ends_without_a_fence(
    message: Message, text: str
) -> None:
    assert TOLD.encode([message]) == ids_of(text)
    assert TOLD.decode(ids_of(text)).messages == (message,)


@pytest.mark.parametrize(("content", "reasoning"), [("", "bb"), ("c", "qb"), ("c", "bbq")])
def test_a_fence_in_a_reasoning_or_with_what_follows_it(content: str, reasoning: str) -> None:
    with pytest.raises(RenderError):
        TOLD.encode([user(content, reasoning=reasoning)])


def _line(chance: random.Random) -> str:
    """A line with two fields, and texts of two letters around them."""

    def text(least: int = 0) -> str:
        return "".join(chance.choices("bx", k=chance.randint(least, 3)))

    one, two = chance.sample(("reasoning", "content", "tools"), 2)
    first = f"[{text()}{{{one}}}{text()}]" if chance.random() < 0.5 else f"{{{one}}}"
    second = f"[{text(1)}{{{two}}}{text()}]"
    return f"<s>{text()}{first}{text()}{second}{text()}{chance.choice(('', '<m>'))}<e>"


def test_in_rows_of_two_letters_exactly_what_is_read_is_written() -> None:
    chance = random.Random(1)  # noqa: S311 - no secret
    written = 0
    for _ in range(150):
        try:
            tok = row({"user": _line(chance)}, fences=["b", "x", "^b", "^x"])
        except FormatError:
            continue
        names = tok.format.lines[0].fields
        for _ in range(20):
            walks.check(tok, chance)  # what is read is written
            texts = {name: "".join(chance.choices("bxq", k=3)) for name in names}
            message = Message.model_validate({"role": "user", "content": "", **texts})
            try:
                ids = tok.encode([message])
            except RenderError:
                continue
            written += 1
            assert tok.decode(ids).messages == (message,)
    assert written > 100
