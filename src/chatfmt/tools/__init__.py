"""Answers: how ids differ (`explain`), and which text spells special tokens (`scan`).

This folder imports conversations and ``wire``.
"""
