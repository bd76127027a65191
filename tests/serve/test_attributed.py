"""The origin of each id of a conversation: its message, and whether it is sampled or content."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

import pytest

import chatfmt
from chatfmt import RenderError
from chatfmt.serve.attributed import Attributed, Options, bridged, written
from library_chats import CHATS, TOOLS
from rows import ids_in, spelled, tokenizer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatfmt import ChatTokenizer

PLAIN = Options()
DATED = Options(values={"date": "2025-06-28"})
USER, HELLO = {"role": "user", "content": "hi"}, {"role": "assistant", "content": "Hello"}


def parts(tok: ChatTokenizer, found: Attributed) -> list[tuple[int, str, str]]:
    """Message, kind and text of each run of ids: s for sampled, c for content, both or neither."""
    told = zip(*found, strict=True)
    runs = groupby(told, key=lambda one: one[1:])
    return [
        (message, "s" * sampled + "c" * content, spelled(tok, [one[0] for one in run]))
        for (message, sampled, content), run in runs
    ]


def test_a_conversation_is_attributed() -> None:
    tok = tokenizer("qwen-3")
    call = '<tool_call>\n{"name": "tide", "arguments": {"port": "Kiel"}}\n</tool_call>'
    found = written(tok, CHATS["a result at the end"][0], PLAIN, prompt=True)
    assert parts(tok, found) == [
        (0, "", "<|im_start|>system\n"),
        (0, "c", "You know the sea."),
        (0, "", "<|im_end|>\n"),
        (1, "", "<|im_start|>user\n"),
        (1, "c", "Kiel?"),
        (1, "", "<|im_end|>\n"),
        (2, "", "<|im_start|>assistant\n"),
        (2, "sc", f"<think>\nI ask.\n</think>\n\n{call}<|im_end|>"),
        (2, "", "\n"),
        (3, "", "<|im_start|>user\n<tool_response>\n"),
        (3, "c", '{"height": 2.9, "trend": "rising"}'),
        (3, "", "\n</tool_response><|im_end|>\n"),
        (-1, "", "<|im_start|>assistant\n"),
    ]


def test_what_closes_results_is_of_the_last() -> None:
    tok = tokenizer("qwen-3")
    found = written(tok, CHATS["a result at the end"][0], PLAIN)
    assert found.ids == tok.encode(tok.prepare(CHATS["a result at the end"][0]))
    assert parts(tok, found)[-1] == (3, "", "\n</tool_response><|im_end|>\n")


def test_a_token_that_ends_an_answer_and_begins_the_next_message_is_of_the_answer() -> None:
    tok = tokenizer("glm-4.7")
    chat = [USER, HELLO, USER]
    assert parts(tok, written(tok, chat, PLAIN))[2:] == [
        (0, "c", "hi"),
        (1, "", "<|assistant|></think>"),
        (1, "sc", "Hello<|user|>"),
        (2, "c", "hi"),
    ]


def test_what_the_template_adds_to_a_text_is_no_content() -> None:
    tok = tokenizer("llama-3.1")
    chat = [{"role": "system", "content": " Be brief. "}, USER]
    found = parts(tok, written(tok, chat, PLAIN, tools=TOOLS))
    assert [part for part in found if part[1]] == [(0, "c", "Be brief."), (1, "c", "hi")]


def test_a_text_that_is_written_otherwise_is_content_as_a_whole() -> None:
    tok = tokenizer("llama-3.1")
    said: dict[str, Any] = {
        "role": "assistant",
        "tool_calls": [{"function": {"name": "f", "arguments": "{}"}}],
    }
    chat = [USER, said, {"role": "tool", "name": "f", "content": '"a"'}]
    assert parts(tok, written(tok, chat, PLAIN))[-2:-1] == [(2, "c", '"\\"a\\""')]


def test_an_answer_ends_as_a_model_stops() -> None:
    tok = chatfmt.get_tokenizer("gpt-oss")
    found = parts(tok, written(tok, [USER, HELLO, USER, HELLO], DATED))
    assert [text for message, kind, text in found if "s" in kind] == [
        "<|channel|>final<|message|>Hello",
        "<|channel|>final<|message|>Hello<|return|>",
    ]


def test_messages_that_are_split_keep_their_index_and_added_ones_have_none() -> None:
    tok = chatfmt.get_tokenizer("gpt-oss")
    messages = CHATS["a call after thinking"][0]
    found = written(tok, messages, DATED)
    assert {*found.messages} == {-1, 0, 1}
    calls = [token for token, index in zip(found.ids, found.messages, strict=True) if index == 1]
    assert spelled(tok, calls).count("<|start|>assistant") == 2


def test_after_a_result_some_prompts_say_nothing_of_thinking() -> None:
    tok = tokenizer("deepseek-v3.1")
    messages = CHATS["a result at the end"][0]
    told = [
        written(tok, messages, Options(thinking=thinking), prompt=True).ids
        for thinking in (None, True, False)
    ]
    assert told[0] == told[1] == told[2]
    with pytest.raises(RenderError, match="thinking"):
        written(tokenizer("qwen-2.5"), [USER], Options(thinking=True), prompt=True)
    tok = tokenizer("qwen-3")
    closed = written(tok, messages, Options(thinking=False), prompt=True)
    assert spelled(tok, closed.ids).endswith("</think>\n\n")


def test_weights_of_messages_say_nothing_of_who_samples() -> None:
    tok = tokenizer("qwen-3-2507")
    assert written(tok, [USER, HELLO | {"weight": 0}], PLAIN) == written(tok, [USER, HELLO], PLAIN)


@pytest.mark.parametrize("name", ["qwen-3", "glm-4.5", "deepseek-v3", "kimi-k2", "mistral-v3"])
def test_all_lists_go_with_the_ids_that_are_encoded(name: str) -> None:
    tok = tokenizer(name)
    for messages, tools in CHATS.values():
        last = messages[-1]["role"]
        try:
            prepared = tok.prepare(messages, tools=tools)
            ids = tok.encode(prepared) if last == "assistant" else tok.encode_prompt(prepared)
        except RenderError:
            continue
        found = written(tok, messages, PLAIN, tools=tools, prompt=last != "assistant")
        assert found.ids == ids
        assert {len(each) for each in found} == {len(ids)}
        for index, message in enumerate(messages):
            mine = [
                told
                for at, *told in zip(found.messages, found.sampled, found.content, strict=True)
                if at == index
            ]
            assert message["role"] == "assistant" or not any(sampled for sampled, _ in mine)
            assert message["role"] != "assistant" or all(one == other for one, other in mine)


def bridge(
    name: str,
    reply: str,
    *following: dict[str, Any],
    options: Options = PLAIN,
    prompt: Sequence[dict[str, Any]] = (USER,),
    **more: Any,
) -> tuple[list[int], Attributed | None]:
    """What was shown and sampled, and what comes of it."""
    tok = chatfmt.get_tokenizer(name) if name == "gpt-oss" else tokenizer(name)
    shown = tok.encode_prompt(options.prepare(tok, prompt))
    sampled = ids_in(tok, reply)
    return shown + sampled, bridged(tok, shown, sampled, following, options, **more)


RESULT = {"role": "tool", "name": "f", "tool_call_id": "functions.f:0", "content": "ok"}


def test_the_next_prompt_begins_with_all_before() -> None:
    """The reply is two ids where an encoder writes one, and stays so."""
    known, found = bridge("qwen-3", "Hello<|im_end|>", USER)
    assert found is not None
    assert found.ids[: len(known)] == known
    assert parts(tokenizer("qwen-3"), found)[1:] == [
        (0, "", "<|im_start|>user\n"),
        (0, "c", "hi"),
        (0, "", "<|im_end|>\n"),
        (-1, "", "<|im_start|>assistant\n"),
    ]


def test_what_is_cut_off_is_ended_first() -> None:
    known, found = bridge("qwen-3", "Hel", USER)
    assert found is not None
    assert spelled(tokenizer("qwen-3"), found.ids[len(known) :]).startswith("<|im_end|>\n<|im_s")


def test_results_are_written_as_the_template_writes_them() -> None:
    call = "<|channel|>commentary to=functions.f <|constrain|>json<|message|>{}<|call|>"
    known, found = bridge("gpt-oss", call, RESULT, options=DATED)
    assert found is not None
    tok = chatfmt.get_tokenizer("gpt-oss")
    assert spelled(tok, found.ids[len(known) :]) == (
        "<|start|>functions.f to=assistant<|channel|>commentary<|message|>ok<|end|>"
        "<|start|>assistant"
    )


THOUGHT = "<think>\nHm.\n</think>\n\nHello<|im_end|>"
CALLED = '<think>\nHm.\n</think>\n\n<tool_call>\n{"name": "f", "arguments": {}}\n</tool_call>'


def test_where_the_template_drops_thinking_there_is_no_bridge() -> None:
    assert bridge("qwen-3", THOUGHT, USER)[1] is None
    assert bridge("qwen-3", THOUGHT, USER, keep_thinking=True)[1] is not None
    assert bridge("qwen-3", THOUGHT, USER, options=Options(history="keep"))[1] is not None
    assert bridge("qwen-3", CALLED + "<|im_end|>", RESULT)[1] is not None
    told = "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>"
    assert bridge("gpt-oss", told + "Hello<|return|>", USER, options=DATED)[1] is None


@pytest.mark.parametrize(
    ("name", "reply", "following"),
    [
        ("qwen-3", "Hello<|im_end|>", []),
        ("qwen-3", "Hello<|im_end|>", [USER, HELLO]),
        ("qwen-3", "Hello<|im_end|>more", [USER]),
        # it stopped with the token that begins results
        ("glm-4.5", "\n<think></think>\nHello<|observation|>", [USER]),
        # the template wants a question here
        ("gemma-2", "Hello<end_of_turn>", [{"role": "system", "content": "x"}]),
    ],
)
def test_where_it_would_not_go_on_like_that_there_is_none(
    name: str, reply: str, following: list[dict[str, Any]]
) -> None:
    assert bridge(name, reply, *following)[1] is None


def test_where_the_template_adds_a_message_there_is_none() -> None:
    tok = tokenizer("qwen-2.5")
    asked = tok.encode_prompt([USER])  # without the system message that the template adds
    assert bridged(tok, tok.encode_prompt([]), [], [USER], PLAIN) is None
    assert bridged(tok, asked, [], [USER], PLAIN) is not None


def test_where_definitions_would_move_there_is_none() -> None:
    """They stand before the last question."""
    tok = tokenizer("mistral-v3")
    asked = tok.encode_prompt(tok.prepare([USER], tools=TOOLS))
    reply = ids_in(tok, "Hello</s>")
    assert bridged(tok, asked, reply, [USER], PLAIN) is None
    assert bridged(tok, tok.encode_prompt([USER]), reply, [USER], PLAIN) is not None


def test_without_a_prompt_there_is_none() -> None:
    assert bridged(tokenizer("qwen-3"), [], [1], [USER], PLAIN) is None
