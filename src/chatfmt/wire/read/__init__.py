"""Reading ids: `StreamParser` takes them one by one or all at once.

This folder imports what ``wire`` may import, and all of ``wire`` except ``write`` and ``fast``.
"""
