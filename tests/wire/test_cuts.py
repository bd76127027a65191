"""Text cut at special tokens gives the same by their spellings and by ids."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import chatfmt
from chatfmt import ChatTokenizer, get_encoding
from chatfmt.wire.fast.cuts import Cutter, bytes_of
from chatfmt.wire.fast.packed import searchable

if TYPE_CHECKING:
    from chatfmt.wire.binding import Binding


@functools.cache
def _bound(line: str, specials: tuple[str, ...]) -> Binding:
    layout = chatfmt.ChatFormat(
        name="cut", template=line, special_tokens=[*specials], roles=["user", "assistant"]
    )
    words = get_encoding("cl100k_base")
    return ChatTokenizer(layout, chatfmt.extend_encoding(words, "cut", specials))._binding


LINES = {
    "apart": ("<s>{role}<m>{content}</s>", ("<s>", "<m>", "</s>")),
    "overlapping": ("[e~[{role}[m~[{content}]~e]", ("[e~[", "[m~[", "]~e]")),
    "one within another": ("<qx{role}<qxz>{content}<e>", ("<qx", "<qxz>", "<e>")),
}


@pytest.mark.parametrize("name", LINES)
@given(data=st.data())
@settings(deadline=None)
def test_it_cuts_where_the_ids_do(name: str, data: st.DataObject) -> None:
    line, specials = LINES[name]
    binding = _bound(line, specials)
    text = st.sampled_from(
        ["", "a", " b", "é", "[e~", "[", "]", "]~e", "<", ">", "<q", "z>", *specials]
    )
    ids: list[int] = []
    expected, kinds = [""], ""
    for part in data.draw(st.lists(st.sampled_from(specials) | text.map(lambda t: (t,)))):
        if isinstance(part, tuple):
            more = binding.encoding.encode_ordinary(part[0])
            expected[-1] += part[0]
            ids += more
        else:
            token = binding.ids[part]
            expected.append("")
            kinds += chr(token)
            ids.append(token)
    cutter = Cutter(binding, bytes_of(binding))
    spelled = bytes_of(binding)(ids).decode()
    assert cutter.cut(ids, searchable(ids), 0, spelled) == (expected, kinds)
    if cutter.spells(spelled, len(kinds)):  # then none is spelled by other text
        assert re.split("|".join(map(re.escape, specials)), spelled) == expected
    else:
        assert name != "apart" or any(each in text for text in expected for each in specials)


def test_where_a_special_token_is_has_to_be_certain() -> None:
    bound = {name: _bound(line, specials) for name, (line, specials) in LINES.items()}
    cutters = {name: Cutter(binding, bytes_of(binding)) for name, binding in bound.items()}
    assert cutters["apart"].spells("<s>user<m>a < b</s>", 3)
    assert not cutters["apart"].spells("<s>user<m>a <m> b</s>", 3)
    assert not cutters["one within another"].spells("<qxuser<qxz>a<e>", 3)
    binding = bound["apart"]
    spelled = [binding.ids["<s>"], *binding.encoding.encode_ordinary("<m>"), binding.ids["</s>"]]
    found = cutters["apart"].cut(spelled, searchable(spelled), 0, "<s><m></s>")
    assert found == (["", "<m>", ""], searchable([spelled[0], spelled[-1]]))
