"""Write what the documentation derives from the table of formats.

    python docs/make_protocol.py

That is docs/formats.md, a page for each family of models in docs/formats, and in docs/protocol.md
and README.md the text between each pair of marks: grammar, registry, table of models.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import regex

from chatfmt import FORMAT_ROWS, MODELS, ChatTokenizer, RenderError, get_format
from chatfmt.encodings import extend_encoding, get_encoding
from chatfmt.line.faults import FAULT_KINDS
from chatfmt.line.fields import ALPHABETS, Alphabet
from chatfmt.line.language import Calls, Field, Group, Literal, Special

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from chatfmt.line.format import ChatFormat
    from chatfmt.line.language import Piece

HERE = Path(__file__).resolve().parent
WIDTH = 88
STAND_IN = "cl100k_im"
MEASURED = HERE.parent / "conformance" / "layouts.json"
KINDS = ("equal", "equal when prepared", "needs preparation", "refused", "no place", "wrong")
PUBLISHED = """## Published templates

`make formats` compares exactly what a model's chat template and its row write for 24
conversations. On {date}, {whole} of the {count} layouts that have a row were whole, which means
that every case is one of these:

- *equal*: the row writes what the template writes;
- *equal when prepared*: it does so after `ChatTokenizer.prepare`;
- *refused*: the template itself refuses the conversation, or lets a text forge tokens, or has a
  fault that the row names and does not copy. A difference counts as a fault only where faults of
  its kind can be, and only if nothing else differs.

In the other layouts, some cases *need preparation* that the row does not describe yet, or have
*no place* in it.

{table}

| kind of fault | what is wrong with the template |
| --- | --- |
{faults}

These layouts have no row:

{absent}
"""
EVERY_CHARACTER = "".join(map(chr, [*range(0xD800), *range(0xE000, 0x110000)]))

# -- Grammar: ABNF, RFC 5234, with case-sensitive strings, RFC 7405 ---------------------------


def has_grammar(format: ChatFormat) -> bool:
    """Whether the row is written as ABNF: no calls, no envelopes, nothing that a field never holds.

    Of all others the machine is the grammar.
    """
    single = all(len(lines) == 1 for lines in format.lines_of.values())
    tails = {line.tail for line in format.lines}
    plain = not any(isinstance(piece, Calls) for line in format.lines for piece in line.pieces)
    words = any(format.machine.words_of(role) for role in format.lines_of)
    return single and plain and len(tails) == 1 and not format.envelopes and not words


def grammar(formats: Iterable[ChatFormat]) -> str:
    """The rules of those formats that have a grammar, and of the fields that they share."""
    rules = [rule for one in formats if has_grammar(one) for rule in _format_rules(one)]
    shared: dict[Alphabet, str] = {}
    for name in ("name", "recipient", "channel", "content_type"):  # each format lists its roles
        alphabet = ALPHABETS[name]
        if alphabet in shared:
            rules.append((_rule_name(name), shared[alphabet]))
        else:
            rules += _alphabet_rules(name, alphabet)
            shared[alphabet] = _rule_name(name)
    rules += [(name, "*character") for name in ("reasoning", "tools", "content")]
    rules.append(("character", "%x0-D7FF / %xE000-10FFFF"))
    return "\n".join(_folded(name, text) for name, text in rules)


def _format_rules(format: ChatFormat) -> list[tuple[str, str]]:
    """The rules of one format; what its lines share is there once."""
    name = _rule_name(format.name)
    tails = {template.tail for template in format.templates.values()}
    messages: dict[str, str] = {}  # definition to the name of its rule
    roles = " / ".join(f'%s"{wire}"' for wire in format.role_spellings.values())
    used = {f"{name}-role": roles}
    for role, template in format.templates.items():
        text = " ".join(_element(piece, format, used) for piece in template.pieces)
        messages.setdefault(" ".join(text.split()), f"{name}-{role}")
    if len(messages) == 1:
        messages = dict.fromkeys(messages, f"{name}-message")
    one_of = f"{name}-message"
    rules = [(one_of, " / ".join(messages.values()))] if len(messages) > 1 else []
    rules += [(rule, text) for text, rule in messages.items()]
    rules += [rule for rule in used.items() if any(rule[0] in text for text in messages)]
    if len(tails) > 1:
        raise NotImplementedError(f"format {format.name}: tails that differ by role")
    tail = _literal(tails.pop())
    start = [_element(piece, format, used) for piece in format.prologue_pieces]
    start.append(f"*({one_of} {tail}) [{one_of}]" if tail else f"*{one_of}")
    return [(name, " ".join(start)), *rules]


def _element(piece: Piece, format: ChatFormat, used: dict[str, str]) -> str:
    match piece:
        case Special(tokens):
            one_of = " / ".join(map(_special, tokens))
            return f"({one_of})" if len(tokens) > 1 else one_of
        case Literal(text):
            return _literal(text)
        case Group(_, pieces):
            return f"[{' '.join(_element(inner, format, used) for inner in pieces)}]"
        case Field(name, alphabet):
            return _field(name, alphabet, format, used)
        case _:
            return ""  # where a prompt ends is no text


def _field(name: str, alphabet: Alphabet | None, format: ChatFormat, used: dict[str, str]) -> str:
    if name == "role":
        return f"{_rule_name(format.name)}-role"
    if alphabet is None or alphabet == ALPHABETS[name]:
        return _rule_name(name)
    narrowed = f"{_rule_name(format.name)}-{_rule_name(name)}"
    used.update(_alphabet_rules(narrowed, alphabet))
    return narrowed


def _special(spelling: str) -> str:
    """A prose value, which is how ABNF has what is no character."""
    inner = spelling.removeprefix("<").removesuffix(">")
    if re.search(r"[>\n]", inner) or not inner.isascii():
        raise NotImplementedError(f"ABNF has no prose value for {spelling}")
    return f"<{inner}>"


def _literal(text: str) -> str:
    runs = re.findall(r"[ !#-~]+|[^ !#-~]+", text)
    return " ".join(
        f'%s"{run}"' if " " <= run[0] <= "~" and run[0] != '"' else _numbers(run) for run in runs
    )


def _numbers(text: str) -> str:
    return "%x" + ".".join(f"{ord(character):02X}" for character in text)


def _rule_name(name: str) -> str:
    return re.sub("[^A-Za-z0-9]", "-", name)


def _alphabet_rules(name: str, alphabet: Alphabet) -> list[tuple[str, str]]:
    """A field's rule and its characters; most alphabets begin as they go on."""
    rule = _rule_name(name)
    most = "" if alphabet.most is None else str(alphabet.most)
    rest = _ranges(alphabet.rest)
    if alphabet.first == alphabet.rest:
        return [(rule, f"1*{most}{rule}-character"), (f"{rule}-character", rest)]
    more = "" if alphabet.most is None else str(alphabet.most - 1)
    return [
        (rule, f"{rule}-first *{more}{rule}-character"),
        (f"{rule}-first", _ranges(alphabet.first)),
        (f"{rule}-character", rest),
    ]


def _ranges(characters: str) -> str:
    """A character class as ranges of code points."""
    found = []
    for match in regex.finditer(f"(?:{characters})+", EVERY_CHARACTER, regex.V1):
        first, last = ord(match[0][0]), ord(match[0][-1])
        # The string jumps over the surrogates, which no range may hold.
        for low, high in ((first, min(last, 0xD7FF)), (max(first, 0xE000), last)):
            if low <= high:
                found.append(f"%x{low:02X}" + f"-{high:02X}" * (high > low))
    return " / ".join(found)


def _folded(name: str, text: str) -> str:
    """A rule in lines that are not too long; a line that continues is indented."""
    lines = [f"{name} ="]
    for word in re.findall(r'(?:%s"[^"]*"|\S)+', text):
        if len(lines[-1]) + len(word) >= WIDTH:
            lines.append("   ")
        lines[-1] += f" {word}"
    return "\n".join(lines)


# -- Registry and pages -----------------------------------------------------------------------


def registry(formats: Iterable[ChatFormat]) -> str:
    """One row for each format."""
    rows = ["| format | encoding | stop tokens | source |", "| --- | --- | --- | --- |"]
    for one in formats:
        stops = ", ".join(_code(token, table=True) for token in one.stop_spellings)
        encoding = one.encoding or "the model's own"
        rows.append(f"| {link(one.name)} | {encoding} | {stops} | {one.source} |")
    return "\n".join(rows)


