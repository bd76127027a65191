"""Completions of Mistral: calls as a list of JSON objects (v3), and by name (v13)."""

from __future__ import annotations

from completions import START, Case, Told, called, said

__all__ = ["MISTRAL_V3", "MISTRAL_V13"]

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
            *(("abandoned", 'tide{"po'), _CUT),
        ],
    ),
    "cut off before the end": Case(
        "[TOOL_CALLS]wind[ARGS]{}", [said("", K)], "open_message", [START, *called(*K), _CUT]
    ),
}
