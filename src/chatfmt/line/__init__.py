"""From a string to a checked format.

`language` reads a line of text as pieces, with the fields that `fields` lists; `pieces` has what
follows from them, and `within`, `lines` and `envelopes` check them. A `template` lists the lines of
each role. All lines of a format make one `graph` of places (`place`, `build`). It is the `machine`
that writers are held to and readers walk. It has characters by their kinds (`characters`), words
that a field never contains (`words`, which `fences` derives from the text at the `borders` of
messages, and `commit` handles), and values whose end is not regular (a `scanner`, each in
`scanners`). The `proof` shows that nothing has two readings. `coders`, `calls` and `arguments`
spell values, all over strict JSON (`jsontext`), and `call_ids` has the shape of the ids of calls.
The members of a `row` each have a kind (`kinds`), and `rules` refuse members that contradict each
other. They say who is `speaking` and become a `format`. `formats` is the table of formats, from the
families in the folder of rows, and `models` the table of common model names, with those of the
`hub`. `faults` are those of a template that a row does not copy, and `spacing` is for vocabularies
that put spaces before text. `choose` picks the line in which a message is written, and `alike`
checks that this line can write what the others read. This folder imports ``chatfmt.errors`` and
``chatfmt.conversation``, and nothing else of chatfmt.
"""
