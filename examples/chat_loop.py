"""A chat in the terminal: prompt, sample, show the text as it comes, append, next turn.

    $ echo 'Good morning' | python examples/chat_loop.py

What is said is read from standard input, a line a turn. The model is a stand-in, `Echo`, which
answers ids with ids. Whatever is put in its place has to do no more: take the ids of a prompt, and
give those that it samples, each with its logprob.
"""

from __future__ import annotations

import math
import sys
from itertools import islice
from typing import TYPE_CHECKING, TextIO

import chatfmt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    Sampler = Callable[[Sequence[int]], Iterable[tuple[int, float]]]

LONGEST = 200  # ids of one answer


class Echo:
    """Stands in for a model: says again what was said last, byte by byte.

    No encoder gives these ids for that text; nor does it give all those that a model samples.
    """

    def __init__(self, tok: chatfmt.ChatTokenizer) -> None:
        self.tok = tok
        self.bytes = {tok.encoding.token_bytes(token): token for token in range(256)}

    def __call__(self, prompt: Sequence[int]) -> Iterator[tuple[int, float]]:
        """Sample after a prompt."""
        said = self.tok.parse(prompt, allow_open=True).conversation.messages[-1].content
        for byte in f"{said}? 👍".encode():
            yield self.bytes[bytes([byte])], math.log(0.5)
        yield min(self.tok.stop_tokens), math.log(0.9)


def recorded(
    samples: Iterable[tuple[int, float]], ids: list[int], logprobs: list[float]
) -> Iterator[int]:
    """The ids, as they are sampled; both lists have what was sampled so far."""
    for token, logprob in samples:
        ids.append(token)
        logprobs.append(logprob)
        yield token


def chat(
    tok: chatfmt.ChatTokenizer, lines: Iterable[str], sample: Sampler, out: TextIO
) -> chatfmt.Transcript:
    """Answer each line; what was said, with the ids as they were sampled."""
    transcript = tok.render([{"role": "system", "content": "Say it again."}])
    for line in lines:
        transcript.append({"role": "user", "content": line})
        prompt = transcript.prompt()
        ids: list[int] = []
        logprobs: list[float] = []
        sampled = recorded(islice(sample(prompt), LONGEST), ids, logprobs)
        for text in chatfmt.stream_text(transcript.stream(), sampled):
            out.write(text)
            out.flush()
        completion = transcript.append_completion(ids, logprobs=logprobs)
        out.write("\n" if completion.stop_reason == "stop" else f" [{completion.stop_reason}]\n")
    return transcript


def main() -> None:
    """Chat over standard input and output."""
    tok = chatfmt.get_tokenizer("gpt-4o")
    lines = (line.rstrip("\n") for line in sys.stdin)
    transcript = chat(tok, lines, Echo(tok), sys.stdout)
    sampled = sum(weight > 0 for weight in transcript.weights("sampled"))
    print(f"{len(transcript.ids)} ids, {sampled} of them sampled")


if __name__ == "__main__":
    main()
