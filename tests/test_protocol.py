"""The protocol's document: up to date, and its grammar writes what the vectors hold."""

from __future__ import annotations

import functools
import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest
import regex

from chatfmt import FORMAT_ROWS, IssueKind
from chatfmt.spans import Part
from conftest import encoding_for
from vectors import vectors

DOCS = Path(__file__).resolve().parents[1] / "docs"


@functools.cache
def make_protocol() -> Any:
    spec = importlib.util.spec_from_file_location("make_protocol", DOCS / "make_protocol.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_parts_are_up_to_date() -> None:
    for path, text in make_protocol().made().items():
        assert path.read_text(encoding="utf-8") == text, f"run docs/make_protocol.py: {path.name}"


def test_a_lost_mark_is_an_error() -> None:
    with pytest.raises(ValueError, match="expected <!-- grammar"):
        make_protocol().between_marks("no marks", {"grammar": "x"})


def test_every_kind_of_error_and_part_is_told() -> None:
    text = (DOCS / "protocol.md").read_text(encoding="utf-8")
    errors = text.partition("## 6. Errors")[2].partition("\n## ")[0]
    assert sorted(re.findall(r"^\| `(\w+)`", errors, re.MULTILINE)) == sorted(IssueKind)
    assert all(f"`{part}`" in text for part in Part.__args__)  # type: ignore[attr-defined]


# -- The grammar, read as ABNF ----------------------------------------------------------------

_ELEMENT = re.compile(
    r'%s"(?P<string>[^"]*)"|%x(?P<numbers>[0-9A-F.-]+)|<(?P<special>[^>]+)>'
    r"|(?P<low>\d*)\*(?P<high>\d*)|(?P<rule>[a-z][\w-]*)|(?P<sign>[][()/])|\s+"
)
_SIGNS = {"[": "(?:", "]": ")?", "(": "(?:", ")": ")", "/": "|"}


def rules() -> dict[str, str]:
    text = (DOCS / "protocol.md").read_text(encoding="utf-8")
    abnf = text.partition("```abnf\n")[2].partition("```")[0].replace("\n    ", " ")
    return dict(line.split(" = ", 1) for line in abnf.splitlines())


def special_character(spelling: str) -> str:
    # No text has a surrogate, so none is taken for a special token.
    spellings = sorted({s for name in FORMAT_ROWS for s in FORMAT_ROWS[name]["special_tokens"]})
    return chr(0xD800 + spellings.index(spelling))


def expression(definition: str) -> str:
    """A regular expression for what a rule's definition matches."""
    out, repeat, at = [], "", 0
    while at < len(definition):
        match = _ELEMENT.match(definition, at)
        assert match, definition[at:]
        at = match.end()
        found = match.groupdict()
        if found["low"] is not None:
            repeat = f"{{{found['low'] or 0},{found['high'] or ''}}}"
            continue
        if found["string"] is not None:
            out.append(regex.escape(found["string"]))
        elif found["numbers"]:
            ends = [f"\\U{int(n, 16):08x}" for n in re.findall("[0-9A-F]+", found["numbers"])]
            out.append("[" + "-".join(ends) + "]" if "-" in found["numbers"] else "".join(ends))
        elif found["special"]:
            out.append(regex.escape(special_character(f"<{found['special']}>")))
        elif found["rule"]:
            out.append(f"(?:{expression(rules()[found['rule']])}){repeat}")
            repeat = ""
        elif found["sign"]:
            if found["sign"] == "(" and repeat:
                close = definition.index(")", at)
                out.append(f"(?:{expression(definition[at:close])}){repeat}")
                repeat, at = "", close + 1
            else:
                out.append(_SIGNS[found["sign"]])
    return "".join(out)


@functools.cache
def grammar_of(name: str) -> regex.Pattern[str]:
    return regex.compile(expression(rules()[re.sub("[^a-z0-9]", "-", name)]), regex.V1)


def matches(vector: dict[str, Any]) -> bool:
    encoding = encoding_for(vector["format"])
    spellings = {token: spelling for spelling, token in encoding.special_tokens.items()}
    units = bytearray()
    for token in vector["ids"]:
        try:
            special = special_character(spellings[token]) if token in spellings else None
            data = (
                encoding.token_bytes(token)
                if special is None
                else special.encode("utf-8", "surrogatepass")
            )
        except (KeyError, ValueError):
            return False
        units += data
    try:
        text = units.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return False
    return grammar_of(vector["format"]).fullmatch(text) is not None


def test_the_grammar_has_what_can_be_read_and_nothing_else() -> None:
    seen = {True: 0, False: 0}
    for kind in ("conversation", "reading", "prompt", "malformed"):
        for parameter in vectors(kind):
            [vector] = parameter.values
            if vector["format"] not in FORMAT_ROWS or vector["id"] == "surrogate-bytes":
                continue  # a surrogate's bytes are what this test has special tokens as
            readable = kind in ("conversation", "reading")
            assert matches(vector) is readable, vector["id"]
            seen[readable] += 1
    assert min(seen.values()) > 150
