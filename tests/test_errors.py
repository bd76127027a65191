"""Errors show at most a line of the input, however long it is."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from broken_encodings import RANKS, Changed, small
from chatfmt import ChatFormat, get_format, tokenizer_for_model
from chatfmt.adapters import Options, Row, iter_rows, read_row, read_rows, write_row
from chatfmt.adapters.anything import read_value
from chatfmt.adapters.mixture import Mixture, Source
from chatfmt.adapters.strict import StrictJSON
from chatfmt.commands import convert
from chatfmt.commands._data import policies
from chatfmt.commands._input import ids_of
from chatfmt.commands._options import tokenizer
from chatfmt.conversation import Conversation, Message
from chatfmt.conversation.wording import Fault, objections
from chatfmt.corpus import EncodeOptions, RawRow, batches, encode_records
from chatfmt.encodings import TiktokenEncoding, extend_encoding, get_encoding
from chatfmt.encodings.probe import probe
from chatfmt.encodings.rank_file import read_rank_file
from chatfmt.encodings.tekken import read_tekken
from chatfmt.errors import named, said, shown
from chatfmt.hf import HFEncoding
from chatfmt.line.arguments import join_arguments, split_arguments
from chatfmt.line.calls import CallObject, read_call
from chatfmt.line.jsontext import quoted
from chatfmt.training.examples import TrainingExample, collate
from chatfmt.web.api import CALLS, Refusal
from formats_under_test import tokenizer_for
from tekken_file import config, document, entry

if TYPE_CHECKING:
    from collections.abc import Callable

LONG: Any = "line\n" * 100_000
TOK = tokenizer_for("gpt-4o")
CHAT = [{"role": "assistant", "content": "x"}]


def _from_dict(**damage: Any) -> object:
    return TOK.transcript_from_dict({**TOK.render(CHAT).to_dict(), **damage})


def _decode(ids: Any) -> object:
    return TOK.decode(ids)


def _extend(special_tokens: Any, name: str = "x") -> object:
    return extend_encoding(small(), name, special_tokens)


def _tekken(**changes: Any) -> object:
    return read_tekken(document(**changes), "mine")


def _ranks(line: bytes, pattern: str = ".") -> object:
    return read_rank_file(line, "mine", pattern, ())


def _hf(text: str) -> object:
    tokenizer: Any = _Tokenizer(text)
    return HFEncoding(tokenizer)


class _Tokenizer:
    """What is asked of a `tokenizers.Tokenizer`."""

    def __init__(self, text: str) -> None:
        self._text = text

    def to_str(self) -> str:
        return self._text


def _spec(**changes: Any) -> str:
    """A tokenizer of Hugging Face's, which is not valid."""
    spec: dict[str, Any] = {
        "model": {"type": "BPE", "vocab": {}, "merges": [], "dropout": None}
        | dict.fromkeys(("continuing_subword_prefix", "end_of_word_suffix")),
        "normalizer": None,
        "pre_tokenizer": None,
        "decoder": None,
        "added_tokens": [],
    }
    return json.dumps(spec | changes)


def _messages(*messages: dict[str, Any], **options: Any) -> object:
    return read_row({"messages": list(messages)}, options=Options(**options))


def _web(name: str, **body: Any) -> object:
    try:
        return CALLS[name](json.dumps(body).encode())
    except Refusal as refusal:
        raise ValueError(f"{refusal.where}: {refusal.reason}") from None


def _message(**fields: Any) -> object:
    return Message(**{"role": "user"} | fields)


def _source(**given: Any) -> Source:
    return Source.model_validate({"paths": ["a"]} | given)


def _corpus(row: dict[str, Any], **options: Any) -> None:
    """Encode a row of a data set; what it is refused for is raised."""
    how = EncodeOptions(tokenizer=TOK, sources=(_source(name="a"),), **options)
    raw = RawRow("a", "a.jsonl", 1, json.dumps(row).encode())
    _, rejects = encode_records(next(batches([raw])), how)
    raise ValueError(*rejects["reason"].to_pylist())


