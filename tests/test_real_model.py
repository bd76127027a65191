"""examples/real_model.py: prompts equal those of the model's own template, and the loop closes."""

from __future__ import annotations

import functools
import random
import re
from typing import TYPE_CHECKING, Any

import pytest

import chatfmt
from chatfmt.encodings.gguf_metadata import read_metadata
from heavy import heavy
from vocabularies import file_of, owners_encoder

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.slow

SPECIAL = re.compile(r"(<\|im_start\|>|<\|im_end\|>)")
BEGINNINGS = ("", " ", "\n", "\n\n", "  \t", "\u00a0", "1", "?", "caf\u00e9 ", "\U0001f30a")
WORDS = ("tide", "Kiel", "12", "3.5", "\n\n", " ", "don't", "<b>", "\u6f6e", "e\u0301", "\t", "...")


@functools.cache
def tokenizer() -> chatfmt.ChatTokenizer:
    heavy("gguf")
    return chatfmt.from_pretrained(file_of("smollm-2-gguf"))


def conversation(seed: int) -> list[dict[str, str]]:
    chance = random.Random(seed)  # noqa: S311 - the same every time
    texts = [
        chance.choice(BEGINNINGS) + " ".join(chance.choices(WORDS, k=chance.randint(0, 8)))
        for _ in range(chance.choice([1, 3, 5]))
    ]
    roles = ["user", "assistant"] * 3
    messages = [{"role": role, "content": text} for role, text in zip(roles, texts, strict=False)]
    return [{"role": "system", "content": "Be brief."}] * (seed % 2) + messages


def ids_of(text: str, encode: Callable[[str], list[int]], special: dict[str, int]) -> list[int]:
    """The owner's ids of a text with special tokens in it."""
    found: list[int] = []
    for piece in SPECIAL.split(text):
        found += [special[piece]] if piece in special else encode(piece)
    return found


def test_prompts_are_those_of_the_models_own_template() -> None:
    """But for the cut where the model began to write, in answers that begin with white space."""
    tok = tokenizer()
    path = file_of("smollm-2-gguf")
    encode = owners_encoder("smollm-2-gguf")
    name = "tokenizer.chat_template"
    source: Any = read_metadata(path, lambda key: key == name)[name]
    template = heavy("jinja2").Environment(keep_trailing_newline=True).from_string(source)
    special = {token: tok.encoding.special_tokens[token] for token in tok.format.special_tokens}
    equal, cut = 0, 0
    for seed in range(50):
        messages = conversation(seed)
        text = template.render(messages=messages, add_generation_prompt=True)
        prompt = tok.encode_prompt(tok.prepare(messages))
        if prompt == ids_of(text, encode, special):
            equal += 1
            continue
        answers = [m["content"] for m in messages if m["role"] == "assistant"]
        assert any(answer[:1].isspace() for answer in answers)
        found: list[int] = []
        for part in re.split(r"(?<=<\|im_start\|>assistant\n)", text):
            found += ids_of(part, encode, special)
        assert prompt == found
        cut += 1
    assert equal
    assert cut


def test_it_answers_and_learns_from_what_it_said(capsys: pytest.CaptureFixture[str]) -> None:
    heavy("torch")
    tok = tokenizer()
    from examples import real_model

    chat, reasons, losses = real_model.main(steps=1)
    assert reasons == ["stop", "stop"]
    assert "The capital of France is Paris. [stop]" in capsys.readouterr().out
    messages = chat.conversation.messages
    assert [m.role for m in messages] == ["system", "user", "assistant", "user", "assistant"]
    example = tok.encode_for_training(chat)
    trained = [float(label != -100) for label in example.labels]
    assert trained == chat.weights("sampled")  # what was sampled is what is learned
    assert sum(trained) > 10
    assert losses[1] < losses[0]
