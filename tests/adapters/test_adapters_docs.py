"""docs/data.md runs as written, and lists every schema and every policy."""

from __future__ import annotations

import doctest
import re
from pathlib import Path
from typing import TYPE_CHECKING

from chatfmt.adapters import SCHEMAS, Options

if TYPE_CHECKING:
    import pytest

PAGE = Path(__file__).parents[2] / "docs" / "data.md"
_BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = PAGE.read_text("utf-8")
    blocks = _BLOCK.findall(text)
    assert len(blocks) == text.count("```") / 2
    for _, name, content in blocks:
        if name:
            Path(name).write_text(content, encoding="utf-8")
    code = "\n".join(content for language, _, content in blocks if language == "python")
    test = doctest.DocTestParser().get_doctest(code, {}, "data.md", str(PAGE), 0)
    results = doctest.DocTestRunner().run(test)
    assert results.failed == 0
    assert results.attempted >= 12


def test_the_page_has_every_schema_and_policy() -> None:
    text = PAGE.read_text("utf-8")
    missing = [name for name in (*SCHEMAS, *Options.model_fields) if f"`{name}" not in text]
    assert missing == []
    for name, schema in SCHEMAS.items():
        [row] = re.findall(rf"^\| `{name}` \| (.*) \| ?(yes)? ?\|$", text, re.MULTILINE)
        marks = row[0].replace("`", "").replace(", or ", " or ")
        assert (marks, row[1] == "yes") == (schema.looks_for(), schema.write is not None)
