"""List pages, docstrings and comments with words that the glossary says not to use.

    python docs/plain_words.py [FOLDER OR FILE ...]

The words are the second table of docs/glossary.md. Looked at are the README and the other pages in
Markdown, and the docstrings and comments of Python files. Exits with 1 if there is any.
"""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Found", "Word", "look", "texts_of", "words"]

ROOT = Path(__file__).resolve().parents[1]
GLOSSARY = ROOT / "docs" / "glossary.md"
PLACES = ("README.md", "CONTRIBUTING.md", "docs", "conformance", "examples", "fuzz", "src/chatfmt")
LEFT_OUT = (
    "docs/glossary.md",  # it lists them
    "docs/plain_words.py",
    "docs/performance.md",  # made by the benchmarks
    "docs/formats.md",  # made of the rows
    "docs/formats",
    "src/chatfmt/line/rows",  # preambles are the words of those who published them
    "src/chatfmt/encodings/vocab",
)
_ROW = re.compile(r"^\| (?P<said>[^|]+?) \| (?P<instead>[^|]+?) \|$", re.MULTILINE)
_CODE = re.compile(r"^```.*?^```$|`[^`\n]*`|\]\([^)]*\)", re.MULTILINE | re.DOTALL)


class Word(NamedTuple):
    """Words that are not to be used."""

    said: str
    instead: str
    pattern: re.Pattern[str]


class Found(NamedTuple):
    """A place where one is."""

    path: Path
    line: int
    word: Word

    def __str__(self) -> str:
        at = self.path.relative_to(ROOT) if self.path.is_relative_to(ROOT) else self.path
        return f"{at}:{self.line}: {self.word.said!r}; write {self.word.instead}"


def words(glossary: str) -> list[Word]:
    """The rows of the table under "Words to avoid".

    A first word with a capital stands for the beginning of a text.
    """
    table = glossary.partition("\n## Words to avoid\n")[2]
    rows = [match for match in _ROW.finditer(table) if match["said"] not in ("do not use", "---")]
    return [Word(row["said"], row["instead"], _pattern(row["said"])) for row in rows]


def _pattern(said: str) -> re.Pattern[str]:
    body = r"[\s#]+".join(map(re.escape, said.split()))
    if said[0].isupper():
        return re.compile(rf"\A{body}\b")
    return re.compile(rf"\b{body}\b", re.IGNORECASE)


def texts_of(path: Path) -> Iterator[tuple[int, str]]:
    """The texts of a file that people read, each with its first line."""
    source = path.read_text("utf-8")
    if path.suffix == ".md":
        # Code keeps its length, so that the lines after it keep their numbers.
        yield 1, _CODE.sub(lambda match: re.sub(r"\S", "`", match[0]), source)
        return
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Expr(ast.Constant(str(text))):
                yield node.lineno, text
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def look(paths: Sequence[Path], avoid: Sequence[Word]) -> Iterator[Found]:
    """Every place in these files where one of the words is."""
    for path in paths:
        for first, text in texts_of(path):
            for word in avoid:
                for match in word.pattern.finditer(text):
                    yield Found(path, first + text.count("\n", 0, match.start()), word)


def files(places: Sequence[str | Path]) -> list[Path]:
    """The pages and modules in these places."""
    out = [ROOT / place for place in LEFT_OUT]
    found = [
        path
        for place in places
        for path in (
            [ROOT / place] if (ROOT / place).is_file() else sorted((ROOT / place).rglob("*"))
        )
        if path.suffix in {".md", ".py"}
    ]
    return [path for path in found if not any(path.is_relative_to(left) for left in out)]


def main(places: Sequence[str]) -> int:
    """Print them all; the exit code."""
    avoid = words(GLOSSARY.read_text("utf-8"))
    found = [*look(files(places or PLACES), avoid)]
    print("\n".join(map(str, found)) if found else f"none of {len(avoid)} words to avoid")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
