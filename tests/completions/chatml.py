"""Calls in ``<tool_call>``, of Qwen, Hermes and Granite, which differ in what ends a message."""

from __future__ import annotations

from completions import START, Case, called, said

__all__ = ["answers", "calls", "thinking"]

_OPEN, _CLOSE = "<tool_call>\n", "\n</tool_call>"
ONE = _OPEN + '{"name": "tide", "arguments": {"port": "Kiel"}}' + _CLOSE
TWO = _OPEN + '{"name": "wind", "arguments": {}}' + _CLOSE
F, G = ("tide", '{"port": "Kiel"}'), ("wind", "{}")


def answers(end: str) -> dict[str, Case]:
    """Completions without calls."""
    closed, cut = ("end", end), ("end", None)
    return {
        "an answer": Case(
            f"Good.{end}", [said("Good.")], "", [START, ("content", "Good."), closed]
        ),
        "nothing": Case(end, [said()], "", [START, closed]),
        "cut off": Case("Goo", [said("Goo")], "open_message", [START, ("content", "Goo"), cut]),
        "half a line": Case("a\n", [said("a\n")], "open_message", [START, ("content", "a\n"), cut]),
        "a stray closing tag": Case(
            f"Good.</tool_call>Bye{end}",
            [said("Good.Bye")],
            "unexpected_special",
            [
                *(START, ("content", "Good."), ("stray", "</tool_call>"), ("content", "Bye")),
                closed,
            ],
        ),
    }


def calls(end: str) -> dict[str, Case]:
    """Completions with calls."""
    closed, cut = ("end", end), ("end", None)

    def one(text: str, *issues: str, arguments: str = F[1]) -> Case:
        call = ("tide", arguments)
        events = [START, *called(*call), closed]
        return Case(f"{text}{end}", [said("", call)], " ".join(issues), events)

    def none(inside: str, *issues: str, begun: str = "", left: str = "\n") -> Case:
        """What is no call keeps its text; ``begun`` is what had come as its arguments."""
        start = [("call", "tide", None), ("arguments", begun)] if begun else []
        return Case(
            f"<tool_call>\n{inside}\n</tool_call>{end}",
            [said()],
            " ".join(issues),
            [START, *start, ("abandoned", inside + left), closed],
        )

    def cut_off(inside: str, begun: str = "") -> Case:
        start = [("call", "tide", None), ("arguments", begun)] if begun else []
        return Case(
            f"<tool_call>\n{inside}",
            [said()],
            "open_message malformed_call",
            [START, *start, ("abandoned", inside), cut],
        )

    return {
        "one": one(ONE),
        "several": Case(
            f"{ONE}\n{TWO}{end}", [said("", F, G)], "", [START, *called(*F), *called(*G), closed]
        ),
        "text before": Case(
            f"Let me see.\n{ONE}{end}",
            [said("Let me see.", F)],
            "",
            [START, ("content", "Let me see."), *called(*F), closed],
        ),
        "text right before": Case(
            f"Look:{ONE}{end}",
            [said("Look:", F)],
            "unexpected_special",
            [START, ("content", "Look:"), *called(*F), closed],
        ),
        "an empty line before": Case(
            f"Look:\n\n{ONE}{end}",
            [said("Look:\n", F)],
            "",
            [START, ("content", "Look:\n"), *called(*F), closed],
        ),
        "unicode": one(
            _OPEN + '{"name": "tide", "arguments": {"ort": "Küste 海 🌊"}}' + _CLOSE,
            arguments='{"ort": "Küste 海 🌊"}',
        ),
        "escapes": one(
            _OPEN + '{"name": "t\\u0069de", "arguments": {"a": "\\u00e9\\n\\"}"}}' + _CLOSE,
            arguments='{"a": "\\u00e9\\n\\"}"}',
        ),
        "nested": one(
            _OPEN + '{"name": "tide", "arguments": {"a": [1, {"b": {}}], "c": null}}' + _CLOSE,
            arguments='{"a": [1, {"b": {}}], "c": null}',
        ),
        "compact": one(
            _OPEN + '{"name":"tide","arguments":{"port":"Kiel"}}' + _CLOSE,
            arguments='{"port":"Kiel"}',
        ),
        "spread out": one(
            _OPEN + '{\n  "name" : "tide",\n  "arguments" : { "port" : "Kiel" }\n}' + _CLOSE,
            arguments='{ "port" : "Kiel" }',
        ),
        "keys exchanged": one(_OPEN + '{"arguments": {"port": "Kiel"}, "name": "tide"}' + _CLOSE),
        "arguments in a string": one(
            _OPEN + '{"name": "tide", "arguments": "{\\"port\\": \\"Kiel\\"}"}' + _CLOSE
        ),
        "an unknown key": one(
            _OPEN + '{"name": "tide", "arguments": {"port": "Kiel"}, "why": "asked"}' + _CLOSE,
            "malformed_call",
        ),
        "no white space": one(ONE.replace("\n", ""), "malformed_call", "unexpected_special"),
        "more white space": Case(
            f"<tool_call>\n {ONE[12:-13]} \n</tool_call>{end}",
            [said("", F)],
            "malformed_call malformed_call",
            [
                *(START, ("stray", " "), *called(*F)[:2], ("stray", " "), called(*F)[2], closed),
            ],
        ),
        "an empty line between": Case(
            f"{ONE}\n\n{TWO}{end}",
            [said("", F, G)],
            "malformed_call",
            [START, *called(*F), ("stray", "\n"), *called(*G), closed],
        ),
        "nothing between": Case(
            f"{ONE}{TWO}{end}",
            [said("", F, G)],
            "unexpected_special",
            [START, *called(*F), *called(*G), closed],
        ),
        "text after": Case(
            f"{ONE}\nDone.{end}",
            [said("", F)],
            "malformed_call",
            [START, *called(*F), ("stray", "\nDone."), closed],
        ),
        "a newline after": Case(
            f"{ONE}\n{end}",
            [said("", F)],
            "malformed_call",
            [START, *called(*F), ("stray", "\n"), closed],
        ),
        "a brace too many": Case(
            f"{ONE[:-13]}}}\n</tool_call>{end}",
            [said("", F)],
            "malformed_call",
            [START, *called(*F)[:2], ("stray", "}\n"), called(*F)[2], closed],
        ),
        "not closed": one(ONE[:-13], "unexpected_special"),
        "not closed, and another": Case(
            f"{ONE[:-13]}\n{TWO}{end}",
            [said("", F, G)],
            "unexpected_special",
            [START, *called(*F), *called(*G), closed],
        ),
        "a brace too few": none(ONE[12:-14], "unexpected_special", "malformed_call", begun=F[1]),
        "single quotation marks": none(
            "{'name': 'tide', 'arguments': {'port': 'Kiel'}}", "malformed_call"
        ),
        "a comma too many": none(
            '{"name": "tide", "arguments": {"port": "Kiel",}}',
            "malformed_call",
            begun='{"port": "Kiel",',
        ),
        "another language": none('tide(port="Kiel")', "malformed_call"),
        "a list of calls": none(f"[{ONE[12:-13]}]", "malformed_call"),
        "no arguments": none('{"name": "tide"}', "malformed_call", left=""),
        "no name": none('{"arguments": {"port": "Kiel"}}', "malformed_call", left=""),
        "another key": none(
            '{"name": "tide", "parameters": {"port": "Kiel"}}', "malformed_call", left=""
        ),
        "one that is none, and another": Case(
            f"<tool_call>\ntide()\n</tool_call>\n{TWO}{end}",
            [said("", G)],
            "malformed_call",
            [START, ("abandoned", "tide()\n"), *called(*G), closed],
        ),
        "cut off within a name": cut_off('{"name": "ti'),
        "cut off within a key": cut_off('{"name": "tide", "argu'),
        "cut off within arguments": cut_off(
            '{"name": "tide", "arguments": {"port": "Ki', begun='{"port": "Ki'
        ),
        "cut off before the last brace": cut_off(ONE[12:-14], begun=F[1]),
        "cut off before its end": Case(
            ONE[:-13], [said("", F)], "open_message", [START, *called(*F), cut]
        ),
        "cut off before the end": Case(
            ONE, [said("", F)], "open_message", [START, *called(*F), cut]
        ),
        "cut off at the first tag": Case(
            "<tool_call>", [said()], "open_message malformed_call", [START, ("abandoned", ""), cut]
        ),
    }


