"""Convert rows of other schemas to conversations and back, stream files, and mix sources.

>>> from chatfmt.adapters import read_row, write_row
>>> row = {"conversations": [{"from": "human", "value": "2+2?"}, {"from": "gpt", "value": "4"}]}
>>> [conversation] = read_row(row)
>>> write_row(conversation)
{'messages': [{'role': 'user', 'content': '2+2?'}, {'role': 'assistant', 'content': '4'}]}
"""

from chatfmt.adapters.mixture import Mixture, Source, load_mixture
from chatfmt.adapters.options import Options
from chatfmt.adapters.readers import FILE_FORMATS, iter_rows
from chatfmt.adapters.rows import Row
from chatfmt.adapters.schema import Item, Preference, Schema
from chatfmt.adapters.table import (
    SCHEMAS,
    Reading,
    detect,
    read_file,
    read_row,
    read_rows,
    write_row,
)

__all__ = [
    "FILE_FORMATS",
    "SCHEMAS",
    "Item",
    "Mixture",
    "Options",
    "Preference",
    "Reading",
    "Row",
    "Schema",
    "Source",
    "detect",
    "iter_rows",
    "load_mixture",
    "read_file",
    "read_row",
    "read_rows",
    "write_row",
]
