"""The playground in a browser: Chromium and a server, as fixtures.

This is not a conftest.py, because the tests import from the one above it by that name.
"""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parents[2]
SCREENSHOTS = ROOT / "screenshots"
FLAGS = "--no-sandbox --disable-gpu --disable-background-networking --disable-sync --no-first-run"


def missing(what: str) -> None:
    """Skip, or fail where CHATFMT_REQUIRE_BROWSER says that nothing may be missing."""
    reason = f"no {what}; see CONTRIBUTING.md"
    if os.environ.get("CHATFMT_REQUIRE_BROWSER") == "1":
        raise FileNotFoundError(reason)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, as Debian has it, or the one that CHATFMT_CHROMIUM names."""
    path = os.environ.get("CHATFMT_CHROMIUM") or shutil.which("chromium")
    if path is None:
        missing("Chromium")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("playwright")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS.split())
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Where a playground of our own is served."""
    command = [sys.executable, "-m", "chatfmt.cli", "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdout is not None
        found = re.search(r"http://\S+/", process.stdout.readline())
        assert found
        try:
            yield found[0]
        finally:
            process.terminate()


@pytest.fixture
def open_page(browser: Browser, address: str) -> Iterator[Callable[..., Page]]:
    """Opens the playground; whatever its console complains about fails the test."""
    contexts = []
    complaints: list[str] = []

    def opened(
        *, width: int = 1400, scheme: str = "light", fragment: str = "", init: str = ""
    ) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,  # type: ignore[arg-type]
            permissions=["clipboard-read", "clipboard-write"],
        )
        contexts.append(context)
        page = context.new_page()
        # A refused request is an answer like any other; the browser logs it all the same.
        page.on(
            "console",
            lambda message: (
                complaints.append(message.text)
                if message.type in ("error", "warning")
                and not message.text.startswith("Failed to load resource")
                else None
            ),
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        page.on(
            "request",
            lambda request: (
                None if request.url.startswith(address) else complaints.append(request.url)
            ),
        )
        if init:
            page.add_init_script(init)
        page.goto(address + fragment)
        page.wait_for_selector(".token")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def fragment(state: object) -> str:
    """A link's fragment that holds this state."""
    return "#" + base64.urlsafe_b64encode(json.dumps(state).encode()).decode().rstrip("=")


def open_state(page: Page, state: object) -> None:
    """Go to a link of this state."""
    page.evaluate("fragment => { location.hash = fragment; }", fragment(state))


@pytest.fixture(scope="module")
def axe() -> str:
    """The source of axe-core, which npm brings."""
    path = ROOT / "node_modules" / "axe-core" / "axe.min.js"
    if not path.is_file():
        missing("axe-core in node_modules")
    return path.read_text("utf-8")
