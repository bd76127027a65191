"""The built packages work: wheel and sdist, and the wheel alone in an empty environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[1]
PACKAGED = {
    "chatfmt/py.typed",
    "chatfmt/encodings/vocab/cl100k_base.tokens",
    "chatfmt/encodings/vocab/o200k_base.tokens",
    "tiktoken_ext/chatfmt_encodings.py",
}


def run(*command: str | Path, **options: object) -> str:
    process = subprocess.run(  # type: ignore[call-overload]  # noqa: S603
        command, capture_output=True, text=True, check=False, timeout=300, **options
    )
    assert process.returncode == 0, process.stdout + process.stderr
    return str(process.stdout)


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the sdist, and with the wheel that is built from it."""
    directory = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--outdir", directory, ROOT)
    return directory


@pytest.fixture(scope="module")
def installed(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment that holds the wheel and its base dependencies."""
    directory = tmp_path_factory.mktemp("installed")
    venv.create(directory, with_pip=True)
    python = directory / "bin" / "python"
    (wheel,) = dist.glob("*.whl")
    run(python, "-m", "pip", "install", "--quiet", wheel)
    return python


def _files(dist: Path, kind: str) -> set[str]:
    if kind == "wheel":
        (wheel,) = dist.glob("*.whl")
        return set(zipfile.ZipFile(wheel).namelist())
    (sdist,) = dist.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {member.name.split("/", 1)[1] for member in archive if member.isfile()}
    return {name.removeprefix("src/") for name in names}


@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_the_package_holds_its_data_and_the_plug_in(dist: Path, kind: str) -> None:
    files = _files(dist, kind)
    assert files >= PACKAGED
    assert [name for name in files if name.startswith("tiktoken_ext/")] == [
        "tiktoken_ext/chatfmt_encodings.py"  # an __init__.py would hide tiktoken's own plug-ins
    ]
    for licence in ("LICENSE", "NOTICE"):
        assert [name for name in files if name.split("/")[-1] == licence]


def test_the_wheel_holds_the_modules_of_the_source_tree_and_nothing_else(dist: Path) -> None:
    source = {
        path.relative_to(ROOT / "src").as_posix()
        for path in (ROOT / "src").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    wheel = {name for name in _files(dist, "wheel") if ".dist-info/" not in name}
    assert wheel == source


def test_the_base_install_has_no_other_dependencies(installed: Path) -> None:
    packages = json.loads(run(installed, "-m", "pip", "list", "--format=json"))
    names = {package["name"].lower() for package in packages}
    assert names >= {"chatfmt", "tiktoken", "regex", "pydantic"}
    extras = {"numpy", "pyarrow", "rich", "tokenizers", "transformers", "starlette", "zstandard"}
    assert not names & extras


# Blocks sockets, then uses the library and tiktoken's registry as a user would.
OFFLINE = """
import json, socket, sys

def refuse(event, args):
    if event.startswith("socket."):
        raise OSError(f"no network here: {event}")

sys.addaudithook(refuse)
try:
    socket.create_connection(("127.0.0.1", 9))
except OSError as error:
    assert "no network here" in str(error)

import chatfmt, tiktoken
from chatfmt.encodings import TiktokenEncoding, get_encoding

result = {"names": tiktoken.list_encoding_names(), "file": chatfmt.__file__}
for name in ("o200k_im", "cl100k_im"):
    encoding = tiktoken.get_encoding(name)
    ours = TiktokenEncoding(get_encoding(name))
    assert ours.fingerprint == TiktokenEncoding(encoding).fingerprint
    result[name] = encoding.encode("<|im_start|>user", allowed_special="all")
print(json.dumps(result))
"""


def test_the_wheel_works_offline_and_writes_nothing(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    empty = str(tmp_path / "empty")
    inherited = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
    environment = inherited | dict.fromkeys(("HOME", "TMPDIR", "XDG_CACHE_HOME"), empty)
    prefix = installed.parents[1]
    before = _state(prefix)

    output = run(installed, "-I", "-B", "-W", "error", "-c", OFFLINE, cwd=empty, env=environment)

    result = json.loads(output)
    assert Path(result["file"]).is_relative_to(prefix)
    assert {"o200k_im", "cl100k_im", "o200k_base", "cl100k_base", "gpt2"} <= set(result["names"])
    assert result["o200k_im"] == [200264, 1428]
    assert result["cl100k_im"] == [100264, 882]
    assert list(Path(empty).iterdir()) == []
    assert _state(prefix) == before


def _state(directory: Path) -> dict[str, tuple[int, int]]:
    files = (path for path in directory.rglob("*") if path.is_file())
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in files}


def test_an_editable_install_has_the_plug_in_too(tmp_path: Path) -> None:
    venv.create(tmp_path / "editable", with_pip=True)
    python = tmp_path / "editable" / "bin" / "python"
    run(python, "-m", "pip", "install", "--quiet", "--editable", ROOT)
    result = json.loads(run(python, "-I", "-W", "error", "-c", OFFLINE, cwd=tmp_path))
    assert Path(result["file"]).is_relative_to(ROOT)
    assert result["o200k_im"] == [200264, 1428]
