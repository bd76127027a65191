"""``python -m chatfmt``: the command line."""

from __future__ import annotations

import sys

from chatfmt.cli import main

if __name__ == "__main__":
    sys.exit(main())
