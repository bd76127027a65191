"""Completions of Mistral: calls as a list of JSON objects (v3, v7), and by name (v11, v13)."""

from __future__ import annotations

from completions import START, Case, Told, called, said

__all__ = [
    "MISTRAL_V3",
    "MISTRAL_V3_SPM",
    "MISTRAL_V7",
    "MISTRAL_V7_SPM",
    "MISTRAL_V11",
    "MISTRAL_V13",
]

_END: Told = ("end", "</s>")
_CUT: Told = ("end", None)
_ID = "abcdefghi"
F, G = ("tide", '{"port": "Kiel"}', _ID), ("wind", "{}", "123456789")
ONE = '{"name": "tide", "arguments": {"port": "Kiel"}, "id": "abcdefghi"}'
TWO = '{"name": "wind", "arguments": {}, "id": "123456789"}'


def _list(inside: str, issues: str = "", *calls: tuple[str, ...]) -> Case:
    events = [told for call in calls for told in called(*call)]
    return Case(f"[TOOL_CALLS]{inside}</s>", [said("", *calls)], issues, [START, *events, _END])


MISTRAL_V3: dict[str, Case] = {
    "an answer": Case("Good.</s>", [said("Good.")], "", [START, ("content", "Good."), _END]),
    "one": _list(f"[{ONE}]", "", F),
    "several": _list(f"[{ONE}, {TWO}]", "", F, G),
    "no space between": _list(f"[{ONE},{TWO}]", "malformed_call", F, G),
    "no id": _list('[{"name": "wind", "arguments": {}}]', "", ("wind", "{}")),
    "keys exchanged": _list('[{"id": "123456789", "arguments": {}, "name": "wind"}]', "", G),
    "compact": _list('[{"name":"wind","arguments":{},"id":"123456789"}]', "", G),
    "nested and unicode": _list(
        '[{"name": "wind", "arguments": {"a": [{"ü": "🌊]"}]}, "id": "123456789"}]',
        "",
        ("wind", '{"a": [{"ü": "🌊]"}]}', "123456789"),
    ),
    "arguments in a string": _list(
        '[{"name": "wind", "arguments": "{\\"a\\": 1}", "id": "123456789"}]',
        "",
        ("wind", '{"a": 1}', "123456789"),
    ),
    "an unknown key": _list(
        '[{"name": "wind", "arguments": {}, "id": "123456789", "type": "tool"}]',
        "malformed_call",
        G,
    ),
    "no list": _list(ONE, "malformed_header unexpected_special", F),
    "a space before": Case(
        f"[TOOL_CALLS] [{ONE}]</s>",
        [said("", F)],
        "malformed_header",
        [START, ("stray", " "), *called(*F), _END],
    ),
    "not closed": _list(f"[{ONE}", "unexpected_special", F),
    "single quotation marks": Case(
        "[TOOL_CALLS][{'name': 'wind'}]</s>",
        [said()],
        "malformed_call",
        [START, ("abandoned", "{'name': 'wind'}]"), _END],
    ),
    "text before": Case(
        f"Look:[TOOL_CALLS][{ONE}]</s>",
        [said("Look:"), said("", F)],
        "unexpected_special",
        [START, ("content", "Look:"), _CUT, START, *called(*F), _END],
    ),
    "text after": Case(
        f"[TOOL_CALLS][{ONE}] Done.</s>",
        [said("", F)],
        "malformed_header malformed_header",
        [START, *called(*F), ("stray", " Done."), _END],
    ),
    "cut off within a name": Case(
        '[TOOL_CALLS][{"name": "ti',
        [said()],
        "open_message malformed_call",
        [START, ("abandoned", '{"name": "ti'), _CUT],
    ),
    "cut off in the second": Case(
        f"[TOOL_CALLS][{ONE}, {TWO[:-5]}",
        [said("", F)],
        "open_message malformed_call",
        [START, *called(*F), ("abandoned", TWO[:-5]), _CUT],
    ),
    "cut off before the end": Case(
        f"[TOOL_CALLS][{ONE}]", [said("", F)], "open_message", [START, *called(*F), _CUT]
    ),
}

H, K = ("tide", '{"port": "Kiel"}'), ("wind", "{}")


def _named(text: str, issues: str = "", *calls: tuple[str, ...], before: str = "") -> Case:
    events: list[Told] = [("content", before)] if before else []
    events += [told for call in calls for told in called(*call)]
    return Case(f"{text}</s>", [said(before, *calls)], issues, [START, *events, _END])


