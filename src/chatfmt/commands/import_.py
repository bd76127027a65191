"""``chatfmt import``: turn a model's chat template into a format."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatfmt.errors import TemplateImportError, shown
from chatfmt.pretrained.files import ChatFiles, read_chat, read_json, read_template
from chatfmt.pretrained.load import template_named

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from chatfmt.commands import Subparsers

__all__ = ["add", "run"]

_SHOWN = 3  # differences


def add(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "import",
        help="turn a model's chat template into a format",
        epilog="Exit codes: 0 on success; 1 if no format was proven to write what the template "
        "writes; 2 for any other error.",
        description="Print a format that writes the same as a chat template; --format-file of the "
        "other commands reads it. Standard error says on which conversations this was proven, and "
        "for which it does not hold. Needs the extra jinja.",
    )
    parser.add_argument(
        "source",
        metavar="SOURCE",
        help="a model's folder, its tokenizer_config.json, or a template (*.jinja)",
    )
    parser.add_argument(
        "--special-token",
        dest="special_tokens",
        metavar="SPELLING",
        action="append",
        default=[],
        help="a special token that the model's folder does not list; may be repeated",
    )
    parser.add_argument(
        "--template",
        metavar="NAME",
        default="default",
        help="the name of the template, if the model has several (default: the one named default)",
    )
    for token in ("bos", "eos"):
        parser.add_argument(
            f"--{token}",
            metavar="SPELLING",
            help=f"the value of {token}_token (default: the model's)",
        )
    parser.add_argument(
        "--name", default="imported", help="the name of the format (default: %(default)s)"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the row, and on standard error what was proven about it."""
    from chatfmt.templates.imported import import_template

    path = Path(args.source)
    source, files = _read(path, args.template)
    bos = files.bos if args.bos is None else args.bos
    eos = files.eos if args.eos is None else args.eos
    beside = _tokens_in(path / "tokenizer.json") if path.is_dir() else []
    tokens = [*files.added, *beside, *args.special_tokens]
    try:
        found = import_template(source, tokens, bos, eos, name=args.name)
    except TemplateImportError as error:
        _say([f"not imported: {error}", *_reasons(error.reasons)])
        return 1
    sys.stdout.write(json.dumps(found.format.row(), indent=2, ensure_ascii=False) + "\n")
    _say([f"proven: {found.evidence}"])
    for condition in found.conditions:
        _say([f"only where {condition.reason} ({condition.kind})", *_reasons([condition.witness])])
    return 0


def _say(lines: Iterable[str]) -> None:
    sys.stderr.write("".join(f"{line}\n" for line in lines))


def _reasons(reasons: Iterable[Any]) -> Iterable[str]:
    for one in [*reasons][:_SHOWN]:
        yield f"  for: {one.ask}"
        yield f"    the template: {shown(one.template)}"
        yield f"    the format:   {shown(one.format)}"


def _read(path: Path, name: str) -> tuple[str, ChatFiles]:
    """The template, and the files that it comes with."""
    if path.suffix in (".jinja", ".jinja2", ".j2"):
        source = read_template(path)
        return source, ChatFiles({}, path, {}, "", "")
    is_folder = path.is_dir()
    if not is_folder:
        path.open("rb").close()  # a missing file is an OSError
    files = read_chat(path) if is_folder else read_chat(path.parent, path.name)
    return template_named(files, name), files


def _tokens_in(path: Path) -> list[str]:
    """The tokens that a tokenizer.json lists outside its vocabulary; none if there is no file."""
    listed = read_json(path).get("added_tokens")
    tokens = listed if isinstance(listed, list) else []
    spelled = [one.get("content") for one in tokens if isinstance(one, dict)]
    return [one for one in spelled if isinstance(one, str)]
