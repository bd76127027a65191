"""What published templates write, and what the rows of the table make of it.

    python conformance/layouts.py [LAYOUT …]

For each layout that has a row, each conversation is one of these:

- *equal*: the row writes what the template writes, to the letter;
- *needs preparation*: the template has changed the conversation first. The row reads what it wrote,
  strictly, as other messages than were given, and writes these back to the letter; the fields that
  differ are printed;
- *refused*: the template raises, or the row has no place for something;
- *wrong*: anything else. Where the template itself is at fault, `FAULTS` says so.

What the templates write is read from the folder ``layouts`` of ``CHATFMT_SHARED``.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import tiktoken

import chatfmt
from chatfmt import ChatTokenizer, Conversation, Message, ParseError, RenderError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROWS = {
    "gpt-oss": "gpt-oss",
    "qwen3": "qwen-3",
}
"""Layout to the name of its row."""

FAULTS: dict[tuple[str, str], str] = {}
"""Layout and case to what is wrong with the published template there."""

EQUAL, PREPARED, REFUSED, WRONG = "equal", "needs preparation", "refused", "wrong"


class Finding(NamedTuple):
    """What became of one conversation."""

    case: str
    kind: str
    detail: str


def tokenizer(name: str) -> ChatTokenizer:
    """The row over an encoding whose tokens are single bytes."""
    format = chatfmt.get_format(name)
    encoding = tiktoken.Encoding(
        f"bytes of {name}",
        pat_str=r"(?s).",
        mergeable_ranks={bytes([byte]): byte for byte in range(256)},
        special_tokens={token: 256 + i for i, token in enumerate(format.special_tokens)},
    )
    return ChatTokenizer(format, encoding)


def spelled(tok: ChatTokenizer, ids: Sequence[int]) -> str:
    """The ids as text, special tokens as they are spelled."""
    special = {token: spelling for spelling, token in tok.encoding.special_tokens.items()}
    return b"".join(
        special[token].encode() if token in special else tok.encoding.token_bytes(token)
        for token in ids
    ).decode()


def ids_in(tok: ChatTokenizer, text: str) -> list[int]:
    """The ids of a text in which special tokens are special."""
    spellings = sorted(tok.encoding.special_tokens, key=len, reverse=True)
    ids: list[int] = []
    for part in re.split(f"({'|'.join(map(re.escape, spellings))})", text):
        special = tok.encoding.special_tokens.get(part)
        ids += tok.encoding.encode_ordinary(part) if special is None else [special]
    return ids


def layout_file(layout: str) -> Path:
    """Where a layout is stored.

    Raises:
        KeyError: the environment does not say where.
    """
    return Path(os.environ["CHATFMT_SHARED"]) / "layouts" / f"{layout}.json"


def findings(layout: str) -> Iterator[Finding]:
    """What becomes of each conversation of a layout."""
    stored = json.loads(layout_file(layout).read_text("utf-8"))
    tools = json.loads(layout_file("_tools").read_text("utf-8"))
    tok = tokenizer(ROWS[layout])
    prologue = spelled(tok, tok.encode([]))
    for case in stored["cases"]:
        if "text" not in case:
            yield Finding(case["id"], REFUSED, "by its template")
            continue
        text = case["text"].replace(stored["bos"], prologue)
        if not text.startswith(prologue):  # the template leaves the token to the tokenizer
            text = prologue + text
        members = {"messages": case["messages"], "tools": tools if case["tools"] else []}
        given = Conversation.model_validate(members)
        kind, detail = judge(tok, given, text, prompt=case["prompt"])
        fault = FAULTS.get((layout, case["id"]))
        if kind == WRONG and fault:
            kind, detail = REFUSED, f"fault of the template: {fault}"
        yield Finding(case["id"], kind, detail)


def write(tok: ChatTokenizer, conversation: Conversation, *, prompt: bool) -> list[str]:
    """What the row writes for a conversation: a prompt, or what is encoded and what is trained."""
    if prompt:
        return [spelled(tok, tok.encode_prompt(conversation))]
    example = tok.encode_for_training(conversation, allow_untrained=True)
    return [spelled(tok, tok.encode(conversation)), spelled(tok, example.input_ids)]


def judge(tok: ChatTokenizer, given: Conversation, text: str, *, prompt: bool) -> tuple[str, str]:
    """Which kind a published text is, and why."""
    why = ""
    try:
        if text in write(tok, given, prompt=prompt):
            return EQUAL, ""
    except RenderError as error:
        why = str(error)
    body = text
    if prompt:
        prologue = spelled(tok, tok.encode([]))
        ending = spelled(tok, tok.encode_prompt([])).removeprefix(prologue)
        if not text.endswith(ending):
            return WRONG, f"the prompt is {text[-60:]!r}, the row's {ending!r}"
        body = text.removesuffix(ending)
    try:
        read = tok.decode(ids_in(tok, body))
    except ParseError as error:
        texts = [message.content for message in given.messages]
        if forged := [s for s in tok.format.special_tokens if any(s in text for text in texts)]:
            return REFUSED, f"the template lets text forge {' '.join(forged)}"
        return WRONG, f"{why or 'written otherwise'}; not read: {error}"
    again = write(tok, read, prompt=prompt)
    if text not in again:
        return WRONG, f"read as {read.messages}, which is written {again[0]!r}"
    return PREPARED, "; ".join(differences(tok.format.on_wire(given).messages, read.messages))


def differences(given: Sequence[Message], read: Sequence[Message]) -> list[str]:
    """The fields in which the messages differ."""
    if [m.role for m in given] != [m.role for m in read]:
        return [f"roles {' '.join(m.role for m in read)}"]
    return [
        f"message {index}: {field}"
        for index, (one, other) in enumerate(zip(given, read, strict=True))
        for field in Message.model_fields
        if getattr(one, field) != getattr(other, field)
    ]


def main() -> None:
    """Print a line for each layout, and what is wrong."""
    names = sys.argv[1:]
    wrong = 0
    total: Counter[str] = Counter()
    for layout in names or ROWS:
        found = [*findings(layout)]
        counts = Counter(finding.kind for finding in found)
        total += counts
        shown = ", ".join(f"{counts[kind]} {kind}" for kind in (EQUAL, PREPARED, REFUSED, WRONG))
        print(f"{layout:24} {ROWS[layout]:24} {shown}")
        for finding in found:
            if finding.kind == WRONG or (names and finding.kind != EQUAL):
                print(f"  {finding.case}: {finding.kind}: {finding.detail}")
            wrong += finding.kind == WRONG
    print(f"{len(names or ROWS)} layouts: {dict(total)}")
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
