"""Calls that are JSON objects, wrapped differently in each layout: Reka, InternLM."""

from __future__ import annotations

from typing import NamedTuple

from completions import START, Case, Told, called, said

__all__ = [
    "INTERNLM_2",
    "KIEL",
    "MALFORMED",
    "ONE",
    "P_ONE",
    "P_TWO",
    "REKA_EDGE",
    "UNEXPECTED",
    "F",
    "G",
    "Layout",
]

KIEL, _NESTED = '{"port": "Kiel"}', '{"ort": "Küste 海 🌊\\n\\u00e9", "a": [1, {"b": null}]}'
MALFORMED, _CUT = "malformed_call", "open_message malformed_call"
UNEXPECTED = "unexpected_special"


class Layout(NamedTuple):
    """One of the layouts."""

    first: str
    """What stands before the first call."""
    between: str
    last: str
    """What stands after the last call, but for the end of the message."""
    end: str
    key: str = "arguments"
    identifiers: tuple[str, ...] = ()
    """Of the first and the second call, where calls have any."""
    head: str = ""
    """How a completion begins."""
    reasoning: str | None = None
    """What is read of that."""
    kept: tuple[str, str] = "", ""
    """What comes out around the object of a call that is given up."""

    def call(self, name: str, arguments: str, number: int = 0) -> str:
        """A call."""
        more = "".join(f', "id": "{i}"' for i in self.identifiers[number : number + 1])
        return f'{{"name": "{name}", "{self.key}": {arguments}{more}}}'

    def made(self, name: str, arguments: str, number: int = 0) -> tuple[str, ...]:
        """What is read of it."""
        return (name, arguments, *self.identifiers[number : number + 1])

    def events(self, *calls: tuple[str, ...], content: str = "") -> list[Told]:
        """What has been told before the message ends."""
        told: list[Told] = [("reasoning", self.reasoning)] if self.reasoning else []
        told += [("content", content)] if content else []
        return [
            START,
            *told,
            *(e for c in calls for e in called(c[0], c[1], next(iter(c[2:]), None))),
        ]

    def read(
        self,
        text: str,
        *calls: tuple[str, ...],
        content: str = "",
        issues: str = "",
        stray: str = "",
        cut: bool = False,
    ) -> Case:
        """A completion that is read as these calls, after a content."""
        told = self.events(*calls, content=content)
        told += [("stray", stray)] if stray else []
        message = said(content, *calls, reasoning=self.reasoning)
        end: Told = ("end", None if cut else self.end)
        return Case(self.head + text + self.end * (not cut), [message], issues, [*told, end])

    def calls(self, inside: str, *calls: tuple[str, ...], issues: str = "") -> Case:
        """A completion that is nothing but calls."""
        return self.read(self.first + inside + self.last, *calls, issues=issues)

    def none(
        self, inside: str, *, begun: str = "", issues: str = MALFORMED, kept: str | None = None
    ) -> Case:
        """A call that is none; ``begun`` is what had come as its arguments."""
        started = begun and not self.identifiers  # else it is not known which call it is
        told: list[Told] = [("call", "tide", None), ("arguments", begun)] if started else []
        before, after = self.kept
        lost = before + inside + (after if kept is None else kept)
        return Case(
            self.head + self.first + inside + self.last + self.end,
            [said(reasoning=self.reasoning)],
            issues,
            [*self.events(), *told, ("abandoned", lost), ("end", self.end)],
        )

    def cut_off(self, inside: str, *, begun: str = "") -> Case:
        """A call that is not written to its end."""
        told: list[Told] = []
        if begun and not self.identifiers:
            told = [("call", "tide", None), ("arguments", begun)]
        return Case(
            self.head + self.first + inside,
            [said(reasoning=self.reasoning)],
            _CUT,
            [*self.events(), *told, ("abandoned", self.kept[0] + inside), ("end", None)],
        )

    def cases(self, before: str, after: str) -> dict[str, Case]:
        """What they have in common.

        Args:
            before: what is written between a text and the first call, of which it is no part.
            after: what is written between a text and the end.
        """
        one, two = self.call("tide", KIEL), self.call("wind", "{}", 1)
        f, g = self.made("tide", KIEL), self.made("wind", "{}", 1)
        comma = one.replace('"Kiel"', '"Kiel",')
        tags = f"Use {one} or <tool_call> [wind()]."
        return {
            "an answer": self.read(f"Good.{after}", content="Good."),
            "newlines around an answer": self.read(f"\nA\n\n{after}", content="\nA\n\n"),
            "cut off within an answer": self.read(
                "Goo", content="Goo", issues="open_message", cut=True
            ),
            "prose that spells a call": self.read(tags + after, content=tags),
            "one": self.calls(one, f),
            "several": self.calls(f"{one}{self.between}{two}", f, g),
            "no arguments": self.calls(self.call("wind", "{}"), self.made("wind", "{}")),
            "text before": self.read(f"See.{before}{one}{self.last}", f, content="See."),
            "unicode and nesting": self.calls(
                self.call("tide", _NESTED), self.made("tide", _NESTED)
            ),
            "a comma too many": self.none(comma, begun='{"port": "Kiel",'),
            "cut off within a name": self.cut_off('{"name": "ti'),
            "cut off within arguments": self.cut_off(one.split("el")[0], begun='{"port": "Ki'),
            "cut off after a call": self.read(self.first + one, f, issues="open_message", cut=True),
            "cut off before the end": self.read(
                self.first + one + self.last, f, issues="open_message", cut=True
            ),
        }

    def free(self) -> dict[str, Case]:
        """What is read where the keys of a call may stand in any order."""
        one, f = self.call("tide", KIEL), self.made("tide", KIEL)
        key, more = f'"{self.key}": {KIEL}', one[one.index(KIEL) + len(KIEL) : -1]
        compact = one.replace(": ", ":").replace(", ", ",")
        return {
            "keys exchanged": self.calls(f'{{{key}{more}, "name": "tide"}}', f),
            "no white space": self.calls(compact, self.made("tide", '{"port":"Kiel"}')),
            "arguments in a string": self.calls(self.call("wind", '"{}"'), self.made("wind", "{}")),
            "an unknown key": self.calls(f'{one[:-1]}, "why": 1}}', f, issues=MALFORMED),
            "no key for arguments": self.none('{"name": "tide"}', kept=""),
        }


