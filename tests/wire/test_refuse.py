"""A message that would be read otherwise is refused, and no other one."""

from __future__ import annotations

import pytest

from chatfmt import Message, RenderError
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
