"""``chatfmt import``: turn a model's chat template into a format."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatfmt.errors import DataError, TemplateImportError, shown
from chatfmt.json_text import loads

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Mapping

    from chatfmt.commands import Subparsers

__all__ = ["add", "run"]

_SHOWN = 3  # differences


def add(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "import",
        help="turn a model's chat template into a format",
        epilog="Exit codes: 0; 1 when no line is proven to write what the template does; 2 for "
        "anything else.",
        description="Print a format, for --format-file, that writes the same as a chat template. "
        "Standard error says what it was proven on, and for which conversations it does not "
        "hold. Needs the extra jinja.",
    )
    parser.add_argument(
        "source", help="a model's folder, its tokenizer_config.json, or a template (*.jinja)"
    )
    parser.add_argument(
        "--special-token",
        dest="special_tokens",
        metavar="SPELLING",
        action="append",
        default=[],
        help="a special token missing from tokenizer_config.json; may be repeated",
    )
    parser.add_argument("--bos", default=None, help="the value of bos_token")
    parser.add_argument("--eos", default=None, help="the value of eos_token")
    parser.add_argument("--name", default="imported", help="the name of the format")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the row, and on standard error what was proven about it."""
    from chatfmt.templates.imported import import_template

    config, source = _read(Path(args.source))
    bos = _spelling(config, "bos_token") if args.bos is None else args.bos
    eos = _spelling(config, "eos_token") if args.eos is None else args.eos
    tokens = [*_special_tokens(config), *args.special_tokens]
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


def _read(path: Path) -> tuple[Mapping[str, Any], str]:
    """The tokenizer's configuration, empty if there is none, and the template."""
    if path.suffix in (".jinja", ".jinja2", ".j2"):
        return {}, path.read_text("utf-8")
    folder = path if path.is_dir() else path.parent
    config = loads((folder / "tokenizer_config.json" if path.is_dir() else path).read_bytes())
    if not isinstance(config, dict):
        raise DataError(f"{path}: expected a JSON object, found {shown(config)}")
    beside = folder / "chat_template.jinja"
    if beside.exists():
        return config, beside.read_text("utf-8")
    template = config.get("chat_template")
    if isinstance(template, list):  # named templates
        named = {one.get("name"): one.get("template") for one in template if isinstance(one, dict)}
        template = named.get("default")
    if not isinstance(template, str):
        raise DataError(f"{path}: expected a chat_template, found {shown(template)}")
    return config, template


def _spelling(config: Mapping[str, Any], name: str) -> str:
    """A token in a configuration: a text, or an object with the text."""
    value = config.get(name)
    value = value.get("content") if isinstance(value, dict) else value
    return value if isinstance(value, str) else ""


def _special_tokens(config: Mapping[str, Any]) -> list[str]:
    added = config.get("added_tokens_decoder")
    tokens = [*added.values()] if isinstance(added, dict) else []
    return [one["content"] for one in tokens if isinstance(one, dict) and "content" in one]
