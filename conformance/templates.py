"""The outcomes of importing public chat templates: `make templates`.

    python conformance/templates.py FOLDER [--write] [--state FILE] [--part N/M]

The folder has packages as they are downloaded, wheels and source archives; nothing is copied from
them. What is found is also appended to the file of `--state`; a run that was stopped continues from
there. Remove that file when the import has changed. For each distinct template that writes plain
chat:

- *free*: it is imported, and equal wherever it was tried;
- *plain*: the same, for conversations without tools, calls and reasoning;
- *conditional*: it is imported for the conversations for which its conditions hold;
- *refused*, with the reason;
- *wrong*: imported, and what it writes is something else for a conversation of a second set, which
  the import did not see, although all conditions hold. There must be none.

What is a special token is guessed from what templates write, for packages seldom say it.
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import json
import random
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatfmt import Conversation, Message
from chatfmt.errors import FormatError, TemplateImportError
from chatfmt.templates.asks import Ask, all_written_by
from chatfmt.templates.compare import Verdict, compare, has_other_ids
from chatfmt.templates.imported import import_template
from chatfmt.templates.letters import in_letters
from chatfmt.templates.probe import takes_parts
from chatfmt.templates.render import JinjaTemplate, Rendering
from public_templates import guessed_tokens, published

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chatfmt.templates.imported import Imported
    from chatfmt.templates.render import Refused
    from chatfmt.tokenizer import ChatTokenizer
    from public_templates import Published

TABLE = Path(__file__).with_name("templates.json")
_BOS, _EOS = "<s>", "</s>"
_HELD_OUT = 150
_TOOLS = {"NO_TOOLS", "NO_CALLS", "NO_THINKING"}
_FINE = (Verdict.EQUAL, Verdict.REFUSED, Verdict.GUARDED)
_TEXTS = (
    "What is the capital of France?",
    "Paris.\n\nIt has been since 987.",
    "def f(x):\n    return {'a': [x]}\n",
    " leading and trailing ",
    "",
    "\u0645\u0631\u062d\u0628\u0627 \U0001f44b\U0001f3fd",
    "</think> is a tag",
    "0",
    "{{ braces }} {% tags %}",
)


def held_out(seed: int) -> Iterator[Ask]:
    """Conversations of a second set: other texts, other lengths, now and then a role too many."""
    chance = random.Random(seed)  # noqa: S311 - the same every time
    for _ in range(_HELD_OUT):
        roles = ["system"] * (chance.random() < 0.4)  # noqa: PLR2004
        roles += ["user", "assistant"] * chance.randint(0, 4)
        roles += ["user"] * (chance.random() < 0.6)  # noqa: PLR2004
        if chance.random() < 0.1:  # noqa: PLR2004
            roles.insert(
                chance.randint(0, len(roles)), chance.choice(["system", "user", "assistant"])
            )
        if not roles:
            continue
        messages = tuple(Message(role=role, content=chance.choice(_TEXTS)) for role in roles)
        chat = Conversation(messages=messages)
        yield Ask(chat, prompt=roles[-1] == "user" and chance.random() < 0.7)  # noqa: PLR2004


def tokens_of(source: str) -> list[str] | None:
    """The parts of its text that look like special tokens; None if it writes no plain chat."""
    turns = [
        {"role": role, "content": text}
        for role, text in (("system", "Qs"), ("user", "Qu"), ("assistant", "Qa"), ("user", "Qv"))
    ]
    asked = [
        Rendering(messages, prompt)
        for messages in (turns[1:], turns[1:3], turns)
        for prompt in (True, False)
    ]
    with JinjaTemplate(source, bos=_BOS, eos=_EOS) as template:
        template.parts = takes_parts(template)
        found = zip(asked, template.render_all(asked), strict=True)
    texts = [
        text
        for one, text in found
        if isinstance(text, str) and all(m["content"] in text for m in one.messages[-2:])
    ]
    return guessed_tokens("".join(texts)) if texts else None


def wrong(source: str, found: Imported, tokens: list[str]) -> list[str]:
    """Conversations of the second set for which all conditions hold, and the texts differ."""
    tok = in_letters(found.format, tokens)
    with JinjaTemplate(source, bos=_BOS, eos=_EOS) as template:
        template.parts = takes_parts(template)
        cases = all_written_by(
            template,
            [a for a in held_out(len(source)) if found.holds(a.conversation, prompt=a.prompt)],
        )
    return [f"{verdict}: {case[0]}" for case in cases if (verdict := _verdict(tok, case))]


def _verdict(tok: ChatTokenizer, case: tuple[Ask, str | Refused]) -> str | None:
    """How a case is wrong: other text, or the same where a special token is no token."""
    (ask, text), verdict = case, compare(tok, *case)[0]
    if verdict is Verdict.EQUAL and isinstance(text, str):
        return "other ids" if has_other_ids(tok, ask, text) else None
    return None if verdict in _FINE else verdict


def outcome(source: str) -> dict[str, Any]:
    """The outcome for a template."""
    try:
        tokens = tokens_of(source)
        if tokens is None:
            return {"kind": "no plain chat"}
        found = import_template(source, tokens, _BOS, _EOS)
    except TemplateImportError as error:
        return {"kind": "refused", "reason": str(error)[:200]}
    except FormatError:
        return {"kind": "no plain chat"}
    kinds = sorted(one.kind for one in found.conditions)
    shown = wrong(source, found, tokens)
    if shown:
        return {"kind": "wrong", "conditions": kinds, "shown": shown[:3]}
    kind = "conditional" if {*kinds} - _TOOLS else "plain" if kinds else "free"
    return {"kind": kind, "conditions": kinds}


def main() -> None:
    """Print a line for each template, then the table."""
    parser = argparse.ArgumentParser(description="import the chat templates in packages")
    parser.add_argument("folder", type=Path, help="wheels and source archives")
    parser.add_argument("--write", action="store_true", help=f"write {TABLE.name}")
    parser.add_argument("--state", type=Path, help="what is done: appended to, and not done again")
    parser.add_argument("--part", default="0/1", metavar="N/M", help="every M-th template, from N")
    given = parser.parse_args()
    part, parts = map(int, given.part.split("/"))
    made = [*outcomes([*published(given.folder)][part::parts], given.state)]
    table = summary(made)
    print(json.dumps(table, indent=1, ensure_ascii=False))
    if given.write:
        TABLE.write_text(as_text(table, made), "utf-8")
    sys.exit(any(found["kind"] == "wrong" for found in made))


def as_text(table: dict[str, Any], made: list[dict[str, Any]]) -> str:
    """The figures of a day, then each template on a line of its own: where it is, and its kind."""
    date = dt.datetime.now(tz=dt.UTC).date().isoformat()
    head = json.dumps({"date": date, **table}, indent=1, ensure_ascii=False)
    each = (json.dumps([one["where"], one["kind"]], ensure_ascii=False) for one in made)
    return head.removesuffix("\n}") + ',\n "templates": [\n  ' + ",\n  ".join(each) + "\n ]\n}\n"


def outcomes(templates: list[Published], state: Path | None) -> Iterator[dict[str, Any]]:
    """The outcome for each, printed as it is found; those in the state are not done again."""
    written = state.read_text("utf-8") if state and state.exists() else ""
    whole = written[: written.rfind("\n") + 1]  # a stopped run may have written half a line
    done = {one["sha256"]: one for one in map(json.loads, whole.splitlines())}
    if state:
        state.write_text(whole, "utf-8")
    for n, one in enumerate(templates, 1):
        key = hashlib.sha256(one.source.strip().encode()).hexdigest()
        if key in done:
            yield done[key]
            continue
        found = {"sha256": key, "where": one.where, **outcome(one.source)}
        line = json.dumps(found, ensure_ascii=False)
        print(f"{n}/{len(templates)} {line}", flush=True)
        if state:
            with state.open("a", encoding="utf-8") as file:
                file.write(line + "\n")
        yield found


def summary(made: list[dict[str, Any]]) -> dict[str, Any]:
    """The figures: how many of each kind, by which conditions, and for which reasons."""
    kinds = Counter(found["kind"] for found in made)
    conditions = Counter(kind for found in made for kind in found.get("conditions", ()))
    reasons = Counter(reason(found["reason"]) for found in made if "reason" in found)
    plain = sum(kinds.values()) - kinds["no plain chat"]
    imported = kinds["free"] + kinds["plain"] + kinds["conditional"]
    return {
        "distinct": len(made),
        "plain chat": plain,
        "imported": imported,
        "share": round(imported / max(plain, 1), 3),
        "kinds": dict(kinds.most_common()),
        "conditions": dict(conditions.most_common()),
        "reasons": dict(reasons.most_common()),
        "packages": dict(Counter(found["where"].partition(":")[0] for found in made).most_common()),
    }


def reason(text: str) -> str:
    """A reason without what is one template's."""
    text = text.removeprefix("no line could be read back: format imported, ")
    return text.partition(": ")[2] if text.startswith("role ") else text.partition(": ")[0]


if __name__ == "__main__":
    main()
