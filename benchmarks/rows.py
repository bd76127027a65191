"""What is measured. Each function gives the rows of one kind of work."""

from __future__ import annotations

import codecs
import gc
import hashlib
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import chatfmt
from benchmarks import memory
from benchmarks.beside import tokenize
from benchmarks.calls import calls
from benchmarks.parent import measured
from benchmarks.peers import PEERS, hugging_face
from benchmarks.sets import SETS, contents, conversations, prose
from benchmarks.stock import stock
from benchmarks.table import Row, Target
from benchmarks.timing import Pair, alternate, alternate_fresh, two_processes
from chatfmt import Conversation, Message, stream_events, stream_text
from chatfmt.encodings import ENCODING_CONSTRUCTORS, get_encoding
from chatfmt.encodings.guard import LONGEST_RUN
from rank_tables import write_tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from benchmarks.peers import Peer

__all__ = ["FULL", "ROWS", "Scale", "keep_table"]


class Scale(NamedTuple):
    """How much work a row is."""

    seconds: float
    """For each comparison."""
    characters: int
    batch: int
    """Characters of a batch, several chunks of it."""
    turns: int
    text: int
    """Characters of the shorter text whose time is compared with that of four times as much."""
    rounds: int
    """Of processes of their own."""


FULL = Scale(seconds=2.0, characters=130_000, batch=2_000_000, turns=200, text=4_000_000, rounds=9)


_TWO = 1.7
"""How much of the work of one process two must do for the machine to have two processors free."""


def _raw_loop(texts: Sequence[str]) -> Callable[[], None]:
    return _each(stock().encode_ordinary, texts)


def _each(work: Callable[[Any], object], items: Sequence[Any]) -> Callable[[], None]:
    def run() -> None:
        for item in items:
            work(item)

    return run


def _check(condition: object, what: str) -> None:
    if not condition:
        raise RuntimeError(f"not the same on both sides: {what}")


def _beside_the_raw_loop(
    name: str,
    work: Callable[[Conversation], object],
    scale: Scale,
    wanted: dict[str, float],
) -> Iterator[Row]:
    raw = stock().encode_ordinary
    tok = chatfmt.get_tokenizer("gpt-4o")
    for on in SETS:
        chosen = conversations(on, scale.characters)
        texts = contents(chosen)
        for conversation in chosen:
            rendered = tok.render(conversation)
            found = [rendered.ids[s.start : s.stop] for s in rendered.spans if s.part == "content"]
            _check(found == [raw(m.content) for m in conversation.messages if m.content], name)
        target = Target("ratio", "≥", wanted[on]) if on in wanted else None
        for collect in (False, True) if on == "short" else (False,):
            pair = alternate(
                _each(work, chosen), _raw_loop(texts), seconds=scale.seconds, collect=collect
            )
            yield Row.of(
                name + ", gc on" * collect,
                on,
                "the raw loop",
                "µs a message",
                pair,
                per=len(texts),
                target=None if collect else target,
            )


def split(scale: Scale) -> Iterator[Row]:
    for name in ENCODING_CONSTRUCTORS:
        for on in SETS:
            texts = contents(conversations(on, scale.characters))
            ours, theirs = get_encoding(name).encode_ordinary, stock(name).encode_ordinary
            _check(all(ours(text) == theirs(text) for text in texts), name)
            pair = alternate(_each(ours, texts), _each(theirs, texts), seconds=scale.seconds)
            peer = f"tiktoken's {name.replace('_im', '_base')}"
            what = f"raw loop of {name}"
            yield Row.of(what, on, peer, "µs a message", pair, per=len(texts))


def encode(scale: Scale) -> Iterator[Row]:
    work = chatfmt.get_tokenizer("gpt-4o").encode
    yield from _beside_the_raw_loop(
        "encode", work, scale, {"short": 0.95, "long": 0.95, "code": 0.95}
    )


def render(scale: Scale) -> Iterator[Row]:
    render = chatfmt.get_tokenizer("gpt-4o").render

    def work(conversation: Conversation) -> object:
        transcript = render(conversation)
        return transcript.ids, list(transcript.spans)

    yield from _beside_the_raw_loop("render", work, scale, {"short": 0.60, "long": 0.85})


def weights(scale: Scale) -> Iterator[Row]:
    work = chatfmt.get_tokenizer("gpt-4o").encode_for_training
    yield from _beside_the_raw_loop("encode and weights", work, scale, {})


