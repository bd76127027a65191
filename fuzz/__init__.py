"""Fuzzing: whatever the bytes, a value or one of our errors. ``python -m fuzz --seconds 60``.

Each harness is a function of bytes, with no other source of chance: an input that broke one is
kept in ``fuzz/regressions`` under the harness's name, and the tests try it again every time.
"""
