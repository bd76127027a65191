"""Shorter ways to the same results, for plain input.

`decode` gives what `chatfmt.wire.read.StreamParser` gives, or nothing; `packed` is what it searches
ids with. This folder imports what ``wire`` may import.
"""
