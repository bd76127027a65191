"""How fast chatfmt is, beside others: `make bench`, or `python -m benchmarks [ROW ...]`."""
