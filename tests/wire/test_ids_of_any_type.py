"""Ids of other libraries are taken as the integers they are; anything else is refused."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from chatfmt import (
    ChatTokenizer,
    astream_events,
    astream_text,
    get_tokenizer,
    stream_events,
    stream_text,
)
from chatfmt.wire.ids import as_ids

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

END = 200265
REPLY = [13225, 0, 1, 11, END]
"""With the ids that are equal to the booleans."""


class Scalar:
    """Like a tensor without dimensions: an index, whose hash is its identity."""

    def __init__(self, value: Any, dtype: str = "torch.int64") -> None:
        self.value = int(value)
        self.dtype = dtype

    def __index__(self) -> int:
        return self.value

    def __eq__(self, other: object) -> bool:
        return NotImplemented

    __hash__ = object.__hash__


async def later(ids: Sequence[Any]) -> AsyncIterator[Any]:
    for token in ids:
        yield token


def collected(stream: AsyncIterator[Any]) -> list[Any]:
    async def all_of_it() -> list[Any]:
        return [item async for item in stream]

    return asyncio.run(all_of_it())


@pytest.fixture(scope="module")
def tok() -> ChatTokenizer:
    return get_tokenizer("gpt-4o")


def _decoded(tok: ChatTokenizer, ids: Sequence[Any]) -> Any:
    return tok.decode([*tok.encode_prompt([]), *ids])


def _learned(tok: ChatTokenizer, ids: Sequence[Any]) -> Any:
    tok.decode([*tok.encode_prompt([]), *REPLY])
    return tok.decode([*tok.encode_prompt([]), *ids])


def _completed(tok: ChatTokenizer, ids: Sequence[Any]) -> Any:
    chat = tok.render([])
    completion = chat.append_completion(iter(ids))
    return completion, chat.to_dict()


def _fed(tok: ChatTokenizer, ids: Sequence[Any]) -> Any:
    parser = tok.stream()
    return [parser.feed(token) for token in ids], parser.messages, parser.issues


def _fed_text(tok: ChatTokenizer, ids: Sequence[Any]) -> Any:
    parser = tok.stream()
    return [parser.feed_text(token) for token in ids], parser.messages, parser.issues


def _explained(tok: ChatTokenizer, ids: Sequence[Any]) -> Any:
    return tok.explain(ids, REPLY[:2]), tok.explain(REPLY[:3], ids)


WAYS_IN: dict[str, Callable[[ChatTokenizer, Sequence[Any]], Any]] = {
    "feed": _fed,
    "feed_text": _fed_text,
    "feed_all": lambda tok, ids: tok.stream().feed_all(ids),
    "stream_text": lambda tok, ids: list(stream_text(tok.stream(), ids)),
    "stream_events": lambda tok, ids: list(stream_events(tok.stream(), ids)),
    "astream_text": lambda tok, ids: collected(astream_text(tok.stream(), later(ids))),
    "astream_events": lambda tok, ids: collected(astream_events(tok.stream(), later(ids))),
    "decode": _decoded,
    "decode, learned": _learned,
    "parse": lambda tok, ids: tok.parse([*tok.encode_prompt([]), *ids]).to_dict(),
    "append_completion": _completed,
    "explain": _explained,
}

ways_in = pytest.mark.parametrize("way", WAYS_IN)


@ways_in
@pytest.mark.parametrize(
    "kind",
    [np.int64, np.int32, np.uint32, np.array, Scalar],
    ids=["int64", "int32", "uint32", "array of no dimension", "tensor"],
)
def test_what_is_an_integer_in_all_but_type_is_one(
    tok: ChatTokenizer, way: str, kind: Callable[[int], Any]
) -> None:
    tok = ChatTokenizer(tok.format, tok.encoding)  # it has learnt nothing yet
    found = WAYS_IN[way](tok, [kind(token) for token in REPLY])
    assert found == WAYS_IN[way](tok, REPLY)
    assert "int64" not in repr(found)
    assert "Scalar" not in repr(found)


@ways_in
@pytest.mark.parametrize("as_array", [np.array, tuple])
def test_whole_arrays_are_taken(
    tok: ChatTokenizer, way: str, as_array: Callable[[list[int]], Any]
) -> None:
    assert repr(WAYS_IN[way](tok, as_array(REPLY))) == repr(WAYS_IN[way](tok, REPLY))


@ways_in
@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(True, id="True"),
        pytest.param(False, id="False"),
        pytest.param(np.True_, id="a numpy boolean"),
        pytest.param(Scalar(1, "torch.bool"), id="a tensor of a boolean"),
        pytest.param(13225.0, id="a float"),
        pytest.param(float(END), id="a float that is the end token"),
        pytest.param(np.float64(11.0), id="a numpy float"),
        pytest.param(np.array([11, 11]), id="an array"),
        pytest.param("11", id="text"),
        pytest.param(None, id="nothing"),
    ],
)
@pytest.mark.parametrize("at", range(len(REPLY)))
def test_what_is_no_integer_is_refused(tok: ChatTokenizer, way: str, wrong: Any, at: int) -> None:
    given: list[Any] = list(REPLY)
    given[at] = wrong
    with pytest.raises(TypeError, match="expected integers as token ids, found "):
        WAYS_IN[way](tok, given)


def test_an_id_that_is_refused_changes_nothing(tok: ChatTokenizer) -> None:
    parser, chat = tok.stream(), tok.render([])
    wrong: Any = 11.0
    for way in (parser.feed, parser.feed_text, lambda wrong: parser.feed_all([11, wrong])):
        with pytest.raises(TypeError, match=r"found float 11\.0"):
            way(wrong)
    with pytest.raises(TypeError, match=r"found bool True at index 1"):
        chat.append_completion([11, True])
    assert chat.ids == []
    assert parser.position == 0
    assert [parser.feed_text(token) for token in REPLY] == ["Hello", "!", '"', ",", ""]


def test_a_list_of_integers_is_not_copied() -> None:
    ids = [1, 2]
    assert as_ids(ids) is ids
    assert as_ids(iter(ids)) == ids
    assert as_ids([]) == []


@ways_in
@pytest.mark.parametrize(
    "given",
    [None, 1, 1.5, "", "11", b"", b"abc", {}, {11}, np.array(11), object()],
    ids=[
        "nothing",
        "int",
        "float",
        "no text",
        "text",
        "no bytes",
        "bytes",
        "dict",
        "set",
        "0-d",
        "x",
    ],
)
def test_what_is_no_sequence_is_refused(tok: ChatTokenizer, way: str, given: Any) -> None:
    calls: dict[str, Callable[[], Any]] = {
        "feed_all": lambda: tok.stream().feed_all(given),
        "stream_text": lambda: list(stream_text(tok.stream(), given)),
        "stream_text, primed": lambda: list(stream_text(tok.stream(role=None), given)),
        "stream_events": lambda: list(stream_events(tok.stream(), given)),
        "decode": lambda: tok.decode(given),
        "parse": lambda: tok.parse(given),
        "append_completion": lambda: tok.render([]).append_completion(given),
        "explain": lambda: tok.explain(given, REPLY),
    }
    if way in calls:
        with pytest.raises(TypeError, match="expected integers as token ids, in a list or another"):
            calls[way]()


@pytest.mark.parametrize("huge", [10**5000, -(10**5000)], ids=["positive", "negative"])
def test_an_id_that_python_refuses_to_write_out(tok: ChatTokenizer, huge: int) -> None:
    [issue] = tok.parse([huge], strict=False).issues
    assert issue.found == "the id (an integer of 16,610 bits), which is not in the vocabulary"
    assert tok.parse([huge], strict=False).ids == [huge]
    with pytest.raises(TypeError, match=r"found list \[an integer of 16,610 bits\]"):
        tok.stream().feed([huge])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "given",
    [
        "-0.5",
        [True],
        ["-0.5"],
        [None],
        [1j],
        [np.complex64(1)],
        [np.True_],
        [10**400],
        [[]],
        1,
        b"a",
    ],
    ids=repr,
)
def test_logprobs_that_are_no_numbers(tok: ChatTokenizer, given: Any) -> None:
    chat = tok.render([])
    with pytest.raises(TypeError, match="expected numbers as logprobs, "):
        chat.append_completion([11], logprobs=given)
    assert chat.ids == []


def test_logprobs_of_other_libraries(tok: ChatTokenizer) -> None:
    chat = tok.render([])
    chat.append_completion([11, END], logprobs=np.array([-0.5, -1], dtype=np.float32))  # type: ignore[arg-type]
    assert chat.logprobs[-2:] == [-0.5, -1.0]
    assert [*map(type, chat.logprobs[-2:])] == [float, float]
