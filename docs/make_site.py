"""Lay out the pages of the documentation, and build them with Sphinx: `make docs`.

    python docs/make_site.py [site]

The pages are the files of this repository, where they are, so that their links work here and
there; and pages that are derived: those of docs/formats, with transcripts as `chatfmt.show` draws
them, and the reference, which is the docstrings of all public names. The navigation and llms.txt
follow from the list in the README. Warnings are errors, and so is a link that leads nowhere, an
anchor that does not exist, a page that no list has, or one that loads anything from elsewhere.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import shutil
import sys
import textwrap
from html.parser import HTMLParser
from importlib.metadata import version
from itertools import groupby, pairwise
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from contents import contents, llms_txt, missing
from make_protocol import example, example_tokenizer, families, family_page
from sphinx.cmd.build import build_main

from chatfmt.show import html_fragment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chatfmt import ChatFormat

ROOT = Path(__file__).resolve().parents[1]
COPIED = (
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "NOTICE",
    "docs",
    "conformance",
    "examples",
    "fuzz",
)
MODULES = (
    "chatfmt",
    "chatfmt.adapters",
    "chatfmt.corpus",
    "chatfmt.hf",
    "chatfmt.rollouts",
    "chatfmt.serve",
    "chatfmt.serve.constrained",
    "chatfmt.serve.hf",
    "chatfmt.serve.prime",
    "chatfmt.serve.sglang",
    "chatfmt.serve.tinker",
    "chatfmt.serve.vllm",
    "chatfmt.show",
    "chatfmt.templates",
)
"""The modules with public names: those of ``__all__``."""
FIRST = ("chatfmt.tokenizer",)
"""The files that a reader looks for first; the other files follow by name."""
ALIASES = {
    "chatfmt.facade.writing": ["Messages"],
    "chatfmt.training.weights": ["TrainOn"],
    "chatfmt.training.examples": ["Overlong", "Turns"],
    "chatfmt.line.place": ["Part"],
    "chatfmt.rollouts.rollout": ["Worth"],
    "chatfmt.serve.outputs": ["Source"],
    "chatfmt.serve.pieces": ["Strays"],
}
"""The types used in signatures: module to the names of its types."""

# -- Pages ------------------------------------------------------------------------------------


def lay_out(source: Path) -> None:
    """Write everything that Sphinx reads."""
    shutil.rmtree(source, ignore_errors=True)
    source.mkdir(parents=True)
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(
                ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__")
            )
        else:
            shutil.copy(ROOT / name, source / name)
    formats = {f"docs/formats/{family.lower()}": family for family in families()}
    reference = [f"reference/{module}" for module in MODULES]
    pages = {"index.md": _index([*formats], reference)}
    for at, family in formats.items():
        pages[f"{at}.md"] = family_page(family, families()[family], _drawn)
    pages |= {f"{at}.rst": _reference(name) for at, name in zip(reference, MODULES, strict=True)}
    for path, text in pages.items():
        file = source / path
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")


def _index(formats: list[str], reference: list[str]) -> str:
    """The README, with the navigation: a caption for each need, and the pages that serve it."""
    readme = (ROOT / "README.md").read_text("utf-8")
    sections = contents(readme)
    if wrong := missing(sections):
        sys.exit(f"the README must list each page under one need: {', '.join(wrong)}")
    captions: dict[str, list[str]] = {}
    for section in sections:
        captions[section.name] = [entry.path.removesuffix(".md") for entry in section.entries]
        if section.name == "Reference":
            captions |= {"Python": reference, "Models": formats}
    trees = (
        f"```{{toctree}}\n:hidden:\n:caption: {caption}\n\n" + "\n".join(paths) + "\n```\n"
        for caption, paths in captions.items()
    )
    return "\n".join([readme, *trees])


def write_llms_txt(site: Path) -> None:
    """Write llms.txt next to the pages that it lists."""
    reference = []
    for module in MODULES:
        summary = (importlib.import_module(module).__doc__ or "").partition("\n")[0]
        reference.append((f"reference/{module}.html", summary))
    text = llms_txt((ROOT / "README.md").read_text("utf-8"), version("chatfmt"), reference)
    absent = [path for path in re.findall(r"\]\((\S+?)\)", text) if not (site / path).is_file()]
    if absent:
        sys.exit(f"llms.txt lists pages that there are not: {', '.join(absent)}")
    (site / "llms.txt").write_text(text, encoding="utf-8")


def _drawn(format: ChatFormat) -> str:
    """The tokens of the example in the colours of `chatfmt show`."""
    drawn = html_fragment(example_tokenizer(format).render(example(format)), weights=True)
    return f"\n```{{raw}} html\n{drawn}\n```\n"


def _reference(module: str) -> str:
    """The public names of a module, by the file that each is defined in."""
    names = [(home, module, name) for name, home in _homes(module).items()]
    if module == MODULES[0]:
        names += [(home, home, name) for home, types in ALIASES.items() for name in types]
    parts = [f"{module}\n{'=' * len(module)}\n\n.. automodule:: {module}\n"]
    names.sort(key=lambda entry: (entry[0] not in FIRST, entry))
    for home, group in groupby(names, itemgetter(0)):
        if home != module:
            doc = (importlib.import_module(home).__doc__ or "").partition("\n\n")[0]
            heading = home.rpartition(".")[2].replace("_", " ").capitalize()
            parts.append(f"{heading}\n{'-' * len(heading)}\n\n{doc}\n")
        parts += (_entry(*entry) for entry in group)
    return "\n".join(parts)


def _homes(module: str) -> dict[str, str]:
    """Public name to the module that defines it."""
    found = importlib.import_module(module)
    tree = ast.parse(Path(found.__file__ or "").read_text("utf-8"))
    imported = {
        alias.name: node.module
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }
    return {name: imported.get(name, module) for name in found.__all__}


def _entry(home: str, module: str, name: str) -> str:
    found = getattr(importlib.import_module(module), name)
    if inspect.isclass(found):
        ours = all(base.__module__.startswith("chatfmt.") for base in found.__mro__[1:-1])
        inherited = "   :inherited-members:\n" * ours  # of a class that is in two files
        options = f"   :members:\n{inherited}   :exclude-members: model_config\n"
        return f".. autoclass:: {module}.{name}\n{options}"
    if inspect.isroutine(inspect.unwrap(found)):
        return f".. autofunction:: {module}.{name}\n"
    doc = textwrap.indent(documentation(home, name), "   ")
    return f".. py:data:: {name}\n   :module: {module}\n\n{doc}\n"


def documentation(module: str, name: str) -> str:
    """The text under a name that is neither a class nor a function."""
    source = Path(importlib.import_module(module).__file__ or "").read_text("utf-8")
    for statement, following in pairwise(ast.parse(source).body):
        match statement, following:
            case (
                ast.Assign(targets=[ast.Name(target)]) | ast.AnnAssign(target=ast.Name(target)),
                ast.Expr(ast.Constant(str(text))),
            ) if target == name:
                return inspect.cleandoc(text)
    raise ValueError(f"{module}.{name} has no text under it that says what it is")


# -- Checks -----------------------------------------------------------------------------------


class _Links(HTMLParser):
    """The ids of a page, where it leads, and what it loads."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.leads_to: list[str] = []
        self.loads: list[str] = []
        self.feed(page.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what a tag says."""
        for name, value in attrs:
            if name == "id" and value:
                self.ids.add(value)
            elif name == "href" and value:
                (self.leads_to if tag == "a" else self.loads).append(value)
            elif name in ("src", "srcset", "data") and value:
                self.loads.append(value)


def dead_links(site: Path) -> Iterator[str]:
    """The faults of the links of a site; everything that it loads must be its own."""
    pages = {path: _Links(path) for path in sorted(site.rglob("*.html"))}
    for path, links in pages.items():
        name = path.relative_to(site)
        yield from (f"{name}: loads {link}" for link in links.loads if _is_outside(link))
        for link in links.leads_to + links.loads:
            url = urlsplit(link)
            if _is_outside(link) or url.scheme in ("data", "mailto"):
                continue
            target = (path.parent / unquote(url.path)).resolve() if url.path else path
            if not target.is_file():
                yield f"{name}: {link}: there is no such file"
            elif (
                url.fragment and target in pages and unquote(url.fragment) not in pages[target].ids
            ):
                yield f"{name}: {link}: there is no such place on that page"
    for path in sorted(site.rglob("*.css")):
        loaded = re.findall(r"(?:url\(|@import)\s*['\"]?([^'\")\s;]+)", path.read_text("utf-8"))
        yield from (
            f"{path.relative_to(site)}: loads {link}" for link in loaded if _is_outside(link)
        )


def _is_outside(link: str) -> bool:
    return bool(urlsplit(link).netloc)


def main(site: Path) -> None:
    """Lay out, build, check."""
    source = ROOT / "build" / "docs"
    lay_out(source)
    shutil.rmtree(site, ignore_errors=True)
    # -E: nothing is kept from an earlier build; -n: a name that leads nowhere is a warning.
    options = ["-b", "html", "-E", "-n", "-W", "--keep-going", "-q", "-c", str(ROOT / "docs")]
    if build_main([*options, "-d", str(ROOT / "build" / "doctrees"), str(source), str(site)]):
        sys.exit("the documentation has warnings, which are errors")
    write_llms_txt(site)
    wrong = list(dead_links(site))
    if wrong:
        sys.exit("\n".join(wrong))
    print(f"{len(list(site.rglob('*.html')))} pages, no dead links: {site / 'index.html'}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if sys.argv[1:] else ROOT / "site").resolve())
