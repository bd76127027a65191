"""From a string to a checked format.

A line of text is read as pieces (`language`, of the fields that `fields` lists; what follows from
them is in `pieces`) and checked (`within`, `lines`, `envelopes`); a `template` lists what each role
has. All lines of a format make one `graph` of places (`place`, `build`), the `machine` that writers
are held to and readers walk: characters by their kinds (`characters`), words that a field never
holds (`words`, derived in `fences` from what is at the `borders` of messages, and done
with as `commit` says), and values whose end is not regular (a `scanner`, each in `scanners`). The
`proof` shows that nothing has two readings. How values are spelled is the matter of `coders`, of
`calls` and `arguments`, all over strict JSON (`jsontext`), and what ids of calls look like that of
`call_ids`. The members of a `row`, each of its own kind (`kinds`), refused by `rules` where they do
not go together, say who is `speaking` and become a `format`; `formats` is the table of them, from
the families in the folder of rows, and `models` that of the names that people use, with those of
the `hub`; `faults` are those of a template that a row does not copy, and `spacing` is for
vocabularies that put spaces before text. `choose` says in which line a message is written.
This folder imports ``chatfmt.errors`` and ``chatfmt.conversation``, and nothing else of chatfmt.
"""
