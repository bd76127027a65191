"""The bundled rank tables as the files that tiktoken publishes, and those files as bundled tables.

`python tests/rank_tables.py DIRECTORY` writes the published files into a directory;
`python tests/rank_tables.py FILE.tiktoken DIRECTORY` writes what is bundled of such a file.
"""

from __future__ import annotations

import base64
import sys
from pathlib import Path

from chatfmt.encodings import ENCODING_CONSTRUCTORS

__all__ = ["pack_table", "write_tables"]


def write_tables(directory: Path) -> None:
    """Write ``o200k_base.tiktoken`` and ``cl100k_base.tiktoken``: base 64 of a token, its rank."""
    for name, arguments in ENCODING_CONSTRUCTORS.items():
        ranks: dict[bytes, int] = arguments()["mergeable_ranks"]
        lines = (b"%s %d\n" % (base64.b64encode(token), rank) for token, rank in ranks.items())
        path = directory / name.replace("_im", "_base.tiktoken")
        path.write_bytes(b"".join(lines))


def pack_table(published: bytes) -> bytes:
    """What is bundled of a published file: its tokens, the byte FF between them.

    Raises:
        ValueError: its ranks are not the numbers of its lines, or a token has that byte.
    """
    lines = [line.split() for line in published.splitlines()]
    tokens = [base64.b64decode(token) for token, _ in lines]
    if [int(rank) for _, rank in lines] != list(range(len(lines))):
        raise ValueError("expected ranks from 0 on, one after another")
    tokens = [b"" if token == b"\xff" else token for token in tokens]
    packed = b"\xff".join(tokens)
    if tokens.count(b"") != 1 or packed.split(b"\xff") != tokens:
        raise ValueError("expected tokens without the byte FF, and one that is this byte")
    return packed


def main(*paths: str) -> None:
    """Write what the arguments ask for."""
    *published, directory = map(Path, paths)
    for path in published:
        (directory / f"{path.stem}.tokens").write_bytes(pack_table(path.read_bytes()))
    if not published:
        write_tables(directory)


if __name__ == "__main__":
    main(*sys.argv[1:])
