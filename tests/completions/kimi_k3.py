"""Completions of Kimi K3: parts named between tokens, in a message that closes itself."""

from __future__ import annotations

from completions import START, Case, Told, said

__all__ = ["KIMI_K3"]

_END = "<|end_of_msg|>"
_THOUGHT = "<|close|>think<|sep|>"
_OPENS, _CLOSES = "<|open|>response<|sep|>", "<|close|>response<|sep|>"
_CLOSED = f"<|close|>message<|sep|>{_END}"


def _read(
    text: str,
    content: str = "",
    *,
    reasoning: str = "Hm.",
    issues: str = "",
    stray: str = "",
    before: str = "",
    end: str = _END,
) -> Case:
    """``stray`` comes after the content, ``before`` before it."""
    events: list[Told] = [("reasoning", reasoning)] if reasoning else []
    events += [("stray", before)] if before else []
    events += [("content", content)] if content else []
    events += [("stray", stray)] if stray else []
    message = said(content, reasoning=reasoning)
    return Case(text, [message], issues, [START, *events, ("end", end or None)])


KIMI_K3: dict[str, Case] = {
    "an answer": _read(f"Hm.{_THOUGHT}{_OPENS}Good.{_CLOSES}{_CLOSED}", "Good."),
    "an answer without reasoning": _read(
        f"{_THOUGHT}{_OPENS}Good.{_CLOSES}{_CLOSED}", "Good.", reasoning=""
    ),
    "no answer": _read(f"Hm.{_THOUGHT}{_OPENS}{_CLOSES}{_CLOSED}"),
    "unicode, and newlines at the edges": _read(
        f"Hm.{_THOUGHT}{_OPENS}\nKüste 海 🌊\n{_CLOSES}{_CLOSED}", "\nKüste 海 🌊\n"
    ),
    "names of parts in an answer": _read(
        f"Hm.{_THOUGHT}{_OPENS}response message{_CLOSES}{_CLOSED}", "response message"
    ),
    "an answer that is not closed": _read(
        f"Hm.{_THOUGHT}{_OPENS}Good.{_CLOSED}",
        "Good.",
        issues="malformed_header",
        stray="message<|sep|>",
    ),
    "a message that is not closed": _read(
        f"Hm.{_THOUGHT}{_OPENS}Good.{_CLOSES}{_END}", "Good.", issues="unexpected_special"
    ),
    "neither is closed": _read(
        f"Hm.{_THOUGHT}{_OPENS}Good.{_END}", "Good.", issues="unexpected_special"
    ),
    "a newline before the answer": _read(
        f"Hm.{_THOUGHT}\n{_OPENS}Good.{_CLOSES}{_CLOSED}",
        "Good.",
        issues="unexpected_text",
        before="\n",
    ),
    "a newline after the answer": _read(
        f"Hm.{_THOUGHT}{_OPENS}Good.{_CLOSES}\n{_CLOSED}",
        "Good.",
        issues="unexpected_text",
        stray="\n",
    ),
    "an answer that is not opened": _read(
        f"Hm.{_THOUGHT}Good.{_CLOSED}",
        issues="unexpected_text",
        stray="Good.<|close|>message<|sep|>",
    ),
    "cut off within reasoning": _read("Hm.", issues="open_message", end=""),
    "cut off after reasoning": _read(f"Hm.{_THOUGHT}", issues="open_message", end=""),
    "cut off within the answer": _read(
        f"Hm.{_THOUGHT}{_OPENS}Goo", "Goo", issues="open_message", end=""
    ),
    "cut off before the end": _read(
        f"Hm.{_THOUGHT}{_OPENS}Good.{_CLOSES}", "Good.", issues="open_message", end=""
    ),
}
