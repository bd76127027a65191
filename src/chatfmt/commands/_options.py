"""Which tokenizer a command works with, as options."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from chatfmt.conversation.json_text import loads
from chatfmt.encodings import get_encoding
from chatfmt.errors import EncodingRequiredError, FormatError, shown
from chatfmt.hf import HFEncoding
from chatfmt.line.format import ChatFormat
from chatfmt.line.formats import get_format
from chatfmt.tokenizer import ChatTokenizer, get_tokenizer

if TYPE_CHECKING:
    import argparse

__all__ = ["add_tokenizer", "tokenizer"]


def add_tokenizer(parser: argparse.ArgumentParser) -> None:
    """The options from which `tokenizer` makes a tokenizer."""
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--format",
        metavar="NAME",
        default="gpt-4o",
        help="a format of the table that `chatfmt formats` prints (default: %(default)s)",
    )
    which.add_argument(
        "--format-file",
        metavar="FILE",
        help="a format of your own: the arguments of ChatFormat in JSON, or in TOML (*.toml)",
    )
    parser.add_argument(
        "--encoding-file",
        metavar="FILE",
        help="the tokenizer.json of a model, for formats without a bundled encoding (extra hf)",
    )


def tokenizer(args: argparse.Namespace) -> ChatTokenizer:
    """The tokenizer that the options ask for.

    Raises:
        ChatfmtError: there is none of that name, or its files are malformed.
        OSError: a file cannot be read.
        ImportError: the extra ``hf`` is not installed.
    """
    row = _format_from(Path(args.format_file)) if args.format_file else get_format(args.format)
    if args.encoding_file:
        return ChatTokenizer(row, HFEncoding.from_file(args.encoding_file))
    if row.encoding is None:
        raise EncodingRequiredError(
            f"no encoding is bundled for format {row.name}: give the tokenizer.json of a model "
            f"that has the special tokens {', '.join(row.special_tokens)} with --encoding-file"
        )
    if args.format_file:
        return ChatTokenizer(row, get_encoding(row.encoding))
    return get_tokenizer(row.name)


def _format_from(path: Path) -> ChatFormat:
    data = path.read_bytes()
    try:
        value = tomllib.loads(data.decode()) if path.suffix == ".toml" else loads(data)
        if not isinstance(value, dict):
            raise FormatError(
                f"expected the arguments of ChatFormat as one object, found {shown(value)}"
            )
        return ChatFormat.from_row(value)
    except ValueError as error:
        raise FormatError(f"{path}: {error}") from None
