"""Completions of Llama 4 and Apriel: calls that are JSON objects, one right after the other."""

from __future__ import annotations

from completions import START, Case, called, said
from completions.objects import KIEL, MALFORMED, ONE, P_ONE, P_TWO, UNEXPECTED, F, G, Layout

__all__ = ["APRIEL_1_6", "LLAMA_4"]

_LLAMA = Layout("<|python_start|><|python_end|>", "", "", "<|eot|>", "parameters")
# Its objects are spelled as the template does: what is not so is given up, and keeps its text.
LLAMA_4 = _LLAMA.cases("<|python_end|>", "") | {
    "text before": _LLAMA.read(f"<|python_start|>See.<|python_end|>{P_ONE}", F, content="See."),
    "no tokens before it": _LLAMA.read(P_ONE, content=P_ONE),
    "within the tokens": _LLAMA.read(
        f"<|python_start|>{P_ONE}<|python_end|>", content=P_ONE, issues=UNEXPECTED
    ),
    "a list of Python": _LLAMA.read("[tide(port='Kiel')]", content="[tide(port='Kiel')]"),
    "keys exchanged": _LLAMA.none(f'{{"parameters": {KIEL}, "name": "tide"}}'),
    "a key of others": _LLAMA.none(ONE),
    "arguments in a string": _LLAMA.none('{"name": "wind", "parameters": "{}"}'),
    "no white space": _LLAMA.calls(
        P_ONE.replace(": ", ":").replace(", ", ","),
        ("tide", '{"port":"Kiel"}'),
        issues=f"{MALFORMED} {MALFORMED} {MALFORMED}",
    ),
    "a brace too few": _LLAMA.calls(P_ONE[:-1], F, issues=UNEXPECTED),
    "a newline after": _LLAMA.read(f"{_LLAMA.first}{P_ONE}\n", F, stray="\n", issues=MALFORMED),
    "text after": _LLAMA.read(
        f"{_LLAMA.first}{P_ONE}\nDone.", F, stray="\nDone.", issues=f"{MALFORMED} {MALFORMED}"
    ),
    "another separator": _LLAMA.read(
        f"{_LLAMA.first}{P_ONE}; {P_TWO}", F, stray=f"; {P_TWO}", issues=MALFORMED
    ),
    "no call": _LLAMA.read(_LLAMA.first, issues=UNEXPECTED),
    "it stops at another token": Case(
        f"{_LLAMA.first}{P_ONE}<|eom|>",
        [said("", F)],
        f"{UNEXPECTED} open_message",
        [START, *called(*F), ("stray", "<|eom|>"), ("end", None)],
    ),
}

_FINAL = "\n[BEGIN FINAL RESPONSE]\n"
_APRIEL = Layout(
    *("\n<tool_calls>[", ", ", "]</tool_calls>\n", "<|end|>", "arguments", ("a1", "b2")),
    head=f"Hm.{_FINAL}",
    reasoning="Hm.",
    kept=("", "]"),
)
_BARE = _APRIEL._replace(head="")
_A, _B = _APRIEL.call(*F), _APRIEL.call(*G, 1)
_WITH_ID = (*F, "a1")
APRIEL_1_6 = (
    _APRIEL.cases("\n<tool_calls>[", "\n")
    | _APRIEL.free()
    | {
        "no space after the comma": _APRIEL.calls(
            f"{_A},{_B}", _WITH_ID, (*G, "b2"), issues=MALFORMED
        ),
        "no id": _APRIEL.calls(ONE, F),
        "text right before": _APRIEL.read(
            f"See.<tool_calls>[{_A}]</tool_calls>\n", _WITH_ID, content="See.", issues=UNEXPECTED
        ),
        "no line before": _APRIEL.read(
            f"<tool_calls>[{_A}]</tool_calls>\n", _WITH_ID, issues=UNEXPECTED
        ),
        "no list": _APRIEL.read(
            f"\n<tool_calls>{_A}</tool_calls>\n",
            _WITH_ID,
            issues=f"malformed_header {UNEXPECTED}",
        ),
        "an empty list": _APRIEL.read(
            "\n<tool_calls>[]</tool_calls>\n", stray="[]</tool_calls>\n", issues="malformed_header"
        ),
        "another language": _APRIEL.read(
            "\n<tool_calls>[tide()]</tool_calls>\n",
            stray="[tide()]</tool_calls>\n",
            issues="malformed_header",
        ),
        "text after": _APRIEL.read(
            f"\n<tool_calls>[{_A}]</tool_calls>\nDone.\n",
            _WITH_ID,
            stray="\nDone.\n",
            issues="malformed_header",
        ),
        "no newline before the end": _APRIEL.read("Good.", content="Good.", issues=UNEXPECTED),
        "its other marker is text": _APRIEL.read(
            "Good.\n[END FINAL RESPONSE]\n", content="Good.\n[END FINAL RESPONSE]"
        ),
        "no newlines around the marker": _BARE.read(
            "Hm.[BEGIN FINAL RESPONSE]Good.\n",
            content="Good.",
            issues=f"{UNEXPECTED} malformed_header",
        ),
        "no reasoning": _BARE._replace(reasoning="").read(f"{_FINAL}Good.\n", content="Good."),
        "ended within reasoning": _BARE.read("Hm.\n", issues=UNEXPECTED),
        "calls within reasoning": _BARE.read(
            f"Hm.\n<tool_calls>[{_A}]</tool_calls>\n", _WITH_ID, issues=UNEXPECTED
        ),
        "cut off within the marker": _BARE._replace(reasoning="Hm.\n[BEG").read(
            "Hm.\n[BEG", issues="open_message", cut=True
        ),
    }
)
