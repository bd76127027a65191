"""Completions of DeepSeek V3.2 and V4: tags that share a token, and whether a value is a string."""

from __future__ import annotations

from completions import START, Case, Told, called, said

__all__ = ["dsml"]

_D, _END = "｜DSML｜", "<｜end▁of▁sentence｜>"  # noqa: RUF001 - so these tokens are spelled
_CLOSED: Told = ("end", _END)
F, G = ("tide", '{"port": "Kiel"}'), ("wind", "{}")


def _invoke(name: str, *arguments: tuple[str, str, str]) -> str:
    each = "".join(
        f'<{_D}parameter name="{key}" string="{flag}">{value}</{_D}parameter>\n'
        for key, flag, value in arguments
    )
    return f'<{_D}invoke name="{name}">\n{each}</{_D}invoke>'


ONE, TWO = _invoke("tide", ("port", "true", "Kiel")), _invoke("wind")
_VALUES = (
    *(("n", "false", "2"), ("q", "true", "2"), ("o", "false", '{"d": [1, null]}')),
    *(("u", "true", "Küste 🌊\n"), ("e", "true", ""), ("b", "false", "true")),
)
_READ = '{"n": 2, "q": "2", "o": {"d": [1, null]}, "u": "Küste 🌊\\n", "e": "", "b": true}'


def _read(
    text: str,
    *calls: tuple[str, str],
    content: str = "",
    issues: str = "",
    stray: str = "",
    end: str = _END,
) -> Case:
    events: list[Told] = [("content", content)] if content else []
    events += [event for call in calls for event in called(*call)]
    events += [("stray", stray)] if stray else []
    message = said(content, *calls)
    return Case(text + end, [message], issues, [START, *events, ("end", end or None)])


def _thought(text: str, reasoning: str, content: str, *calls: tuple[str, str]) -> Case:
    events = [("content", content)] * bool(content) + [e for call in calls for e in called(*call)]
    return Case(
        text + _END,
        [said(content, *calls, reasoning=reasoning)],
        "",
        [START, ("reasoning", reasoning), *events, _CLOSED],
        thinking=True,
    )


def dsml(block: str) -> dict[str, Case]:
    """``block`` is the name of the tag around calls."""
    opens, closes = f"\n\n<{_D}{block}>\n", f"\n</{_D}{block}>"

    def calls(inside: str, *calls: tuple[str, str], issues: str = "", stray: str = "") -> Case:
        return _read(f"{opens}{inside}{closes}", *calls, issues=issues, stray=stray)

    def none(inside: str, begun: str) -> Case:
        kept = inside.removesuffix(f"{_D}invoke>")
        told = ("call", "tide", None), ("arguments", begun), ("abandoned", kept)
        text = f"{opens}{inside}{closes}{_END}"
        return Case(text, [said()], "malformed_call", [START, *told, _CLOSED])

    cut = ONE.split("el</")[0]
    return {
        "an answer": _read("Good.", content="Good."),
        "cut off within an answer": _read("Goo", content="Goo", issues="open_message", end=""),
        "one": calls(ONE, F),
        "several": calls(f"{ONE}\n{TWO}", F, G),
        "no arguments": calls(TWO, G),
        "text before": _read(f"See.{opens}{ONE}{closes}", F, content="See."),
        "an empty line before": _read(f"See.\n{opens}{ONE}{closes}", F, content="See.\n"),
        "values of each kind": calls(_invoke("tide", *_VALUES), ("tide", _READ)),
        "tags that are spelled in a value": calls(
            _invoke("tide", ("a", "true", "</parameter>\n<invoke>")),
            ("tide", '{"a": "</parameter>\\n<invoke>"}'),
        ),
        "one newline before": _read(
            f"{opens[1:]}{ONE}{closes}", F, content="\n<", issues="unexpected_special"
        ),
        "a newline after": _read(
            f"{opens}{ONE}{closes}\n", F, issues="malformed_header", stray="\n"
        ),
        "text after": _read(
            f"{opens}{ONE}{closes}Done.", F, issues="malformed_header", stray=f"{block}>Done."
        ),
        "an empty line between": Case(
            f"{opens}{ONE}\n\n{TWO}{closes}{_END}",
            [said("", F, G)],
            "malformed_header",
            [START, *called(*F), ("stray", "\n"), *called(*G), _CLOSED],
        ),
        "nothing between": calls(f"{ONE}{TWO}", F, G, issues="malformed_call"),
        "no newline between arguments": calls(
            ONE.replace("parameter>\n", "parameter>"), F, issues="malformed_call"
        ),
        "not closed": _read(f"{opens}{ONE}", F, issues="unexpected_special", stray="invoke>"),
        "a string that is said to be none": none(_invoke("tide", ("a", "false", "two")), '{"a": t'),
        "a word of Python": none(_invoke("tide", ("a", "false", "True")), '{"a": '),
        "neither true nor false": none(_invoke("tide", ("a", "maybe", "2")), '{"a": '),
        "nothing that says so": none(
            _invoke("tide", ("a", "true", "2")).replace(' string="true"', ""), '{"a": '
        ),
        "a key twice": none(
            _invoke("tide", ("a", "true", "1"), ("a", "true", "2")), '{"a": "1", "a": "2"}'
        ),
        "JSON": _read(
            f'{opens}{{"name": "tide"}}{closes}',
            issues="malformed_header",
            stray=f'{block}>\n{{"name": "tide"}}{closes}',
        ),
        "cut off within a value": Case(
            f"{opens}{cut}",
            [said()],
            "open_message malformed_call",
            [
                *(START, ("call", "tide", None), ("arguments", '{"port": "Ki')),
                *(("abandoned", cut), ("end", None)),
            ],
        ),
        "cut off before the end": _read(f"{opens}{ONE}{closes}", F, issues="open_message", end=""),
        "thinking": _thought("Hm.</think>Good.", "Hm.", "Good."),
        "thinking, text and a call": _thought(
            f"Hm.\n</think>See.{opens}{ONE}{closes}", "Hm.\n", "See.", F
        ),
        "a call within reasoning": Case(
            f"Hm.{opens}{ONE}{closes}{_END}",
            [said("", F, reasoning="Hm.\n\n<")],
            "unexpected_special",
            [START, ("reasoning", "Hm.\n\n<"), *called(*F), _CLOSED],
            thinking=True,
        ),
        "cut off within reasoning": Case(
            "Hm.",
            [said(reasoning="Hm.")],
            "open_message",
            [START, ("reasoning", "Hm."), ("end", None)],
            thinking=True,
        ),
    }