FAMILIES = {
    "chatml": "ChatML",
    "deepseek": "DeepSeek",
    "exaone": "EXAONE",
    "glm": "GLM",
    "gpt": "GPT",
    "internlm": "InternLM",
    "lfm": "LFM",
    "minimax": "MiniMax",
    "nanochat": "nanochat",
    "olmo": "OLMo",
    "openchat": "OpenChat",
    "qwq": "Qwen",
    "smollm": "SmolLM",
    "stepfun": "StepFun",
}
"""Families whose name is not just the first word of their formats."""


def family_of(name: str) -> str:
    """The family of models that a format belongs to, by the first word of its name."""
    word = name.partition("-")[0]
    return FAMILIES.get(word, word.capitalize())


def link(name: str) -> str:
    """A link from a page in docs to the section of a format."""
    anchor = re.sub(r"[^\w-]", "", name)
    return f"[{name}](formats/{family_of(name).lower()}.md#{anchor})"


def families() -> dict[str, list[str]]:
    """The formats of each family, in the order of the alphabet."""
    names = sorted(FORMAT_ROWS, key=lambda name: family_of(name).lower())
    return {family: [*some] for family, some in groupby(names, family_of)}


def family_page(
    family: str, names: Iterable[str], draw: Callable[[ChatFormat], str] = lambda _: ""
) -> str:
    """A page for the formats of a family; ``draw`` adds to the section of each."""
    head = (
        f"# {family}\n\n<!-- made by make_protocol.py -->\n\n"
        "All formats are in the [index](../formats.md); the words are those of the "
        "[protocol](../protocol.md).\n"
    )
    formats = [get_format(name) for name in names]
    return "\n".join([head, *(page(one) + draw(one) for one in formats)])


def models() -> str:
    """The families, for people who look for their model."""
    rows = ["| models | formats | tool calls | thinking |", "| --- | --- | --- | --- |"]
    for family, names in families().items():
        formats = [get_format(name) for name in names]
        lines = [line for one in formats for some in one.lines_of.values() for line in some]
        calls = any(isinstance(piece, Calls) for line in lines for piece in line.pieces)
        calls |= any("recipient" in line.fields for line in lines)
        thinks = any({"reasoning", "channel"} & line.fields.keys() for line in lines)
        page = f"[{family}](docs/formats/{family.lower()}.md)"
        said = ["yes" if has else "" for has in (calls, thinks)]
        rows.append(f"| {page} | {', '.join(map(_code, names))} | {' | '.join(said)} |")
    return "\n".join(rows)


def index() -> str:
    """The families with their formats and models."""
    rows = ["| family | formats | names of models |", "| --- | --- | --- |"]
    for family, names in families().items():
        known = sum(name in names for name in MODELS.values())
        rows.append(f"| {family} | {', '.join(map(link, names))} | {known} |")
    return "\n".join(rows)


def page(format: ChatFormat) -> str:
    """The facts of a row, a conversation as text, and a short example with its ids and spans."""
    tok = example_tokenizer(format)
    messages = example(format)
    prompt = tok.encode_prompt([], prologue=False)
    if format.encoding:
        vocabulary = f"`{format.encoding}`, bundled"
    else:
        first = get_encoding(STAND_IN).n_vocab
        made = f", with ids made up for the special tokens (from {first})"
        vocabulary = f"the model's own; the example has `{STAND_IN}`"
        vocabulary += made * (tok.encoding.n_vocab > first)
    facts = {
        "roles": ", ".join(
            f"{_code(role)} (on the wire {_code(wire)})" if role != wire else _code(role)
            for role, wire in format.role_spellings.items()
        ),
        "fields": ", ".join(map(_code, _fields(format))),
        "encoding": vocabulary,
        "a model is prompted as": ", ".join(map(_code, sorted(format.prompted))),
        "prompt for the assistant": _code(_spelled(tok, prompt)),
        "stop tokens": ", ".join(map(_code, format.stop_spellings)),
        "prepared": format.preparation_summary or "prepare() changes nothing.",
        "models": ", ".join(_code(model) for model, name in MODELS.items() if name == format.name),
        "source": format.source,
        "not copied from its template": "; ".join(
            f"{_text(sentence)} (`{kind}`)" for kind, sentence in format.faults.items()
        ),
    }
    row = format.row()
    given = {key: row[key] for key in ("prologue", "ends", "call_ids", "fences") if row[key]}
    shown = "\n".join(json.dumps(line, ensure_ascii=False) for line in _lines(row["template"]))
    extra = "".join(
        f"\n{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in given.items()
    )
    extra += "".join(
        f"\nprepare: {json.dumps(word, ensure_ascii=False)}" for word in row["prepare"]
    )
    told = "\n".join(f"- **{what}**: {said}" for what, said in facts.items() if said)
    spoken = "\n".join(json.dumps(message) for message in messages)
    return (
        f"## {format.name}\n\n```text\n{shown}{extra}\n```\n\n{told}\n\n"
        f"{_written(tok)}```json\n{spoken}\n```\n\n{_table(tok, messages)}\n"
    )


