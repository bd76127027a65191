"""Jinja chat templates: rendered safely, recognised as rows of the table, and imported with proof.

A template runs in a process of its own (`render`, `worker`). `asks` are the conversations on which
it is tried, `compare` says how a format's text differs from the template's (`excuses` knows the
faults that rows name), `match` finds the row that is proven equal. All of it works on text, over an
encoding whose tokens are single bytes (`letters`).

`imported` makes a format of a template: `probe` finds what stands around texts, `solve` makes lines
of that, `rewriting` finds the words of preparation, and `conditions` says for which conversations
what is left does not hold. Then all is proved on conversations that none of these has seen.
"""
