"""Reading ids: `StreamParser` takes them one by one or all at once.

This folder imports what ``wire`` may import, and of ``wire`` all but ``write`` and ``fast``.
"""
