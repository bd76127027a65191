"""The whole loop in one file: conversations, files, a trained transformer, a chat with it.

A hundred short conversations are encoded with `chatfmt.corpus`, a transformer of some 385,000
parameters is trained on the files until it answers them, and then it is asked, token by token.
Needs ``pip install torch 'chatfmt[data]'`` and about a minute.
"""

from __future__ import annotations

import json
import math
import random
import sys
import tempfile
from pathlib import Path

import pyarrow.parquet as pq
import tiktoken
import torch
from torch import nn
from torch.nn import functional

import chatfmt
from chatfmt.adapters import Mixture
from chatfmt.corpus import EncodeOptions, FileOptions, tokenize

CAPITALS = {
    "Europe": "France Paris Italy Rome Spain Madrid Greece Athens Norway Oslo Poland Warsaw "
    "Austria Vienna Portugal Lisbon Ireland Dublin Finland Helsinki Hungary Budapest Latvia Riga "
    "Denmark Copenhagen Belgium Brussels Germany Berlin Iceland Reykjavik",
    "Asia": "Japan Tokyo China Beijing India Delhi Nepal Kathmandu Thailand Bangkok Vietnam Hanoi "
    "Mongolia Ulaanbaatar Iran Tehran Iraq Baghdad Jordan Amman Laos Vientiane Qatar Doha",
    "Africa": "Egypt Cairo Kenya Nairobi Ghana Accra Mali Bamako Senegal Dakar Angola Luanda "
    "Morocco Rabat Tunisia Tunis Zambia Lusaka Uganda Kampala Rwanda Kigali Libya Tripoli",
    "America": "Peru Lima Cuba Havana Chile Santiago Canada Ottawa Bolivia Sucre Ecuador Quito "
    "Colombia Bogota Uruguay Montevideo Jamaica Kingston Argentina Buenos-Aires",
}
OPPOSITES = (
    "hot cold big small up down left right day night old new fast slow high low long short "
    "open shut full empty hard soft light dark wet dry rich poor strong weak early late near far "
    "clean dirty thick thin loud quiet happy sad young aged first last love hate buy sell "
    "win lose push pull give take sink float front back top bottom east west north south black "
    "white begin end ask answer come go friend enemy true false always never inside outside wide "
    "narrow tall tiny sweet sour sharp blunt sick well cheap dear wake sleep laugh cry"
)


def conversations() -> list[list[dict[str, str]]]:
    """A hundred of them: a question, its answer, and one more of each."""

    def chat(*texts: str) -> list[dict[str, str]]:
        roles = ("user", "assistant") * 2
        return [{"role": role, "content": text} for role, text in zip(roles, texts, strict=True)]

    found = []
    for continent, names in CAPITALS.items():
        words = names.split()
        for country, capital in zip(words[::2], words[1::2], strict=True):
            question = f"What is the capital of {country}?"
            found.append(chat(question, f"{capital}.", "And where is that?", f"In {continent}."))
    words = OPPOSITES.split()
    for word, other in zip(words[::2], words[1::2], strict=True):
        question = f"What is the opposite of {word}?"
        found.append(chat(question, f"{other.title()}.", "And of that?", f"{word.title()}."))
    return found


def make_tokenizer() -> chatfmt.ChatTokenizer:
    """The format of gpt-4o over an encoding of single bytes, with its special tokens on top."""
    single_bytes = tiktoken.Encoding(
        "bytes",
        pat_str=r"(?s:.)",
        mergeable_ranks={bytes([value]): value for value in range(256)},
        special_tokens={},
    )
    format = chatfmt.get_format("gpt-4o")
    encoding = chatfmt.extend_encoding(single_bytes, "bytes_im", format.special_tokens)
    return chatfmt.ChatTokenizer(format, encoding)


