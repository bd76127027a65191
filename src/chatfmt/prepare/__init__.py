"""Rewrites conversations as published chat templates do before they write them.

A row of the table has a list of words, as plain data: `chatfmt.prepare.words` has them all.
`chatfmt.prepare.prepared.prepare` applies them, and lists the changes. Here texts are made only of
texts; nothing in this folder knows a special token.
"""
