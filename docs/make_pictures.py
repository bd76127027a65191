"""Make the pictures of the README: ``python docs/make_pictures.py``.

Needs the extras cli and web, playwright, and Chromium (``apt-get install chromium``).
"""

from __future__ import annotations

import base64
import io
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright
from rich.console import Console

import chatfmt
from chatfmt.show import blocks
from chatfmt.show.terminal import paint

IMAGES = Path(__file__).parent / "images"
CONVERSATION = [
    {"role": "system", "content": "You answer in one sentence."},
    {"role": "user", "name": "Ann", "content": "What does <|im_end|> do when I type it? 🤷"},
    {"role": "assistant", "content": "Nothing: what you type is text, and it stays text."},
]


def terminal(path: Path, *, width: int = 80) -> None:
    """The output of `chatfmt show --weights`, as SVG."""
    transcript = chatfmt.get_tokenizer("gpt-4o").render(CONVERSATION)
    console = Console(
        file=io.StringIO(),
        record=True,
        force_terminal=True,
        color_system="truecolor",
        width=width,
    )
    shown = blocks(transcript)
    for text in paint(shown, width, ids=False, whitespace=False, weights=True):
        console.print(text, highlight=False)
    svg = console.export_svg(title="chatfmt show --weights")
    # The picture is on its own: without fonts from elsewhere.
    svg = re.sub(r"@font-face\s*\{.*?\}", "", svg, flags=re.DOTALL)
    path.write_text(svg.replace("Fira Code", "DejaVu Sans Mono"), "utf-8")


def playground(path: Path) -> None:
    """The page with two formats side by side, as PNG."""
    state = {
        "messages": CONVERSATION,
        "prompt": True,
        "views": [{"format": "gpt-4o"}, {"format": "gpt-3.5-turbo"}],
    }
    fragment = base64.urlsafe_b64encode(json.dumps(state).encode()).decode().rstrip("=")
    command = [sys.executable, "-m", "chatfmt.cli", "serve", "--port", "0"]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server,  # noqa: S603
        sync_playwright() as playwright,
    ):
        address = (server.stdout.readline() if server.stdout else "").split()[4]
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--no-first-run"],
        )
        page = browser.new_page(viewport={"width": 1280, "height": 860})
        page.goto(f"{address}#{fragment}")
        page.wait_for_selector(".view:nth-child(2) .token")
        page.locator(".token", has_text="Ann").first.hover()
        page.screenshot(path=path)
        browser.close()
        server.terminate()


if __name__ == "__main__":
    IMAGES.mkdir(exist_ok=True)
    terminal(IMAGES / "terminal.svg")
    playground(IMAGES / "playground.png")
