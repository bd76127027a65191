"""What `benchmarks.library` times in a checkout, in a process of its own.

It is run as a file, with a JSON file of conversations of each set, and imports nothing but
chatfmt, which may be an older one. It is asked on standard input, a work and a set a line, and
answers each with the processor time; before that, with a digest of what each work gives.
"""

from __future__ import annotations

import gc
import hashlib
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import chatfmt
from chatfmt import Conversation, stream_events, stream_text

if TYPE_CHECKING:
    from collections.abc import Callable


def works(chats: list[Conversation]) -> dict[str, Callable[[], list[Any]]]:
    """Name to what is done with the conversations; each gives what has come out of it."""
    tok = chatfmt.get_tokenizer("gpt-4o")
    encoded = [tok.encode(chat) for chat in chats]
    replies = [ids[1 + ids.index(_SEP) :] for ids in encoded]

    def fed() -> list[Any]:
        found = []
        for ids in encoded:
            parser = tok.stream(None)
            found.append([event for token in ids for event in parser.feed(token)])
        return found

    return {
        "encode": lambda: [tok.encode(chat) for chat in chats],
        "encode and weights": lambda: [tok.encode_for_training(chat) for chat in chats],
        "batch": lambda: [[*tok.encode_batch(chats).ids]],
        "decode": lambda: [tok.decode(ids) for ids in encoded],
        "parse": lambda: [tok.parse(ids) for ids in encoded],
        "stream of events": lambda: [[*stream_events(tok.stream(), ids)] for ids in replies],
        "stream of text": lambda: [[*stream_text(tok.stream(), ids)] for ids in replies],
        "feed, headers too": fed,
    }


_SEP = 200266
"""`<|im_sep|>`, which ends the header of a message."""


def _digest(found: list[Any]) -> str:
    plain = json.dumps(found, default=_plain, sort_keys=True)
    return hashlib.sha256(plain.encode()).hexdigest()


def _plain(value: object) -> object:
    """What means the same in every edition: roles and contents, ids and weights."""
    if isinstance(value, chatfmt.Message):
        return [value.role, value.content]
    if isinstance(value, chatfmt.Transcript):
        return value.conversation
    for names in (("ids", "weights"), ("messages",)):
        if all(hasattr(value, name) for name in names):
            return [[*getattr(value, name)] for name in names]
    raise TypeError(f"expected what a work gives, found {type(value).__name__}")


def main(path: str) -> None:
    sets = json.loads(Path(path).read_text(encoding="utf-8"))
    ready = {
        name: works([Conversation.model_validate(chat) for chat in chats])
        for name, chats in sets.items()
    }
    digests = {
        f"{work} {on}": _digest(run()) for on, of in ready.items() for work, run in of.items()
    }
    sys.stdout.write(json.dumps([chatfmt.__file__, digests]) + "\n")
    sys.stdout.flush()
    gc.collect()
    gc.disable()
    for line in sys.stdin:
        work, on = json.loads(line)
        run = ready[on][work]
        start = time.process_time()
        run()
        sys.stdout.write(f"{time.process_time() - start}\n")
        sys.stdout.flush()
        gc.collect()


if __name__ == "__main__":
    main(sys.argv[1])
