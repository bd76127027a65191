"""Ids that are integers in all but type."""

from __future__ import annotations

from typing import Any

import pytest

from broken_encodings import IM, Changed, small
from chatfmt.encodings import TiktokenEncoding, extend_encoding
from chatfmt.encodings.ids import as_id
from chatfmt.errors import EncodingError
from chatfmt.line.formats import get_format
from chatfmt.wire.binding import Binding
from heavy import heavy


class Scalar:
    """A tensor without dimensions: an integer by `__index__`, and equal to nothing but itself."""

    def __init__(self, value: int, dtype: str = "torch.int64") -> None:
        self._value, self.dtype = value, dtype

    def __index__(self) -> int:
        return self._value


def integers(value: int) -> list[Any]:
    """The same integer in each type that is at hand."""
    numpy = pytest.importorskip("numpy", reason="integers of other types")
    kinds = (numpy.int64, numpy.int32, numpy.uint16, numpy.intp, numpy.array)
    return [value, Scalar(value), *(kind(value) for kind in kinds)]


def others() -> list[Any]:
    """What is no id."""
    numpy = pytest.importorskip("numpy", reason="values of other types")
    truths = [True, False, numpy.True_, numpy.array(1, bool), Scalar(1, "torch.bool")]
    floats = [1.0, numpy.float32(1), numpy.array(1.0), float("nan")]
    return [*truths, *floats, "1", b"1", None, [1], numpy.array([1, 2]), 1j]


def test_an_integer_of_any_type_is_the_integer_it_is() -> None:
    for value in integers(256):
        assert as_id(value) == 256
        assert type(as_id(value)) is int


def test_nothing_else_is_an_id() -> None:
    for value in others():
        with pytest.raises(TypeError, match="expected integers as token ids, found"):
            as_id(value)


def test_the_bytes_of_an_id_of_any_type() -> None:
    encoding = TiktokenEncoding(small())
    for value in integers(256):
        assert encoding.token_bytes(value) == b"ab"
    for value in others():
        with pytest.raises(TypeError):
            encoding.token_bytes(value)


def test_the_tables_of_a_binding_know_ids_of_any_type_and_keep_only_integers() -> None:
    binding = Binding(get_format("gpt-4o"), TiktokenEncoding(small()))
    for _ in range(2):
        for value in filter(_hashable, integers(256)):
            assert binding.text[value] == binding.spell(value) == b"ab"
            assert binding.whole[value] == "ab"
            assert binding.show(value) == "the text 'ab' (256)"
    for value in filter(_hashable, integers(IM["<|im_end|>"])):
        with pytest.raises(KeyError):
            binding.text[value]
        assert binding.whole[value] == ""
        assert binding.spell(value) == b"<|im_end|>"
        assert binding.show(value) == "the special token <|im_end|> (301)"
    for value in filter(_hashable, integers(30000)):
        assert binding.whole[value] == ""
        assert binding.spell(value) == b""
    assert {*map(type, binding.text), *map(type, binding.whole)} == {int}
    assert binding.text.keys() == {256}
    assert binding.whole.keys() == {256, *IM.values()}  # those of special tokens are empty


def test_the_tables_have_nothing_for_what_is_no_id() -> None:
    binding = Binding(get_format("gpt-4o"), TiktokenEncoding(small()))
    for value in others():
        for ask in (
            binding.spell,
            binding.show,
            binding.text.__getitem__,
            binding.whole.__getitem__,
        ):
            with pytest.raises(TypeError):
                ask(value)


def _hashable(value: object) -> bool:
    """Whether a table can be asked for it; an array without dimensions has no hash."""
    return type(value).__hash__ is not None


def test_special_tokens_whose_ids_are_of_another_type() -> None:
    for kind in range(len(integers(0))):
        special = {spelling: integers(token)[kind] for spelling, token in IM.items()}
        binding = Binding(get_format("gpt-4o"), Changed(special_tokens=special))
        assert binding.ids == IM
        assert {*map(type, (*binding.ids.values(), *binding.spellings, *binding.stops))} == {int}
        assert binding.text.special == {*IM.values()}
        extended = extend_encoding(small({}), "more", special)
        assert extended._special_tokens == IM
        assert {*map(type, extended._special_tokens.values())} == {int}


def test_special_tokens_without_an_id_are_refused() -> None:
    for value in others():
        with pytest.raises(TypeError, match="expected integers as token ids"):
            Binding(get_format("gpt-4o"), Changed(special_tokens=IM | {"<x>": value}))
        with pytest.raises(EncodingError, match=r"<x>: expected an id .* found"):
            extend_encoding(small(), "more", {"<x>": value})


@pytest.mark.parametrize("shared", [{"<|im_sep|>": 301}, {"<|unused|>": 300}])
def test_an_id_that_a_token_of_the_format_shares_is_refused(shared: dict[str, int]) -> None:
    with pytest.raises(EncodingError, match=r"<\|im_\w+\|> and <\|\w+\|> share the id 30\d"):
        Binding(get_format("gpt-4o"), TiktokenEncoding(small(IM | shared)))
    unused = {"<|one|>": 310, "<|other|>": 310}
    Binding(get_format("gpt-4o"), TiktokenEncoding(small(IM | unused)))


@pytest.mark.slow
def test_tensors_are_the_integers_they_are() -> None:
    torch = heavy("torch")
    binding = Binding(get_format("gpt-4o"), TiktokenEncoding(small()))
    row = torch.tensor([256, 97, 301])
    assert [binding.spell(token) for token in row] == [b"ab", b"a", b"<|im_end|>"]
    assert [binding.whole[token] for token in row] == ["ab", "a", ""]
    assert binding.encoding.token_bytes(row[0]) == b"ab"
    assert binding.text.keys() == {256, 97}
    for value in (torch.tensor(True), torch.tensor(1.0), torch.tensor([1, 2])):  # noqa: FBT003
        with pytest.raises(TypeError, match="expected integers as token ids"):
            binding.spell(value)