def _line(text: str) -> object:
    raise StrictJSON().line("a.jsonl", 1, text.encode()).error or AssertionError


def _tree(**reply: Any) -> object:
    prompt = {"message_id": "1", "role": "prompter", "text": "a", "replies": [reply]}
    return read_row({"message_tree_id": "1", "prompt": prompt})


def _flat(*rows: dict[str, Any]) -> object:
    readings = read_rows([Row("a.jsonl", at, row) for at, row in enumerate(rows, 1)])
    raise next(found.error for found in readings if found.error is not None)


def _command(**args: Any) -> object:
    given = {"format": "gpt-4o", "format_file": None, "encoding_file": None, "pattern": None}
    return tokenizer(Namespace(**given | {"special_tokens": None, "model": None} | args))


HUMAN = "\n\nHuman: a\n\nAssistant: b"
TREE = {"message_id": "2", "role": "assistant", "text": "b"}
OWN = {
    "template": "{role}abcdefgh{content}" + "hello",
    "special_tokens": ["abcdefgh", "hello"],
    "roles": ["user"],
}
SHAREGPT = {"conversations": [{"from": "human", "value": "x"}, {"from": "gpt", "value": "x"}]}


def _row(template: Any = "<s>{role}\n{content}<e>", **row: Any) -> object:
    given = {"name": "x", "special_tokens": ["<s>", "<e>"], "roles": ["user"], **row}
    return ChatFormat.from_row({"template": template, **given})


def _long(key: str) -> str:
    """A JSON object with a long key, twice."""
    return f"{{{quoted(key)}: 1, {quoted(key)}: 2}}"


