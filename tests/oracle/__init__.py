"""The first reader of chatfmt, frozen: regular expressions, matched again from the start of a run.

It reads rows of one line for each role, without calls, and is slow where headers are long. Nothing
of it is to be changed: it says what the reader of today must say of such rows, too.
"""
