"""Help, and errors in the arguments of the command line."""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata

import pytest

import chatfmt
from chatfmt import UnknownFormatError, get_format
from chatfmt.cli import main

COMMANDS = (
    *("check", "completion", "convert", "corpus", "count", "decode", "encode", "explain"),
    *("export-hf", "formats", "import", "prompt", "serve", "show", "stats", "text", "tokenize"),
)


def printed(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    try:
        code = main(argv)
    except SystemExit as stop:
        code = int(stop.code or 0)
    return code, *capsys.readouterr()


@pytest.mark.parametrize(
    ("argv", "command", "error"),
    [
        (
            ["tokenise"],
            "",
            "unknown command 'tokenise'; did you mean tokenize? The commands are check",
        ),
        (["corpus", "chek"], "corpus", "unknown command 'chek'; did you mean check?"),
        (["--vresion"], "", "unknown option --vresion; did you mean --version?"),
        (["encode", "--fromat", "x"], "encode", "unknown option --fromat; did you mean --format?"),
        (
            ["encode", "-", "--fromat=x"],
            "encode",
            "unknown option --fromat; did you mean --format?",
        ),
        (["count", "x", "--prep"], "count", "unknown option --prep; did you mean --prepare?"),
        (["encode", "x", "--zzz"], "encode", "unknown option --zzz\n"),
        (["encode", "x", "y"], "encode", "unexpected argument 'y'"),
        (["encode"], "encode", "the following arguments are required: FILE"),
    ],
)
def test_an_error_says_what_was_probably_meant(
    capsys: pytest.CaptureFixture[str], argv: list[str], command: str, error: str
) -> None:
    """After how the command that was called is used."""
    code, out, err = printed(capsys, *argv)
    called = f"chatfmt {command}".strip()
    assert (code, out) == (2, "")
    assert err.startswith(f"usage: {called} [-h]")
    assert f"\n{called}: error: {error}" in err


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    version = metadata.version("chatfmt")
    assert printed(capsys, "--version") == (0, f"chatfmt {version}\n", "")
    assert chatfmt.__version__ == version


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_says_what_it_does(capsys: pytest.CaptureFixture[str], command: str) -> None:
    _, told, _ = printed(capsys, command, "--help")
    usage, description, *_ = told.split("\n\n")
    assert usage.startswith(f"usage: chatfmt {command} [-h]")
    assert description[0].isupper()
    assert description.endswith(".")


def test_the_commands_are_these(capsys: pytest.CaptureFixture[str]) -> None:
    _, _, err = printed(capsys, "x")
    assert f"The commands are {', '.join(COMMANDS)}\n" in err


def test_a_shell_completes_commands_and_options(capsys: pytest.CaptureFixture[str]) -> None:
    code, script, err = printed(capsys, "completion", "bash")
    assert (code, err) == (0, "")
    asked = f"{script}\nprintf '%s\\n' \"${{_shtab_chatfmt_encode_option_strings[@]}}\""
    options = subprocess.run(  # noqa: S603 - the script that it has printed
        ["/bin/bash", "-c", asked], capture_output=True, check=True, text=True, timeout=60
    ).stdout.split()
    assert "--format-file" in options


def test_without_the_extra_it_says_what_to_install(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "shtab", None)
    code, _, err = printed(capsys, "completion", "zsh")
    assert code == 2
    assert err == "chatfmt completion: error: completion needs shtab: pip install 'chatfmt[cli]'\n"


def test_it_runs_as_a_module() -> None:
    command = [sys.executable, "-m", "chatfmt", "formats"]
    done = subprocess.run(command, capture_output=True, check=True, text=True, timeout=60)  # noqa: S603
    assert done.stdout.startswith("gpt-4o\n")


def test_the_package_shows_its_public_names_and_hints_at_methods() -> None:
    assert dir(chatfmt) == sorted([*chatfmt.__all__, *chatfmt._OF_TEMPLATES, "__version__"])
    with pytest.raises(AttributeError, match=r"get_tokenizer\('gpt-4o'\)\.decode$"):
        chatfmt.decode  # noqa: B018
    with pytest.raises(AttributeError, match=r"no attribute 'enocde'$"):
        chatfmt.enocde  # noqa: B018
    assert not hasattr(chatfmt, "__wrapped__")


def test_what_is_no_conversation_or_name_is_named() -> None:
    tok = chatfmt.get_tokenizer("gpt-4o")
    with pytest.raises(TypeError, match="expected a conversation or its messages, found 5; a mess"):
        tok.encode(5)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="expected the name of a format, found 5"):
        get_format(5)
    with pytest.raises(UnknownFormatError):
        get_format("5")
