"""Completions of OLMo 3 and LFM 2: calls in Python's syntax, between two tokens."""

from __future__ import annotations

from completions import START, Case, Told, called, said

__all__ = ["LFM_2", "LFM_2_5", "OLMO_3"]

_END = "<|im_end|>"
_ENDED: Told = ("end", _END)
_CUT: Told = ("end", None)
F, G = ("tide", '{"port": "Kiel"}'), ("wind", "{}")
ONE, TWO = "tide(port='Kiel')", "wind()"


def _pythonic(opens: str, between: str, closes: str) -> dict[str, Case]:
    """Calls with this before the first, between two, and after the last; all but tokens is text."""
    left, closing = closes[0], closes[1:]

    def read(inside: str, *calls: tuple[str, str], issues: str = "", before: str = "") -> Case:
        events = [event for call in calls for event in called(*call)]
        content: list[Told] = [("content", before)] if before else []
        return Case(
            f"{before}{opens}{inside}{closes}{_END}",
            [said(before, *calls)],
            issues,
            [START, *content, *events, _ENDED],
        )

    def none(inside: str, *, begun: str = "") -> Case:
        start: list[Told] = [("call", "tide", None), ("arguments", begun)] if begun else []
        return Case(
            f"{opens}{inside}{closes}{_END}",
            [said()],
            "malformed_call",
            [START, *start, ("abandoned", f"{inside}{left}"), _ENDED],
        )

    return {
        "an answer": Case(
            f"Good.{_END}", [said("Good.")], "", [START, ("content", "Good."), _ENDED]
        ),
        "one": read(ONE, F),
        "several": read(f"{ONE}{between}{TWO}", F, G),
        "no arguments": read(TWO, G),
        "text before": read(ONE, F, before="Let me see."),
        "text and a newline before": read(ONE, F, before="Let me see.\n"),
        "double quotation marks": read('tide(port="Kiel")', F),
        "unicode and nesting": read(
            "tide(q={'r': [1, None, True], 's': 'Küste 海 🌊'})",
            ("tide", '{"q": {"r": [1, null, true], "s": "Küste 海 🌊"}}'),
        ),
        "words, numbers and strings": read(
            "tide(a=True, b=None, c=-1.5, d='2', e='it\\'s', f=\"it's\", h='a\\nb')",
            (
                "tide",
                (
                    '{"a": true, "b": null, "c": -1.5, "d": "2", "e": "it\'s", '
                    '"f": "it\'s", "h": "a\\nb"}'
                ),
            ),
        ),
        "an empty string": read("tide(a='')", ("tide", '{"a": ""}')),
        "a call within a string": read(
            "tide(port='wind()\\')')", ("tide", '{"port": "wind()\')"}')
        ),
        "no space after the comma": read(
            "tide(a=1,b=2)", ("tide", '{"a": 1, "b": 2}'), issues="malformed_call"
        ),
        "text after": Case(
            f"{opens}{TWO}{closes}Done.{_END}",
            [said("", G)],
            "unexpected_text",
            [START, *called(*G), ("stray", "Done."), _ENDED],
        ),
        "without keys": none("tide('Kiel')"),
        "words of JSON": none("tide(a=true, b=null)", begun='{"a": '),
        "a call within a call": none("tide(port=wind())", begun='{"port": '),
        "a key twice": Case(
            f"{opens}tide(a=1, a=2){closes}{_END}",
            [said()],
            "malformed_call",
            [
                *(START, ("call", "tide", None), ("arguments", '{"a": 1, "a": 2}')),
                *(("abandoned", "tide(a=1, a=2"), _ENDED),
            ],
        ),
        "equals signs in strings": read(
            "tide(a='x=1', b='c=\\'d\\', e=2')", ("tide", '{"a": "x=1", "b": "c=\'d\', e=2"}')
        ),
        "two equals signs": none("tide(a==1)", begun='{"a": '),
        "an equals sign in a name": none("tide(a=b=1)", begun='{"a": '),
        "spaces around an equals sign": Case(
            f"{opens}tide(a = 'x'){closes}{_END}",
            [said("", ("tide", '{"a": "x"}'))],
            "malformed_call malformed_call",
            [
                *(START, ("call", "tide", None), ("stray", " "), ("arguments", '{"a": ')),
                *(("stray", " "), ("arguments", '"x"}'), called("tide", '{"a": "x"}')[-1], _ENDED),
            ],
        ),
        "a line for each argument": Case(
            f"{opens}tide(a=1,\n b=2){closes}{_END}",
            [said("", ("tide", '{"a": 1, "b": 2}'))],
            "malformed_call",
            [
                *(START, ("call", "tide", None), ("arguments", '{"a": 1'), ("stray", "\n")),
                *(("arguments", ', "b": 2}'), called("tide", '{"a": 1, "b": 2}')[-1], _ENDED),
            ],
        ),
        "three quotation marks": none("tide(a='''x''')", begun='{"a": ""'),
        "text right after a value": none("tide(a='x'+'y')", begun='{"a": "x"'),
        "a comma after the last argument": none("tide(a=1, )", begun='{"a": 1'),
        "prose that spells a call": Case(
            f"Use {ONE}.{_END}",
            [said(f"Use {ONE}.")],
            "",
            [START, ("content", f"Use {ONE}."), _ENDED],
        ),
        "a stray closing tag": Case(
            f"Good.{closing}{_END}",
            [said("Good.")],
            "unexpected_special",
            [START, ("content", "Good."), ("stray", closing), _ENDED],
        ),
        "cut off within a value": Case(
            f"{opens}tide(port='Ki",
            [said()],
            "open_message malformed_call",
            [
                *(START, ("call", "tide", None), ("arguments", '{"port": "Ki')),
                *(("abandoned", "tide(port='Ki"), ("end", None)),
            ],
        ),
        "cut off after a value, which may go on": Case(
            f"{opens}tide(a=1",
            [said()],
            "open_message malformed_call",
            [
                *(START, ("call", "tide", None), ("arguments", '{"a": 1')),
                *(("abandoned", "tide(a=1"), ("end", None)),
            ],
        ),
        "cut off after a string": Case(
            f"{opens}tide(a='x'",
            [said()],
            "open_message malformed_call",
            [
                *(START, ("call", "tide", None), ("arguments", '{"a": "x"')),
                *(("abandoned", "tide(a='x'"), ("end", None)),
            ],
        ),
        "cut off before the end": Case(
            f"{opens}{TWO}", [said("", G)], "open_message", [START, *called(*G), ("end", None)]
        ),
    }


