"""Completions of Llama 3.1: calls as JSON in the text, or after ``<|python_tag|>``."""

from __future__ import annotations

from completions import START, Case, Told, called, said

__all__ = ["LLAMA_3"]

_EOT, _EOM = "<|eot_id|>", "<|eom_id|>"
_ENDED: Told = ("end", _EOT)
F, G = ("tide", '{"port": "Kiel"}'), ("wind", "{}")
ONE = '{"name": "tide", "parameters": {"port": "Kiel"}}'
TWO = '{"name": "wind", "parameters": {}}'
COMPACT = '{"name":"tide","parameters":{"port":"Kiel"}}'
EXCHANGED = '{"parameters": {"port": "Kiel"}, "name": "tide"}'
TYPED = '{"type": "function", "name": "tide", "parameters": {"port": "Kiel"}}'
F_COMPACT = ("tide", '{"port":"Kiel"}')
_NESTED = '{"q": {"r": [1, null]}, "s": "Küste 海 🌊\\n\\u00e9"}'


def _read(
    text: str, *calls: tuple[str, str], end: str = _EOT, content: str = "", issues: str = ""
) -> Case:
    events: list[Told] = [("content", content)] if content else []
    events += [event for call in calls for event in called(*call)]
    return Case(text + end, [said(content, *calls)], issues, [START, *events, ("end", end)])


def _text(text: str) -> Case:
    return _read(text, content=text)


def _none(text: str, *, begun: str = "", cut: bool = False) -> Case:
    start: list[Told] = [("call", "tide", None), ("arguments", begun)] if begun else []
    return Case(
        text + _EOT * (not cut),
        [said()],
        "open_message " * cut + "malformed_call",
        [START, *start, ("abandoned", text), ("end", None if cut else _EOT)],
    )


def _cut(text: str) -> Case:
    return Case(text, [said("", F)], "open_message", [START, *called(*F), ("end", None)])


LLAMA_3: dict[str, Case] = {
    "an answer": _text("Good."),
    "one": _read(ONE, F),
    "several": _read(f"{ONE}; {TWO}", F, G),
    "no arguments": _read(TWO, G),
    "unicode and nesting": _read(f'{{"name": "tide", "parameters": {_NESTED}}}', ("tide", _NESTED)),
    "arguments with white space": _read(
        '{"name": "tide", "parameters": { "port":"Kiel" }}', ("tide", '{ "port":"Kiel" }')
    ),
    "after the tag": _read(f"<|python_tag|>{ONE}", F, end=_EOM),
    "several after the tag": _read(f"<|python_tag|>{ONE}; {TWO}", F, G, end=_EOM),
    "text, and one after the tag": _read(
        f"Let me see.<|python_tag|>{ONE}", F, end=_EOM, content="Let me see."
    ),
    "no space between": _read(f"{ONE};{TWO}", F, G, issues="malformed_call"),
    "a brace too few": _read(ONE[:-1], F, issues="unexpected_special"),
    "text before": _text(f"Let me see.\n{ONE}"),
    "a newline before": _text(f"\n{ONE}"),
    "no white space": _read(COMPACT, F_COMPACT),
    "several without white space": _read(f"{COMPACT}; {COMPACT}", F_COMPACT, F_COMPACT),
    "one as usual, and one without white space": _read(
        f"{ONE}; {COMPACT}", F, F_COMPACT, issues="malformed_call malformed_call malformed_call"
    ),
    "keys exchanged": _read(EXCHANGED, F),
    "keys exchanged, and no white space": _read(
        '{"parameters":{"port":"Kiel"},"name":"tide"}', F_COMPACT
    ),
    "several with keys exchanged": _read(f"{EXCHANGED}; {EXCHANGED}", F, F),
    "its type first": _read(TYPED, F),
    "its type first, and no white space": _read(
        '{"type":"function","name":"wind","parameters":{}}', G
    ),
    "ends as one after the tag": _read(ONE, F, end=_EOM),
    "several, which end as after the tag": _read(f"{ONE}; {TWO}", F, G, end=_EOM),
    "no white space, and ends as after the tag": _read(COMPACT, F_COMPACT, end=_EOM),
    "keys exchanged, and ends as after the tag": _read(EXCHANGED, F, end=_EOM),
    "after the tag, and ends as an answer": _read(f"<|python_tag|>{ONE}", F),
    "no white space after the tag": _read(f"<|python_tag|>{COMPACT}", F_COMPACT, end=_EOM),
    "keys exchanged after the tag": _read(f"<|python_tag|>{EXCHANGED}", F, end=_EOM),
    "its type after the tag": Case(
        f"<|python_tag|>{TYPED}{_EOM}",
        [said("", F)],
        "malformed_call",
        [START, *called(*F), ("end", _EOM)],
    ),
    "arguments in a string after the tag": Case(
        f'<|python_tag|>{{"name": "wind", "parameters": "{{}}"}}{_EOM}',
        [said("", G)],
        "",
        [START, *called(*G), ("end", _EOM)],
    ),
    "parameters that are no object": _none('{"parameters": 3}'),
    "another type first": _text('{"type": "object", "name": "tide"}'),
    "an answer that ends as one after the tag": _read(
        "Good.", content="Good.", end=_EOM, issues="unexpected_special"
    ),
    "other JSON": _text('{"port": "Kiel"}'),
    "within a block of code": _text(f"```json\n{ONE}\n```"),
    "another key": _none('{"name": "tide", "arguments": {}}'),
    "what is no call": _none('{"name": "Ann", "age": 3}'),
    "arguments in a string": _none('{"name": "tide", "parameters": "{}"}'),
    "a comma too many": _none(
        '{"name": "tide", "parameters": {"port": "Kiel",}}', begun='{"port": "Kiel",'
    ),
    "text after": Case(
        f"{ONE}\nDone.{_EOT}",
        [said("", F)],
        "malformed_call malformed_call",
        [START, *called(*F), ("stray", "\nDone."), _ENDED],
    ),
    "code of several lines after the tag": Case(
        f"Let me see.<|python_tag|>import tide\nprint(tide.at('Kiel')){_EOM}",
        [said("Let me see.")],
        "malformed_header",
        [
            *(START, ("content", "Let me see.")),
            *(("stray", "import tide\nprint(tide.at('Kiel'))"), ("end", _EOM)),
        ],
    ),
    "code after the tag, which is cut off": Case(
        'Hm.<|python_tag|>brave_search.call(query="tide',
        [said("Hm.")],
        "malformed_header open_message",
        [
            *(START, ("content", "Hm."), ("stray", 'brave_search.call(query="tide')),
            ("end", None),
        ],
    ),
    "code after the tag": Case(
        f'<|python_tag|>tide.call(port="Kiel"){_EOM}',
        [said()],
        "malformed_header",
        [START, ("stray", 'tide.call(port="Kiel")'), ("end", _EOM)],
    ),
    "cut off within the name": _none('{"name": "ti', cut=True),
    "cut off within the arguments": _none(
        '{"name": "tide", "parameters": {"port": "Ki', begun='{"port": "Ki', cut=True
    ),
    "cut off before the last brace": _cut(ONE[:-1]),
    "cut off before the end": _cut(ONE),
}
