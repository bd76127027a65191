"""Completions of Qwen3-Coder and Seed-OSS: calls with a tag for each parameter."""

from __future__ import annotations

from completions import START, Case, Told, called, said

__all__ = ["ONE", "QWEN_3_CODER", "SEED_OSS", "TWO", "F", "G", "Layout"]

F, G = ("tide", '{"port": "Kiel"}'), ("wind", "{}")
_NESTED = '{"r": [1, null], "s": "Küste 海 🌊"}'
_WORDS: tuple[tuple[str, str, str], ...] = (
    ("a", "True", "true"),
    ("b", "None", "null"),
    ("c", "false", "false"),
    ("d", "2", "2"),
    ("e", '"2"', '"\\"2\\""'),
    ("f", "-1.50e3", "-1.50e3"),
    ("g", "02", '"02"'),
    ("h", "none", '"none"'),
    ("i", "", '""'),
    ("j", " a\n\n\tb ", '" a\\n\\n\\tb "'),
)
"""Key, what stands as its value, and the JSON that is read."""
_WORDS_READ = "{" + ", ".join(f'"{key}": {value}' for key, _, value in _WORDS) + "}"


class Layout:
    """One of the layouts.

    Args:
        tag: of a call, without what may come before its name.
        around: what stands around a value.
        after: what stands after the last call.
        end: of a message.
        before: how a completion begins, and what is read of that.
    """

    def __init__(
        self, prefix: str, around: str, after: str, end: str, before: tuple[str, str | None]
    ) -> None:
        self.open, self.close = f"<{prefix}tool_call>", f"</{prefix}tool_call>"
        self.around, self.after, self.end = around, after, end
        self.before, self.reasoning = before
        self.thought: list[Told] = [("reasoning", self.reasoning)] if self.reasoning else []

    def call(self, name: str, *pairs: tuple[str, str]) -> str:
        """A call as the layout writes it."""
        return f"{self.open}\n{self.function(name, *pairs)}{self.close}"

    def function(self, name: str, *pairs: tuple[str, str]) -> str:
        """What stands in it."""
        wide = self.around
        values = "".join(f"<parameter={k}>{wide}{v}{wide}</parameter>\n" for k, v in pairs)
        return f"<function={name}>\n{values}</function>\n"

    def read(
        self,
        text: str,
        *calls: tuple[str, str],
        issues: str = "",
        content: str = "",
        stray: str = "",
    ) -> Case:
        """A completion that is read as these calls, after a content."""
        events = [*self.thought, *([("content", content)] if content else [])]
        events += [event for call in calls for event in called(*call)]
        events += [("stray", stray)] if stray else []
        message = said(content, *calls, reasoning=self.reasoning)
        ending = ("end", self.end)
        return Case(f"{self.before}{text}{self.end}", [message], issues, [START, *events, ending])

    def none(
        self,
        text: str,
        lost: str,
        issues: str,
        *,
        begun: str | None = None,
        cut: bool = False,
        then: tuple[tuple[str, str], ...] = (),
    ) -> Case:
        """A completion whose call is none; ``begun`` is what had come as its arguments."""
        start: list[Told] = [] if begun is None else [("call", "tide", None)]
        start += [("arguments", begun)] if begun else []
        others = [event for call in then for event in called(*call)]
        ending = ("end", None if cut else self.end)
        return Case(
            f"{self.before}{text}" + self.end * (not cut),
            [said("", *then, reasoning=self.reasoning)],
            issues,
            [START, *self.thought, *start, ("abandoned", lost), *others, ending],
        )

    def cases(self) -> dict[str, Case]:
        """What all of the layouts have in common."""
        one, two = self.call("tide", ("port", "Kiel")), self.call("wind")
        head = f"{self.open}\n<function=tide>\n<parameter=port>{self.around}Kiel"
        value = f"{self.around}</parameter>\n"
        tail, cut = self.after, "open_message malformed_call"
        as_json = '{"name": "tide", "arguments": {}}\n'
        return {
            "an answer": self.read("Good.", content="Good."),
            "one": self.read(one + tail, F),
            "several": self.read(f"{one}\n{two}{tail}", F, G),
            "none of the arguments": self.read(two + tail, G),
            "unicode and nesting": self.read(
                self.call("tide", ("q", _NESTED)) + tail, ("tide", f'{{"q": {_NESTED}}}')
            ),
            "words, numbers and strings": self.read(
                self.call("tide", *((key, text) for key, text, _ in _WORDS)) + tail,
                ("tide", _WORDS_READ),
            ),
            "tags within a value": self.read(
                self.call("tide", ("t", "a</parameter> <parameter=b> </function>")) + tail,
                ("tide", '{"t": "a</parameter> <parameter=b> </function>"}'),
            ),
            "not closed": self.read(one.removesuffix(self.close), F, issues="unexpected_special"),
            "prose that spells tags": self.read(
                "Write <function=tide> and </function>.",
                content="Write <function=tide> and </function>.",
            ),
            "a key twice": self.none(
                self.call("tide", ("a", "1"), ("a", "2")) + tail,
                self.call("tide", ("a", "1"), ("a", "2")).removesuffix(self.close),
                "malformed_call",
                begun='{"a": 1, "a": 2}',
            ),
            "the function is not closed": self.none(
                f"{head}{value}{self.close}{tail}",
                f"{head}{value}",
                "unexpected_special",
                begun='{"port": "Kiel"',
            ),
            "the value is not closed, and another call": self.none(
                f"{head}\n</function>\n{self.close}\n{two}{tail}",
                f"{head}\n</function>\n",
                "unexpected_special",
                begun='{"port": "Kiel\\n</function>\\n',
                then=(G,),
            ),
            "another call begins within it": self.none(
                f"{head}{two}{tail}", head, "unexpected_special", begun='{"port": "Kiel', then=(G,)
            ),
            "JSON": self.none(
                f"{self.open}\n{as_json}{self.close}{tail}",
                f"{self.open}\n{as_json}",
                "malformed_call",
            ),
            "a name in quotation marks": self.none(
                f'{self.open}\n<function="tide">\n</function>\n{self.close}{tail}',
                f'{self.open}\n<function="tide">\n</function>\n',
                "malformed_call",
            ),
            "cut off within a value": self.none(head, head, cut, begun='{"port": "Kiel', cut=True),
            "cut off within the name": self.none(
                f"{self.open}\n<function=ti", f"{self.open}\n<function=ti", cut, cut=True
            ),
            "cut off after a value": self.none(
                head + value,
                head + value,
                cut,
                begun='{"port": "Kiel"',
                cut=True,
            ),
        }


