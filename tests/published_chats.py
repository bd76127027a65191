"""Generated conversations, and what a row and a published template write for them.

Where the two differ, the difference is of one of the kinds listed.
"""

from __future__ import annotations

import datetime as dt
import json
import random
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import jinja2

from chatfmt import ChatTokenizer, Conversation, RenderError
from published_templates import published_text_of
from rows import spelled, tokenizer

if TYPE_CHECKING:
    from collections.abc import Callable

ROWS = {
    "cohere": "command-r",
    "cohere2": "command-r7b",
    "deepseekv3": "deepseek-r1",
    "gemma": "gemma-2",
    "gemma3": "gemma-3",
    "glm4moe": "glm-4.5",
    "lfm2": "lfm-2",
    "lfm2_2_5": "lfm-2.5",
    "llama3": "llama-3",
    "llama3_1": "llama-3.1",
    "llama3_2": "llama-3.2",
    "nemotron_3_nano": "nemotron-3",
    "phi3": "phi-3",
    "phi3_5": "phi-3.5",
    "qwen2_5": "qwen-2.5",
    "qwen3": "qwen-3",
    "qwen3_5_think": "qwen-3.5",
    "qwen3_instruct_2507": "qwen-3-2507",
    "qwen3_vl": "qwen-3-vl",
}
"""Template to the row that writes the same."""

ARGUMENTS_AS_TEXT = ("deepseekv3",)
"""Templates that take arguments as text alone."""

EOS = "<eos>"
DATE = dt.date(2025, 1, 2)
TEXTS = (
    *("", "", " ", "\n", "a", "Hello there.", "é 日本 \U0001f1e8\U0001f1ed", "2+2?", '{"t": 20}'),
    *("two\nlines", "\n\n", "x\n\n", "\n x", " padded ", "\u00a0a\u00a0", "\u200bz", "a\r\n"),
    *("{name}", 'It\'s "quoted" \\ here', "<b>&amp;</b>", "e\u0301", "\t"),
)
ARGUMENTS: tuple[dict[str, Any], ...] = (
    *({}, {"city": "Paris", "days": 2}, {"a": 1, "b": 2.5}, {"s": "it's é\n"}),
    *({"n": {"m": [1, "x", True]}}, {"q": '"'}),
)
TOOLS: list[dict[str, Any]] = [
    {
        "type": "function",
        "function": {
            "name": name,
            "description": f"It's <{name}> é",
            "parameters": {"type": "object", "properties": {"a": {"type": "number"}}},
        },
    }
    for name in ("get_weather", "add")
]


Messages = list[dict[str, Any]]


class Reason(NamedTuple):
    """Why texts differ, and what has to be changed so that they do not."""

    said: str
    kind: str | None
    """The kind of fault that the row names; None where the row cannot tell two texts apart."""
    edit: Callable[[Messages], Messages] = lambda messages: messages
    """What the template does to the messages that preparation does not."""
    even: Callable[[str], str] = lambda text: text
    """A text without that in which the two may differ."""


def without(field: str, of: Callable[[Messages, int], bool]) -> Callable[[Messages], Messages]:
    """Messages without a field, where this holds."""

    def edit(messages: Messages) -> Messages:
        kept = {"content": ""} if field == "content" else {}
        return [
            {k: v for k, v in m.items() if k != field} | kept if of(messages, at) else m
            for at, m in enumerate(messages)
        ]

    return edit


def calls(messages: Messages, at: int) -> bool:
    """Whether a message has calls."""
    return "tool_calls" in messages[at]


def calls_again(messages: Messages, at: int) -> bool:
    """Whether a message has calls, and another before it."""
    return calls(messages, at) and any(calls(messages, before) for before in range(at))


