"""Lines of one role for the same messages: what a later one reads, the first can write."""

from __future__ import annotations

import pytest

from chatfmt import ChatFormat, FormatError
from chatfmt.line.alike import find_unwritable


def _format(*lines: object) -> ChatFormat:
    template = {"u": "<u>{content}<e>", "a": [*lines]}
    used = [token for token in ("<u>", "<s>", "<m>", "<x>", "<e>") if token in str(template)]
    return ChatFormat.from_row({"name": "drawn", "template": template, "special_tokens": used})


@pytest.mark.parametrize(
    ("first", "later", "field"),
    [
        ("<s>{^}{name}y<m>{content}<e>", "<s>{^}<m>{name}z<m>{content}<e>", "name"),
        (
            "<s>{^}[|<m>{call.name}={call.arguments:object}]*<e>",
            "<s>{^}[|<x>{call.name}<m>{call.arguments}]*<e>",
            "call.arguments",
        ),
        (
            "<s>{^}[|<m>{call.name}y<x>{call.arguments:object}]*<e>",
            "<s>{^}[|<x>{call.name}<m>{call.arguments:object}]*<e>",
            "call.name",
        ),
        (
            "<s>{^}[|<m>{call.name}<x>{call.arguments:object}]*<e>",
            "<s>{^}[|<x>{call.name}<m>{call.arguments}<m>]*<e>",
            "call.arguments",
        ),
        (
            "<s>{^}[|<m>{call.name} {call.id}<x>{call.arguments:object}]*<e>",
            "<s>{^}[|<x>{call:json name, arguments}]*<e>",
            "call.id",
        ),
        (
            "<s>{^}[|<m>{call.name} {call.id}x<x>{call.arguments:object}]*<e>",
            "<s>{^}[|<x>{call:json name, arguments, id}]*<e>",
            "call.id",
        ),
    ],
)
def test_what_only_a_later_line_can_take_is_refused(first: str, later: str, field: str) -> None:
    with pytest.raises(FormatError, match=rf"cannot write every \{{{field}\}}"):
        _format("<s>{^}<s>{content}<e>", first, later)


@pytest.mark.parametrize(
    ("first", "later"),
    [
        ("<s>{^}<m>{name}z<m>{content}<e>", "<s>{^}<x>{name}zz<m>{content}<e>"),  # the same values
        (  # only one is for messages with calls
            "<s>{^}<m>{name}y<m>{content}<e>",
            "<s>{^}<x>{name}z<m>[|{call.name}<m>{call.arguments:object}]*<e>",
        ),
        ("<s>{^}<m>{name}<m>{content}<e>", "<s>{^}<x>{name}z<m>{content}<e>"),  # fewer
        (
            "<s>{^}<m>{name}y<m>{content}<e>",
            "<s>{^}<x>{name}z {channel}<m>{content}<e>",
        ),  # needs more
        (
            "<s>{^}<m>{name}y{channel=b}<m>{content}<e>",
            "<s>{^}<x>{name}z{channel=c}<m>{content}<e>",
        ),
        (
            {"line": "<s>{^}{name}y<m>{content}<e>", "after": "start"},
            {"line": "<s>{^}<x>{name}z<m>{content}<e>", "after": ["u"]},
        ),
        (
            "<s>{^}[|<m>{call.name}<x>{call.arguments}]*<e>",
            "<s>{^}[|<x>{call.name}<m>{call.arguments:object}]*<e>",
        ),
        (
            "<s>{^}[|<m>{call:json name, arguments, id}]*<e>",
            "<s>{^}[|<x>{call.name} {call.id}<m>{call.arguments:object}]*<e>",
        ),
    ],
)
def test_what_the_first_line_can_write_is_no_fault(first: object, later: object) -> None:
    lines = _format("<s>{^}<s>{content}<e>", first, later).lines_of["a"]
    assert len(lines) == 3
    assert find_unwritable(lines) is None


def test_a_call_that_is_an_object_has_any_name() -> None:
    """The one value that is let through, for it is refused where it is written."""
    first = "<s>{^}[|<m>{call.name}<x>{call.arguments:object}]*<e>"
    assert _format("<s>{^}<s>{content}<e>", first, "<s>{^}[|<x>{call:json}]*<e>")
