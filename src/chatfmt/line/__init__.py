"""From a string to a checked format.

The fields of a message and their values (`fields`), the language of the format line (`language`),
what it can read (`grammar`) and whether in one way only (`ambiguity`), the format (`format`) and
the table of them (`formats`). This folder imports `chatfmt.errors` and nothing else of chatfmt.
"""
