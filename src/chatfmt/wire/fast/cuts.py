"""Ids as text with special tokens in it, cut at these."""

from __future__ import annotations

import re
import sys
from functools import cached_property
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

from chatfmt.line.jsontext import difference

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from chatfmt.wire.binding import Binding

__all__ = ["Cutter", "any_id", "bytes_of"]


class _Bytes(dict[int, bytes]):
    """Id to bytes, including special tokens, filled on demand."""

    def __init__(self, special: Mapping[int, str], ordinary: Mapping[int, bytes]) -> None:
        super().__init__({token: spelling.encode() for token, spelling in special.items()})
        self._ordinary = ordinary

    def __missing__(self, token: int) -> bytes:
        found = self[token] = self._ordinary[token]
        return found


def bytes_of(binding: Binding) -> Callable[[list[int]], bytes]:
    """A function that gives the bytes of ids, all in one go if the encoding can do that.

    It raises a KeyError if one of them is invalid.
    """
    table = _Bytes(binding.spellings, binding.text)

    def one_by_one(ids: list[int]) -> bytes:
        return b"".join(map(table.__getitem__, ids))

    return binding.capabilities.decode_bytes or one_by_one


def any_id(tokens: Iterable[int]) -> str:
    """A pattern for any of these in `chatfmt.wire.fast.packed.searchable` ids.

    It has ranges, of which there are few; single characters would be tried one by one.
    """
    known = sorted({token for token in tokens if token <= sys.maxunicode})
    firsts = [token for before, token in pairwise([-2, *known]) if token != before + 1]
    lasts = [token for token, after in pairwise([*known, -2]) if after != token + 1]
    spelled = (
        re.escape(chr(one)) + "-" + re.escape(chr(other))
        for one, other in zip(firsts, lasts, strict=True)
    )
    return f"[{''.join(spelled)}]" if known else "(?!)"


class Cutter:
    """Cuts the text of ids at the special tokens among them.

    Looking for their spellings in the text of many ids is faster than decoding the text between
    them piece by piece. If ordinary text also spells one, the ids say where to cut.

    Args:
        binding: format and encoding.
        decode: the result of `bytes_of`.
    """

    def __init__(self, binding: Binding, decode: Callable[[list[int]], bytes]) -> None:
        self._decode = decode
        self._tokens = [token for token in binding.spellings if token <= sys.maxunicode]

    @cached_property
    def _spellings(self) -> re.Pattern[str] | None:
        """Any spelling; None if the text alone does not always show where special tokens are."""
        spellings = {self._decode([token]).decode() for token in self._tokens}
        return None if _may_overlap(spellings) else re.compile(_any_of(sorted(spellings)))

    @cached_property
    def _specials(self) -> re.Pattern[str]:
        return re.compile(any_id(self._tokens))

    @cached_property
    def _mark(self) -> str:
        """The common beginning of all special tokens; empty if it may overlap with itself."""
        spellings = [self._decode([token]).decode() for token in self._tokens]
        least, most = min(spellings), max(spellings)
        mark = least[: difference(least, most)]
        return "" if any(mark.startswith(mark[at:]) for at in range(1, len(mark))) else mark

    def spells(self, text: str, count: int) -> bool:
        """Whether a text spells this many special tokens, and it is certain where each is."""
        # Often nothing else begins like one, and counting that takes a tenth of the time.
        return self._spellings is not None and (
            text.count(self._mark) == count or len(self._spellings.findall(text)) == count
        )

    def cut(self, ids: list[int], searchable: str, start: int, text: str) -> tuple[list[str], str]:
        """The texts before, between and after special tokens; and these, as `searchable`.

        Args:
            ids: the ids.
            searchable: the same ids.
            start: where the text begins; it goes to the end of the ids.
            text: the text.

        Raises:
            KeyError, UnicodeDecodeError: there are unknown ids, or invalid UTF-8.
        """
        specials = "".join(self._specials.findall(searchable, start))
        if self._spellings is not None:
            texts = self._spellings.split(text)
            if len(texts) == len(specials) + 1:  # otherwise text spells one, too
                return texts, specials
        found = [match.start() for match in self._specials.finditer(searchable, start)]
        cuts = pairwise((start - 1, *found, len(ids)))
        texts = [self._decode(ids[before + 1 : after]).decode() for before, after in cuts]
        return texts, specials


def _may_overlap(spellings: Collection[str]) -> bool:
    """Whether one may begin within another: then a search may miss some, or find wrong ones."""
    begun = {spelling[:size] for spelling in spellings for size in range(1, len(spelling) + 1)}
    for spelling in spellings:
        size = len(spelling)
        if any(spelling[at:] in begun for at in range(1, size)) or any(
            spelling[at:stop] in spellings
            for at in range(size)
            for stop in range(at + 1, size + (at > 0))
        ):
            return True
    return False


def _any_of(words: Sequence[str]) -> str:
    """A pattern for any of these sorted words, none of which begins another.

    Common beginnings are in it only once, because there may be a thousand words.
    """
    if len(words) == 1:
        return re.escape(words[0])
    branches = [[*group] for _, group in groupby(words, lambda word: word[0])]
    parts = [re.escape(each[0][0]) + _any_of([word[1:] for word in each]) for each in branches]
    return parts[0] if len(parts) == 1 else f"(?:{'|'.join(parts)})"
