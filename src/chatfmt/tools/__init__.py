"""Compare ids (`explain`), and find text that spells special tokens (`scan`).

This folder imports conversations and ``wire``.
"""