MISTRAL_V13: dict[str, Case] = {
    "an answer": _named("Good.", before="Good."),
    "one": _named('[TOOL_CALLS]tide[ARGS]{"port": "Kiel"}', "", H),
    "several": _named('[TOOL_CALLS]tide[ARGS]{"port": "Kiel"}[TOOL_CALLS]wind[ARGS]{}', "", H, K),
    "text before": _named("Look:[TOOL_CALLS]wind[ARGS]{}", "", K, before="Look:"),
    "unicode and nested": _named(
        '[TOOL_CALLS]wind[ARGS]{"ü":[{"a":"🌊"}]}', "", ("wind", '{"ü":[{"a":"🌊"}]}')
    ),
    "malformed JSON keeps its text": _named(
        "[TOOL_CALLS]wind[ARGS]{port: Kiel", "", ("wind", "{port: Kiel")
    ),
    "no arguments": _named("[TOOL_CALLS]wind", "unexpected_special", ("wind", "")),
    "empty arguments": _named("[TOOL_CALLS]wind[ARGS]", "", ("wind", "")),
    "thinking before": Case(
        "[THINK]Hm.[/THINK]Good.[TOOL_CALLS]wind[ARGS]{}</s>",
        [said("Good.", K, reasoning="Hm.")],
        "",
        [START, ("reasoning", "Hm."), ("content", "Good."), *called(*K), _END],
    ),
    "empty thinking": Case(
        "[THINK][/THINK]Good.</s>",
        [said("Good.", reasoning="")],
        "",
        [START, ("content", "Good."), _END],
    ),
    "white space around a name": Case(
        "[TOOL_CALLS] wind [ARGS]{}</s>",
        [said("", K)],
        "malformed_header malformed_call",
        [START, ("stray", "  "), *called(*K), _END],
    ),
    "no token before the arguments": Case(
        "[TOOL_CALLS]wind{}</s>",
        [said()],
        "malformed_call",
        [START, ("abandoned", "wind{}"), _END],
    ),
    "as another version writes them": Case(
        f"[TOOL_CALLS][{TWO}]</s>",
        [said()],
        "malformed_header",
        [START, ("stray", f"[{TWO}]"), _END],
    ),
    "cut off within thinking": Case(
        "[THINK]Hm", [said(reasoning="Hm")], "open_message", [START, ("reasoning", "Hm"), _CUT]
    ),
    "cut off within a name": Case(
        "[TOOL_CALLS]ti",
        [said()],
        "open_message malformed_call",
        [START, ("abandoned", "ti"), _CUT],
    ),
    "cut off within arguments": Case(
        '[TOOL_CALLS]tide[ARGS]{"po',
        [said()],
        "open_message malformed_call",
        [
            *(START, ("call", "tide", None), ("arguments", '{"po')),
            *(("abandoned", 'tide[ARGS]{"po'), _CUT),
        ],
    ),
    "cut off before the end": Case(
        "[TOOL_CALLS]wind[ARGS]{}", [said("", K)], "open_message", [START, *called(*K), _CUT]
    ),
}


MISTRAL_V7: dict[str, Case] = {
    **MISTRAL_V3,
    "text before": Case(
        f"Look:[TOOL_CALLS][{ONE}]</s>",
        [said("Look:", F)],
        "",
        [START, ("content", "Look:"), *called(*F), _END],
    ),
    "lines before": Case(
        f"Look:\n\n[TOOL_CALLS][{TWO}]</s>",
        [said("Look:\n\n", G)],
        "",
        [START, ("content", "Look:\n\n"), *called(*G), _END],
    ),
}


def _spaced(inside: str, issues: str = "", *calls: tuple[str, ...], before: str = "") -> Case:
    events: list[Told] = [("content", before)] if before else []
    events += [told for call in calls for told in called(*call)]
    return Case(f"{inside}</s>", [said(before, *calls)], issues, [START, *events, _END])