class Transformer(nn.Module):
    """Causal, with learned positions; the output matrix is the embedding's."""

    def __init__(
        self, vocabulary: int, width: int = 96, layers: int = 3, heads: int = 4, longest: int = 256
    ) -> None:
        super().__init__()
        self.heads = heads
        self.embedding = nn.Embedding(vocabulary, width)
        self.positions = nn.Embedding(longest, width)
        nn.init.normal_(self.embedding.weight, std=width**-0.5)
        nn.init.normal_(self.positions.weight, std=width**-0.5)
        self.layers = nn.ModuleList(
            nn.ModuleDict(
                {
                    "before": nn.LayerNorm(width),
                    "attention": nn.Linear(width, 3 * width),
                    "joined": nn.Linear(width, width),
                    "then": nn.LayerNorm(width),
                    "up": nn.Linear(width, 4 * width),
                    "down": nn.Linear(4 * width, width),
                }
            )
            for _ in range(layers)
        )
        self.norm = nn.LayerNorm(width)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """Ids (batch, length) to logits (batch, length, vocabulary)."""
        batch, length = ids.shape
        state = self.embedding(ids) + self.positions(torch.arange(length))
        for layer in self.layers:
            mixed = layer["attention"](layer["before"](state))
            query, key, value = mixed.view(batch, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
            # What pads a row is after it, so that causal attention never sees it.
            seen = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
            state = state + layer["joined"](seen.transpose(1, 2).reshape(batch, length, -1))
            state = state + layer["down"](functional.gelu(layer["up"](layer["then"](state))))
        return self.norm(state) @ self.embedding.weight.T


def write_corpus(tokenizer: chatfmt.ChatTokenizer, folder: Path) -> list[chatfmt.TrainingExample]:
    """Conversations to Parquet files, and these read again."""
    lines = (json.dumps({"messages": messages}) for messages in conversations())
    (folder / "train.jsonl").write_text("\n".join(lines) + "\n")
    source = {"name": "train", "paths": ["train.jsonl"]}
    mixture = Mixture.model_validate({"source": [source], "folder": folder})
    options = EncodeOptions(tokenizer=tokenizer, sources=mixture.sources, weights=True)
    tokenize(mixture, folder / "corpus", options, FileOptions(shuffle=1), workers=1)
    return [
        chatfmt.TrainingExample(row["input_ids"], row["labels"], row["weights"])
        for path in sorted((folder / "corpus").glob("*.parquet"))
        for row in pq.read_table(path).to_pylist()
    ]


def train(
    model: Transformer, examples: list[chatfmt.TrainingExample], steps: int, rows: int = 20
) -> list[float]:
    """Train for so many steps; the loss of each."""
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=0.01)
    chance = random.Random(1)
    losses = []
    for step in range(steps):
        # up for a tenth of the steps, then down in half a cosine
        rate = min((step + 1) / (0.1 * steps), 0.5 + 0.5 * math.cos(math.pi * step / steps))
        for group in optimizer.param_groups:
            group["lr"] = 4e-3 * rate
        batch = chatfmt.collate(chance.sample(examples, rows), pad_id=0)
        ids, labels = torch.tensor(batch["input_ids"]), torch.tensor(batch["labels"])
        logits = model(ids[:, :-1])
        # Labels are not shifted: the logits at one id are about the next one.
        loss = functional.cross_entropy(logits.flatten(0, 1), labels[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
        if step % 50 == 0 or step == steps - 1:
            print(f"step {step:4}  loss {losses[-1]:.4f}")
    return losses


@torch.no_grad()
def answer(model: Transformer, chat: chatfmt.Transcript, stop: frozenset[int]) -> str:
    """Let the model speak, printing while it does; the transcript then has its message."""
    prompt, stream = chat.prompt(), chat.stream()
    sampled: list[int] = []
    text = ""
    while len(sampled) < 60 and not stop.intersection(sampled[-1:]):
        logits = model(torch.tensor([prompt + sampled]))
        sampled.append(int(logits[0, -1].argmax()))
        for event in stream.feed(sampled[-1]):
            if isinstance(event, chatfmt.ContentDelta):
                print(event.text, end="", flush=True)
                text += event.text
    print()
    chat.append_completion(sampled)
    return text


def main(steps: int = 300) -> tuple[list[float], chatfmt.Transcript, float]:
    """Train, and ask; the losses, the chat, and the part of all answers that are right."""
    torch.manual_seed(1)
    torch.set_num_threads(1)  # for a model so small, several would mostly wait for one another
    tokenizer = make_tokenizer()
    with tempfile.TemporaryDirectory() as folder:
        examples = write_corpus(tokenizer, Path(folder))
    model = Transformer(tokenizer.encoding.n_vocab)
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters, {len(examples)} examples")
    losses = train(model, examples, steps)

    chat = tokenizer.render([])
    for question in ("What is the capital of Kenya?", "And where is that?"):
        print(f"> {question}")
        chat.append({"role": "user", "content": question})
        answer(model, chat, tokenizer.stop_tokens)

    right = 0
    with torch.no_grad():
        for example in examples:
            guessed = model(torch.tensor([example.input_ids[:-1]]))[0].argmax(-1).tolist()
            pairs = zip(guessed, example.labels[1:], strict=True)
            right += all(label in (-100, guess) for guess, label in pairs)
    print(f"{right} of {len(examples)} conversations are answered right")
    return losses, chat, right / len(examples)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
