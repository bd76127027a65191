"""Trained tokens against the masks of TRL's own training templates for the same models."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from heavy import heavy
from published_templates import source_of
from rows import tokenizer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chatfmt import ChatTokenizer

pytestmark = pytest.mark.slow

TEMPLATES = {
    "cohere": ("command-r", set()),
    "deepseekv3": ("deepseek-v3", {"prompt"}),
    "gemma": ("gemma-2", {"tail"}),
    "gemma3": ("gemma-3", {"tail"}),
    "glm4moe": ("glm-4.5", {"prompt"}),
    "lfm2_v2": ("lfm-2", {"tail"}),
    "llama3": ("llama-3", set()),
    "nemotron_3_nano": ("nemotron-3", {"prompt", "tail"}),
    "phi3": ("phi-3", {"tail", "epilogue"}),
    "phi3_5": ("phi-3.5", {"tail", "epilogue"}),
    "qwen2_5": ("qwen-2.5", {"prompt", "tail"}),
    "qwen3": ("qwen-3", {"prompt", "tail"}),
    "qwen3_5_think": ("qwen-3.5", {"prompt", "tail"}),
    "qwen3_instruct_2507": ("qwen-3-2507", {"tail"}),
}
"""TRL's name to the row, and what TRL trains beyond what a model samples: ``prompt``, with which a
prompt ends; ``tail``, text after the stop token; ``epilogue``, text after the last answer."""

CHATS = [
    [("user", "What is 2+2?"), ("assistant", "4")],
    [("system", "Be brief."), ("user", "Hi"), ("assistant", "Hello, you")],
    [("user", "Hi"), ("assistant", "one\n\ntwo"), ("user", "More"), ("assistant", "No")],
]


def _decoded(tok: ChatTokenizer, ids: Sequence[int]) -> str:
    spelled = {token: spelling for spelling, token in tok.encoding.special_tokens.items()}
    parts = (spelled[i].encode() if i in spelled else tok.encoding.token_bytes(i) for i in ids)
    return b"".join(parts).decode()


def _trained(tok: ChatTokenizer, ids: Sequence[int], weights: Sequence[float]) -> Iterator[str]:
    """The texts of the stretches of ids that are trained."""
    run: list[int] = []
    for token, weight in zip([*ids, 0], [*weights, 0.0], strict=True):
        if weight:
            run.append(token)
        elif run:
            yield _decoded(tok, run)
            run = []


def _prompts(tok: ChatTokenizer, messages: list[dict[str, str]]) -> Iterator[str]:
    for thinking in (None, False):
        with contextlib.suppress(ValueError):  # a format may have nothing that turns thinking off
            prepared = tok.prepare(messages, thinking=thinking)
            yield _decoded(tok, tok.encode_prompt(prepared, thinking=thinking))


@pytest.mark.parametrize("name", TEMPLATES)
def test_trl_trains_what_is_sampled_and_sometimes_more(name: str) -> None:
    utils = heavy("transformers.utils.chat_template_utils")
    row, expected = TEMPLATES[name]
    tok, more = tokenizer(row), set[str]()
    compared = 0
    for chat in CHATS:
        messages = [{"role": role, "content": content} for role, content in chat]
        if "system" in chat[0] and "system" not in tok.format.lines_of:
            continue
        [text], [spans] = utils.render_jinja_template(
            [messages],
            chat_template=source_of(f"{name}_training"),
            return_assistant_tokens_mask=True,
            bos_token="",
            eos_token="<eos>",  # noqa: S106 - a token of another kind
        )
        example = tok.encode_for_training(tok.prepare(messages))
        ours = [*_trained(tok, example.input_ids, example.weights)]
        answers = [at for at, (role, _) in enumerate(chat) if role == "assistant"]
        assert len(ours) == len(answers)
        theirs = [text[start:stop] for start, stop in spans]
        if len(theirs) > len(ours):
            more.add("epilogue")
        for at, mine, block in zip(answers, ours, theirs, strict=False):
            before, _, after = block.partition(mine)
            assert mine in block
            assert before in "".join(_prompts(tok, messages[:at]))
            assert after.strip() == ""
            more |= {kind for kind, found in (("prompt", before), ("tail", after)) if found}
            compared += 1
    assert compared >= 3
    assert more == expected
