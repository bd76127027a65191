"""gpt-oss: `apply_chat_template` with the published template against the row.

The row follows openai-harmony, and the template does not everywhere. Each difference is of one of
the kinds listed here, and all are counted; where there is none, the ids are compared.
"""

from __future__ import annotations

import functools
import json
import random
import re
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import jinja2
import pytest

import chatfmt
from chatfmt import Conversation, RenderError
from heavy import heavy
from published_chats import TOOLS, chat
from published_templates import published_text_of, source_of
from rows import spelled

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from chatfmt.encodings.tiktoken import TiktokenEncoding

pytestmark = pytest.mark.slow

COUNT = 500
TOK = chatfmt.get_tokenizer("gpt-oss")
TEMPLATE = "gptoss"
EQUAL, DIFFERENT = "equal ids", "different"

Messages = list[dict[str, Any]]


class Kind(NamedTuple):
    """A difference: what makes of our text, or of the messages before it, what the template has."""

    said: str
    edit: Callable[[Messages], Messages] = lambda messages: messages
    text: Callable[[str], str] = lambda text: text

    @property
    def edits(self) -> bool:
        """Whether it is in the messages."""
        return self.edit is not Kind._field_defaults["edit"]


def calls(message: dict[str, Any]) -> bool:
    return "tool_calls" in message


def one_call_each(messages: Messages) -> Messages:
    """No call but the first of a message; the results of the others stay."""
    return [
        {**message, "tool_calls": message["tool_calls"][:1]} if calls(message) else message
        for message in messages
    ]


def of_the_last_call(messages: Messages) -> Messages:
    """Each result as one of the call before it, whatever its id."""
    last = ""
    made = []
    for message in messages:
        if calls(message):
            last = message["tool_calls"][0]["id"]
        made.append({**message, "tool_call_id": last} if message["role"] == "tool" else message)
    return made


def one_thought_beside_calls(messages: Messages) -> Messages:
    """Text beside calls is reasoning, and there is none where an answer follows later."""
    made = []
    for at, message in enumerate(messages):
        if not calls(message):
            made.append(message)
            continue
        answered = any(m["role"] == "assistant" and not calls(m) for m in messages[at + 1 :])
        thought = "" if answered else message["content"] or message.get("reasoning_content")
        bare = {k: v for k, v in message.items() if k != "reasoning_content"} | {"content": ""}
        made.append(bare | ({"reasoning_content": thought} if thought else {}))
    return made


def quoted_results(messages: Messages) -> Messages:
    return [
        {**message, "content": json.dumps(message["content"], ensure_ascii=False)}
        if message["role"] == "tool"
        else message
        for message in messages
    ]


def newlines_after_instructions(text: str) -> str:
    return re.sub(
        r"(<\|start\|>developer<\|message\|># Instructions\n\n(?:(?!# Tools\n\n## functions).)*?)"
        r"(<\|end\|>)",
        r"\1\n\n\2",
        text,
        count=1,
        flags=re.DOTALL,
    )


def empty_answer(text: str) -> str:
    """After reasoning that is the last message, which openai-harmony has without an answer."""
    last = text.rpartition("<|start|>")[2]
    is_thought = last.startswith("assistant<|channel|>analysis")
    return f"{text}<|start|>assistant<|channel|>final<|message|><|return|>" if is_thought else text


KINDS = [
    Kind("two newlines after the instructions", text=newlines_after_instructions),
    Kind(
        "a call without <|constrain|>",
        text=lambda text: text.replace("commentary <|constrain|>json<", "commentary json<"),
    ),
    Kind("a result in quotation marks", edit=quoted_results),
    Kind("the first call of a message alone", edit=lambda m: of_the_last_call(one_call_each(m))),
    Kind("text beside calls as reasoning", edit=one_thought_beside_calls),
    Kind("a last answer without text", text=empty_answer),
]


