"""Pickles of earlier versions load, wherever the modules stand today.

    python tests/test_moved.py FILE

writes what the installed version makes of `values`. The files in ``tests/pickles`` have the names
of the commits that wrote them; one is written before modules move, and none is ever written anew.
"""

from __future__ import annotations

import importlib
import pickle
import pickletools
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

import chatfmt
from chatfmt.encodings import TiktokenEncoding
from chatfmt.hf import HFEncoding

FILES = sorted(Path(__file__).with_name("pickles").glob("*.pickle"))
NAMES = [
    name
    for name in chatfmt.__all__
    if getattr(getattr(chatfmt, name), "__module__", "").startswith("chatfmt.")
]
"""The public classes and functions: a pickle holds them by their names."""


def values() -> dict[str, Any]:
    """Public objects of every kind that can be pickled."""
    tok = chatfmt.get_tokenizer("gpt-4o")
    messages = [
        {"role": "user", "content": "What is 2+2? <|im_end|>"},
        {"role": "assistant", "content": "4"},
    ]
    conversation = chatfmt.Conversation.model_validate({"messages": messages})
    transcript = tok.render(conversation)
    ids = tok.encode(messages)
    prompted = tok.render(messages[:1])
    completion = prompted.append_completion(ids[len(prompted.prompt()) :])
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({char: i for i, char in enumerate(alphabet)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(["<|im_start|>", "<|im_sep|>", "<|im_end|>"])
    stream = tok.stream()
    events = [event for token in ids[3:] for event in stream.feed(token)] + stream.close()
    return {
        "names": {name: getattr(chatfmt, name) for name in NAMES},
        "format": tok.format,
        "tokenizer": tok,
        "encoding": TiktokenEncoding(chatfmt.get_encoding("o200k_im")),
        "tokenizer.json": HFEncoding(tokenizer),
        "conversation": conversation,
        "transcript": transcript,
        "spans": transcript.spans,
        "open": tok.parse(tok.encode_prompt(messages), allow_open=True).open,
        "prompted": prompted,
        "completion": completion,
        "events": events,
        "issues": tok.parse([*ids, 200265], strict=False).issues,
        "example": tok.encode_for_training(conversation),
        "batch": tok.encode_batch([conversation]),
        "fitted": tok.fit(conversation, max_tokens=100),
        "difference": tok.explain(ids, ids[:-1]),
        "scan": list(tok.scan(conversation)),
        "error": _error(tok, ids),
    }


def _error(tok: chatfmt.ChatTokenizer, ids: list[int]) -> chatfmt.ParseError:
    try:
        tok.decode(ids[:-1])
    except chatfmt.ParseError as error:
        return error.with_traceback(None)
    raise AssertionError("a message without its end is no conversation")


def said(value: Any) -> Any:
    """What an object says of itself, for those that do not compare equal to their like."""
    match value:
        case chatfmt.ChatTokenizer():
            parts: Any = said(value.format), said(value.encoding), value.stop_tokens
        case chatfmt.ChatFormat():
            row = value.row()
            for name in ("template", "speakers", "generation_start"):  # how it is said may change
                del row[name]
            lines = {role: [one.pieces for one in those] for role, those in value.lines_of.items()}
            parts = row, lines, value.prompted
        case TiktokenEncoding() | HFEncoding():
            parts = value.fingerprint
        case chatfmt.Transcript():
            parts = value.ids, value.spans, value.conversation, value.issues
        case chatfmt.Issue():
            parts = value.kind, value.position
        case chatfmt.ChatfmtError():
            parts = None  # its words may change
        case list():
            parts = [said(each) for each in value]
        case _:
            parts = value
    return type(value), parts


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_was_pickled_is_what_it_would_be_today(path: Path) -> None:
    loaded, expected = pickle.loads(path.read_bytes()), values()
    for name, found in loaded.pop("names").items():  # there may be more of them by now
        assert found is getattr(chatfmt, name)
    assert len(loaded) > 10
    for kind, value in loaded.items():
        assert said(value) == said(expected[kind]), kind


def test_no_pickle_needs_what_has_been_imported_before() -> None:
    code = "import pickle, sys; pickle.load(sys.stdin.buffer)"
    for path in FILES:
        with path.open("rb") as file:
            subprocess.run(  # noqa: S603
                [sys.executable, "-W", "error", "-c", code], stdin=file, check=True, timeout=300
            )


def test_an_old_name_gives_the_very_module_that_has_the_new_one() -> None:
    from chatfmt._moved import MOVED

    for old, new in MOVED.items():
        assert importlib.import_module(old) is importlib.import_module(new)
        assert importlib.import_module(new).__name__ == new
        assert importlib.import_module(new).__spec__.name == new  # type: ignore[union-attr]
    modules = {
        text.split(" ")[0]
        for path in FILES
        for _, text, _ in pickletools.genops(path.read_bytes())
        if isinstance(text, str)
    }
    assert {"chatfmt.spans", "chatfmt.chatformat", "chatfmt.training"} <= modules


@pytest.mark.parametrize("name", ["chatfmt.nothing", "chatfmt.spans.nothing", "spans"])
def test_other_names_are_not_found(name: str) -> None:
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module(name)


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(pickle.dumps(values(), protocol=4))
