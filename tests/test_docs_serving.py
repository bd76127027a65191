"""docs/serving.md is true: its code runs and prints what it says."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "serving.md"


def test_the_code_runs_and_prints_what_it_says() -> None:
    text = PAGE.read_text("utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert len(blocks) == text.count("```") / 2 > 3
    parsed = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, PAGE.name, str(PAGE), 0)
    output: list[str] = []
    results = doctest.DocTestRunner().run(parsed, out=output.append)
    assert results.failed == 0, "".join(output)