RAISING: dict[str, Callable[[], object]] = {
    "role": lambda: TOK.encode([{"role": LONG}]),
    "name": lambda: TOK.encode([{"role": "user", "name": LONG}]),
    "channel": lambda: TOK.encode([{"role": "user", "channel": LONG}]),
    "prompt": lambda: TOK.encode_prompt([], role=LONG),
    "prompt's name": lambda: TOK.encode_prompt([], name=LONG),
    "continue_last": lambda: TOK.encode_prompt([], role=LONG, name=LONG, continue_last=True),
    "continued": lambda: TOK.encode_prompt([{"role": LONG}], continue_last=True),
    "a text": lambda: TOK.encode(LONG),
    "an id": lambda: TOK.decode([LONG]),
    "a float": lambda: _decode([1e300]),
    "train_on": lambda: TOK.encode_for_training(CHAT, train_on=LONG),
    "weight": lambda: TOK.encode_for_training(CHAT, train_on=lambda *_: LONG),
    "nothing to train": lambda: TOK.encode_for_training([], train_on=_named(LONG)),
    "overlong": lambda: TOK.encode_for_training(CHAT, overlong=LONG),
    "side": lambda: collate([TrainingExample([], [], [])], pad_id=0, side=LONG),
    "format": lambda: _from_dict(format={"name": LONG}),
    "encoding": lambda: _from_dict(encoding=LONG),
    "ids": lambda: _from_dict(ids=[LONG] * 1000),
    "messages": lambda: _from_dict(messages=[{"role": "assistant", "content": LONG}]),
    "partial": lambda: _from_dict(partial={"role": "assistant", "content": LONG}),
    "prompted": lambda: _from_dict(prompted=[LONG, 0]),
    # messages and conversations
    "no such field": lambda: _message(**{LONG: 1}),
    "a field": lambda: _message(content=[LONG]),
    "a weight": lambda: _message(weight=LONG),
    "metadata": lambda: Conversation(messages=(), metadata={LONG: "\ud800"}),
    "a call's arguments": lambda: _message(tool_calls=[{"name": "f", LONG: 1}]),
    # encodings
    "an encoding": lambda: get_encoding(LONG),
    "a set of spellings": lambda: _extend({LONG}),
    "a spelling": lambda: _extend([LONG + "\ud800"]),
    "a spelling of another type": lambda: _extend([[LONG]]),
    "a spelling twice": lambda: _extend([LONG, LONG]),
    "an id of a spelling": lambda: _extend({LONG: LONG}),
    "a large id": lambda: _extend({LONG: 10**5000}),
    "a negative id": lambda: _extend({LONG: -1}),
    "an id that is taken": lambda: _extend({LONG: 0}),
    "a rank file": lambda: _ranks(LONG.replace("\n", " ").encode()),
    "a rank file's token": lambda: _ranks(b"%b 0\n%b 1" % ((b"YWFh" * 1000,) * 2)),
    "a rank file's pattern": lambda: _ranks(b"YQ== 0", f"({LONG}"),
    "tekken's config": lambda: _tekken(config=config(default_vocab_size=LONG)),
    "tekken's version": lambda: _tekken(special_tokens=None, config=config(version=LONG)),
    "tekken's pattern": lambda: _tekken(config=config(pattern=[LONG])),
    "tekken's pattern, damaged": lambda: _tekken(config=config(pattern=f"({LONG}")),
    "tekken's vocab": lambda: _tekken(vocab=LONG),
    "tekken's entry": lambda: _tekken(vocab=[entry(5, LONG.encode())] * 260),
    "tekken's special tokens": lambda: _tekken(special_tokens=[{"rank": LONG}]),
    "tekken's special token": lambda: _tekken(
        special_tokens=[{"rank": rank, "token_str": LONG} for rank in range(2)]
    ),
    "a shared id": lambda: probe(Changed(special_tokens={LONG: 97})),
    "a rank": lambda: probe(
        TiktokenEncoding(small({LONG: 300}, mergeable_ranks=RANKS | {LONG.encode(): 300}))
    ),
    "a forged id": lambda: probe(Changed(ids=lambda _: [300], special_tokens={LONG: 300})),
    "an id of another type": lambda: probe(Changed(ids=lambda _: [LONG])),
    "ids without bytes": lambda: probe(Changed(ids=lambda _: [10**6])),
    "a lossy encoding": lambda: probe(Changed(text=lambda text: LONG + text)),
    "no tokenizer": lambda: HFEncoding(LONG),
    "a model": lambda: _hf(_spec(model={"type": LONG})),
    "normalizers": lambda: _hf(
        _spec(normalizer={"type": "Sequence", "normalizers": [{"type": LONG}] * 1000})
    ),
    "a pre-tokenizer": lambda: _hf(_spec(pre_tokenizer={"type": LONG, "add_prefix_space": 1})),
    "decoders": lambda: _hf(
        _spec(decoder={"type": "Sequence", "decoders": [{"type": "Fuse"}] * 1000})
    ),
    # adapters
    "a schema": lambda: read_row({}, schema=LONG),
    "a schema to write": lambda: write_row(Conversation(messages=()), LONG),
    "a kind of file": lambda: iter_rows("a.txt", format=LONG),
    "a row's members": lambda: read_row({LONG: 1}),
    "a row": lambda: read_row(LONG),
    "a row's role": lambda: _messages({"role": LONG}),
    "a row's member": lambda: _messages({"role": "user", "content": "", LONG: 1}),
    "a row's metadata": lambda: read_row({**SHAREGPT, LONG: "\ud800"}),
    "a row's content": lambda: _messages({"role": "user", "content": {LONG: 1}}),
    "a part": lambda: _messages({"role": "user", "content": [{"type": LONG}]}),
    "a call's id": lambda: _messages({"role": "tool", "content": "", "tool_call_id": LONG}),
    "a speaker": lambda: read_row({"conversations": [{"from": LONG, "value": "x"}]}),
    "a speaker's calls": lambda: read_row(
        {"conversations": [{"from": "function_call", "value": LONG}]}
    ),
    "a role to write": lambda: write_row(
        Conversation(messages=(Message(role=LONG),)), schema="sharegpt"
    ),
    "a log": lambda: read_row({"chosen": LONG, "rejected": LONG}),
    "a log's turn": lambda: read_row({"chosen": HUMAN + "\n\nHuman:" + LONG, "rejected": HUMAN}),
    "a tree": lambda: read_row({"message_tree_id": LONG, "prompt": {"message_id": LONG + "x"}}),
    "a tree's role": lambda: _tree(**TREE | {"role": LONG}),
    "a tree's parent": lambda: _tree(**TREE, parent_id=LONG),
    "a flat message twice": lambda: _flat(*[{"message_id": LONG, "text": "", "role": ""}] * 2),
    "a flat message's parent": lambda: _flat(
        {"message_id": "1", "text": "", "role": "", "parent_id": LONG}
    ),
    "a line": lambda: _line(LONG.replace("\n", " ")),
    "a key twice": lambda: _line(json.dumps({LONG: 1})[:-1] + "," + json.dumps({LONG: 1})[1:]),
    "a list": lambda: _line(json.dumps([LONG])),
    "a large number": lambda: _line('{"a": 1' + "0" * 9999 + "e9999}"),
    "a lone surrogate": lambda: _line(json.dumps({LONG: "\ud800"})),
    "a policy": lambda: Options(empty_turns=LONG),
    "a source's schema": lambda: _source(name="a", schema=LONG),
    "a source's files": lambda: _source(name=LONG, paths=["*" + "x" * 200 + "\n"]).files(Path()),
    "a mixture": lambda: Mixture.model_validate({"source": [], LONG: 1}),
    # commands
    "a document": lambda: read_value(LONG),
    "a document's keys": lambda: read_value({LONG: 1}),
    "a document's ids": lambda: ids_of([LONG]),
    "--option": lambda: policies(Namespace(policies=[LONG])),
    "--option with a value": lambda: policies(Namespace(policies=[f"empty_turns={LONG}"])),
    "--option with a list": lambda: policies(Namespace(policies=[f"speakers={LONG}"])),
    "--to": lambda: convert.run(Namespace(to=LONG)),
    "--special-token": lambda: _command(encoding_file="f", special_tokens=[LONG]),
    "--special-token twice": lambda: _command(
        encoding_file="f", special_tokens=[f"{LONG}=1", f"{LONG}=1"]
    ),
    # web
    "a request": lambda: _web("show", **{LONG: 1}),
    "a request's encoding": lambda: _web("show", format="gpt-4o", messages=[], encoding=LONG),
    "a request's prompt": lambda: _web("show", format="gpt-4o", messages=[], prompt=LONG),
    "a request's role": lambda: _web("show", format="gpt-4o", messages=[{"role": LONG}]),
    "a request's field": lambda: _web("show", format="gpt-4o", messages=[{"role": [LONG]}]),
    "a request's member": lambda: _web(
        "show", format="gpt-4o", messages=[{"role": "user", LONG: 1}]
    ),
    "a request's ids": lambda: _web("read", format="gpt-4o", ids=[LONG]),
    "a line of one's own": lambda: _web(
        "show", format={"template": LONG, "special_tokens": [], "roles": []}, messages=[]
    ),
    "an ordinary token": lambda: _web("show", format=OWN, messages=[]),
    "pasted text": lambda: _web("import", text=LONG),
    "a pasted item": lambda: _web("import", text=json.dumps({"model": "", "input": [LONG]})),
    "a pasted item's type": lambda: _web(
        "import", text=json.dumps({"model": "", "input": [{"type": LONG}]})
    ),
    "a pasted row": lambda: _web("import", text=json.dumps([{"conversations": [{"from": LONG}]}])),
    # corpora
    "a row of a corpus": lambda: _corpus({"messages": [{"role": LONG}]}),
    "a member of a corpus": lambda: _corpus({LONG: 1}),
    "a role of a corpus": lambda: _corpus({"messages": [{"role": "developer", "content": LONG}]}),
    "special text": lambda: _corpus(
        {"prompt": LONG + "<|im_end|>" + LONG, "completion": "x"}, special_text="refuse"
    ),
    "unknown format": lambda: get_format(LONG),
    "unknown model": lambda: tokenizer_for_model(LONG),
    "row's member": lambda: _row(**{LONG: 1}),
    "row's kind": lambda: _row(source=[LONG, 1]),
    "row's start": lambda: _row(generation_start=LONG),
    "row's length": lambda: _row(longest_header=LONG),
    "row's role": lambda: _row(roles=[LONG]),
    "row's spelling": lambda: _row(roles={"user": LONG}),
    "row's end": lambda: _row("<s>{role}\n{content}{end}", ends={"<e>": LONG}),
    "spelling in a line": lambda: _row("<s>{role}-{content}<e>", roles={"user": "a-" + "a" * 9**6}),
    "value in a line": lambda: _row(f"<s>{{role}}{{channel={LONG}}}\n{{content}}<e>"),
    "argument": lambda: split_arguments(_long(LONG)),
    "argument's value": lambda: join_arguments([(LONG, "{")]),
    "key of a call": lambda: read_call(f'{{{quoted(LONG)}: 1, "name": "f"}}', CallObject()),
}

