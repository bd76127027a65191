"""Machines and parsers for lines that no format of the table has: calls, scanners, envelopes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatfmt import ChatFormat, StreamParser
from chatfmt.encodings import TiktokenEncoding
from chatfmt.line.build import Layout
from chatfmt.line.fields import ALPHABETS
from chatfmt.line.lines import make_line
from chatfmt.line.machine import Machine, build_machine
from chatfmt.wire.binding import Binding
from letters import BYTES, SPECIALS

if TYPE_CHECKING:
    import tiktoken

__all__ = ["machine_of", "parser_of"]


def machine_of(text: str) -> Machine:
    """The machine of one line, for role ``a``."""
    line = make_line(
        text,
        special_tokens=SPECIALS,
        ends=[],
        generation_start="content",
        role="a",
        roles=["a"],
        spelling="a",
        role_alphabet=ALPHABETS["role"],
        where="line",
    )
    return build_machine(Layout([line], {}, (), ("a",)))


def parser_of(text: str, encoding: tiktoken.Encoding = BYTES) -> StreamParser:
    """A lenient parser for a line for role ``a``; no `ChatFormat` need be able to write it."""
    row = ChatFormat(name="line", template={"a": "<s><m><z>{content}<e>"}, special_tokens=SPECIALS)
    vars(row)["machine"] = machine_of(text)
    return StreamParser(Binding(row, TiktokenEncoding(encoding)), strict=False)
