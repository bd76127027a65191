"""``python -m fuzz --seconds N [HARNESS …]``: all harnesses one after the other, the time shared.

Prints how many inputs were tried, for each and in all. An input that breaks the law is written to
``fuzz/regressions``, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from fuzz.harnesses import HARNESSES

_HERE = Path(__file__).resolve().parent
_TRIED = re.compile(rb"stat::number_of_executed_units:\s*(\d+)")


def fuzz(name: str, seconds: int, corpus: Path) -> tuple[int, str]:
    """How many inputs a harness has tried, and what libFuzzer said if one of them broke it."""
    kept, findings = corpus / name, _HERE / "regressions"
    kept.mkdir(parents=True, exist_ok=True)
    findings.mkdir(exist_ok=True)
    options = [
        f"-max_total_time={seconds}",
        "-max_len=512",
        "-timeout=20",  # a slow input is a finding, too
        "-rss_limit_mb=4096",
        "-print_final_stats=1",
        "-verbosity=0",
        f"-artifact_prefix={findings / name}-",
    ]
    path = os.pathsep.join(map(str, (_HERE.parent, _HERE.parent / "tests")))
    path += os.pathsep + os.environ.get("PYTHONPATH", "")
    done = subprocess.run(
        [sys.executable, "-m", "fuzz.child", name, *options, str(kept)],
        env=os.environ | {"PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    tried = _TRIED.search(done.stdout)
    said = done.stdout.decode(errors="replace")
    return int(tried[1]) if tried else 0, said if done.returncode else ""


def main() -> int:
    """Parse the command line and fuzz."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description="Try to break chatfmt.")
    parser.add_argument("--seconds", type=int, default=60, help="in all (default: %(default)s)")
    parser.add_argument("--corpus", type=Path, help="where to keep the inputs that went new ways")
    parser.add_argument("harness", nargs="*", metavar="HARNESS", help=", ".join(HARNESSES))
    args = parser.parse_args()
    names = args.harness or list(HARNESSES)
    for name in names:
        if name not in HARNESSES:
            parser.error(f"no harness {name!r}; there are {', '.join(HARNESSES)}")
    total, broken = 0, []
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            share = max(1, args.seconds // len(names))
            tried, said = fuzz(name, share, args.corpus or Path(folder))
            total += tried
            print(f"{name:<12}{tried:>10,} inputs{', BROKEN' * bool(said)}", flush=True)
            if said:
                broken.append(name)
                print(said)
    print(f"{'in all':<12}{total:>10,} inputs, {len(broken)} of {len(names)} harnesses broken")
    return 1 if broken else 0


sys.exit(main())