REFUSED = {
    **dict.fromkeys(
        ("llama3", "phi3", "phi3_5"), "refused by ours: the format has no place for tool_calls"
    ),
    "cohere2": "refused by ours: the template expects user here, because these two take turns",
}
"""Template to why a row refuses calls that the template drops in silence."""
EMPTY_TURN = Reason(
    "the template writes an empty system message after its own",
    "start",
    even=lambda text: text.replace(
        "<|START_OF_TURN_TOKEN|><|SYSTEM_TOKEN|><|END_OF_TURN_TOKEN|>", ""
    ),
)
DROPS_CALLS = Reason(
    "the template drops calls in silence", "dropped_calls", edit=without("tool_calls", calls)
)
DROPS_TEXT = Reason(
    "the template drops the text of a message with a call",
    "dropped_text",
    edit=without("content", calls),
)
EMPTY_SYSTEM = Reason(
    "the row cannot tell an empty system message from none where there are tools",
    None,
    even=lambda text: text.replace(
        "<|im_start|>system\n\n\n# Tools", "<|im_start|>system\n# Tools"
    ),
)
EMPTY_THOUGHT = Reason(
    "the template writes empty reasoning in the last message alone",
    "reasoning",
    even=lambda text: re.sub(
        r"(<\|im_start\|>assistant\n)(<think>\n\n</think>\n\n)?\n*", r"\1", text
    ),
)
SPELLED: dict[str, str] = {
    json.dumps(ARGUMENTS[4]["n"]): repr(ARGUMENTS[4]["n"]),
    f"'{ARGUMENTS[3]['s']}'": repr(ARGUMENTS[3]["s"]),
}
"""Values as a template spells them to the same as Python does."""


def spell_as_python(text: str) -> str:
    """A text in which values are spelled as Python spells them."""
    for found, value in SPELLED.items():
        text = text.replace(f"={found}", f"={value}")
    return text


NO_PYTHON = Reason(
    "the template writes objects as JSON, and strings in quotes as they are, where Python is to be",
    "calls",
    even=spell_as_python,
)
NEWLINES = Reason(
    "the template goes by newlines that it has taken away before calls",
    "calls",
    even=lambda text: text.replace("</think>\n\n\n<tool_call>", "</think>\n\n<tool_call>"),
)
NOTHING_THOUGHT = Reason(
    "the template leaves out the newline after reasoning that nothing follows",
    "empty",
    even=lambda text: text.replace("</think>\n<|im_end|>", "</think><|im_end|>"),
)
OPENS_ONCE = Reason(
    "the template opens calls and results once, and drops the header and the text of later calls",
    "calls",
    edit=without("content", calls_again),
    even=lambda text: re.sub(
        "(<｜Assistant｜>|\n)?(<｜tool▁calls▁begin｜>)?(?=<｜tool▁call▁begin｜>)"  # noqa: RUF001 - so they are spelled
        "|<｜tool▁outputs▁(begin|end)｜>\n?",  # noqa: RUF001
        "",
        text,
    ),
)
REASONS: dict[str, list[Reason]] = {
    "cohere2": [EMPTY_TURN],
    "deepseekv3": [OPENS_ONCE],
    "lfm2": [DROPS_CALLS],
    "lfm2_2_5": [NO_PYTHON],
    "llama3_1": [DROPS_TEXT],
    "llama3_2": [DROPS_TEXT],
    "nemotron_3_nano": [NOTHING_THOUGHT],
    "qwen2_5": [EMPTY_SYSTEM],
    "qwen3": [EMPTY_SYSTEM, EMPTY_THOUGHT, NEWLINES],
    "qwen3_instruct_2507": [EMPTY_SYSTEM],
    "qwen3_vl": [EMPTY_SYSTEM],
}
"""Template to what may be why it differs."""
EQUAL, BOTH, DIFFERENT = "equal", "refused by both", "different"


