"""The generator writes exactly what is in the files."""

from __future__ import annotations

import importlib.util
import json
import sys
from typing import Any

import pytest

from vectors import CONFORMANCE, files


@pytest.fixture(scope="module")
def generate() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", list(sys.path))
        spec = importlib.util.spec_from_file_location("generate", CONFORMANCE / "generate.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        yield module


def _without_origin(rows: list[Any]) -> list[Any]:
    # It names the version of the implementation that was asked; any that agrees will do.
    return [{key: value for key, value in row.items() if key != "origin"} for row in rows]


@pytest.mark.parametrize(
    ("name", "needs"),
    [
        pytest.param("huggingface", "transformers", marks=pytest.mark.slow),
        ("openai-harmony", "openai_harmony"),
        ("tiktoken", "tiktoken"),
        ("reference", "reference"),
        ("damaged", "reference"),
        ("calls", "tiktoken"),
    ],
)
def test_generated_vectors_are_up_to_date(
    generate: Any, name: str, needs: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip(needs, reason="the implementation that the vectors come from")
    monkeypatch.setenv("TIKTOKEN_ENCODINGS_BASE", "")  # which the generator sets, for itself
    rows = files()[CONFORMANCE / "generated" / f"{name}.json"]
    assert _without_origin(list(generate.GENERATORS[name]())) == _without_origin(rows)


def test_no_generated_file_is_left_over(generate: Any) -> None:
    found = {path.stem for path in files() if path.parent.name == "generated"}
    assert found == set(generate.GENERATORS)


def test_hand_made_vectors_have_the_spans_of_the_reference(generate: Any) -> None:
    for path, rows in files().items():
        if path.parent.name == "hand":
            assert [generate.annotated(row) for row in rows] == rows
            assert generate.dump(rows) == path.read_text(encoding="utf-8")


def test_the_formats_are_those_of_the_vectors(generate: Any) -> None:
    written = json.loads((CONFORMANCE / "formats.json").read_text(encoding="utf-8"))
    assert written == generate.formats()


def test_two_implementations_that_disagree_make_no_vector(generate: Any) -> None:
    with pytest.raises(ValueError, match="the reference writes"):
        generate.vector("x", "gpt-4o", [{"role": "user", "content": "hi"}], "wrong", [1, 2])
