"""Turns many conversations into the files that trainers read.

A single function encodes a batch of rows, engines call it on many cores or machines, and the
writers survive a kill. All of it needs the extra ``data``.
"""

from chatfmt.corpus.checked import Checked, check
from chatfmt.corpus.export import TRAINERS, export
from chatfmt.corpus.inputs import InputChangedError
from chatfmt.corpus.local import encode_locally
from chatfmt.corpus.options import COLUMNS, EncodeOptions, FileOptions
from chatfmt.corpus.packing import best_fit, cu_seqlens, position_ids
from chatfmt.corpus.raw import RAW, RawRow, batches
from chatfmt.corpus.ray_engine import encode_on_ray
from chatfmt.corpus.records import encode_records
from chatfmt.corpus.rejects import TooManyRejectsError
from chatfmt.corpus.run import tokenize
from chatfmt.corpus.sources import raw_rows
from chatfmt.corpus.summary import Summary
from chatfmt.prepare.options import PrepareOptions

__all__ = [
    "COLUMNS",
    "RAW",
    "TRAINERS",
    "Checked",
    "EncodeOptions",
    "FileOptions",
    "InputChangedError",
    "PrepareOptions",
    "RawRow",
    "Summary",
    "TooManyRejectsError",
    "batches",
    "best_fit",
    "check",
    "cu_seqlens",
    "encode_locally",
    "encode_on_ray",
    "encode_records",
    "export",
    "position_ids",
    "raw_rows",
    "tokenize",
]