WEATHER = {
    "type": "function",
    "function": {
        "name": "get_tide",
        "description": "When the tide is high.",
        "parameters": {
            "type": "object",
            "properties": {"port": {"type": "string"}},
            "required": ["port"],
        },
    },
}
ASKED = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "When is high tide in Kiel?"},
]
CALLED: list[dict[str, Any]] = [
    {
        "role": "assistant",
        "content": "",
        "tool_calls": [
            {
                "id": "call_0",
                "type": "function",
                "function": {"name": "get_tide", "arguments": '{"port": "Kiel"}'},
            }
        ],
    },
    {"role": "tool", "name": "get_tide", "tool_call_id": "call_0", "content": "14:32"},
]
REASONED = {"role": "assistant", "reasoning_content": "It is 14:32.", "content": "At 14:32."}
ANSWERED = {"role": "assistant", "content": "At 14:32."}
DATE = dt.date(2026, 1, 31)


def _written(tok: ChatTokenizer) -> str:
    """The fullest of some conversations that the format has places for, as text."""
    for calls, answer, begin in (
        (calls, answer, begin)
        for calls in (CALLED, [])
        for begin in (ASKED, ASKED[1:])
        for answer in (REASONED, ANSWERED)
    ):
        values: dict[str, Any] = {}
        while True:
            try:
                prepared = tok.prepare(
                    [*begin, *calls, answer], tools=[WEATHER] if calls else None, values=values
                )
                text = _text_of(tok, tok.encode(prepared))
            except RenderError as error:
                if error.field in ("date", "today") and error.field not in values:
                    values[error.field] = DATE
                    continue
                break
            what = (
                "A question, a call of a tool and the answer"
                if calls
                else "A question and the answer"
            )
            fence = "````" if "```" in text else "```"
            return f"{what} as text, prepared:\n\n{fence}text\n{text}\n{fence}\n\n"
    return ""


def _text_of(tok: ChatTokenizer, ids: Iterable[int]) -> str:
    """The text of ids, with special tokens as they are spelled."""
    special = {token: spelling for spelling, token in tok.encoding.special_tokens.items()}
    parts = (
        special[token].encode() if token in special else tok.encoding.token_bytes(token)
        for token in ids
    )
    return b"".join(parts).decode()


def published() -> str:
    """How the rows compare with what published templates write, as it was last measured."""
    measured = json.loads(MEASURED.read_text(encoding="utf-8"))
    layouts, absent = measured["layouts"], measured["no row"]
    whole = sum(one["whole"] for one in layouts.values())
    kinds = [*dict.fromkeys(kind for one in layouts.values() for kind in one["cases"])]
    kinds.sort(key=KINDS.index)
    rows = [
        f"| layout | row | whole | {' | '.join(kinds)} | faults of the template |",
        f"| --- | --- | --- | {'--- | ' * len(kinds)}--- |",
    ]
    for layout, one in layouts.items():
        counts = [str(one["cases"].get(kind, "")) for kind in kinds]
        cells = [layout, link(one["row"])]
        cells += ["yes" if one["whole"] else "", *counts, ", ".join(map(_code, one["faults"]))]
        rows.append(f"| {' | '.join(cells)} |")
    faults = "\n".join(f"| `{kind}` | {_text(what)} |" for kind, what in FAULT_KINDS.items())
    return PUBLISHED.format(
        date=measured["date"],
        whole=whole,
        count=len(layouts),
        table="\n".join(rows),
        faults=faults,
        absent="\n".join(f"- {layout}: {why}" for layout, why in absent.items()),
    )


