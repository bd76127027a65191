"""`python -m benchmarks.serving [IDS]`: what chunks cost beside `stream_text`, for a million ids.

Text is that of ``gpt-4o``; arguments are one long call, once in harmony and once as JSON in
``<tool_call>``. The times are processor times, each the least of three runs. Memory is what Python
has allocated at the peak, for a quarter of the ids and for all: where it is the same, it does not
grow. Nothing else should run on the machine.
"""

from __future__ import annotations

import gc
import sys
import time
import tracemalloc
from typing import TYPE_CHECKING

import chatfmt
from chatfmt import ChatTokenizer, serve
from chatfmt.wire.spelled import SpelledText

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SENTENCE = "The quick brown fox jumps over the lazy dog, and nobody has counted how often. "
_RUNS = 3


def _tool_call_tokenizer() -> ChatTokenizer:
    """A row whose calls are JSON between special tokens, over a vocabulary that is bundled."""
    row = chatfmt.get_format("qwen-3")
    base = chatfmt.get_encoding("o200k_im")
    free = range(base.n_vocab, base.n_vocab + len(row.special_tokens))
    taken = {name: base.encode_single_token(name) for name in base.special_tokens_set}
    more = {
        name: at for name, at in zip(row.special_tokens, free, strict=True) if name not in taken
    }
    return ChatTokenizer(row, chatfmt.extend_encoding(base, "o200k with calls", more))


def _spelled(tok: ChatTokenizer, before: str, count: int, *, after: str = "") -> list[int]:
    """About so many ids: what begins a reply, sentences, and what ends it."""
    text = SpelledText(tok.encoding)
    sentence = tok.encoding.encode_ordinary(SENTENCE)
    body = (sentence * (count // len(sentence) + 1))[:count]
    return [*text.take(before), *body, *SpelledText(tok.encoding).take(after)]


def _cases(count: int) -> Iterator[tuple[str, ChatTokenizer, list[int]]]:
    gpt, oss = chatfmt.get_tokenizer("gpt-4o"), chatfmt.get_tokenizer("gpt-oss")
    qwen = _tool_call_tokenizer()
    yield "text", gpt, _spelled(gpt, "", count)
    header = "<|channel|>commentary to=functions.f <|constrain|>json<|message|>"
    yield "arguments, harmony", oss, _spelled(oss, header + '{"a": "', count, after='"}')
    begun = '<tool_call>\n{"name": "f", "arguments": {"a": "'
    yield "arguments, JSON", qwen, _spelled(qwen, begun, count, after='"}}\n</tool_call>')


def _seconds(work: Callable[[], object]) -> float:
    found = []
    for _ in range(_RUNS):
        gc.collect()
        start = time.process_time()
        work()
        found.append(time.process_time() - start)
    return min(found)


def _through(chunks: Iterator[object]) -> None:
    for _ in chunks:
        pass


def _peak(tok: ChatTokenizer, ids: list[int]) -> int:
    """What is allocated at the peak, in kilobytes."""
    _through(serve.chat_chunks(tok, ids[:1000]))  # tables are filled
    tracemalloc.start()
    _through(serve.chat_chunks(tok, iter(ids)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak // 1024


def main(count: int) -> None:
    """Print a line for each case."""
    print(f"{count:,} ids; processor time in microseconds for an id, memory in kilobytes")
    text = 0.0
    for name, tok, ids in _cases(count):
        whole = _seconds(lambda: _through(chatfmt.stream_text(tok.stream(), ids)))  # noqa: B023
        chunks = _seconds(lambda: _through(serve.chat_chunks(tok, ids)))  # noqa: B023
        text = text or whole
        peaks = [_peak(tok, ids[: len(ids) // part]) for part in (4, 1)]
        print(
            f"{name:20} stream_text {whole / len(ids) * 1e6:6.2f}  chunks "
            f"{chunks / len(ids) * 1e6:6.2f}  {chunks / whole:4.1f} times, "
            f"{chunks / text:5.1f} times stream_text in text; at the peak "
            f"{peaks[0]:,} for a quarter, {peaks[1]:,} for all"
        )


if __name__ == "__main__":
    main(int(sys.argv[1].replace("_", "")) if len(sys.argv) > 1 else 1_000_000)
