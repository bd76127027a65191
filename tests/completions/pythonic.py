"""Calls as Python spells them, between ``<function_calls>`` and its end: of OLMo 3."""

from __future__ import annotations

from completions import START, Case, Told, called, said

__all__ = ["OLMO_3"]

_OPEN, _CLOSE, _END = "<function_calls>\n", "\n</function_calls>", "<|im_end|>"
_ENDED: Told = ("end", _END)
F, G = ("tide", '{"port": "Kiel"}'), ("wind", "{}")
ONE, TWO = "tide(port='Kiel')", "wind()"


def _read(inside: str, *calls: tuple[str, str], issues: str = "", before: str = "") -> Case:
    events = [event for call in calls for event in called(*call)]
    content: list[Told] = [("content", before)] if before else []
    return Case(
        f"{before}{_OPEN}{inside}{_CLOSE}{_END}",
        [said(before, *calls)],
        issues,
        [START, *content, *events, _ENDED],
    )


def _none(inside: str, *, begun: str = "") -> Case:
    start: list[Told] = [("call", "tide", None), ("arguments", begun)] if begun else []
    return Case(
        f"{_OPEN}{inside}{_CLOSE}{_END}",
        [said()],
        "malformed_call",
        [START, *start, ("abandoned", f"{inside}\n"), _ENDED],
    )


OLMO_3: dict[str, Case] = {
    "an answer": Case(f"Good.{_END}", [said("Good.")], "", [START, ("content", "Good."), _ENDED]),
    "one": _read(ONE, F),
    "several": _read(f"{ONE}\n{TWO}", F, G),
    "no arguments": _read(TWO, G),
    "text before": _read(ONE, F, before="Let me see."),
    "text and a newline before": _read(ONE, F, before="Let me see.\n"),
    "double quotation marks": _read('tide(port="Kiel")', F),
    "unicode and nesting": _read(
        "tide(q={'r': [1, None, True], 's': 'Küste 海 🌊'})",
        ("tide", '{"q": {"r": [1, null, true], "s": "Küste 海 🌊"}}'),
    ),
    "words, numbers and strings": _read(
        "tide(a=True, b=None, c=-1.5, d='2', e='it\\'s', f=\"it's\", h='a\\nb')",
        (
            "tide",
            '{"a": true, "b": null, "c": -1.5, "d": "2", "e": "it\'s", "f": "it\'s", "h": "a\\nb"}',
        ),
    ),
    "an empty string": _read("tide(a='')", ("tide", '{"a": ""}')),
    "a call within a string": _read("tide(port='wind()\\')')", ("tide", '{"port": "wind()\')"}')),
    "no space after the comma": _read(
        "tide(a=1,b=2)", ("tide", '{"a": 1, "b": 2}'), issues="malformed_call"
    ),
    "no lines": Case(
        f"<function_calls>{TWO}</function_calls>{_END}",
        [said("", G)],
        "malformed_header unexpected_special",
        [START, *called(*G), _ENDED],
    ),
    "not closed": Case(
        f"{_OPEN}{TWO}\n{_END}", [said("", G)], "unexpected_special", [START, *called(*G), _ENDED]
    ),
    "text after": Case(
        f"{_OPEN}{TWO}{_CLOSE}Done.{_END}",
        [said("", G)],
        "unexpected_text",
        [START, *called(*G), ("stray", "Done."), _ENDED],
    ),
    "without keys": _none("tide('Kiel')"),
    "words of JSON": _none("tide(a=true, b=null)", begun='{"a": '),
    "a call within a call": _none("tide(port=wind())", begun='{"port": '),
    "a key twice": Case(
        f"{_OPEN}tide(a=1, a=2){_CLOSE}{_END}",
        [said()],
        "malformed_call",
        [
            *(START, ("call", "tide", None), ("arguments", '{"a": 1, "a": 2}')),
            *(("abandoned", "tide(a=1, a=2"), _ENDED),
        ],
    ),
    "equals signs in strings": _read(
        "tide(a='x=1', b='c=\\'d\\', e=2')", ("tide", '{"a": "x=1", "b": "c=\'d\', e=2"}')
    ),
    "two equals signs": _none("tide(a==1)", begun='{"a": '),
    "an equals sign in a name": _none("tide(a=b=1)", begun='{"a": '),
    "spaces around an equals sign": Case(
        f"{_OPEN}tide(a = 'x'){_CLOSE}{_END}",
        [said("", ("tide", '{"a": "x"}'))],
        "malformed_call malformed_call",
        [
            *(START, ("call", "tide", None), ("stray", " "), ("arguments", '{"a": ')),
            *(("stray", " "), ("arguments", '"x"}'), called("tide", '{"a": "x"}')[-1], _ENDED),
        ],
    ),
    "a line for each argument": Case(
        f"{_OPEN}tide(a=1,\n b=2){_CLOSE}{_END}",
        [said("", ("tide", '{"a": 1, "b": 2}'))],
        "malformed_call",
        [
            *(START, ("call", "tide", None), ("arguments", '{"a": 1'), ("stray", "\n")),
            *(("arguments", ', "b": 2}'), called("tide", '{"a": 1, "b": 2}')[-1], _ENDED),
        ],
    ),
    "three quotation marks": _none("tide(a='''x''')", begun='{"a": ""'),
    "text right after a value": _none("tide(a='x'+'y')", begun='{"a": "x"'),
    "a comma after the last argument": _none("tide(a=1, )", begun='{"a": 1'),
    "JSON": Case(
        f'{_OPEN}{{"name": "tide"}}{_CLOSE}{_END}',
        [said()],
        "malformed_header",
        [START, ("stray", '\n{"name": "tide"}\n</function_calls>'), _ENDED],
    ),
    "prose that spells a call": Case(
        f"Use {ONE}.{_END}", [said(f"Use {ONE}.")], "", [START, ("content", f"Use {ONE}."), _ENDED]
    ),
    "a stray closing tag": Case(
        f"Good.</function_calls>{_END}",
        [said("Good.")],
        "unexpected_special",
        [START, ("content", "Good."), ("stray", "</function_calls>"), _ENDED],
    ),
    "cut off within a value": Case(
        f"{_OPEN}tide(port='Ki",
        [said()],
        "open_message malformed_call",
        [
            *(START, ("call", "tide", None), ("arguments", '{"port": "Ki')),
            *(("abandoned", "tide(port='Ki"), ("end", None)),
        ],
    ),
    "cut off after a value, which may go on": Case(
        f"{_OPEN}tide(a=1",
        [said()],
        "open_message malformed_call",
        [
            *(START, ("call", "tide", None), ("arguments", '{"a": 1')),
            *(("abandoned", "tide(a=1"), ("end", None)),
        ],
    ),
    "cut off after a string": Case(
        f"{_OPEN}tide(a='x'",
        [said()],
        "open_message malformed_call",
        [
            *(START, ("call", "tide", None), ("arguments", '{"a": "x"')),
            *(("abandoned", "tide(a='x'"), ("end", None)),
        ],
    ),
    "cut off before the end": Case(
        f"{_OPEN}{TWO}",
        [said()],
        "open_message malformed_call",
        [START, ("abandoned", TWO), ("end", None)],
    ),
}
