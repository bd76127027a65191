"""``chatfmt import``: where a template is looked for, and what is said of it."""

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


@pytest.mark.parametrize("form", ["text", "named", "beside", "jinja"])
def test_a_row_is_printed(form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config: dict[str, Any] = {**CONFIG}
    argv = [str(tmp_path)]
    if form == "text":
        config["chat_template"] = TEMPLATE
    elif form == "named":
        config["chat_template"] = [{"name": "default", "template": TEMPLATE}]
    elif form == "beside":
        (tmp_path / "chat_template.jinja").write_text(TEMPLATE)
    else:
        (tmp_path / "x.jinja").write_text(TEMPLATE)
        argv = [str(tmp_path / "x.jinja"), "--bos", "<s>", "--eos", "<e>", "--special-token", "<m>"]
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(config))
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


@pytest.mark.parametrize("text", ["[]", "{}"])
def test_a_file_without_a_template(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "tokenizer_config.json").write_text(text)
    assert main(["import", str(tmp_path / "tokenizer_config.json")]) == 2
    assert "expected a" in capsys.readouterr().err