def _lines(template: Any) -> list[Any]:  # noqa: ANN401 - as a row has it
    """Every line and envelope, one after the other."""
    if isinstance(template, str):
        return [template]
    listed = (some if isinstance(some, list) else [some] for some in template.values())
    return [line for some in listed for line in some]


def _fields(format: ChatFormat) -> list[str]:
    lines = [line for some in format.lines_of.values() for line in some]
    return list(dict.fromkeys(field for line in lines for field in ("role", *line.fields)))


def example_tokenizer(format: ChatFormat) -> ChatTokenizer:
    """With the encoding of the format, or one that stands in for the model's own."""
    base = format.encoding or STAND_IN
    encoding = get_encoding(base)
    new = [token for token in format.special_tokens if token not in encoding._special_tokens]
    return ChatTokenizer(format, extend_encoding(encoding, f"{base}+", new) if new else encoding)


def example(format: ChatFormat) -> list[dict[str, str]]:
    """A question and an answer, with each optional field that the format has."""
    values = {
        "name": "Ann",
        "recipient": "functions.add",
        "channel": "commentary",
        "content_type": "json",
        "reasoning": "Add.",
    }
    asker, answerer = "user", "assistant"
    fields = format.templates[answerer].fields
    optional = {name: value for name, value in values.items() if name in fields}
    asking = {"name": optional.pop("name")} if "name" in optional else {}
    return [
        {"role": asker, **asking, "content": "2+2?"},
        {"role": answerer, **optional, "content": "4"},
    ]


def _table(tok: ChatTokenizer, messages: list[dict[str, str]]) -> str:
    transcript = tok.render(messages)
    weights = transcript.weights()
    rows = [
        "| ids | text | message | part | generated | weight |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for span in transcript.spans:
        ids = transcript.ids[span.start : span.stop]
        message = "" if span.message is None else str(span.message)
        cells = [" ".join(map(str, ids)), _code(_spelled(tok, ids), table=True), message, span.part]
        weight = " ".join({f"{weight:g}" for weight in weights[span.start : span.stop]})
        cells += ["yes" if span.generated else "no", weight]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def _spelled(tok: ChatTokenizer, ids: Iterable[int]) -> str:
    """The text of ids, in one line."""
    special = {token: spelling for spelling, token in tok.encoding.special_tokens.items()}
    text = "".join(special.get(i) or tok.encoding.token_bytes(i).decode() for i in ids)
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _text(text: str) -> str:
    """Where a tag is not to be one of HTML."""
    return text.replace("<", "&lt;").replace("|", r"\|")


def _code(text: str, *, table: bool = False) -> str:
    return f"`{text}`".replace("|", r"\|") if table else f"`{text}`"


# -- Files ------------------------------------------------------------------------------------


def between_marks(text: str, parts: Mapping[str, str]) -> str:
    """The text with each marked part replaced."""
    for name, part in parts.items():
        begin, end = f"<!-- {name}: made by make_protocol.py -->", f"<!-- end of {name} -->"
        before, _, rest = text.partition(begin)
        _, found, after = rest.partition(end)
        if not found:
            raise ValueError(f"expected {begin} and {end}")
        text = f"{before}{begin}\n\n{part}\n\n{end}{after}"
    return text


def made() -> dict[Path, str]:
    """The content that each file should have."""
    formats = [get_format(name) for name in FORMAT_ROWS]
    protocol = HERE / "protocol.md"
    parts = {"grammar": f"```abnf\n{grammar(formats)}\n```", "registry": registry(formats)}
    head = (
        "# Formats\n\n<!-- made by make_protocol.py -->\n\n"
        "A page for each family of models, with a section for each row of the table of formats. In "
        f"their examples weights are those of training on the assistant.\n\n{index()}\n"
    )
    pages = {
        HERE / "formats" / f"{family.lower()}.md": family_page(family, names)
        for family, names in families().items()
    }
    readme = HERE.parent / "README.md"
    return {
        readme: between_marks(readme.read_text(encoding="utf-8"), {"models": models()}),
        protocol: between_marks(protocol.read_text(encoding="utf-8"), parts),
        HERE / "formats.md": f"{head}\n{published()}",
        **pages,
    }


def main() -> None:
    """Write them."""
    for path, text in made().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
