"""Completions of gpt-oss: channels, recipients before or after them, content types."""

from __future__ import annotations

from completions import START, Case, said

__all__ = ["HARMONY"]

_CALL = ("recipient", "functions.tide"), ("channel", "commentary")
_BOTH = {"recipient": "functions.tide", "channel": "commentary"}
_JSON = ("content_type", "json")


def _call(header: str, issues: str = "", *, content_type: str | None = "json") -> Case:
    """A call of one tool, with its recipient after the channel."""
    kind = [] if content_type is None else [("content_type", content_type)]
    return Case(
        f"<|channel|>commentary{header}<|message|>{{}}<|call|>",
        [said("{}", **_BOTH, content_type=content_type)],
        issues,
        [START, *_CALL[::-1], *kind, ("content", "{}"), ("end", "<|call|>")],
    )


def _cut(text: str, *events: tuple[str, str]) -> Case:
    """A header that is cut off is no message."""
    return Case(text, [], "open_message", [START, *events])


HARMONY: dict[str, Case] = {
    "an answer": Case(
        "<|channel|>final<|message|>Good.<|return|>",
        [said("Good.", channel="final")],
        "",
        [START, ("channel", "final"), ("content", "Good."), ("end", "<|return|>")],
    ),
    "an answer in JSON": Case(
        '<|channel|>final <|constrain|>json<|message|>{"a": "é"}<|return|>',
        [said('{"a": "é"}', channel="final", content_type="json")],
        "",
        [START, ("channel", "final"), _JSON, ("content", '{"a": "é"}'), ("end", "<|return|>")],
    ),
    "thinking before": Case(
        "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant"
        "<|channel|>final<|message|>Good.<|return|>",
        [said("Hm.", channel="analysis"), said("Good.", channel="final")],
        "",
        [
            *(START, ("channel", "analysis"), ("content", "Hm."), ("end", "<|end|>")),
            *(START, ("channel", "final"), ("content", "Good."), ("end", "<|return|>")),
        ],
    ),
    "no start token": Case(
        "<|channel|>analysis<|message|>Hm.<|end|>assistant"
        "<|channel|>final<|message|>Good.<|return|>",
        [said("Hm.", channel="analysis"), said("Good.", channel="final")],
        "unexpected_text",
        [
            *(START, ("channel", "analysis"), ("content", "Hm."), ("end", "<|end|>")),
            *(START, ("channel", "final"), ("content", "Good."), ("end", "<|return|>")),
        ],
    ),
    "recipient after the channel": _call(" to=functions.tide <|constrain|>json"),
    "without constrain": _call(" to=functions.tide json"),
    "without a content type": _call(" to=functions.tide", content_type=None),
    "another content type": _call(" to=functions.tide code", content_type="code"),
    "no space before constrain": _call(" to=functions.tide<|constrain|>json", "malformed_header"),
    "a space after constrain": Case(
        "<|channel|>commentary to=functions.tide <|constrain|> json<|message|>{}<|call|>",
        [said("{}", **_BOTH, content_type="json")],
        "malformed_header",
        [START, *_CALL[::-1], ("stray", " "), _JSON, ("content", "{}"), ("end", "<|call|>")],
    ),
    "two spaces before the recipient": Case(
        "<|channel|>commentary  to=functions.tide<|message|>{}<|call|>",
        [said("{}", **_BOTH)],
        "malformed_header",
        [START, _CALL[1], ("stray", " "), _CALL[0], ("content", "{}"), ("end", "<|call|>")],
    ),
    "recipient before the channel": Case(
        " to=functions.tide<|channel|>commentary <|constrain|>json<|message|>{}<|call|>",
        [said("{}", **_BOTH, content_type="json")],
        "",
        [START, *_CALL, _JSON, ("content", "{}"), ("end", "<|call|>")],
    ),
    "a preamble, then a call": Case(
        "<|channel|>commentary<|message|>Look.<|end|><|start|>assistant to=functions.tide"
        "<|channel|>commentary<|message|>{}<|call|>",
        [said("Look.", channel="commentary"), said("{}", **_BOTH)],
        "",
        [
            *(START, ("channel", "commentary"), ("content", "Look."), ("end", "<|end|>")),
            *(START, *_CALL, ("content", "{}"), ("end", "<|call|>")),
        ],
    ),
    "a call that another token ends": Case(
        "<|channel|>commentary to=functions.tide<|message|>{}<|end|>",
        [said("{}", **_BOTH)],
        "unexpected_special",
        [START, *_CALL[::-1], ("content", "{}"), ("end", "<|end|>")],
    ),
    "malformed JSON": Case(
        "<|channel|>commentary to=functions.tide<|message|>{port: <|call|>",
        [said("{port: ", **_BOTH)],
        "",
        [START, *_CALL[::-1], ("content", "{port: "), ("end", "<|call|>")],
    ),
    "the channel twice": Case(
        "<|channel|>analysis<|channel|>final<|message|>Good.<|return|>",
        [said("Good.", channel="analysis")],
        "unexpected_special malformed_header unexpected_special",
        [
            *(START, ("stray", "<|channel|>final"), ("channel", "analysis")),
            *(("content", "Good."), ("end", "<|return|>")),
        ],
    ),
    "no channel token": Case(
        "final<|message|>Good.<|return|>",
        [said("Good.", channel="final")],
        "malformed_header",
        [START, ("channel", "final"), ("content", "Good."), ("end", "<|return|>")],
    ),
    "no channel": Case(
        "<|message|>Good.<|return|>",
        [said("Good.")],
        "malformed_header unexpected_special",
        [START, ("content", "Good."), ("end", "<|return|>")],
    ),
    "cut off within a call": Case(
        '<|channel|>commentary to=functions.tide <|constrain|>json<|message|>{"po',
        [said('{"po', **_BOTH, content_type="json")],
        "open_message",
        [START, *_CALL[::-1], _JSON, ("content", '{"po'), ("end", None)],
    ),
    "cut off within thinking": Case(
        "<|channel|>analysis<|message|>Hm",
        [said("Hm", channel="analysis")],
        "open_message",
        [START, ("channel", "analysis"), ("content", "Hm"), ("end", None)],
    ),
    "cut off within a name": _cut(
        "<|channel|>commentary to=functions.ti",
        ("channel", "commentary"),
        ("recipient", "functions.ti"),
    ),
    "cut off within a channel": _cut("<|channel|>comm", ("channel", "comm")),
    "cut off before the text": Case(
        "<|channel|>final<|message|>", [], "open_message", [START, ("channel", "final")]
    ),
}
