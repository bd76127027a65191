"""The options that choose a command's tokenizer."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from chatfmt.encodings import get_encoding, load_encoding, patterns
from chatfmt.errors import EncodingError, EncodingRequiredError, FormatError, shown
from chatfmt.json_text import loads
from chatfmt.line.format import ChatFormat
from chatfmt.line.formats import get_format
from chatfmt.pretrained import from_pretrained
from chatfmt.tokenizer import ChatTokenizer, get_tokenizer

if TYPE_CHECKING:
    import argparse

    from chatfmt.encodings import TokenEncoding

__all__ = ["add_tokenizer", "row_and_encoding", "tokenizer"]

_PATTERNS = {name: getattr(patterns, name) for name in patterns.__all__ if name.isupper()}
_DIGITS = 10  # of the highest id


def add_tokenizer(parser: argparse.ArgumentParser) -> None:
    """Add the options from which `tokenizer` makes a tokenizer."""
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--format",
        metavar="NAME",
        default="gpt-4o",
        help="the name of a format; `chatfmt formats` lists them (default: %(default)s)",
    )
    which.add_argument(
        "--format-file",
        metavar="FILE",
        help="your own format: the arguments of ChatFormat in JSON, or in TOML (*.toml)",
    )
    which.add_argument(
        "--model",
        metavar="DIR",
        help="the vocabulary and the chat template of a model: its folder, or a GGUF file (needs "
        "the extras hf and jinja)",
    )
    parser.add_argument(
        "--encoding-file",
        metavar="FILE",
        help="the vocabulary of a model, for formats without a bundled encoding: a tokenizer.json "
        "(needs the extra hf), a tekken.json, a SentencePiece model, a GGUF file, a rank file, or "
        "the model's folder",
    )
    parser.add_argument(
        "--pattern",
        metavar="PATTERN",
        help=f"how a rank file splits text: {', '.join(_PATTERNS)}, or a regular expression",
    )
    parser.add_argument(
        "--special-token",
        dest="special_tokens",
        metavar="SPELLING=ID",
        action="append",
        help="a special token of a rank file; may be repeated",
    )


def tokenizer(args: argparse.Namespace) -> ChatTokenizer:
    """The tokenizer that the options choose.

    Raises:
        ChatfmtError: the name is unknown, or its files are malformed.
        OSError: a file cannot be read.
        ImportError: the extra ``hf`` or ``jinja`` is not installed.
    """
    if args.model:
        return _from_model(args)
    row, encoding = row_and_encoding(args)
    if encoding is not None:
        return ChatTokenizer(row, encoding)
    if row.encoding is None:
        raise EncodingRequiredError(
            f"no encoding is bundled for format {row.name}: give the vocabulary of a model "
            f"that has the special tokens {', '.join(row.special_tokens)} with --encoding-file"
        )
    if args.format_file:
        return ChatTokenizer(row, get_encoding(row.encoding))
    return get_tokenizer(row.name)


def _from_model(args: argparse.Namespace) -> ChatTokenizer:
    for option in ("encoding_file", "pattern", "special_tokens"):
        if getattr(args, option):
            flag = f"--{option.removesuffix('s').replace('_', '-')}"
            raise EncodingError(
                f"expected --model without {flag}: the model's folder has the vocabulary"
            )
    return from_pretrained(args.model)


def row_and_encoding(args: argparse.Namespace) -> tuple[ChatFormat, TokenEncoding | None]:
    """The format that the options choose, and the vocabulary if they name one.

    Raises:
        ChatfmtError: the name is unknown, or its files are malformed.
        OSError: a file cannot be read.
        ImportError: the extra ``hf`` or ``jinja`` is not installed.
    """
    if args.model:
        found = _from_model(args)
        return found.format, found.encoding
    row = _format_from(Path(args.format_file)) if args.format_file else get_format(args.format)
    if args.encoding_file:
        return row, _encoding_from(args)
    if args.pattern or args.special_tokens:
        raise EncodingError(
            "expected --encoding-file with --pattern or --special-token, which describe a rank file"
        )
    return row, None


def _encoding_from(args: argparse.Namespace) -> TokenEncoding:
    pattern = _PATTERNS.get(args.pattern, args.pattern)
    special = None if args.special_tokens is None else _special_tokens(args.special_tokens)
    return load_encoding(args.encoding_file, pattern=pattern, special_tokens=special)


def _special_tokens(pairs: list[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for pair in pairs:
        spelling, _, digits = pair.rpartition("=")
        if not spelling or not digits.isdecimal() or len(digits) > _DIGITS:
            raise EncodingError(f"expected --special-token SPELLING=ID, found {shown(pair)}")
        if spelling in found:
            raise EncodingError(f"expected each special token once, found {shown(spelling)} twice")
        found[spelling] = int(digits)
    return found


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