def chat(source: random.Random) -> list[dict[str, Any]]:
    """Turns of user and assistant, as OpenAI's API has them."""

    def text() -> str:
        return source.choice(TEXTS)

    messages: list[dict[str, Any]] = []
    if source.random() < 0.5:
        messages.append({"role": "system", "content": text()})
    calls = source.random() < 0.4
    thinks = source.random() < 0.4
    number = 0
    for _ in range(source.randint(1, 3)):
        messages.append({"role": "user", "content": text()})
        for _ in range(source.randint(0, 2) if calls else 0):
            made = [
                {
                    "id": f"abcdefg{number + at}",
                    "type": "function",
                    "function": {
                        "name": source.choice(("get_weather", "add")),
                        "arguments": source.choice(ARGUMENTS),
                    },
                }
                for at in range(source.choice((1, 1, 2)))
            ]
            number += len(made)
            messages.append(answer(source, text(), thinks=thinks) | {"tool_calls": made})
            messages += [
                {"role": "tool", "content": text(), "tool_call_id": one["id"]} for one in made
            ]
        messages.append(answer(source, text(), thinks=thinks))
    if source.random() < 0.3:
        messages.pop()
    return messages


def answer(source: random.Random, content: str, *, thinks: bool) -> dict[str, Any]:
    """What the assistant says."""
    said = {"role": "assistant", "content": content}
    if thinks and source.random() < 0.7:
        said["reasoning_content"] = source.choice(TEXTS)
    return said


def ours(tok: ChatTokenizer, given: Conversation, *, prompt: bool) -> list[str] | str:
    """What the row writes after preparation, or why it refuses."""
    names = {name for word in tok.format.preparation for name in word.names}
    try:
        prepared = tok.prepare(given, values={"date": DATE} if "date" in names else {})
        if prompt:
            return [spelled(tok, tok.encode_prompt(prepared))]
        example = tok.encode_for_training(prepared, allow_untrained=True)
        return [spelled(tok, tok.encode(prepared)), spelled(tok, example.input_ids)]
    except RenderError as error:
        return error.reason


def theirs(template: str, tok: ChatTokenizer, messages: list[dict[str, Any]], **how: Any) -> str:
    """What the template writes; nothing if it refuses."""
    prologue = spelled(tok, tok.encode([]))
    try:
        text = published_text_of(
            template,
            messages,
            bos_token=prologue,
            eos_token=EOS,
            date_string=f"{DATE:%d %b %Y}",
            **how,
        )
    except jinja2.TemplateError:
        return ""
    text = text.removesuffix(EOS)
    return text if text.startswith(prologue) else prologue + text


def drawn(template: str, number: int) -> tuple[Messages, Messages | None, bool]:
    """A generated conversation, definitions of tools, and whether an answer is asked for."""
    source = random.Random(f"{template}:{number}")  # noqa: S311
    messages, prompt = chat(source), source.random() < 0.4
    tools = source.choice([None, TOOLS, TOOLS[:1]])
    if template in ARGUMENTS_AS_TEXT:
        for call in (call for message in messages for call in message.get("tool_calls", ())):
            function = call["function"]
            function["arguments"] = json.dumps(function["arguments"], ensure_ascii=False)
    return messages, tools, prompt


def compare(template: str, number: int) -> tuple[str, str]:
    """What kind a generated conversation is, and the texts where nothing says why they differ."""
    tok = tokenizer(ROWS[template])
    messages, tools, prompt = drawn(template, number)

    def write(given: Messages) -> list[str] | str:
        chat = Conversation.model_validate({"messages": given, "tools": tools or []})
        return ours(tok, chat, prompt=prompt)

    written = write(messages)
    text = theirs(template, tok, messages, tools=tools, add_generation_prompt=prompt)
    if isinstance(written, str):
        return (f"refused by ours: {written.split(';')[0]}" if text else BOTH), text
    if text in written:
        return EQUAL, ""
    why = REASONS.get(template, [])
    for reasons in [*([reason] for reason in why), why]:
        given, even = messages, [reason.even for reason in reasons]
        for reason in reasons:
            given = reason.edit(given)
        again = write(given)
        if made_even(text, even) in [made_even(one, even) for one in again]:
            return " and ".join(reason.said for reason in reasons), ""
    return DIFFERENT, f"{written[0]!r}\n    {text!r}\n    {json.dumps(messages)}"


def made_even(text: str, even: list[Callable[[str], str]]) -> str:
    """A text without that in which two may differ."""
    for one in even:
        text = one(text)
    return text
