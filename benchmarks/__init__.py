"""How fast chatfmt is, beside others: `make bench`, or `python -m benchmarks [ROW ...]`.

Beside an older checkout of itself: `python -m benchmarks.library --base TREE` for what the library
does, `python -m benchmarks.against --base TREE` for `chatfmt tokenize`.
"""
