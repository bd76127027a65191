"""What published templates write, and what the rows of the table make of it.

    python conformance/layouts.py [LAYOUT …]

For each layout that has a row, each conversation is one of these:

- *equal*: the row writes what the template writes, to the letter;
- *equal when prepared*: it does after `ChatTokenizer.prepare`;
- *needs preparation*: the template has changed the conversation first, and the row does not say
  how. It reads what the template wrote, strictly, as other messages than were given, and writes
  these back to the letter; the fields that differ are printed;
- *refused*: the template raises, or the row does not copy a fault of the template, which `FAULTS`
  names;
- *no place*: the row cannot carry it, which `NO_PLACE` names;
- *wrong*: anything else.

A layout is whole if all its cases are equal, equal when prepared, or refused.

What the templates write is read from the folder ``layouts`` of ``CHATFMT_SHARED``.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from chatfmt import ChatTokenizer, Conversation, Message, ParseError, RenderError
from rows import ids_in, spelled, tokenizer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROWS = {
    "apertus": "apertus",
    "apriel-1.6": "apriel-1.6",
    "chatml": "qwen-3-2507",
    "chatml-bos": "lfm-2",
    "chatml-default-system": "qwen-2.5",
    "cohere2": "command-r7b",
    "command-a": "command-a",
    "command-r": "command-r",
    "deepseek-r1": "deepseek-r1",
    "deepseek-v2.5": "deepseek-v3",
    "deepseek-v3": "deepseek-v3",
    "deepseek-v3.1": "deepseek-v3.1",
    "deepseek-v3.2": "deepseek-v3.2",
    "deepseek-v4": "deepseek-v4",
    "exaone-3.5": "exaone-3.5",
    "exaone-deep": "exaone-deep",
    "functionary-3.1": "functionary-3.1",
    "gemma": "gemma-2",
    "gemma-3": "gemma-3",
    "glm-4": "glm-4",
    "glm-4.5": "glm-4.5",
    "glm-4.7": "glm-4.7",
    "gpt-oss": "gpt-oss",
    "granite-3.0": "granite-3.0",
    "granite-3.3": "granite-3",
    "granite-4": "granite-4",
    "granite-4.1": "granite-4.1",
    "hermes-3": "hermes-3",
    "hermes-3-plain": "hermes-3",
    "hy3": "hunyuan-3",
    "internlm2": "internlm-2",
    "kimi-k2": "kimi-k2",
    "kimi-k2-thinking": "kimi-k2-thinking",
    "kimi-k3": "kimi-k3",
    "laguna": "laguna",
    "lfm2.5": "lfm-2.5",
    "ling-3": "ling-3",
    "llama-3": "llama-3",
    "llama-3.1": "llama-3.1",
    "llama-3.2": "llama-3.2",
    "llama-4": "llama-4",
    "minimax-m1": "minimax-m1",
    "minimax-m2": "minimax-m2",
    "mistral-small-3.2": "mistral-small-3.2",
    "mistral-v11": "mistral-v11",
    "mistral-v13-think": "mistral-v13",
    "mistral-v15": "mistral-v15",
    "mistral-v3-spm": "mistral-v3-spm",
    "mistral-v3-tekken": "mistral-v3",
    "mistral-v7-spm": "mistral-v7-spm",
    "mistral-v7-tekken": "mistral-v7",
    "muse-glimmer": "muse-glimmer",
    "nemotron-3": "nemotron-3",
    "nemotron-70b": "llama-3.1-nemotron",
    "olmo-3": "olmo-3",
    "openchat": "openchat-3.5",
    "phi-3": "phi-3",
    "phi-3-medium": "phi-3-medium",
    "phi-3.5": "phi-3.5",
    "phi-4": "phi-4",
    "phi-4-mini": "phi-4-mini",
    "phi-4-reasoning": "phi-4-reasoning",
    "qwen3": "qwen-3",
    "qwen3-next-thinking": "qwen-3-next-thinking",
    "qwen3-vl": "qwen-3-vl",
    "qwen3-coder": "qwen-3-coder",
    "qwen3.5": "qwen-3.5",
    "qwq": "qwq",
    "reka-edge": "reka-edge",
    "saiga": "saiga",
    "seed-oss": "seed-oss",
    "smollm3": "smollm-3",
    "solar-open": "solar-open",
    "spark-2.5": "spark-2.5",
    "stepfun-3.5": "stepfun-3.5",
}
"""Layout to the name of its row."""

_TEXT_ALONE = "between some messages stands nothing but ordinary text"
_ASKED_IN_TEXT = "a question ends in ordinary text, and nothing but text parts it from the answer"
UNREACHED = {
    "deepseek-coder-1.3b": _TEXT_ALONE,
    "deepseek-coder-v2": _TEXT_ALONE,
    "gemma-4": "results stand within the answer",
    "gigachat-3": "headers of ordinary text follow ends that are ordinary text, too",
    "llama-2": _ASKED_IN_TEXT,
    "minimax-m3": "an argument's closing tag repeats its key, and nested values are tags, too",
    "mistral-v1": _ASKED_IN_TEXT,
    "nemotron-nano-v2": (
        "it opens a thought before the last answer and does not close it; results are JSON that "
        "only a comma parts"
    ),
    "role-colon": _TEXT_ALONE,
    "tulu-3": _TEXT_ALONE,
    "vicuna": _TEXT_ALONE,
    "zephyr": "headers of ordinary text, spelled like tokens, follow ends that are ordinary text",
}
"""Layout to why no row of the table has it."""

_T = ("t-one", "t-two", "t-think", "t-again")

SPLITTING = (
    "ling-3",
    "reka-edge",
    "deepseek-r1",
    "deepseek-v3.1",
    "glm-4.5",
    "glm-4.7",
    "minimax-m2",
    "stepfun-3.5",
)
"""Layouts whose templates look for a thought in the text of an answer."""

FAULTS: dict[tuple[str, str], str] = {
    **{
        ("apertus", case): "it leaves out the end of an answer that nothing follows"
        for case in (
            *("pair", "system", "multi", "multi-system", "empty-assistant", "empty-user"),
            *("empty-system", "ws-user", "ws-assistant", "ws-system", "unicode", "look-alike"),
            *("r-last", "r-multi", "r-none-multi", "r-ws"),
        )
    },
    **{
        ("apriel-1.6", case): "it leaves out the words by which its prompt begins a thought"
        for case in ("r-last", "r-multi", "r-none-multi", "r-ws")
    },
    ("apriel-1.6", "empty-system"): "it leaves an empty line for a system message without text",
    ("deepseek-r1", "t-again"): "it forgets that a first call has to be opened",
    ("deepseek-v3", "t-again"): "it forgets that a first result has to be opened",
    ("deepseek-v2.5", "t-again"): "it forgets that a first result has to be opened",
    **{
        ("deepseek-v2.5", case): "it writes white space before the first token"
        for case in (
            *("system", "multi-system", "empty-system", "ws-system", "prompt-multi-system"),
            "t-two",
        )
    },
    **{
        (layout, case): "its prompt has <think></think>; answers have </think>"
        for layout in ("deepseek-v3.1", "deepseek-v3.2")
        for case in ("prompt", "prompt-multi-system", "r-prompt", "t-defs")
    },
    **{
        (
            layout,
            case,
        ): "it drops calls, and writes results after [|tool|], which its tokens have not"
        for layout in ("exaone-3.5", "exaone-deep")
        for case in _T
    },
    **{
        ("exaone-deep", case): "it leaves out the newline after an answer that nothing follows"
        for case in (
            *("pair", "system", "multi", "multi-system", "empty-assistant", "empty-user"),
            *("empty-system", "ws-user", "ws-assistant", "ws-system", "unicode", "look-alike"),
            *("r-last", "r-multi", "r-none-multi", "r-ws"),
        )
    },
    **{
        (
            "gpt-oss",
            case,
        ): "it leaves out <|constrain|> and quotes results, unlike openai-harmony"
        for case in _T
    },
    **{
        ("gpt-oss", case): "it writes newlines after instructions, unlike openai-harmony"
        for case in ("system", "multi-system", "ws-system", "prompt-multi-system")
    },
    **{
        (layout, case): "it drops calls in silence"
        for layout in ("granite-3.0", "granite-3.3", "smollm3")
        for case in _T
    },
    ("cohere2", "empty-system"): "it writes an empty system message after its own",
    **{
        (layout, case): "it writes definitions that are no JSON"
        for layout in ("functionary-3.1", "hermes-3")
        for case in ("t-defs", *_T)
        if (layout, case) != ("hermes-3", "t-again")
    },
    ("hermes-3-plain", "t-defs"): "it drops definitions; transformers takes the other template",
    **{
        ("lfm2.5", case): "it reads a thought by another name, which transformers now gives it too"
        for case in ("r-last", "r-multi", "r-none-multi", "r-ws", "t-think")
    },
    ("hermes-3", "t-again"): "it leaves out the newline after a result that ends the list",
    **{
        ("hermes-3-plain", case): "it drops calls, and writes results without <tool_response>"
        for case in _T
    },
    **{
        ("internlm2", case): "it drops calls, and writes a role tool that InternLM has not"
        for case in _T
    },
    **{
        ("kimi-k2", case): "it writes a newline after a system message, but only after its own"
        for case in (
            *("pair", "multi", "empty-assistant", "empty-user", "ws-user", "ws-assistant"),
            *("unicode", "prompt", "r-last", "r-multi", "r-none-multi", "r-prompt", "r-ws"),
            *("t-defs", "t-one", "t-think", "t-again"),
        )
    },
    **{("llama-3", case): "it drops calls, and writes a role that Llama 3 has not" for case in _T},
    **{
        ("qwen3-coder", case): "its copy has other words about tools than the owner's template"
        for case in ("t-defs", *_T)
    },
    **{
        (layout, case): "it drops calls in silence"
        for layout in (
            *("chatml-bos", "deepseek-v2.5", "deepseek-v3", "openchat"),
            *("phi-3", "phi-3.5", "phi-4-mini", "phi-4-reasoning"),
        )
        for case in _T
        if (layout, case)
        not in {
            ("deepseek-v2.5", "t-two"),
            ("deepseek-v2.5", "t-again"),
            ("deepseek-v3", "t-again"),
        }
    },
    **{
        (layout, "look-alike"): "it splits the text of an answer at </think>"
        for layout in SPLITTING
    },
    **{
        (layout, "t-two"): "it drops the text of a message that has calls"
        for layout in ("minimax-m1", "mistral-small-3.2", "olmo-3")
    },
    **{
        (layout, case): "it writes an empty thought before the last answer alone, so that it goes"
        for layout in ("qwen3", "qwen3-next-thinking")
        for case in ("t-one", "t-two", "t-again")
    },
    **{
        ("glm-4", case): "it drops calls, and writes results after <|tool|>, which is no token"
        for case in _T
    },
    **{
        ("glm-4", case): "it leaves out a message without text"
        for case in ("empty-assistant", "empty-user")
    },
    **{
        ("kimi-k2-thinking", case): "it looks for the last answer, and finds the first"
        for case in ("r-multi", "r-none-multi")
    },
    ("seed-oss", "empty-assistant"): "it leaves out the end of an empty answer",
    **{
        (layout, "t-again"): "it writes a result that reads as a number without quotes"
        for layout in ("mistral-v3-spm", "mistral-v3-tekken")
    },
    **{
        (layout, case): "it leaves out the header of an answer after a result"
        for layout in ("phi-3-medium", "phi-4")
        for case in _T
    },
}
"""Layout and case to what is wrong with the published template there."""

NO_PLACE = {
    **{("apertus", case): "calls and their results, which stand within an answer" for case in _T},
    **{("apriel-1.6", case): "results, which end in newlines, the last in one more" for case in _T},
    **{
        ("deepseek-v3.2", case): "results, which follow the end of a message as ordinary text"
        for case in _T
    },
    **{("kimi-k3", case): "calls, in which each argument says its type" for case in _T},
    **{
        ("solar-open", case): "definitions of tools, between which tokens stand"
        for case in ("t-defs", *_T)
    },
    ("muse-glimmer", "t-two"): "whether another call follows, on which the end of a call depends",
}
"""Layout and case to what the row cannot read, because it has no place for it."""

UNENDED = {"apriel-1.6": "\n<|end|>\n", "hy3": "<｜hy_eos:opensource｜>"}  # noqa: RUF001 - so it is spelled
"""Layouts whose template leaves out the end of an answer that nothing follows, and that end: with
it the text must be what the row writes."""

SEPARATED = ("phi-3", "phi-3.5", "phi-4-mini")
"""Layouts whose template writes ``eos`` after a conversation that is no prompt: what stands between
two conversations that are packed, which is no part of either."""

EQUAL, PREPARED, NEEDS = "equal", "equal when prepared", "needs preparation"
REFUSED, LACKING, WRONG = "refused", "no place", "wrong"
KINDS = (EQUAL, PREPARED, NEEDS, REFUSED, LACKING, WRONG)

VALUES = {"date": dt.date(2025, 1, 2)}
"""What stood for the values of templates, where their own default did not."""


class Finding(NamedTuple):
    """What became of one conversation."""

    case: str
    kind: str
    detail: str


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
        members = {"messages": case["messages"], "tools": tools if case["tools"] else []}
        given = Conversation.model_validate(members)
        prepared = write_prepared(tok, given, prompt=case["prompt"])
        if "text" not in case:
            yield Finding(case["id"], REFUSED, "by its template" + " alone" * bool(prepared))
            continue
        text = case["text"]
        if stored["bos"] not in tok.format.special_tokens:  # it stands for one that others have
            text = text.replace(stored["bos"], prologue)
        if layout in SEPARATED and not case["prompt"]:
            text = text.removesuffix(stored["eos"])
        if not text.startswith(prologue):  # the template leaves the token to the tokenizer
            text = prologue + text
        kind, detail = judge(tok, given, text, prompt=case["prompt"])
        if kind != EQUAL and text in prepared:
            kind, detail = PREPARED, ""
        if kind == WRONG and layout in UNENDED and text + UNENDED[layout] in prepared:
            kind, detail = REFUSED, "fault of the template: it leaves out the end of an answer"
        fault = FAULTS.get((layout, case["id"]))
        if kind in (NEEDS, WRONG) and fault:
            kind, detail = REFUSED, f"fault of the template: {fault}"
        lacking = NO_PLACE.get((layout, case["id"]))
        if kind == WRONG and lacking:
            kind, detail = LACKING, lacking
        yield Finding(case["id"], kind, detail)


def write_prepared(tok: ChatTokenizer, given: Conversation, *, prompt: bool) -> list[str]:
    """What the row writes after `ChatTokenizer.prepare`; nothing if it refuses it or says none."""
    if not tok.format.preparation:
        return []
    words = tok.format.preparation
    needed = {name for word in words for name, default in word.names.items() if default is None}
    values = {name: value for name, value in VALUES.items() if name in needed}
    try:
        return write(tok, tok.prepare(given, values=values), prompt=prompt)
    except RenderError:
        return []


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


def main() -> None:
    """Print a line for each layout, and what is wrong."""
    names = sys.argv[1:]
    wrong = whole = 0
    total: Counter[str] = Counter()
    for layout in [name for name in names or ROWS if name not in UNREACHED]:
        found = [*findings(layout)]
        counts = Counter(finding.kind for finding in found)
        total += counts
        shown = ", ".join(f"{counts[kind]} {kind}" for kind in KINDS if counts[kind])
        is_whole = not (counts[NEEDS] or counts[LACKING] or counts[WRONG])
        whole += is_whole
        print(f"{layout:24} {ROWS[layout]:24} {'whole' if is_whole else '':6} {shown}")
        for finding in found:
            if finding.kind == WRONG or (names and finding.kind != EQUAL):
                print(f"  {finding.case}: {finding.kind}: {finding.detail}")
            wrong += finding.kind == WRONG
    for layout, why in UNREACHED.items():
        if not names or layout in names:
            print(f"{layout:24} no row: {why}")
    print(f"{len(names or ROWS)} layouts, {whole} of them whole: {dict(total)}")
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