_OPEN, _CLOSE = "<function_calls>\n", "\n</function_calls>"
OLMO_3 = _pythonic(_OPEN, "\n", _CLOSE) | {
    "no lines": Case(
        f"<function_calls>{TWO}</function_calls>{_END}",
        [said("", G)],
        "malformed_header unexpected_special",
        [START, *called(*G), _ENDED],
    ),
    "JSON": Case(
        f'{_OPEN}{{"name": "tide"}}{_CLOSE}{_END}',
        [said()],
        "malformed_header",
        [START, ("stray", '\n{"name": "tide"}\n</function_calls>'), _ENDED],
    ),
    "not closed": Case(
        f"{_OPEN}{TWO}\n{_END}", [said("", G)], "unexpected_special", [START, *called(*G), _ENDED]
    ),
}

_OPENS, _CLOSES = "<|tool_call_start|>[", "]<|tool_call_end|>"
_LISTED = f"{_OPENS}{ONE}, {TWO}{_CLOSES}"
LFM_2 = _pythonic(_OPENS, ", ", _CLOSES) | {
    "no space between": Case(
        f"{_OPENS}{ONE},{TWO}{_CLOSES}{_END}",
        [said("", F, G)],
        "malformed_call",
        [START, *called(*F), *called(*G), _ENDED],
    ),
    "lines around": Case(
        f"<|tool_call_start|>\n[{TWO}]\n<|tool_call_end|>{_END}",
        [said("", G)],
        "malformed_header malformed_header",
        [START, ("stray", "\n"), *called(*G), ("stray", "\n"), _ENDED],
    ),
    "no list": Case(
        f"<|tool_call_start|>{TWO}<|tool_call_end|>{_END}",
        [said()],
        "malformed_header",
        [START, ("stray", f"{TWO}<|tool_call_end|>"), _ENDED],
    ),
    "an empty list": Case(
        f"{_OPENS}{_CLOSES}{_END}",
        [said()],
        "malformed_header",
        [START, ("stray", "[]<|tool_call_end|>"), _ENDED],
    ),
    "JSON": Case(
        f'<|tool_call_start|>{{"name": "tide"}}<|tool_call_end|>{_END}',
        [said()],
        "malformed_header",
        [START, ("stray", '{"name": "tide"}<|tool_call_end|>'), _ENDED],
    ),
    "the list is not closed": Case(
        f"{_OPENS}{TWO}{_END}", [said("", G)], "unexpected_special", [START, *called(*G), _ENDED]
    ),
    "no token after the list": Case(
        f"{_OPENS}{TWO}]{_END}", [said("", G)], "unexpected_special", [START, *called(*G), _ENDED]
    ),
    "text after several": Case(
        f"{_LISTED}Done.{_END}",
        [said("", F, G)],
        "unexpected_text",
        [START, *called(*F), *called(*G), ("stray", "Done."), _ENDED],
    ),
    "cut off after the list": Case(
        _LISTED, [said("", F, G)], "open_message", [START, *called(*F), *called(*G), _CUT]
    ),
    "cut off within an answer": Case(
        "Goo", [said("Goo")], "open_message", [START, ("content", "Goo"), _CUT]
    ),
}
LFM_2_5 = LFM_2 | {
    "thinking": Case(
        f"<think>Hm.</think>Good.{_END}",
        [said("Good.", reasoning="Hm.")],
        "",
        [START, ("reasoning", "Hm."), ("content", "Good."), _ENDED],
    ),
    "thinking, with newlines": Case(
        f"<think>Hm.\n</think>\n\nGood.{_END}",
        [said("\n\nGood.", reasoning="Hm.\n")],
        "",
        [START, ("reasoning", "Hm.\n"), ("content", "\n\nGood."), _ENDED],
    ),
    "thinking, then calls": Case(
        f"<think>Hm.</think>{_LISTED}{_END}",
        [said("", F, G, reasoning="Hm.")],
        "",
        [START, ("reasoning", "Hm."), *called(*F), *called(*G), _ENDED],
    ),
    "calls within thinking": Case(
        f"<think>Hm.{_LISTED}{_END}",
        [said("", F, G, reasoning="Hm.")],
        "unexpected_special",
        [START, ("reasoning", "Hm."), *called(*F), *called(*G), _ENDED],
    ),
    "ended within thinking": Case(
        f"<think>Hm.{_END}",
        [said(reasoning="Hm.")],
        "unexpected_special",
        [START, ("reasoning", "Hm."), _ENDED],
    ),
    "</think> alone": Case(
        f"</think>Good.{_END}",
        [said("Good.", reasoning="")],
        "unexpected_special",
        [START, ("content", "Good."), _ENDED],
    ),
    "cut off within thinking": Case(
        "<think>Hm", [said(reasoning="Hm")], "open_message", [START, ("reasoning", "Hm"), _CUT]
    ),
    "not to think": Case(
        f"Good.{_END}",
        [said("Good.", reasoning="")],
        "",
        [START, ("content", "Good."), _ENDED],
        thinking=False,
    ),
}
