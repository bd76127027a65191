"""Mixtures: what a TOML file may contain, the order of rows, and the source that each row names."""

# ruff: noqa: E501 - a case a line

from __future__ import annotations

import json
import random
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from chatfmt.adapters import Item, Mixture, Preference, load_mixture, store
from chatfmt.conversation import Conversation
from chatfmt.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path


def _write(folder: Path, name: str, rows: list[dict[str, Any]]) -> None:
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / name).write_text(text, encoding="utf-8")


def _pair(index: int, **more: object) -> dict[str, Any]:
    return {"prompt": f"q{index}", "completion": f"a{index}", **more}


def _mixture(folder: Path, text: str) -> Mixture:
    (folder / "mix.toml").write_text(text, encoding="utf-8", errors="surrogateescape")
    return load_mixture(folder / "mix.toml")


def _origin(item: Item) -> tuple[str, str, int]:
    place = item.metadata["provenance"]
    return place["source"], place["file"], place["row"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    _write(tmp_path, "b-2.jsonl", [_pair(index) for index in range(40)])
    _write(tmp_path, "b-1.jsonl", [_pair(index) for index in range(20)])
    _write(
        tmp_path, "a.jsonl", [_pair(index, lang="en" if index % 2 else "de") for index in range(6)]
    )
    return tmp_path


SOURCES = """
[[source]]
name = "a"
paths = ["a.jsonl"]
[[source]]
name = "b"
paths = ["b-*.jsonl"]
"""


def test_without_a_seed_sources_follow_each_other(folder: Path) -> None:
    found = [_origin(item) for item in _mixture(folder, SOURCES).rows()]
    assert found == [
        *(("a", "a.jsonl", row) for row in range(1, 7)),
        *(("b", "b-1.jsonl", row) for row in range(1, 21)),
        *(("b", "b-2.jsonl", row) for row in range(1, 41)),
    ]


def test_files_come_sorted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "glob", lambda *_, **__: ["b-2.jsonl", "b-1.jsonl"])
    files = [_origin(item)[1] for item in _mixture(folder, SOURCES).rows()]
    assert files == ["a.jsonl"] * 6 + ["b-1.jsonl"] * 20 + ["b-2.jsonl"] * 40


def test_a_seed_interleaves_and_keeps_each_source_in_order(folder: Path) -> None:
    sources = SOURCES.replace('"a.jsonl"]', '"a.jsonl"]\nrepeat = 3')

    def read(seed: int) -> list[tuple[str, str, int]]:
        return [_origin(item) for item in _mixture(folder, f"seed = {seed}\n{sources}").rows()]

    plain = [_origin(item) for item in _mixture(folder, sources).rows()]
    found = read(7)
    assert found == read(7)
    assert found != read(8)
    assert found != plain
    for name in ("a", "b"):
        assert [o for o in found if o[0] == name] == [o for o in plain if o[0] == name]
    # Independent of the code: the same draws, by hand, over the sizes of the files.
    sizes = [
        sum((folder / n).stat().st_size for n in names)
        for names in (["a.jsonl"] * 3, ["b-1.jsonl", "b-2.jsonl"])
    ]
    queues = [[o for o in plain if o[0] == name] for name in ("a", "b")]
    chance, expected = random.Random(7), []  # noqa: S311 - an order, no secret
    while all(queues):
        first = chance.random() * sum(sizes) < sizes[0]
        expected.append(queues[not first].pop(0))
    assert found[: len(expected)] == expected


def test_what_a_row_gives_stays_together(folder: Path) -> None:
    replies = [{"message_id": f"{i}", "text": f"{i}", "role": "assistant"} for i in (2, 3, 4)]
    prompt = {"message_id": "1", "text": "q", "role": "prompter", "replies": replies}
    _write(folder, "t.jsonl", [{"message_tree_id": "1", "prompt": prompt}] * 9)
    sources = SOURCES.replace("b-*", "t")
    for seed in range(3):
        items = list(_mixture(folder, f"seed = {seed}\n{sources}").rows())
        assert len(items) == 6 + 27
        for before, item in zip([None, *items], items, strict=False):
            if item.metadata["provenance"]["part"]:
                assert before is not None
                place = before.metadata["provenance"]
                assert {**place, "part": place["part"] + 1} == item.metadata["provenance"]


def test_repeat_and_weight(folder: Path) -> None:
    mix = _mixture(
        folder,
        """
        [[source]]
        name = "twice"
        paths = ["a.jsonl"]
        repeat = 2
        [[source]]
        name = "light"
        paths = ["w.jsonl"]
        weight = 0.5
    """,
    )
    _write(
        folder,
        "w.jsonl",
        [
            {
                "messages": [
                    {"role": "user", "content": "q"},
                    {"role": "assistant", "content": "a", "weight": 0},
                ]
            },
            {"messages": [{"role": "assistant", "content": "a", "weight": 1.5}]},
            {"prompt": "q", "chosen": "a", "rejected": "b"},
        ],
    )
    items = list(mix.rows())
    rounds = Counter(item.metadata["provenance"]["round"] for item in items[:12])
    assert rounds == {0: 6, 1: 6}
    assert all(
        m.weight is None
        for item in items[:12]
        if isinstance(item, Conversation)
        for m in item.messages
    )
    first, second, pair = items[12:]
    assert isinstance(first, Conversation)
    assert isinstance(second, Conversation)
    assert isinstance(pair, Preference)
    assert [m.weight for m in first.messages] == [0.5, 0.0]
    assert [m.weight for m in second.messages] == [0.75]
    assert [m.weight for m in (*pair.prompt.messages, *pair.chosen, *pair.rejected)] == [0.5] * 3