def thinking(end: str) -> dict[str, Case]:
    """Completions that begin with reasoning."""
    closed, cut = ("end", end), ("end", None)

    def read(text: str, issues: str = "", *, reasoning: str = "Hm.", content: str = "Yes") -> Case:
        told = [("reasoning", reasoning)] if reasoning else []
        return Case(
            f"{text}{end}",
            [said(content, reasoning=reasoning)],
            issues,
            [START, *told, ("content", content), closed],
        )

    return {
        "thinking": read("<think>\nHm.\n</think>\n\nYes"),
        "empty thinking": read("<think>\n\n</think>\n\nYes", reasoning=""),
        "no newline after <think>": read("<think>Hm.\n</think>\n\nYes", "malformed_header"),
        "no newline before </think>": read("<think>\nHm.</think>\n\nYes", "unexpected_special"),
        "no newline after </think>": read("<think>\nHm.\n</think>Yes", "malformed_header"),
        "one newline after </think>": read("<think>\nHm.\n</think>\nYes", "malformed_header"),
        "no newlines": read(
            "<think>Hm.</think>Yes", "malformed_header unexpected_special malformed_header"
        ),
        "three newlines": read("<think>\nHm.\n</think>\n\n\nYes", content="\nYes"),
        "thinking, then calls": Case(
            f"<think>\nHm.\n</think>\n\n{ONE}{end}",
            [said("", F, reasoning="Hm.")],
            "",
            [START, ("reasoning", "Hm."), *called(*F), closed],
        ),
        "thinking, text and calls": Case(
            f"<think>\nHm.\n</think>\n\nYes\n{ONE}\n{TWO}{end}",
            [said("Yes", F, G, reasoning="Hm.")],
            "",
            [START, ("reasoning", "Hm."), ("content", "Yes"), *called(*F), *called(*G), closed],
        ),
        "cut off within thinking": Case(
            "<think>\nHm",
            [said(reasoning="Hm")],
            "open_message",
            [START, ("reasoning", "Hm"), cut],
        ),
        "ended within thinking": Case(
            f"<think>\nHm{end}",
            [said(reasoning="Hm")],
            "unexpected_special",
            [START, ("reasoning", "Hm"), closed],
        ),
        "a call within thinking": Case(
            f"<think>\nHm{ONE}{end}",
            [said("", F, reasoning="Hm")],
            "unexpected_special",
            [START, ("reasoning", "Hm"), *called(*F), closed],
        ),
        "thinking twice": Case(
            f"<think>\nHm.\n</think>\n\nYes.<think>No</think>{end}",
            [said("Yes.No", reasoning="Hm.")],
            "unexpected_special unexpected_special",
            [
                *(START, ("reasoning", "Hm."), ("content", "Yes."), ("stray", "<think>")),
                *(("content", "No"), ("stray", "</think>"), closed),
            ],
        ),
    }
