"""Whatever is done with a transcript of any ids, copies and restored transcripts continue alike.

A model in training can write anything, and what it wrote is kept. So a transcript can be saved and
restored at any moment, and a stream reports what the transcript will have.
"""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pytest

import chatfmt
from chatfmt import RenderError
from rows import tokenizer
from sizes import size

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatfmt import ChatTokenizer, Transcript

TRIALS = size(4, 300)
WORDS = ("a", "\n", " ", "{}", '{"name": "f", "arguments": {}}', "é")
NO_TEXT = ([200], [-1])
"""A byte that begins no character, and no id of the encoding."""


def pieces(tok: ChatTokenizer) -> list[list[int]]:
    """Of what the sequences are put together: what the format is made of, and what it is not."""
    roles = sorted(tok.format.templates)
    said = [tok.encoding.encode_ordinary(word) for word in [*roles, *WORDS]]
    special = [[token] for token in tok.encoding.special_tokens.values()]
    return [*special, *said, *NO_TEXT, *(prompt for role in roles if (prompt := begun(tok, role)))]


def begun(tok: ChatTokenizer, role: str) -> list[int]:
    try:
        return tok.encode_prompt([{"role": "user", "content": "a"}], role=role)
    except RenderError:
        return []


def some(of: list[list[int]], draw: random.Random, most: int) -> list[int]:
    return [token for _ in range(draw.randint(0, most)) for token in draw.choice(of)]


def saved(transcript: Transcript) -> dict[str, Any]:
    of_json: dict[str, Any] = json.loads(json.dumps(transcript.to_dict()))
    return of_json


def changed(transcript: Transcript, by: Callable[[Transcript], object]) -> str:
    """Why a change was refused; nothing has changed then. Empty where it was not."""
    before = saved(transcript)
    try:
        by(transcript)
    except RenderError as error:
        assert saved(transcript) == before
        return str(error)
    return ""


def complete(same: list[Transcript], ids: list[int]) -> None:
    """All go on with these ids, and a stream reports what they have then."""
    stream = same[0].stream()
    completions = [transcript.append_completion(ids) for transcript in same]
    assert completions[1:] == completions[:-1]
    first = completions[0]
    stream.feed_all(ids[: len(ids) - len(first.rest)])
    opened = [stream.open_content] if stream.open_content else []
    assert (*stream.messages, *opened) == first.messages


def change(what: str, role: str) -> Callable[[Transcript], object]:
    if what == "append":
        return lambda transcript: transcript.append({"role": role, "content": "a"})
    if what == "prompt":
        return lambda transcript: transcript.prompt(role)
    return lambda transcript: transcript.append()


@pytest.mark.parametrize("name", chatfmt.FORMAT_ROWS)
def test_copies_and_restored_transcripts_go_on_alike(name: str) -> None:
    tok, draw = tokenizer(name), random.Random(name)  # noqa: S311 - not for secrets
    of, roles = pieces(tok), sorted(tok.format.templates)
    for _ in range(TRIALS):
        ids, allow_open = some(of, draw, 5), draw.random() < 0.5
        transcript = tok.parse(ids, strict=False, allow_open=allow_open)
        for _ in range(draw.randint(1, 4)):
            same = [transcript, transcript.copy(), tok.transcript_from_dict(saved(transcript))]
            assert saved(same[1]) == saved(same[2]) == saved(transcript)
            what = draw.choice(["complete", "append", "prompt", "end"])
            if what == "complete":
                complete(same, some(of, draw, 4))
            else:
                next_change = change(what, draw.choice(roles))
                refused = [changed(each, next_change) for each in same]
                assert refused[1:] == refused[:-1]
            assert saved(same[1]) == saved(same[2]) == saved(transcript)
        assert saved(tok.transcript_from_dict(saved(transcript))) == saved(transcript)


@pytest.mark.parametrize(
    ("name", "ids", "what", "role"),
    [
        # an answer of which it is not settled yet which line it is
        ("mistral-v7-spm", [266, *b" assistant", 263], "end", ""),
        # a header in an envelope that cannot be completed, so there is no message
        ("solar-open", [256, *b"tool"], "end", ""),
        ("solar-open", [265, 256, *b"tool"], "append", "assistant"),
        # a message in an envelope that ends without a token
        ("spark-2.5", [256, 261, -1], "append", "user"),
        # a header that is cut off, in a format whose messages have no end token
        ("glm-4.5", [257, 259, 265, 195, 169], "append", "tool"),
        ("glm-4", [262, 200, -1, *b"user"], "append", "system"),
    ],
)
def test_what_is_open_is_ended_where_its_ids_are_garbage(
    name: str, ids: list[int], what: str, role: str
) -> None:
    tok = tokenizer(name)
    transcript = tok.parse(ids, strict=False, allow_open=True)
    assert not changed(transcript, change(what, role))
    numbers = {span.message for span in transcript.spans} - {None}
    assert numbers <= {*range(len(transcript.conversation.messages))} | {0}
    assert saved(tok.transcript_from_dict(saved(transcript))) == saved(transcript)
