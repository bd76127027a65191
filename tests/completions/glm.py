"""Completions of GLM and Laguna: arguments one by one, between tags that are tokens."""

from __future__ import annotations

from completions import START, Case, Told, called, said

__all__ = ["READ", "VALUES", "glm"]

USER, RESULTS, TEXT = "<|user|>", "<|observation|>", "<|endoftext|>"
F, G = ("tide", '{"port": "Kiel"}'), ("wind", "{}")
_HEARD: list[Told] = [START, ("reasoning", "Hm.")]
VALUES = (
    *(("n", "2"), ("q", '"2"'), ("o", '{"d": [1, null]}'), ("u", "Küste 🌊"), ("e", "")),
    *(("w", "\n x "), ("t", "true"), ("f", "1.50"), ("l", "</think"), ("p", "True")),
)
READ = (
    '{"n": 2, "q": "\\"2\\"", "o": {"d": [1, null]}, "u": "Küste 🌊", "e": "", '
    '"w": "\\n x ", "t": true, "f": 1.50, "l": "</think", "p": "True"}'
)
"""Arguments of each kind, and what is read of them."""


def glm(b: str, opens: str, end: str = "") -> dict[str, Case]:
    """Calls of a layout.

    Args:
        b: what stands after each tag.
        opens: what a prompt leaves to open the thinking.
        end: what ends a message; by default it ends where the next begins.
    """
    user, results = end or USER, end or RESULTS
    unended = "open_message" if end else ""
    think = f"{opens}Hm.</think>"

    def call(name: str, *arguments: tuple[str, str]) -> str:
        inside = (f"<arg_key>{k}</arg_key>{b}<arg_value>{v}</arg_value>{b}" for k, v in arguments)
        return f"<tool_call>{name}{b}{''.join(inside)}</tool_call>"

    one, two = call("tide", ("port", "Kiel")), call("wind")

    def answer(text: str, content: str, end: str, issues: str = "") -> Case:
        told: list[Told] = [("content", content)] if content else []
        return Case(
            f"{think}{text}{end}",
            [said(content, reasoning="Hm.")],
            issues,
            [*_HEARD, *told, ("end", end or None)],
        )

    def calls(
        text: str, *calls: tuple[str, str], issues: str = "", end: str = results, content: str = ""
    ) -> Case:
        told: list[Told] = [("content", content)] if content else []
        told += [event for call in calls for event in called(*call)]
        return Case(
            f"{think}{text}{end}",
            [said(content, *calls, reasoning="Hm.")],
            issues,
            [*_HEARD, *told, ("end", end or None)],
        )

    def none(inside: str, issues: str, *events: Told, end: str = results) -> Case:
        return Case(
            f"{think}{b}{inside}{end}",
            [said(reasoning="Hm.")],
            issues,
            [*_HEARD, *events, ("end", end or None)],
        )

    begun: Told = ("call", "tide", None)
    by_what_follows = {
        "an answer that ends the text": answer(f"{b}Good.", "Good.", TEXT, "unexpected_special"),
        "an answer before results": answer(f"{b}Good.", "Good.", RESULTS),
        "one, and the user": calls(f"{b}{one}", F, end=USER),
        "one that ends the text": calls(f"{b}{one}", F, end=TEXT, issues="unexpected_special"),
    }
    return ({} if end else by_what_follows) | {
        "an answer": answer(f"{b}Good.", "Good.", user),
        "no stop token": answer(f"{b}Goo", "Goo", "", unended),
        "nothing after thinking": answer("", "", user),
        "cut off right after thinking": answer("", "", "", unended),
        "one": calls(f"{b}{one}", F),
        "one, and no stop token": calls(f"{b}{one}", F, end="", issues=unended),
        "several": calls(f"{b}{one}{b}{two}", F, G),
        "text before": calls(f"{b}See.{b}{one}", F, content="See."),
        "text and newlines before": calls(f"{b}See.\n\n{b}{one}", F, content="See.\n\n"),
        "no arguments": calls(f"{b}{two}", G),
        "values of each kind": calls(f"{b}{call('tide', *VALUES)}", ("tide", READ)),
        "a key of several words": none(
            call("tide", ("a b", "é")),
            "malformed_call malformed_call",
            *(begun, ("stray", " "), ("arguments", '{"a": "é')),
            ("abandoned", call("tide", ("ab", "é")).removesuffix("</tool_call>")),
        ),
        "prose that spells other tags": answer(
            f"{b}Write <function=f> and <|im_end|>.", "Write <function=f> and <|im_end|>.", user
        ),
        "no </arg_value>": calls(
            f"{b}<tool_call>tide{b}<arg_key>port</arg_key>{b}<arg_value>Kiel</tool_call>",
            F,
            issues="unexpected_special",
        ),
        "no </arg_key>": calls(
            f"{b}<tool_call>tide{b}<arg_key>port<arg_value>Kiel</arg_value>{b}</tool_call>",
            F,
            issues="unexpected_special",
        ),
        "no </tool_call>, and another": calls(
            f"{b}{one.removesuffix('</tool_call>')}{two}", F, G, issues="unexpected_special"
        ),
        "no </tool_call> and no arguments": calls(
            f"{b}<tool_call>tide", ("tide", "{}"), issues="unexpected_special"
        )
        if end
        else none(
            "<tool_call>tide",
            "unexpected_special malformed_call",
            ("abandoned", "<tool_call>tide"),
        ),
        "no <arg_value>": none(
            f"<tool_call>tide{b}<arg_key>port</arg_key>{b}Kiel</tool_call>",
            "malformed_call",
            *(begun, ("arguments", '{"port": ')),
            ("abandoned", f"<tool_call>tide{b}<arg_key>port</arg_key>{b}Kiel"),
        ),
        "an object": none(
            f'<tool_call>tide{b}{{"port": "Kiel"}}{b}</tool_call>',
            "malformed_call malformed_call",
            begun,
            ("abandoned", f'<tool_call>tide{b}{{"port": "Kiel"}}{b}'),
        ),
        "as Qwen calls": none(
            f'<tool_call>{{"name": "tide", "arguments": {{}}}}{b}</tool_call>',
            "malformed_call",
            ("abandoned", f'<tool_call>{{"name": "tide", "arguments": {{}}}}{b}'),
        ),
        "no name": none(
            "<tool_call></tool_call>",
            "unexpected_special malformed_call",
            ("abandoned", "<tool_call>"),
        ),
        "a key twice": none(
            call("tide", ("a", "1"), ("a", "2")),
            "malformed_call",
            *(begun, ("arguments", '{"a": 1, "a": 2}')),
            ("abandoned", call("tide", ("a", "1"), ("a", "2")).removesuffix("</tool_call>")),
        ),
        "one that is none, and another": Case(
            f"{think}{b}<tool_call>tide()</tool_call>{b}{two}{results}",
            [said("", G, reasoning="Hm.")],
            "malformed_call",
            [*_HEARD, ("abandoned", "<tool_call>tide()"), *called(*G), ("end", results)],
        ),
        "text after": Case(
            f"{think}{b}{one}{b}Done.{user}",
            [said("", F, reasoning="Hm.")],
            "malformed_call" if b else "unexpected_text",
            [*_HEARD, *called(*F), ("stray", f"{b}Done."), ("end", user)],
        ),
        "a newline after": Case(
            f"{think}{b}{one}\n{results}",
            [said("", F, reasoning="Hm.")],
            "malformed_call" if b else "unexpected_text",
            [*_HEARD, *called(*F), ("stray", "\n"), ("end", results)],
        ),
        "a newline before the name": Case(
            f"{think}{b}<tool_call>\n{one.removeprefix('<tool_call>')}{results}",
            [said("", F, reasoning="Hm.")],
            "malformed_call",
            [*_HEARD, ("stray", "\n"), *called(*F), ("end", results)],
        ),
        "white space after the name": Case(
            f"{think}{b}{two.replace('wind', 'wind ')}{results}",
            [said("", G, reasoning="Hm.")],
            "malformed_call",
            [*_HEARD, ("stray", " "), *called(*G), ("end", results)],
        ),
        "a call within thinking": Case(
            f"{opens}Hm.{one}{results}",
            [said("", F, reasoning="Hm.")],
            "unexpected_special",
            [*_HEARD, *called(*F), ("end", results)],
        ),
        "ended within thinking": Case(
            f"{opens}Hm.{user}",
            [said(reasoning="Hm.")],
            "unexpected_special",
            [*_HEARD, ("end", user)],
        ),
        "cut off within thinking": Case(
            f"{opens}Hm.", [said(reasoning="Hm.")], "open_message", [*_HEARD, ("end", None)]
        ),
        "</think> alone": Case(
            f"</think>{b}Good.{user}",
            [said("Good.", reasoning="")],
            "unexpected_special" if opens else "",
            [START, ("content", "Good."), ("end", user)],
        ),
        "thinking twice": Case(
            f"{think}{b}Good.<think>No</think>.{user}",
            [said("Good.No.", reasoning="Hm.")],
            "unexpected_special unexpected_special",
            [
                *(*_HEARD, ("content", "Good."), ("stray", "<think>"), ("content", "No")),
                *(("stray", "</think>"), ("content", "."), ("end", user)),
            ],
        ),
        "cut off within a name": none(
            "<tool_call>ti", "open_message malformed_call", ("abandoned", "<tool_call>ti"), end=""
        ),
        "cut off within a key": none(
            f"<tool_call>tide{b}<arg_key>po",
            "open_message malformed_call",
            *(begun, ("abandoned", f"<tool_call>tide{b}<arg_key>po")),
            end="",
        ),
        "cut off within a value": none(
            f"<tool_call>tide{b}<arg_key>port</arg_key>{b}<arg_value>Ki",
            "open_message malformed_call",
            *(begun, ("arguments", '{"port": "Ki')),
            ("abandoned", f"<tool_call>tide{b}<arg_key>port</arg_key>{b}<arg_value>Ki"),
            end="",
        ),
        "cut off before </tool_call>": none(
            one.removesuffix("</tool_call>"),
            "open_message malformed_call",
            *(begun, ("arguments", '{"port": "Kiel"')),
            ("abandoned", one.removesuffix("</tool_call>")),
            end="",
        ),
    }