def batch(scale: Scale) -> Iterator[Row]:
    tok, raw = chatfmt.get_tokenizer("gpt-4o"), stock()
    for on in SETS:
        chosen = conversations(on, scale.batch)
        joined, messages = "\n".join(contents(chosen)), len(contents(chosen))
        found = tok.encode_batch(chosen)
        _check([*found.ids] == [token for c in chosen for token in tok.encode(c)], "batch")
        _check(tok.encode_batch(chosen, num_threads=2) == found, "batch, two threads")
        pair = alternate(
            lambda: tok.encode_batch(chosen),  # noqa: B023 - called here and now
            lambda: raw.encode_to_numpy(joined, disallowed_special=()),  # noqa: B023
            seconds=2 * scale.seconds,
        )
        target = Target("ratio", "≥", 0.75)
        yield Row.of("batch", on, "one raw call", "µs a message", pair, per=messages, target=target)
        before = two_processes()
        pair = alternate(
            lambda: tok.encode_batch(chosen, num_threads=2),  # noqa: B023
            lambda: tok.encode_batch(chosen),  # noqa: B023
            seconds=2 * scale.seconds,
            clock=time.perf_counter,
        )
        after = two_processes()
        note = f"two processes did {before:.2f} and {after:.2f} times the work of one"
        # Two threads are held to it where there are two processors to be had.
        two = Target("ratio", "≥", 1.5) if min(before, after) >= _TWO else None
        yield Row.of(
            "batch, 2 threads",
            on,
            "one thread",
            "µs a message",
            pair,
            per=messages,
            target=two,
            note=note,
        )


def decode(scale: Scale) -> Iterator[Row]:
    tok, raw = chatfmt.get_tokenizer("gpt-4o"), stock()
    wanted = {"short": 0.4, "long": 0.6}
    for on in SETS:
        chosen = conversations(on, scale.characters)
        encoded = [tok.encode(conversation) for conversation in chosen]
        _check([tok.decode(ids) for ids in encoded] == chosen, "decode")
        target = Target("ratio", "≥", wanted[on]) if on in wanted else None
        for collect in (False, True) if on == "short" else (False,):
            pair = alternate(
                _each(tok.decode, encoded),
                _each(raw.decode, encoded),
                seconds=scale.seconds,
                collect=collect,
            )
            yield Row.of(
                "decode" + ", gc on" * collect,
                on,
                "raw decode",
                "µs a message",
                pair,
                per=len(contents(chosen)),
                target=None if collect else target,
            )


def _peers() -> Iterator[Peer]:
    for name, make in PEERS.items():
        try:
            yield make()
        except ImportError as error:
            sys.stderr.write(f"{name} is left out: {error}\n")


def peers(scale: Scale) -> Iterator[Row]:
    for peer in _peers():
        for on in SETS:
            given = conversations(on, scale.characters)
            chosen = [conversation for conversation in given if peer.same(conversation)]
            _check(chosen, f"any conversation of {peer.name} on {on}")
            prepared = [peer.prepare(conversation) for conversation in chosen]
            pair = alternate(
                _each(peer.ours, chosen), _each(peer.run, prepared), seconds=2 * scale.seconds
            )
            share = f"{len(chosen)} of {len(given)} compared"
            yield Row.of(
                "same work",
                on,
                peer.name,
                "µs a message",
                pair,
                per=len(contents(chosen)),
                target=Target("ratio", "≥", 5 if "apply_chat_template" in peer.name else 2),
                note=share if len(chosen) < len(given) else "",
            )


def _completions(texts: Sequence[str], at_least: int) -> list[list[int]]:
    """What a model might sample: texts of at least so many tokens, each with the end token."""
    encode = stock().encode_ordinary
    [end] = chatfmt.get_tokenizer("gpt-4o").stop_tokens
    completions: list[list[int]] = []
    waiting: list[int] = []
    for text in texts:
        waiting += encode(text)
        if len(waiting) >= at_least or text is texts[-1]:
            completions.append([*waiting, end])
            waiting = []
    return completions


