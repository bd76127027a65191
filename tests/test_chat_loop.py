"""examples/chat_loop.py runs, and every sampled id is in the transcript."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from examples import chat_loop

from chatfmt import get_tokenizer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pytest

TOK = get_tokenizer("gpt-4o")
END = 200265
LINES = ["Good morning", "<|im_end|>", "", "안녕 👋🏽"]


class Terminal(io.StringIO):
    """Remembers each piece of text as it was written."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []

    def write(self, text: str) -> int:
        self.pieces.append(text)
        return super().write(text)


def test_it_runs_as_a_program() -> None:
    done = subprocess.run(  # noqa: S603 - the example itself
        [sys.executable, chat_loop.__file__],
        input="\n".join(LINES),
        env=os.environ | {"PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        check=True,
        timeout=300,
    )
    *answers, summary = done.stdout.splitlines()
    assert answers == [f"{line}? 👍" for line in LINES]
    assert summary.endswith("of them sampled")
    assert not done.stderr


def test_prompts_grow_and_nothing_sampled_is_lost() -> None:
    prompts: list[list[int]] = []
    sampled: list[list[tuple[int, float]]] = []
    echo = chat_loop.Echo(TOK)

    def sample(prompt: Sequence[int]) -> Iterator[tuple[int, float]]:
        prompts.append(list(prompt))
        sampled.append([])
        for pair in echo(prompt):
            sampled[-1].append(pair)
            yield pair

    out = Terminal()
    chat = chat_loop.chat(TOK, LINES, sample, out)
    for prompt, pairs, longer in zip(prompts, sampled, [*prompts[1:], chat.ids], strict=True):
        answer = [token for token, _ in pairs]
        assert answer[-1] == END
        assert longer[: len(prompt) + len(answer)] == prompt + answer
        assert chat.logprobs[len(prompt) : len(prompt) + len(answer)] == [p for _, p in pairs]
    assert chat.ids != TOK.encode(chat.conversation)
    assert TOK.decode(chat.ids) == chat.conversation
    # as it came, and never half a character
    assert "G" in out.pieces
    assert "\ufffd" not in out.getvalue()
    trained = [token for token, w in zip(chat.ids, chat.weights("sampled"), strict=True) if w]
    assert trained == [token for pairs in sampled for token, _ in pairs]


def test_an_answer_that_is_cut_is_no_complete_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_loop, "LONGEST", 4)
    out = io.StringIO()
    chat = chat_loop.chat(TOK, LINES[:2], chat_loop.Echo(TOK), out)
    assert out.getvalue() == "Good [length]\n<|im [length]\n"
    assert chat.open is not None
