"""Between messages and ids.

A format bound to an encoding (`binding`), the results (`spans`, `events`), writing (`write`),
reading (`read`) and streams of sampled ids (`streams`); `fast` holds shorter ways to the same
results. This folder imports errors, conversations, ``line`` and ``encodings``.
"""
