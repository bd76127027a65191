"""From a string to a checked format.

A line of text is read as pieces (`language`, of the fields that `fields` lists) and checked
(`lines`). All lines of a format make one graph of places (`place`, `build`), the `machine` that
writers are held to and readers walk: characters by their kinds (`characters`), words that a field
never holds (`words`, derived in `fences`), and values whose end is not regular (`scanners`). The
`proof` shows that nothing has two readings. How values are spelled is the matter of `coders`, of
`calls` and `arguments`, all over strict JSON (`jsontext`). A row of data becomes a checked
`format`, and `formats` is the table of them. This folder imports ``chatfmt.errors`` and nothing
else of chatfmt.
"""
