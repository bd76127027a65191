"""A corpus of prepared conversations: each row is what the tokenizer prepares, and is marked so."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import pickle
from typing import TYPE_CHECKING, Any

import pytest

import chatfmt
from chatfmt.adapters import Source
from chatfmt.cli import main
from chatfmt.corpus import PrepareOptions, RawRow, batches, encode_records
from corpus_data import mixture, options, write

if TYPE_CHECKING:
    from pathlib import Path

    from chatfmt.tokenizer import ChatTokenizer

ROW: dict[str, Any] = {
    "name": "mine",
    "template": {
        "system": "<|im_start|>system<|im_sep|>{content}<|im_end|>",
        "user": "<|im_start|>user<|im_sep|>{content}<|im_end|>",
        "assistant": "<|im_start|>assistant<|im_sep|>"
        "{^}[<|endofprompt|>{reasoning}<|endoftext|>]{content}<|im_end|>",
    },
    "special_tokens": [
        *("<|im_start|>", "<|im_sep|>", "<|im_end|>", "<|endofprompt|>", "<|endoftext|>"),
    ],
    "encoding": "o200k_im",
    "prepare": [
        {"word": "order", "alternate": True},
        {"word": "reasoning", "keep": "after_last_answer"},
        {"word": "system", "default": "It is {date:%d %b}.", "values": {"date": None}},
        {"word": "tools", "into": "system", "field": "content", "place": "after"},
    ],
}
DATE = dt.date(2026, 11, 27)
ASKED = PrepareOptions(values={"date": DATE})
USER = {"role": "user", "content": "a"}
ANSWER = {"role": "assistant", "content": "b", "reasoning_content": "c"}
SIDES = ("chosen", "rejected")
TOOL = {"type": "function", "function": {"name": "f"}}


def tokenizer() -> ChatTokenizer:
    row = chatfmt.ChatFormat(**ROW)
    return chatfmt.ChatTokenizer(row, chatfmt.get_encoding("o200k_im"))


def encoded(tmp_path: Path, *rows: Any, **more: Any) -> tuple[list[dict[str, Any]], list[str]]:
    """The examples, and why rows were refused."""
    more = {"tokenizer": tokenizer(), **more}
    found = dataclasses.replace(options(mixture(tmp_path, "a")), **more)
    raw = [RawRow("a", "a", n, json.dumps(row).encode()) for n, row in enumerate(rows, 1)]
    examples, rejects = encode_records(next(batches(raw)), pickle.loads(pickle.dumps(found)))
    return examples.to_pylist(), rejects["reason"].to_pylist()


@pytest.mark.parametrize("history", ["published", "keep"])
def test_each_row_is_prepared_by_itself(history: Any, tmp_path: Path) -> None:
    chat = [USER, ANSWER, USER, ANSWER]
    asked = dataclasses.replace(ASKED, history=history)
    rows = [{"messages": chat}, {"messages": chat, "tools": [TOOL]}]
    examples, reasons = encoded(tmp_path, *rows, prepare=asked)
    tok = tokenizer()
    for example, tools in zip(examples, (None, [TOOL]), strict=True):
        prepared = tok.prepare(chat, tools=tools, values={"date": DATE}, history=history)
        expected = tok.encode_for_training(prepared)
        assert (example["input_ids"], example["labels"]) == (expected.input_ids, expected.labels)
    assert reasons == []
    plain, _ = encoded(tmp_path, *rows)
    assert plain[0]["input_ids"] == tok.encode(chat)


def test_what_the_template_refuses_is_refused_with_the_reason(tmp_path: Path) -> None:
    rows = [{"messages": [USER, USER, ANSWER]}, {"messages": [USER, ANSWER]}]
    examples, reasons = encoded(tmp_path, *rows, prepare=ASKED)
    assert len(examples) == 1
    assert reasons == [
        (
            "message 1: the template expects assistant here, because these two take turns; "
            "found user "
            "(format mine)"
        )
    ]
    examples, reasons = encoded(tmp_path, *rows[1:], prepare=PrepareOptions())
    assert examples == []
    assert reasons[0].startswith("the value date is needed: a datetime.date")


def test_preferences_are_prepared_whole(tmp_path: Path) -> None:
    answers = {"chosen": [{**ANSWER, "content": "yes"}], "rejected": [ANSWER]}
    row = {"prompt": [USER, ANSWER, USER], **answers}
    kept = dataclasses.replace(ASKED, history="keep")
    [example], reasons = encoded(tmp_path, row, preferences=True, prepare=kept)
    assert reasons == []
    tok = tokenizer()
    prompt = tok.encode_prompt(tok.prepare([USER, ANSWER, USER], **kept.arguments()))
    whole = tok.prepare([USER, ANSWER, USER, answers["chosen"][0]], **kept.arguments())
    assert example["prompt_ids"] == prompt
    assert prompt + example["chosen_ids"] == tok.encode(whole)


def test_a_prompt_that_replies_change_is_refused(tmp_path: Path) -> None:
    # The template strips what the user has said before, and the replies go on with the user.
    user = {"role": "user", "content": "a "}
    answers = [{"role": "assistant", "content": text} for text in ("yes", "no")]
    words = [{"word": "strip", "roles": ["user"], "earlier": True}]
    stripping = chatfmt.ChatFormat(**{**ROW, "prepare": words})
    tok = chatfmt.ChatTokenizer(stripping, chatfmt.get_encoding("o200k_im"))
    how = {"schema": "preference", "options": {"early_difference": "keep"}}
    source = Source.model_validate({"name": "a", "paths": ["a"], **how})
    asked: dict[str, Any] = {"preferences": True, "tokenizer": tok, "sources": (source,)}
    for turns, count in ((1, 1), (2, 0)):
        sides = [[answer, user] * (turns - 1) + [answer] for answer in answers]
        row = {side: [user, *reply] for side, reply in zip(SIDES, sides, strict=True)}
        examples, reasons = encoded(tmp_path, row, **asked, prepare=PrepareOptions())
        assert len(examples) == count
    assert reasons[0].startswith("expected a prompt with which both conversations begin; ")


def test_another_preparation_does_not_go_on_with_a_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "a.jsonl", [json.dumps({"messages": [USER, ANSWER]}).encode()])
    (tmp_path / "row.json").write_text(json.dumps(ROW), "utf-8")
    (tmp_path / "tools.json").write_text(json.dumps([TOOL]), "utf-8")
    out = tmp_path / "out"
    command = ["tokenize", str(tmp_path / "a.jsonl"), "-o", str(out), "--workers", "1"]
    command += ["--format-file", str(tmp_path / "row.json")]
    date = ["--prepare", "--value", "date=2026-11-27"]
    assert main([*command, *date]) == 0
    manifest = json.loads((out / "manifest.json").read_text("utf-8"))
    assert manifest["plan"]["options"]["prepare"] == {
        "tools": None,
        "values": {"date": {"date": "2026-11-27"}},
        "history": "published",
        "thinking": None,
    }
    assert main([*command, *date, "--resume"]) == 0
    capsys.readouterr()
    for other, where in (
        (["--prepare", "--value", "date=2026-11-28"], "options.prepare.values.date.date"),
        (["--prepare", "--value", "date=27 Nov"], "options.prepare.values.date"),
        ([*date, "--history", "keep"], "options.prepare.history"),
        ([*date, "--tools", str(tmp_path / "tools.json")], "options.prepare.tools"),
        ([], "options.prepare"),
    ):
        assert main([*command, *other, "--resume"]) == 2
        error = capsys.readouterr().err
        assert f"interrupted run had, found different {where};" in error
    assert main([*command, "--value", "date=2026-11-27"]) == 2
    assert "expected --prepare with --" in capsys.readouterr().err
