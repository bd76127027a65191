"""The library's hints, spelled for the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chatfmt import DataError
from chatfmt.adapters import Options, read_row
from chatfmt.cli import main
from chatfmt.commands._hints import for_command_line

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("hint", "expected"),
    [
        ('pass empty_turns="keep"', "pass --option empty_turns=keep"),
        (
            'pass own_system="keep" or "replace"',
            "pass --option own_system=keep or --option own_system=replace",
        ),
        (
            'pass inline_thinking="read" to move it there, or "keep" to leave it in the text',
            (
                "pass --option inline_thinking=read to move it there, or "
                "--option inline_thinking=keep to leave it in the text"
            ),
        ),
        ('pass schema="preference"', "pass --to preference"),
        (
            'pass a preparation to write them, or tools="drop" to leave them out',
            "pass --prepare to write them, or --tools drop to leave them out",
        ),
        ("pass a preparation", "pass --prepare"),
        ("pass longest_row=N to allow more", "pass --option longest_row=N to allow more"),
        (
            "pass speakers={'cook': ROLE}",
            """pass --option 'speakers={"SPEAKER": "ROLE"}'""",
        ),
    ],
)
def test_each_hint(hint: str, expected: str) -> None:
    assert for_command_line(f"expected a; found b; {hint}") == f"expected a; found b; {expected}"


def test_an_example_in_which_nothing_is_trained() -> None:
    reason = "leave the conversation out, or pass allow_untrained=True"
    expected = "leave the conversation out, or pass --allow-untrained"
    assert for_command_line(reason) == expected


def test_only_the_hint_is_rewritten() -> None:
    for reason in ("expected text, found 'empty_turns=\"keep\"'", "pass it on", ""):
        assert for_command_line(reason) == reason
    quoted = 'found \'a; pass empty_turns="keep"\'; pass text_parts="join" to join them'
    assert for_command_line(quoted) == (
        "found 'a; pass empty_turns=\"keep\"'; pass --option text_parts=join to join them"
    )


ROWS = [
    '{"messages": [{"role": "user", "content": "a", "mood": "b"}]}',
    (
        '{"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}, '
        '{"type": "text", "text": "b"}]}]}'
    ),
    '{"conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": ""}]}',
    '{"conversations": [{"from": "gpt", "value": "a"}, {"from": "gpt", "value": "b"}]}',
    '{"conversations": [{"from": "human", "value": "a"}]}',
]


@pytest.mark.parametrize("row", ROWS)
def test_a_hint_can_be_copied_to_the_command_line(
    row: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What an error suggests is an option that the command accepts and that changes the error."""
    file = tmp_path / "rows.jsonl"
    file.write_text(row + "\n")
    assert main(["convert", "--to", "openai", str(file)]) == 1
    error = capsys.readouterr().err
    option = error.partition("--option ")[2].split()[0]
    name, _, value = option.partition("=")
    assert name in Options.model_fields
    assert value
    main(["convert", "--to", "openai", "--option", option, str(file)])
    assert capsys.readouterr().err != error


def test_python_keeps_its_own_spelling() -> None:
    row = {"conversations": [{"from": "human", "value": ""}, {"from": "gpt", "value": "b"}]}
    with pytest.raises(DataError, match='pass empty_turns="keep" or "drop"'):
        read_row(row)
