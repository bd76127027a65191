"""One harness under libFuzzer, in a process of its own: ``python -m fuzz.child NAME OPTION…``.

libFuzzer never gives the process back, so it is not called from `fuzz.__main__` itself.
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["chatfmt"]):
    from fuzz.harnesses import run


def main() -> None:
    """Run until the options say it is enough, or an input breaks the law."""
    program, name, *options = sys.argv

    def try_one(given: bytes) -> None:
        run(name, given)

    atheris.Setup([program, *options], try_one)
    atheris.Fuzz()


main()