# What may be as long, and is no value but stands for itself: on any number of lines.
NAMING: dict[str, Callable[[], object]] = {
    "row's name": lambda: _row("<s>", name=LONG),
    "row's token": lambda: _row(special_tokens=["<s>", "<e>", "<" + "x" * 9999 + ">"]),
    "row's tokens": lambda: _row(special_tokens=[LONG, LONG]),
    "row's roles": lambda: _row({"user": "<s>{content}<e>"}, roles=[f"r{n}" for n in range(2000)]),
    "field": lambda: _row("<s>{role}\n{" + "x" * 9**6 + "}<e>"),
    "coder": lambda: _row("<s>{role}\n{content:" + "x" * 9**6 + "}<e>"),
}


def _named(name: str) -> Any:
    class Rule:
        def __call__(self, *_: object) -> float:
            return 0.0

        def __repr__(self) -> str:
            return name

    return Rule()


@pytest.mark.parametrize("what", RAISING)
def test_no_error_shows_more_than_a_line_of_a_value(what: str) -> None:
    with pytest.raises((ValueError, TypeError)) as error:
        RAISING[what]()
    found = error.value
    told = [str(found)]
    if isinstance(found, ValidationError):  # pydantic puts each on lines of its own
        told = [str(Fault(reason, path)) for path, reason in objections(found)]
    assert told
    assert all(len(text) < 1000 for text in told)
    assert "\n" not in "".join(told)