def test_where_options_and_provenance(folder: Path) -> None:
    _write(
        folder,
        "t.jsonl",
        [
            {
                "message_tree_id": "1",
                "provenance": {"source": "before"},
                "prompt": {
                    "message_id": "1",
                    "text": "q",
                    "role": "prompter",
                    "replies": [
                        {"message_id": "2", "text": "a", "role": "assistant"},
                        {"message_id": "3", "text": "b", "role": "assistant"},
                    ],
                },
            }
        ],
    )
    mix = _mixture(
        folder,
        """
        [[source]]
        name = "some"
        paths = ["a.jsonl"]
        schema = "prompt-completion"
        where = { lang = ["de", "fr"] }
        options = { system = "Be brief." }
        [[source]]
        name = "trees"
        paths = ["t.jsonl"]
    """,
    )
    *some, one, two = mix.rows()
    assert [item.metadata for item in some] == [
        {
            "lang": "de",
            "provenance": {"source": "some", "file": "a.jsonl", "row": row, "part": 0, "round": 0},
        }
        for row in (1, 3, 5)
    ]
    assert isinstance(some[0], Conversation)
    assert [m.content for m in some[0].messages] == ["Be brief.", "q0", "a0"]
    assert one.metadata["path"] == ["1", "2"]
    assert two.metadata == {
        "message_tree_id": "1",
        "path": ["1", "3"],
        "provenance": {
            "source": "trees",
            "file": "t.jsonl",
            "row": 1,
            "part": 1,
            "round": 0,
            "earlier": {"source": "before"},
        },
    }


def test_where_tells_true_from_one(folder: Path) -> None:
    _write(
        folder,
        "f.jsonl",
        [_pair(index, flag=flag) for index, flag in enumerate([True, 1, "1", False, None])],
    )
    mix = _mixture(
        folder,
        """
        [[source]]
        name = "flagged"
        paths = ["f.jsonl"]
        where = { flag = true }
    """,
    )
    assert [_origin(item)[2] for item in mix.rows()] == [1]


def test_bad_rows_raise_or_are_told(folder: Path) -> None:
    (folder / "a.jsonl").write_text(
        '{"prompt": "q", "completion": "a"}\n{"prompt": 1, "completion": "a"}\n{\n'
    )
    mix = _mixture(folder, SOURCES)
    with pytest.raises(DataError, match=r"a\.jsonl:2: prompt: expected text, found the number 1$"):
        list(mix.rows())
    errors: list[DataError] = []
    assert len(list(mix.rows(errors.append))) == 61
    assert [(error.line, error.field) for error in errors] == [(2, "prompt"), (3, None)]


def test_missing_files_show_at_once(folder: Path) -> None:
    mix = _mixture(folder, SOURCES.replace("b-*", "c-*"))
    with pytest.raises(
        DataError, match=r"^expected files, found none for 'c-\*\.jsonl' of source 'b'$"
    ):
        mix.rows()


def test_a_name_with_brackets_is_a_name_if_there_is_such_a_file(folder: Path) -> None:
    _write(folder, "x[1].jsonl", [_pair(1)])
    mix = _mixture(folder, '[[source]]\nname = "x"\npaths = ["x[1].jsonl"]\n')
    assert [_origin(item) for item in mix.rows()] == [("x", "x[1].jsonl", 1)]


GOOD = 'name = "a"\npaths = ["a.jsonl"]\n'


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("source = [", "expected TOML, found: "),
        ("", "source: the field is missing"),
        ("source = []", "source: expected at least 1, found 0"),
        ("[[source]]\n" + GOOD + "wieght = 2", "source.0.wieght: there is no such field"),
        ("[[source]]\npaths = []", "source.0.name: the field is missing; source.0.paths: expected at least 1, found 0"),
        ("[[source]]\n" + GOOD + 'schema = "csv"', "source.0: expected a schema among oasst, "),
        ("[[source]]\n" + GOOD + "weight = -1", "source.0.weight: expected a number of at least 0, found the number -1"),
        ("[[source]]\n" + GOOD + "where = { lang = { en = 1 } }", "source.0.where.lang: expected a list, found an object with en\n"),
        ("\udcff", "expected TOML, found: 'utf-8' codec can't decode byte 0xff in position 0"),
        ("[[source]]\n" + GOOD + "weight = inf", "source.0.weight: expected a finite number, found the number inf"),
        ("[[source]]\n" + GOOD + "repeat = 0", "source.0.repeat: expected a number of at least 1, found the number 0"),
        ("[[source]]\n" + GOOD + "repeat = 2\nweight = 2", "source.0: expected weight or repeat, found both"),
        ("[[source]]\n" + GOOD + 'options = { paths = "some" }', "source.0.options.paths: expected 'all' or 'best', found the text 'some'"),
        ("[[source]]\n" + GOOD + "options = { path = 1 }", "source.0.options.path: there is no such field"),
        (2 * ("[[source]]\n" + GOOD), "expected a different name for each source, found one twice"),
    ],
)  # fmt: skip
def test_what_is_no_mixture(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(DataError) as caught:
        _mixture(tmp_path, text)
    assert f"{caught.value}\n".startswith(f"{tmp_path / 'mix.toml'}: {reason}")