ONE, TWO = (Layout("", "", "", "").call(*call) for call in (("tide", KIEL), ("wind", "{}")))
F, G = ("tide", KIEL), ("wind", "{}")
P_ONE, P_TWO = (text.replace("arguments", "parameters") for text in (ONE, TWO))

_REKA = Layout(
    *("<tool_call>\n", "\n</tool_call><tool_call>\n", "\n</tool_call>\n\n", "<sep>"),
    head=" ",
    kept=("", "\n</tool_call>\n\n"),
)
_TAGGED = f"<tool_call>\n{ONE}\n</tool_call>"
REKA_EDGE = (
    _REKA.cases("\n<tool_call>\n", "\n\n")
    | _REKA.free()
    | {
        "a newline between": Case(
            f" {_TAGGED}\n<tool_call>\n{TWO}\n</tool_call>\n\n<sep>",
            [said("", F, G)],
            "malformed_header",
            [START, *called(*F), ("stray", "\n"), *called(*G), ("end", "<sep>")],
        ),
        "text right before is no line of its own": _REKA.read(
            f"See.{_TAGGED}\n\n", content=f"See.{_TAGGED}"
        ),
        "an empty line before": _REKA.read(f"See.\n\n{_TAGGED}\n\n", F, content="See.\n"),
        "no empty line at the end": _REKA.read(_TAGGED, F, issues=UNEXPECTED),
        "an answer without an empty line": _REKA.read("Good.", content="Good.", issues=UNEXPECTED),
        "no space first": _REKA._replace(head="").read(
            "Good.\n\n", content="Good.", issues="malformed_header"
        ),
        "no space before a call": _REKA._replace(head="").calls(ONE, F, issues="malformed_header"),
        "no line in the tags": _REKA.read(
            f"<tool_call>{ONE}</tool_call>\n\n", content=f"<tool_call>{ONE}</tool_call>"
        ),
        "not closed": _REKA.read(
            f"<tool_call>\n{ONE}\n\n", F, stray="\n\n", issues=f"{MALFORMED} {UNEXPECTED}"
        ),
        "another language": Case(
            " <tool_call>\ntide()\n</tool_call>\n\n<sep>",
            [said("<tool_call>tide()\n</tool_call>")],
            "malformed_header",
            [
                *(START, ("content", "<tool_call>"), ("stray", "\n")),
                *(("content", "tide()\n</tool_call>"), ("end", "<sep>")),
            ],
        ),
        "cut off before the last lines": _REKA.read(_TAGGED, F, issues="open_message", cut=True),
    }
)

_ACTION = "<|action_start|><|plugin|>\n"
_INTERN = Layout(
    *(_ACTION, f"<|action_end|>{_ACTION}", "<|action_end|>", "<|im_end|>", "parameters"),
    kept=("<|plugin|>\n", ""),
)
_DONE = f"{_ACTION}{P_ONE}<|action_end|>"
INTERNLM_2 = (
    _INTERN.cases(_ACTION, "")
    | _INTERN.free()
    | {
        "a newline after an object": Case(
            f"{_ACTION}{P_ONE}\n<|action_end|><|im_end|>",
            [said("", F)],
            MALFORMED,
            [START, *called(*F)[:2], ("stray", "\n"), called(*F)[2], ("end", "<|im_end|>")],
        ),
        "no newline": _INTERN.read(_DONE.replace("\n", ""), F, issues=MALFORMED),
        "not closed": _INTERN.read(f"{_ACTION}{P_ONE}", F, issues=UNEXPECTED),
        "text after": _INTERN.read(f"{_DONE}Done.", F, stray="Done.", issues="unexpected_text"),
        "a newline after": _INTERN.read(f"{_DONE}\n", F, stray="\n", issues="unexpected_text"),
        "a key of others": _INTERN.none(ONE, kept=""),
        "another language": _INTERN.none("tide()"),
        "code for another tool": Case(
            "<|action_start|><|interpreter|>\nprint(1)<|action_end|><|im_end|>",
            [said()],
            MALFORMED,
            [START, ("abandoned", "<|interpreter|>\nprint(1)"), ("end", "<|im_end|>")],
        ),
        "a stray closing tag": Case(
            "Good.<|action_end|>Bye<|im_end|>",
            [said("Good.Bye")],
            UNEXPECTED,
            [
                *(START, ("content", "Good."), ("stray", "<|action_end|>")),
                *(("content", "Bye"), ("end", "<|im_end|>")),
            ],
        ),
    }
)
