"""Real conversations keep the laws, through `chatfmt check`, in every format of the im family."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from chatfmt import FORMAT_ROWS
from chatfmt.cli import main

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

IM_FORMATS = [name for name in FORMAT_ROWS if isinstance(FORMAT_ROWS[name]["template"], str)]
IM_FORMATS = [name for name in IM_FORMATS if "<|im_start|>" in FORMAT_ROWS[name]["special_tokens"]]


def _conversations(data: Path) -> Iterator[list[dict[str, str]]]:
    for line in (data / "messages_multilingual.jsonl").read_bytes().splitlines():
        yield json.loads(line)["messages"]

    roles = {"human": "user", "gpt": "assistant", "prompter": "user", "assistant": "assistant"}
    for row in json.loads((data / "sharegpt_fastchat.json").read_bytes()):
        turns = row["conversations"]
        yield [{"role": roles[turn["from"]], "content": turn["value"]} for turn in turns]

    def paths(node: dict[str, Any]) -> Iterator[list[dict[str, str]]]:
        message = {"role": roles[node["role"]], "content": node["text"]}
        replies = node["replies"]
        yield from ([message, *path] for reply in replies for path in paths(reply))
        if not replies:
            yield [message]

    for line in (data / "oasst_trees_en.jsonl").read_bytes().splitlines():
        yield from paths(json.loads(line)["prompt"])


@pytest.fixture(scope="module")
def real(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All real conversations as one file of JSON Lines."""
    path = tmp_path_factory.mktemp("real") / "all.jsonl"
    found = list(_conversations(shared_data))
    assert len(found) == 1404 + 500 + 360
    path.write_text("".join(json.dumps(c) + "\n" for c in found), "utf-8")
    return path


@pytest.mark.parametrize("name", IM_FORMATS)
def test_real_conversations_keep_the_laws(
    name: str, real: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # Formats without an encoding of their own get a bundled one that has their special tokens.
    row = {"name": name, "encoding": "cl100k_im", **FORMAT_ROWS[name]}
    (tmp_path / "row.json").write_text(json.dumps(row), "utf-8")

    code = main(["check", "--format-file", str(tmp_path / "row.json"), str(real)])

    assert capsys.readouterr() == ("", "")
    assert code == 0


def test_the_im_family_is_there() -> None:
    assert IM_FORMATS == ["gpt-4o", "gpt-4", "phi-4", "gpt-3.5-turbo", "chatml"]
