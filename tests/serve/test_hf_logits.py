"""A transformers model under constrained headers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

from byte_vocabulary import Bytes, tokenizer
from chatfmt.serve import hf
from chatfmt.serve.constrained import Constraint, State

if TYPE_CHECKING:
    from collections.abc import Sequence

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
pytestmark = pytest.mark.slow

USER = {"role": "user", "content": "When is high tide?"}


class Liked(transformers.LogitsProcessor):  # type: ignore[misc, name-defined]
    """Raises the logits of special tokens, so that chance comes to an end."""

    def __init__(self, ids: Sequence[int]) -> None:
        self._ids = [*ids]

    def __call__(self, input_ids: Any, scores: Any) -> Any:  # noqa: ARG002 - the interface
        scores[:, self._ids] += 4
        return scores


@pytest.mark.parametrize("name", ["qwen-3", "gpt-oss", "glm-4.5"])
def test_a_batch_of_a_random_model(name: str) -> None:
    tok = tokenizer(name)
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        vocab_size=tok.encoding.n_vocab + 5,  # as models have it, whose matrices are padded
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=2,
    )
    model = transformers.LlamaForCausalLM(config)
    prompt = tok.encode_prompt([USER])
    stops = sorted(tok.stop_tokens)
    given = torch.tensor([prompt] * 15)
    found = model.generate(
        given,
        attention_mask=torch.ones_like(given),
        do_sample=True,
        max_new_tokens=120,
        eos_token_id=stops,
        pad_token_id=stops[0],
        logits_processor=[
            Liked([*tok.encoding.special_tokens.values()]),
            hf.logits_processor(Constraint(tok), len(prompt)),
        ],
    )
    ended = 0
    for row in found.tolist():
        parser = tok.stream(strict=True)
        for token in row[len(prompt) :]:
            parser.feed(token)
            if token in tok.stop_tokens:
                ended += 1
                parser.close()
                break
    assert ended


def test_what_may_not_come_is_minus_infinity() -> None:
    tok = tokenizer("gpt-oss")
    constraint = Constraint(tok)
    headers = hf.logits_processor(constraint, 2)
    special = tok.encoding.special_tokens
    given = torch.zeros(1, tok.encoding.n_vocab + 1)
    first = headers(torch.tensor([[1, 2]]), given)[0]
    assert not given.any()  # the caller's scores stay as they were
    allowed = {at for at, score in enumerate(first.tolist()) if score != -math.inf}
    assert allowed == {special["<|channel|>"], ord(" "), 256 + Bytes.longer.index(b" to=")}
    rows = [[1, 2, special["<|channel|>"], *b"final", special["<|message|>"]] for _ in range(2)]
    second = headers(torch.tensor(rows), torch.zeros(2, tok.encoding.n_vocab))
    stop = special["<|return|>"]
    assert second[0][stop] == 0
    assert second[0][special["<|call|>"]] == -math.inf
    # rows may change places, and one that is over is left alone
    rows = [rows[1] + [stop], rows[0] + [ord("x")]]
    third = headers(torch.tensor(rows), torch.zeros(2, tok.encoding.n_vocab))
    assert third[0].tolist() == [0] * tok.encoding.n_vocab
    assert third[1][special["<|start|>"]] == -math.inf
    rows = [[*row, 0] for row in rows]
    assert headers(torch.tensor(rows), torch.zeros(2, tok.encoding.n_vocab))[0].sum() == 0


class Counted(Constraint):
    """How many steps it was asked for."""

    steps = 0

    def after(self, state: State, token: int) -> State | None:
        self.steps += 1
        return super().after(state, token)


def test_a_row_goes_on_from_where_it_stood() -> None:
    tok = tokenizer("qwen-3")
    constraint = Counted(tok)
    headers = hf.logits_processor(constraint, 1)
    for length in range(1, 30):
        row = [1, *b"hello, hello, hello, hello, hello"[: length - 1]]
        headers(torch.tensor([row, row]), torch.zeros(2, tok.encoding.n_vocab))
    assert constraint.steps == 2 * 28


def test_ids_that_do_not_belong_to_it_are_refused() -> None:
    headers = hf.logits_processor(Constraint(tokenizer("gpt-oss")), 2)
    with pytest.raises(ValueError, match="at least 2 ids"):
        headers(torch.tensor([[1]]), torch.zeros(1, 400))
    with pytest.raises(ValueError, match=r"sampled id 0 is the text 'x'.*do not sample with beams"):
        headers(torch.tensor([[1, 2, ord("x")]]), torch.zeros(1, 400))