_SPM: dict[str, Case] = {
    "an answer": _spaced(" Good.", before="Good."),
    "an answer without its space": _spaced("Good.", "malformed_header", before="Good."),
    "an answer with two spaces": _spaced("  Good.", before=" Good."),
    "one": _spaced(f"[TOOL_CALLS] [{ONE}]", "", F),
    "several": _spaced(f"[TOOL_CALLS] [{ONE}, {TWO}]", "", F, G),
    "no space before the list": _spaced(f"[TOOL_CALLS][{ONE}]", "malformed_header", F),
    "two spaces before the list": Case(
        f"[TOOL_CALLS]  [{ONE}]</s>",
        [said("", F)],
        "malformed_header",
        [START, ("stray", " "), *called(*F), _END],
    ),
    "keys exchanged": _spaced(
        '[TOOL_CALLS] [{"id": "123456789", "arguments": {}, "name": "wind"}]', "", G
    ),
    "nested and unicode": _spaced(
        '[TOOL_CALLS] [{"name": "wind", "arguments": {"a": [{"ü": "🌊]"}]}, "id": "1"}]',
        "",
        ("wind", '{"a": [{"ü": "🌊]"}]}', "1"),
    ),
    "not closed": _spaced(f"[TOOL_CALLS] [{ONE}", "unexpected_special", F),
    "no call": Case(
        "[TOOL_CALLS] [{'name': 'wind'}]</s>",
        [said()],
        "malformed_call",
        [START, ("abandoned", "{'name': 'wind'}]"), _END],
    ),
    "prose that spells the list": _spaced(f" [{ONE}]", before=f"[{ONE}]"),
    "cut off within a call": Case(
        '[TOOL_CALLS] [{"name": "ti',
        [said()],
        "open_message malformed_call",
        [START, ("abandoned", '{"name": "ti'), _CUT],
    ),
    "cut off before the end": Case(
        f"[TOOL_CALLS] [{ONE}]", [said("", F)], "open_message", [START, *called(*F), _CUT]
    ),
}
MISTRAL_V3_SPM: dict[str, Case] = {
    **_SPM,
    "text before": Case(
        f" Look:[TOOL_CALLS] [{ONE}]</s>",
        [said("Look:"), said("", F)],
        "unexpected_special",
        [START, ("content", "Look:"), _CUT, START, *called(*F), _END],
    ),
}
MISTRAL_V7_SPM: dict[str, Case] = {
    **_SPM,
    "text before": _spaced(f" Look:[TOOL_CALLS] [{ONE}]", "", F, before="Look:"),
}

_TIDE = '[TOOL_CALLS]tide[CALL_ID]abcdefghi[ARGS]{"port": "Kiel"}'
_WIND = "[TOOL_CALLS]wind[CALL_ID]123456789[ARGS]{}"

MISTRAL_V11: dict[str, Case] = {
    "an answer": _named("Good.", before="Good."),
    "one": _named(_TIDE, "", F),
    "several": _named(_TIDE + _WIND, "", F, G),
    "text before": _named("Look:" + _WIND, "", G, before="Look:"),
    "unicode and nested": _named(
        '[TOOL_CALLS]wind[CALL_ID]1[ARGS]{"ü":[{"a":"🌊"}]}',
        "",
        ("wind", '{"ü":[{"a":"🌊"}]}', "1"),
    ),
    "malformed JSON keeps its text": _named(
        "[TOOL_CALLS]wind[CALL_ID]1[ARGS]{port: Kiel", "", ("wind", "{port: Kiel", "1")
    ),
    "text after keeps its place": _named(_WIND + " Done.", "", ("wind", "{} Done.", "123456789")),
    "no id": _named("[TOOL_CALLS]wind[ARGS]{}", "unexpected_special", K),
    "an empty id": _named("[TOOL_CALLS]wind[CALL_ID][ARGS]{}", "unexpected_special", K),
    "white space around a name": Case(
        "[TOOL_CALLS] wind [CALL_ID]123456789[ARGS]{}</s>",
        [said("", G)],
        "malformed_header malformed_call",
        [START, ("stray", "  "), *called(*G), _END],
    ),
    "no arguments": Case(
        "[TOOL_CALLS]wind[CALL_ID]123456789</s>",
        [said("", ("wind", "", "123456789"))],
        "unexpected_special",
        [START, ("call", "wind", "123456789"), ("called", "wind", ""), _END],
    ),
    "as another version writes them": Case(
        f"[TOOL_CALLS][{TWO}]</s>",
        [said()],
        "malformed_header",
        [START, ("stray", f"[{TWO}]"), _END],
    ),
    "cut off within a name": Case(
        "[TOOL_CALLS]ti",
        [said()],
        "open_message malformed_call",
        [START, ("abandoned", "ti"), _CUT],
    ),
    "empty arguments": _named("[TOOL_CALLS]wind[CALL_ID]1[ARGS]", "", ("wind", "", "1")),
    "no id, no arguments": _named("[TOOL_CALLS]wind", "unexpected_special", ("wind", "")),
    "cut off within an id": Case(
        "[TOOL_CALLS]tide[CALL_ID]abc",
        [said()],
        "open_message malformed_call",
        [START, ("abandoned", "tide[CALL_ID]abc"), _CUT],
    ),
    "cut off within arguments": Case(
        '[TOOL_CALLS]tide[CALL_ID]abcdefghi[ARGS]{"po',
        [said()],
        "open_message malformed_call",
        [
            *(START, ("call", "tide", _ID), ("arguments", '{"po')),
            *(("abandoned", 'tide[CALL_ID]abcdefghi[ARGS]{"po'), _CUT),
        ],
    ),
    "cut off before the end": Case(
        _WIND, [said("", G)], "open_message", [START, *called(*G), _CUT]
    ),
}