_QWEN = Layout("", "\n", "", "<|im_end|>", ("", None))
_SEED = Layout("seed:", "", "", "<seed:eos>", ("", None))
ONE = _QWEN.call("tide", ("port", "Kiel"))
TWO = _QWEN.call("wind")
_SEEDS = _SEED.call("tide", ("port", "Kiel"))
_UNEXPECTED = "unexpected_special"
_IN_LINE = "<tool_call>\n<function=tide>\n<parameter=port>Kiel</parameter>\n</function>\n"

QWEN_3_CODER = _QWEN.cases() | {
    "text before": _QWEN.read(f"Let me see.\n\n{ONE}", F, content="Let me see."),
    "one newline before": _QWEN.read(f"Look:\n{ONE}", F, content="Look:", issues=_UNEXPECTED),
    "text right before": _QWEN.read(f"Look:{ONE}", F, content="Look:", issues=_UNEXPECTED),
    "three newlines before": _QWEN.read(f"Look:\n\n\n{ONE}", F, content="Look:\n"),
    "nothing between": _QWEN.read(f"{ONE}{TWO}", F, G, issues=_UNEXPECTED),
    "a newline after": _QWEN.read(f"{ONE}\n", F, stray="\n", issues="malformed_call"),
    "text after": _QWEN.read(f"{ONE}\nDone.", F, stray="\nDone.", issues="malformed_call"),
    "a value without newlines": _QWEN.none(
        f"{_IN_LINE}</tool_call>",
        _IN_LINE,
        f"malformed_call {_UNEXPECTED}",
        begun='{"port": "Kiel</parameter>\\n</function>\\n',
    ),
    "not opened": Case(
        ONE.removeprefix("<tool_call>\n") + "<|im_end|>",
        [said(ONE.removeprefix("<tool_call>\n").removesuffix("</tool_call>"))],
        _UNEXPECTED,
        [
            *(START, ("content", _QWEN.function("tide", ("port", "Kiel"))[:-1])),
            *(("stray", "</tool_call>"), ("content", "\n"), ("end", "<|im_end|>")),
        ],
    ),
}

SEED_OSS = _SEED.cases() | {
    "text before": _SEED.read(f"Let me see.\n\n{_SEEDS}", F, content="Let me see."),
    "one newline before": _SEED.read(f"Look:\n{_SEEDS}", F, content="Look:", issues=_UNEXPECTED),
    "text after": _SEED.read(f"{_SEEDS}\nDone.", F, stray="\nDone.", issues="malformed_call"),
    "thinking": Case(
        "<seed:think>Hm.</seed:think>\nGood.<seed:eos>",
        [said("Good.", reasoning="Hm.")],
        "",
        [START, ("reasoning", "Hm."), ("content", "Good."), ("end", "<seed:eos>")],
    ),
    "thinking, text and a call": Case(
        f"<seed:think>Hm.</seed:think>\nYes\n\n{_SEEDS}<seed:eos>",
        [said("Yes", F, reasoning="Hm.")],
        "",
        [START, ("reasoning", "Hm."), ("content", "Yes"), *called(*F), ("end", "<seed:eos>")],
    ),
    "no newline after thinking": Case(
        "<seed:think>Hm.</seed:think>Good.<seed:eos>",
        [said("Good.", reasoning="Hm.")],
        "malformed_header",
        [START, ("reasoning", "Hm."), ("content", "Good."), ("end", "<seed:eos>")],
    ),
    "a call within reasoning": Case(
        f"<seed:think>Hm.{_SEEDS}<seed:eos>",
        [said("", F, reasoning="Hm.")],
        _UNEXPECTED,
        [START, ("reasoning", "Hm."), *called(*F), ("end", "<seed:eos>")],
    ),
}