def drawn(number: int) -> tuple[Messages, Messages | None, bool]:
    """A generated conversation, definitions of tools, and whether an answer is asked for."""
    source = random.Random(f"{TEMPLATE}:{number}")  # noqa: S311 - it makes data, no secrets
    messages, prompt = chat(source), source.random() < 0.4
    return messages, source.choice([None, TOOLS, TOOLS[:1]]), prompt


def as_the_template_takes_them(messages: Messages) -> Messages:
    """The same messages, where reasoning is called ``thinking``."""
    return [
        {"thinking" if k == "reasoning_content" else k: v for k, v in message.items()}
        for message in messages
    ]


def ours(messages: Messages, tools: Messages | None, date: str, *, prompt: bool) -> list[list[int]]:
    """What the row gives for a prompt; or else as it stands, in training, and for its last turn."""
    given = Conversation.model_validate({"messages": messages, "tools": tools or []})
    values = {"date": date}
    prepared = TOK.prepare(given, values=values)
    if prompt:
        return [TOK.encode_prompt(prepared)]
    whole = TOK.encode_for_training(prepared, allow_untrained=True)
    ids = [TOK.encode(prepared), whole.input_ids]
    if messages[-1]["role"] == "assistant":
        each = TOK.encode_for_training(given, turns="each", prepare=True, values=values)
        ids.append(each[-1].input_ids)
    return ids


@functools.cache
def their_tokenizer() -> Any:
    """The tokenizer of transformers, over the same ranks."""
    from hf_tokenizers import hf_tokenizer_from

    encoding = cast("TiktokenEncoding", TOK.encoding).encoding
    return heavy("transformers").PreTrainedTokenizerFast(
        tokenizer_object=hf_tokenizer_from(encoding)
    )


def ids_of(given: Messages, tools: Messages | None, *, prompt: bool) -> list[int]:
    """What `apply_chat_template` gives."""
    ids: list[int] = their_tokenizer().apply_chat_template(
        given,
        chat_template=source_of(TEMPLATE),
        tools=tools,
        add_generation_prompt=prompt,
        return_dict=False,
    )
    return ids


def outcome(number: int) -> str:
    """What kind a generated conversation is."""
    messages, tools, prompt = drawn(number)
    given = as_the_template_takes_them(messages)
    try:
        text = published_text_of(TEMPLATE, given, tools=tools, add_generation_prompt=prompt)
    except jinja2.TemplateError as error:
        return f"refused by the template: {str(error).split('!')[0]}"
    date = re.search(r"Current date: (\S+)", text)
    assert date is not None
    try:
        written = ours(messages, tools, date[1], prompt=prompt)
    except RenderError as error:
        return f"refused by the row: {error.reason}"
    if text in [spelled(TOK, ids) for ids in written]:
        return EQUAL if ids_of(given, tools, prompt=prompt) in written else DIFFERENT

    @functools.cache
    def edited(kinds: tuple[Kind, ...]) -> list[str]:
        given = messages
        for kind in kinds:
            given = kind.edit(given)
        return [spelled(TOK, ids) for ids in ours(given, tools, date[1], prompt=prompt)]

    def is_made_by(kinds: Sequence[Kind]) -> bool:
        found = edited(tuple(kind for kind in kinds if kind.edits))
        for kind in kinds:
            found = [kind.text(one) for one in found]
        return text in found

    if not is_made_by(KINDS):
        return DIFFERENT
    others = {kind: [one for one in KINDS if one is not kind] for kind in KINDS}
    return "; ".join(kind.said for kind in KINDS if not is_made_by(others[kind]))


def test_ids_are_those_of_apply_chat_template() -> None:
    counts = Counter(outcome(number) for number in range(COUNT))
    print(f"gpt-oss: {dict(counts.most_common())}")  # noqa: T201 - with -s
    assert not counts[DIFFERENT]
    assert not any(kind.startswith("refused by the row") for kind in counts)
    assert counts[EQUAL] >= COUNT / 4
    told = "; ".join(counts)
    assert [kind.said for kind in KINDS if kind.said not in told] == []  # each is there
