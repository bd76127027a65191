"""``chatfmt import``: where a template is looked for, and what is reported about it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from chatfmt import ChatFormat
from chatfmt.cli import main

if TYPE_CHECKING:
    from pathlib import Path

TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}<m>{{ m.role }} {{ m.content }}<e>{% endfor %}"
    "{% if add_generation_prompt %}<m>assistant {% endif %}"
)
CONFIG = {
    "bos_token": {"content": "<s>"},
    "eos_token": "<e>",
    "added_tokens_decoder": {"7": {"content": "<m>"}},
}


@pytest.mark.parametrize("form", ["text", "named", "beside", "jinja", "processor", "bare", "map"])
def test_a_row_is_printed(form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config: dict[str, Any] = {**CONFIG}
    argv = [str(tmp_path)]
    if form == "text":
        config["chat_template"] = TEMPLATE
    elif form == "named":
        config["chat_template"] = [{"name": "x", "template": TEMPLATE}]
        argv += ["--template", "x"]
    elif form == "processor":  # its tokens stand in a vocabulary, in which others have no place
        (tmp_path / "chat_template.json").write_text(json.dumps({"chat_template": TEMPLATE}))
        del config["added_tokens_decoder"]
        listed = {"added_tokens": [{"id": 7, "content": "<m>"}, {"id": 8}, "x"]}
        (tmp_path / "tokenizer.json").write_text(json.dumps(listed))
    elif form in ("beside", "bare", "map"):
        (tmp_path / "chat_template.jinja").write_text(TEMPLATE)
    else:
        (tmp_path / "x.jinja").write_text(TEMPLATE)
        argv = [str(tmp_path / "x.jinja"), "--bos", "<s>", "--eos", "<e>", "--special-token", "<m>"]
    name = "special_tokens_map.json" if form == "map" else "tokenizer_config.json"
    if form == "bare":
        argv += ["--bos", "<s>", "--eos", "<e>"]
    else:
        (tmp_path / name).write_text(json.dumps(config))
    if form in ("bare", "map"):
        argv += ["--special-token", "<m>"]
    assert main(["import", *argv, "--name", "mine"]) == 0
    out, err = capsys.readouterr()
    row = ChatFormat.from_row(json.loads(out))
    assert (row.name, row.prologue) == ("mine", "<s>")
    assert row.template["user"] == "<m>user {content}<e>"  # type: ignore[index]
    assert err.startswith("proven: ")
    assert "only where there are no calls" in err


def test_what_is_refused_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.jinja").write_text("{{ raise_exception('no chat') }}")
    assert main(["import", str(tmp_path / "x.jinja")]) == 1
    assert "not imported: it takes no plain conversation" in capsys.readouterr().err


def test_a_template_of_another_name_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    named = {"chat_template": [{"name": "rag", "template": TEMPLATE}]}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(named))
    assert main(["import", str(tmp_path)]) == 2
    assert "found those named rag: say which as template" in capsys.readouterr().err
    assert main(["import", str(tmp_path / "none.json")]) == 2
    assert "none.json: No such file" in capsys.readouterr().err
    (tmp_path / "x.jinja").write_bytes(TEMPLATE.encode("utf-16"))
    assert main(["import", str(tmp_path / "x.jinja")]) == 2
    assert "x.jinja: expected a chat template in UTF-8" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["[]", "{}"])
def test_a_file_without_a_template(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "tokenizer_config.json").write_text(text)
    assert main(["import", str(tmp_path / "tokenizer_config.json")]) == 2
    assert "expected a" in capsys.readouterr().err
