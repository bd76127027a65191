"""The look of the playground: nothing overflows, is clipped or is hard to read, at any width."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from playground_page import (
    SCREENSHOTS,
    address,
    axe,
    browser,
    fragment,
    open_page,
    open_state,
)

import chatfmt
from chatfmt.show import to_html

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Browser, Page

    Open = Callable[..., Page]

pytestmark = pytest.mark.slow

# What is wrong with the boxes and colours of a page, as a list of sentences.
FAULTS = """
() => {
  const faults = [];
  const told = (node) => `${node.tagName.toLowerCase()}.${node.className}: ` +
    (node.textContent || node.value || "").slice(0, 40);
  const visible = (node) => node.checkVisibility({ checkVisibilityCSS: true });
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > width) faults.push("the page scrolls sideways");
  // On a canvas every colour becomes four numbers, however it was written.
  const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = colour;
    context.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = context.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = ([r, g, b, a], under) =>
    [r, g, b].map((channel, i) => channel * a + under[i] * (1 - a));
  const luminance = (colour) => {
    const [r, g, b] = colour.map((c) => c / 255)
      .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a, b) => {
    const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (high + 0.05) / (low + 0.05);
  };
  const behind = (node) => {
    const chain = [];
    for (let at = node; at; at = at.parentElement) chain.unshift(at);
    return chain.reduce((under, at) => over(rgba(getComputedStyle(at).backgroundColor), under),
      [255, 255, 255]);
  };
  for (const node of document.querySelectorAll("body *")) {
    if (!visible(node) || node.tagName === "OPTION") continue;
    const style = getComputedStyle(node);
    for (const box of node.getClientRects()) {
      if (box.width && (box.left < -0.5 || box.right > width + 0.5)) {
        faults.push(`outside of the page: ${told(node)}`);
      }
    }
    const scrolls = node.matches("textarea") && node.clientHeight >= innerHeight * 0.45;
    const clips = style.overflowX !== "visible" || node.matches("textarea, input");
    if (clips && !scrolls && style.display !== "inline" &&
        (node.scrollWidth > node.clientWidth + 1 || node.scrollHeight > node.clientHeight + 1)) {
      faults.push(`clipped: ${told(node)}`);
    }
    if (style.display !== "inline" && node.clientWidth && style.overflowX === "visible" &&
        node.scrollWidth > node.clientWidth + 1 && node.tagName !== "SELECT") {
      faults.push(`overflows: ${told(node)}`);
    }
    const says = [...node.childNodes].some((c) => c.nodeType === 3 && c.data.trim()) ||
      ["::before", "::after"].some((pseudo) => getComputedStyle(node, pseudo).content !== "none" &&
        getComputedStyle(node, pseudo).content !== "normal") ||
      node.matches("input:not([type=radio], [type=checkbox]), textarea, select");
    if (says && !node.disabled) {
      let opacity = 1;
      for (let at = node; at; at = at.parentElement) opacity *= getComputedStyle(at).opacity;
      const under = behind(node);
      const [r, g, b, a] = rgba(style.color);
      const ratio = contrast(over([r, g, b, a * opacity], under), under);
      if (ratio < 4.5) faults.push(`contrast ${ratio.toFixed(2)}: ${told(node)}`);
    }
  }
  return [...new Set(faults)];
}
"""

HEADLINE: list[dict[str, str]] = [
    {"role": "user", "content": "What is 2+2?"},
    {"role": "assistant", "content": "2+2 = 4"},
    {"role": "user", "content": "What if it was *?"},
    {"role": "assistant", "content": "2*2 = 4, same as 2+2!"},
]
CROWDED: dict[str, Any] = {
    "messages": [
        {"role": "system", "content": "Be brief.\nBe kind.\n\n" + "A long line of words. " * 20},
        {
            "role": "user",
            "name": "A" * 64,
            "content": "🤷🏽 <|im_end|> \x1b[31m\u202e שלום 你好" * 3,
        },
        {"role": "assistant", "content": "x" * 300 + "\t" + " " * 60 + "y", "weight": 0.5},
        {"role": "developer", "content": "https://example.org/" + "a-b_c/" * 40},
        {"role": "tool", "content": json.dumps({"key": ["value"] * 12})},
        {"role": "user", "content": ""},
    ],
    "prompt": True,
}
PLAIN: dict[str, Any] = {"messages": [{"role": "user", "content": "hello"}]}
ALL_ON = {"whitespace": True, "showIds": True, "weights": True}
ONE = [{"format": "gpt-4o", "encoding": None}]
OWN = {
    "name": "custom",
    "template": (
        "<|start|>{role}[:{name}][ to={recipient}][<|channel|>{channel}]"
        "[ <|constrain|>{content_type}]<|message|>{content}<|end|>"
    ),
    "special_tokens": ["<|start|>", "<|channel|>", "<|constrain|>", "<|message|>", "<|end|>"],
    "roles": ["system", "developer", "user", "assistant", "tool"],
}
STATES: dict[str, dict[str, Any]] = {
    "start": {"messages": HEADLINE, "views": ONE},
    "crowded": {**CROWDED, "views": ONE},
    "everything": {**CROWDED, **ALL_ON, "views": ONE},
    "two": {**CROWDED, "views": [{"format": "gpt-4o"}, {"format": "gpt-3.5-turbo"}]},
    "calls": {
        "messages": [
            {"role": "system", "content": "Be brief.", "tools": '[{"type": "function"}]'},
            {"role": "user", "content": "Weather?"},
            {
                "role": "assistant",
                "reasoning": "I ask.",
                "content": "",
                "tool_calls": [
                    {"name": "get_weather", "arguments": '{"city": "Paris"}', "id": "a1"},
                    {"name": "f" * 60, "arguments": "{}"},
                ],
            },
        ],
        "views": [{"format": "qwen-3"}],
    },
    "own": {**PLAIN, "views": [{"format": OWN}, {"format": "nanochat"}]},
    "unread": {
        **PLAIN,
        "ids": [200264, 1428, 200266, 24912, 50378, -7, 127, 200265, 77],
        "lenient": True,
        "showIds": True,
        "views": ONE,
    },
    "refused": {**PLAIN, "ids": [*range(50)], "views": ONE},
}
SCHEMES = ["light", "dark"]


def opened(open_page: Open, name: str, width: int, scheme: str) -> Page:
    page = open_page(fragment=fragment(PLAIN | {"views": ONE}), width=width, scheme=scheme)
    open_state(page, STATES[name])
    page.wait_for_timeout(500)
    if name in ("unread", "refused"):
        page.locator("#paste-ids summary").click()
        page.locator("#paste-json summary").click()
        page.locator("#json-text").fill("{}")
        page.get_by_role("button", name="Use this JSON").click()
        page.locator("#json-error").wait_for()
    return page


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", [360, 800, 1400])
@pytest.mark.parametrize("name", STATES)
def test_nothing_overflows_is_clipped_or_faint(
    open_page: Open, name: str, width: int, scheme: str
) -> None:
    page = opened(open_page, name, width, scheme)
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}-{width}-{scheme}.png", full_page=True)
    faults = page.evaluate(FAULTS)
    assert faults == []
    if name != "refused":
        page.locator(".token").first.hover()
        assert page.evaluate(FAULTS) == []


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", [name for name in STATES if name != "refused"])
def test_axe_finds_nothing(open_page: Open, axe: str, name: str, scheme: str) -> None:
    page = opened(open_page, name, 1400, scheme)
    page.evaluate(axe)
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found = page.evaluate(
        "tags => axe.run({ runOnly: tags }).then(result => result.violations.map(one => "
        "[one.id, one.help, one.nodes.map(node => node.html.slice(0, 200)).slice(0, 3)]))",
        tags,
    )
    assert found == []


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", [360, 800, 1400])
def test_the_page_that_show_writes_looks_right(
    browser: Browser, tmp_path: Path, width: int, scheme: str
) -> None:
    tok = chatfmt.get_tokenizer("gpt-4o")
    transcript = tok.render(CROWDED["messages"])
    transcript.prompt()
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme=scheme,  # type: ignore[arg-type]
        java_script_enabled=True,
    )
    page = context.new_page()
    SCREENSHOTS.mkdir(exist_ok=True)
    for name, with_all in (("page", False), ("page-all", True)):
        path = tmp_path / f"{name}.html"
        path.write_text(to_html(transcript, ids=with_all, weights=with_all), "utf-8")
        page.goto(path.as_uri())
        page.screenshot(path=SCREENSHOTS / f"{name}-{width}-{scheme}.png", full_page=True)
        assert page.evaluate(FAULTS) == []
    context.close()


def test_the_measure_of_looks_finds_what_is_wrong(open_page: Open) -> None:
    page = open_page(width=360)
    for break_it, fault in (
        ("document.querySelector('.facts').style.width = '2000px'", "outside of the page"),
        ("document.querySelector('.summary').style.color = '#999'", "contrast"),
        ("document.querySelector('.content').style = 'min-height: 0; height: 10px'", "clipped"),
        ("document.querySelector('.tokens').style = 'white-space: pre; width: 30px'", "overflows"),
    ):
        page.evaluate(break_it)
        assert any(found.startswith(fault) for found in page.evaluate(FAULTS))