def _by_hand(ids: Sequence[int]) -> list[str]:
    """What one would write with tiktoken alone."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    token_bytes = stock().decode_single_token_bytes
    texts = (decoder.decode(token_bytes(token)) for token in ids[:-1])
    return [text for text in texts if text]


def stream(scale: Scale) -> Iterator[Row]:
    tok = chatfmt.get_tokenizer("gpt-4o")
    by_hand = "decode_single_token_bytes and a codec"

    def events(ids: list[int]) -> list[object]:
        return list(stream_events(tok.stream(), ids))

    def text_of(ids: list[int]) -> list[str]:
        return list(stream_text(tok.stream(), ids))

    works: dict[str, tuple[Callable[[list[int]], object], float]] = {
        "events": (events, 600),
        "text": (text_of, 350),
    }
    for on in SETS:
        texts = contents(conversations(on, scale.characters))
        completions = _completions(texts, 1000)
        for ids in completions:
            _check(text_of(ids) == _by_hand(ids), "stream")
        for name, (work, bound) in works.items():
            yield Row.of(
                f"stream of {name}",
                on,
                by_hand,
                "ns a token",
                alternate(
                    _each(work, completions), _each(_by_hand, completions), seconds=scale.seconds
                ),
                per=sum(map(len, completions)),
                target=Target("chatfmt", "≤", bound),
            )
    completions = _completions(contents(conversations("short", scale.characters)), 1)
    pair = alternate(
        _each(text_of, completions), _each(_by_hand, completions), seconds=scale.seconds
    )
    yield Row.of(
        "a stream of 17 ids",
        "short",
        by_hand,
        "µs a message",
        pair,
        per=len(completions),
        target=Target("ratio", "≥", 0.6),
    )


_TIMED = "import time; t = time.perf_counter(); {}; print(time.perf_counter() - t)"
_O200K = "https://openaipublic.blob.core.windows.net/encodings/o200k_base.tiktoken"


def keep_table(cache: Path) -> None:
    """Put o200k_base where tiktoken keeps it: tiktoken/load.py, read_file_cached."""
    write_tables(cache)
    table = cache / "o200k_base.tiktoken"
    table.rename(table.with_name(hashlib.sha1(_O200K.encode()).hexdigest()))  # noqa: S324


def load(scale: Scale) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as cache:
        keep_table(Path(cache))
        ours = "chatfmt.get_tokenizer('gpt-4o').encode([{'role': 'user', 'content': 'hello'}])"
        theirs = "tiktoken.get_encoding('o200k_base').encode_ordinary('hello')"
        pair = alternate_fresh(
            "import chatfmt, tiktoken; " + _TIMED.format(ours),
            "import tiktoken; " + _TIMED.format(theirs),
            rounds=scale.rounds,
            TIKTOKEN_CACHE_DIR=cache,
        )
    yield Row.of(
        "load, to first ids",
        "",
        "tiktoken, warm cache; fresh processes",
        "ms",
        pair,
        target=Target("ratio", "≥", 1.43),
    )
    pair = alternate_fresh(
        _TIMED.format("import chatfmt"), _TIMED.format("import tiktoken"), rounds=scale.rounds
    )
    yield Row.of("import", "", "import tiktoken; fresh processes", "ms", pair)
    pair = alternate_fresh(
        _TIMED.format("import chatfmt"),
        _TIMED.format("import tiktoken, regex, pydantic; pydantic.BaseModel"),
        rounds=scale.rounds,
    )
    yield Row.of("import", "", "import tiktoken, regex, pydantic", "ms", pair)


def growth(scale: Scale) -> Iterator[Row]:
    peer, fast = PEERS["apply_chat_template"](), hugging_face()
    tok, encode = peer.tok, peer.tok.encoding.encode_ordinary
    [end] = tok.stop_tokens
    texts = contents(conversations("short", 200 * scale.turns))
    users = [Message(role="user", content=text) for text in texts[: scale.turns]]
    replies = texts[-scale.turns :]
    sampled = [[*encode(text), end] for text in replies]

    def ours() -> list[list[int]]:
        transcript, prompts = tok.render([]), []
        for user, ids in zip(users, sampled, strict=True):
            transcript.append(user)
            prompts.append(transcript.prompt())
            transcript.append_completion(ids)
        return prompts

    def theirs() -> list[list[int]]:
        chat: list[dict[str, str]] = []
        prompts = []
        for user, reply in zip(users, replies, strict=True):
            chat.append({"role": "user", "content": user.content})
            out = fast.apply_chat_template(chat, add_generation_prompt=True, return_dict=True)
            prompts.append(out["input_ids"])
            chat.append({"role": "assistant", "content": reply})
        return prompts

    _check(ours() == theirs(), "growth")
    pair = alternate(ours, theirs, seconds=scale.seconds)
    yield Row.of(
        f"growth, {scale.turns} turns",
        "short",
        "apply_chat_template each turn",
        "ms",
        pair,
        target=Target("ratio", "≥", 50),
    )

    early, late = tok.render([]), tok.render([])
    for user, ids, times in zip(users, sampled, range(1, scale.turns), strict=False):
        for transcript in (early, late) if times == 1 else (late,):
            transcript.append(user)
            transcript.append_completion(ids)
    pair = Pair([], [])
    gc.disable()
    for _ in range(50 * scale.rounds):
        for transcript, times_of in zip((early, late), pair, strict=True):
            branch = transcript.copy()
            start = time.process_time()
            branch.append(users[-1])
            branch.append_completion(sampled[-1])
            times_of.append(time.process_time() - start)
    gc.enable()
    yield Row.of(
        "append turn 2",
        "short",
        f"turn {scale.turns} of the same size",
        "ms",
        pair,
        target=Target("ratio", "≤", 3),
    )


def guard(scale: Scale) -> Iterator[Row]:
    texts = contents(conversations("short", scale.characters))
    encode = stock().encode_ordinary

    def guarded() -> None:
        for text in texts:
            if len(text) <= LONGEST_RUN:
                encode(text)

    pair = alternate(guarded, _raw_loop(texts), seconds=2 * scale.seconds)
    yield Row.of(
        "guard in the raw loop",
        "short",
        "without it",
        "µs a message",
        pair,
        per=len(texts),
        target=Target("ratio", "≥", 0.98),
    )


def linearity(scale: Scale) -> Iterator[Row]:
    tok = chatfmt.get_tokenizer("gpt-4o")
    # A token of prose has about four and a half characters; a surplus is cut.
    text = prose(random.Random(0), scale.text)[: 4 * scale.text]
    small, large = (
        Conversation(messages=(Message(role="user", content=part),))
        for part in (text[: len(text) // 4], text)
    )
    pair = alternate(
        lambda: tok.encode(small), lambda: tok.encode(large), seconds=3 * scale.seconds
    )
    yield Row.of(
        f"encode {len(text) / 4e6:.1f} M chars",
        "prose",
        f"chatfmt itself on {len(text) / 1e6:.1f} M characters",
        "s",
        pair,
        target=Target("ratio", "≤", 4.5),
    )


def headers(scale: Scale) -> Iterator[Row]:
    encoding = chatfmt.get_tokenizer("gpt-oss").encoding
    row = chatfmt.get_format("gpt-oss").row()
    unbound = chatfmt.ChatFormat(**{**row, "longest_header": 10**9})
    prompt = chatfmt.ChatTokenizer(unbound, encoding).encode_prompt([])
    words = encoding.encode_ordinary("functions.get_weather_in_the_mountains-")
    count = min(32_000, 8 * scale.text)
    text = (words * (count // len(words) + 1))[:count]
    content = [*prompt, encoding.special_tokens["<|message|>"]]
    header = [*prompt, *encoding.encode_ordinary(" to=")]

    def read(before: list[int]) -> None:
        # from an empty store of steps, and without the shorter way that free text has
        parser = chatfmt.ChatTokenizer(unbound, encoding).stream(None)
        parser.feed_all(before)
        for token in text:
            parser._take(token)

    pair = alternate(lambda: read(content), lambda: read(header), seconds=2 * scale.seconds)
    yield Row.of(
        f"{count:,} ids of content, one by one",
        "a name",
        "chatfmt itself in a header",
        "ms",
        pair,
        target=Target("ratio", "≤", 1.5),
    )


def peak(scale: Scale) -> Iterator[Row]:
    if not memory.CAN_MEASURE:
        return
    for ours, theirs in (memory.WORK[:2], memory.WORK[2:]):
        codes = (
            f"from benchmarks.memory import peak; print(peak({work!r}, {scale.batch}))"
            for work in (ours, theirs)
        )
        pair = alternate_fresh(*codes, rounds=max(1, scale.rounds // 3))
        yield Row.of(f"peak memory, {ours}", "short", theirs, "MB", pair)


def parent(scale: Scale) -> Iterator[Row]:
    yield from measured(max(100, 20_000 * scale.characters // 130_000), max(1, scale.rounds // 3))


ROWS: dict[str, Callable[[Scale], Iterator[Row]]] = {
    work.__name__: work
    for work in (
        split,
        encode,
        render,
        weights,
        batch,
        decode,
        peers,
        stream,
        load,
        growth,
        guard,
        linearity,
        headers,
        calls,
        peak,
        tokenize,
        parent,
    )
}
"""By the names that the command takes."""
