"""What published chat templates do to a conversation before they write it.

A row of the table says it as a list of words, plain data: `chatfmt.prepare.words` has them all.
`chatfmt.prepare.prepared.prepare` applies them, and says what it changed. Texts are made of texts
here; nothing in this folder knows a special token.
"""
