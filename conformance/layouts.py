"""Compares the texts of published templates with those of the rows of the table.

    python conformance/layouts.py [--write] [LAYOUT …]

For each layout that has a row, each conversation is one of these:

- *equal*: the row writes exactly what the template writes;
- *equal when prepared*: it does after `ChatTokenizer.prepare`;
- *needs preparation*: the template has changed the conversation first, and the row does not say
  how. It reads what the template wrote, strictly, as other messages than were given, and writes
  exactly these back; the fields that differ are printed;
- *refused*: the template raises, or lets text forge tokens, or has a fault that the row does not
  copy: `excuses` finds which it is, and the row names it among its `faults`;
- *no place*: the row cannot carry it, which `NO_PLACE` names;
- *wrong*: anything else.

A layout is whole if all its cases are equal, equal when prepared, or refused.

With ``--write`` the table is kept in ``layouts.json``, which docs/make_protocol.py puts into
docs/formats.md. What the templates write is read from the folder ``layouts`` of ``CHATFMT_SHARED``.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from chatfmt import ChatTokenizer, Conversation, Message, ParseError, RenderError
from chatfmt.templates.excuses import Case, faults_shown, spells_own_tokens, write
from layout_rows import NO_PLACE, ROWS, SEPARATED, UNREACHED
from rows import ids_in, spelled, tokenizer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

EQUAL, PREPARED, NEEDS = "equal", "equal when prepared", "needs preparation"
REFUSED, LACKING, WRONG = "refused", "no place", "wrong"
KINDS = (EQUAL, PREPARED, NEEDS, REFUSED, LACKING, WRONG)

VALUES = {"date": dt.date(2025, 1, 2)}
"""The values of templates, where their own default is not used."""


class Finding(NamedTuple):
    """The outcome for one conversation."""

    case: str
    kind: str
    detail: str = ""
    faults: frozenset[str] = frozenset()
    """The kinds of faults that excuse it."""


def layout_file(layout: str) -> Path:
    """Where a layout is stored.

    Raises:
        KeyError: the environment does not say where.
    """
    return Path(os.environ["CHATFMT_SHARED"]) / "layouts" / f"{layout}.json"


def findings(layout: str) -> Iterator[Finding]:
    """The outcome for each conversation of a layout."""
    stored = json.loads(layout_file(layout).read_text("utf-8"))
    tools = json.loads(layout_file("_tools").read_text("utf-8"))
    tok = tokenizer(ROWS[layout])
    prologue = spelled(tok, tok.encode([]))
    for one in stored["cases"]:
        members = {"messages": one["messages"], "tools": tools if one["tools"] else []}
        given = Conversation.model_validate(members)
        text = one.get("text")
        if text is None:
            alone = " alone" * is_written(tok, given, prompt=one["prompt"])
            yield Finding(one["id"], REFUSED, "by its template" + alone)
            continue
        if stored["bos"] not in tok.format.special_tokens:  # it stands for one that others have
            text = text.replace(stored["bos"], prologue)
        if layout in SEPARATED and not one["prompt"]:
            text = text.removesuffix(stored["eos"])
        if not text.startswith(prologue):  # the template leaves the token to the tokenizer
            text = prologue + text
        case = Case(tok, given, one["prompt"], text, partial(prepare, tok))
        found = compare(one["id"], case)
        lacking = NO_PLACE.get((layout, one["id"]))
        if found.kind == WRONG and lacking:
            found = Finding(one["id"], LACKING, lacking)
        yield found


def compare(name: str, case: Case) -> Finding:
    """The outcome for a conversation that the template has taken."""
    kind, detail = judge(case.tok, case.given, case.text, prompt=case.prompt)
    if kind != EQUAL and is_written(case.tok, case.given, prompt=case.prompt, text=case.text):
        if not spells_own_tokens(case):
            return Finding(name, PREPARED)
        kind, detail, shown = WRONG, "words that it adds spell tokens", [frozenset({"own_tokens"})]
    elif kind in (NEEDS, WRONG):
        shown = [*faults_shown(case)]
    else:
        return Finding(name, kind, detail)
    faults = case.tok.format.faults
    for kinds in shown:
        if kinds and kinds <= faults.keys():
            return Finding(name, REFUSED, "; ".join(faults[one] for one in sorted(kinds)), kinds)
    ways = " or ".join(" and ".join(sorted(kinds)) for kinds in shown if kinds)
    return Finding(name, kind, f"{detail} (as if by {ways})" if ways else detail)


def prepare(tok: ChatTokenizer, given: Conversation) -> Conversation:
    """The row's version of a conversation, with values for what its template does not know.

    Raises:
        RenderError: the template takes no such conversation.
    """
    words = tok.format.preparation
    needed = {name for word in words for name, default in word.names.items() if default is None}
    return tok.prepare(given, values={name: VALUES[name] for name in needed & VALUES.keys()})


def is_written(
    tok: ChatTokenizer, given: Conversation, *, prompt: bool, text: str | None = None
) -> bool:
    """Whether the row writes this text, or any, for a conversation that was prepared."""
    try:
        written = write(tok, prepare(tok, given), prompt=prompt)
    except RenderError:
        return False
    return text is None or text in written


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
        if not text.endswith(ending) and given.messages[-1].role in places(tok):
            ending = ""  # an answer there has no header
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
    return NEEDS, "; ".join(differences(tok.format.on_wire(given).messages, read.messages))


def places(tok: ChatTokenizer) -> set[str]:
    """The roles after which a line of the assistant stands that stands nowhere else."""
    lines = tok.format.lines_of["assistant"]
    return {place for line in lines for place in line.after or ()}


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


TABLE = Path(__file__).with_name("layouts.json")
"""The table that docs/make_protocol.py shows."""


def main() -> None:
    """Print a line for each layout, and what is wrong."""
    names = [name for name in sys.argv[1:] if name != "--write"]
    table: dict[str, dict[str, Any]] = {}
    wrong = 0
    for layout in [name for name in names or ROWS if name not in UNREACHED]:
        found = [*findings(layout)]
        table[layout] = line = summary(layout, found)
        shown = ", ".join(f"{count} {kind}" for kind, count in line["cases"].items())
        print(f"{layout:24} {line['row']:24} {'whole' if line['whole'] else '':6} {shown}")
        for finding in found:
            if finding.kind == WRONG or (names and finding.kind != EQUAL):
                print(f"  {finding.case}: {finding.kind}: {finding.detail}")
            wrong += finding.kind == WRONG
    for layout, why in UNREACHED.items():
        if not names or layout in names:
            print(f"{layout:24} no row: {why}")
    total = {kind: sum(line["cases"].get(kind, 0) for line in table.values()) for kind in KINDS}
    whole = sum(line["whole"] for line in table.values())
    print(f"{len(names or ROWS)} layouts, {whole} of them whole: {total}")
    if "--write" in sys.argv and not names:
        date = dt.datetime.now(tz=dt.UTC).date().isoformat()
        made = {"date": date, "layouts": table, "no row": UNREACHED}
        TABLE.write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n", "utf-8")
    sys.exit(wrong > 0)


def summary(layout: str, found: Sequence[Finding]) -> dict[str, Any]:
    """A line of the table."""
    counts = Counter(finding.kind for finding in found)
    return {
        "row": ROWS[layout],
        "whole": not (counts[NEEDS] or counts[LACKING] or counts[WRONG]),
        "cases": {kind: counts[kind] for kind in KINDS if counts[kind]},
        "faults": sorted({fault for finding in found for fault in finding.faults}),
    }


if __name__ == "__main__":
    main()