@pytest.mark.parametrize("what", NAMING)
def test_no_error_has_more_than_a_few_lines_of_a_name(what: str) -> None:
    with pytest.raises(ValueError, match="format") as error:
        NAMING[what]()
    assert len(str(error.value)) <= 600


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a'b", '"a\'b"'),
        (None, "None"),
        (1.5, "1.5"),
        pytest.param(10**5000, "an integer of 16,610 bits", id="more digits than Python spells"),
        (b"x" * 200, "(200 bytes)"),
        (list(range(1000)), "[0, 1, 2, 3, 4, 5, ...]"),
        ({"a": "x" * 1000}, "…"),
    ],
)
def test_shown(value: object, text: str) -> None:
    assert shown(value).endswith(text)
    assert len(shown(value)) < 140


def test_a_name_is_bare_where_it_is_one_short_line() -> None:
    assert named("<|im_end|>") == "<|im_end|>"
    assert named("") == "''"
    assert named("a\nb") == r"'a\nb'"
    assert named("x" * 101).endswith("… (101 characters)")
    assert named(None) == "None"


def test_what_another_library_says_is_one_line() -> None:
    assert said(ValueError("a\n  b\n")) == "a b"
    assert len(said(ValueError("x" * 10_000 + "\n" + "y" * 10_000))) < 210
