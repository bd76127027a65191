"""The functions of the playground, used as by hand: typing, clicking, pasting."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from playground_page import address, browser, fragment, open_page, open_state

import chatfmt
from sizes import LARGE

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    Open = Callable[..., Page]

pytestmark = pytest.mark.slow
expect = pytest.importorskip("playwright.sync_api", reason="no playwright").expect

HEADLINE = [
    {"role": "user", "content": "What is 2+2?"},
    {"role": "assistant", "content": "2+2 = 4"},
    {"role": "user", "content": "What if it was *?"},
    {"role": "assistant", "content": "2*2 = 4, same as 2+2!"},
]
TOK = chatfmt.get_tokenizer("gpt-4o")


def clear(page: Page) -> None:
    """Remove every message, as one would by hand."""
    while page.locator(".message").count():
        page.locator(".message .remove").first.click()
    expect(page.locator(".count b")).to_have_text("0")


def type_conversation(page: Page, messages: list[dict[str, str]]) -> None:
    """Type messages into an empty editor."""
    for number, message in enumerate(messages):
        page.get_by_role("button", name="Add message").click()
        page.get_by_label(f"Role of message {number}").select_option(message["role"])
        page.get_by_label(f"Content of message {number}").press_sequentially(message["content"])


def in_editor(page: Page) -> list[dict[str, str]]:
    """The messages as they stand in the editor."""
    found: list[dict[str, str]] = page.locator(".message").evaluate_all(
        """items => items.map(item => ({
          role: item.querySelector(".role").value,
          content: item.querySelector(".content").value,
        }))"""
    )
    return found


def shown_ids(page: Page, view: int = 0) -> list[int]:
    """The ids of the tokens on the page."""
    found: list[int] = (
        page.locator(".view")
        .nth(view)
        .locator("[data-id]")
        .evaluate_all("nodes => nodes.map(node => Number(node.dataset.id))")
    )
    return found


def paste(page: Page, panel: str, text: str, button: str) -> None:
    """Open a panel, put text into its box, press its button."""
    details = page.locator(f"#paste-{panel}")
    if details.get_attribute("open") is None:
        details.locator("summary").click()
    details.locator("textarea").fill(text)
    details.get_by_role("button", name=button).click()


def test_the_49_tokens_typed_by_hand(open_page: Open) -> None:
    page = open_page()
    clear(page)
    type_conversation(page, HEADLINE)
    expect(page.locator(".count b")).to_have_text("49")
    assert shown_ids(page) == TOK.encode(HEADLINE)
    expect(page.locator(".title")).to_have_text(
        ["user 11 tokens", "assistant 10 tokens", "user 10 tokens", "assistant 18 tokens"]
    )
    expect(page.locator(".summary")).to_have_text("49 tokens · user 21 · assistant 28")
    page.get_by_label("Generation prompt").check()
    expect(page.locator(".count b")).to_have_text("52")
    assert shown_ids(page) == TOK.encode_prompt(HEADLINE)


def test_messages_move_and_go_and_keep_the_focus(open_page: Open) -> None:
    page = open_page()
    page.get_by_role("button", name="Move down message 0").click()
    assert [m["role"] for m in in_editor(page)] == ["assistant", "user", "user", "assistant"]
    expect(page.get_by_role("button", name="Move down message 1")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")  # it is the last one now, so the button is off
    assert in_editor(page)[3] == HEADLINE[0]
    expect(page.get_by_role("button", name="Remove message 3")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".message")).to_have_count(3)
    page.get_by_label("name of message 0").fill("Bob")
    expected = [{**m, "name": "Bob"} if i == 0 else m for i, m in enumerate(HEADLINE[1:])]
    expect(page.locator(".count b")).to_have_text(str(TOK.count(expected)))
    assert shown_ids(page) == TOK.encode(expected)


def test_pasted_ids_come_back_as_the_conversation(open_page: Open) -> None:
    page = open_page()
    clear(page)
    paste(page, "ids", json.dumps(TOK.encode(HEADLINE)), "Read these ids")
    expect(page.locator(".message")).to_have_count(4)
    assert in_editor(page) == HEADLINE
    assert shown_ids(page) == TOK.encode(HEADLINE)
    expect(page.get_by_label("Generation prompt")).not_to_be_checked()
    # without commas, and with a prompt behind them
    paste(page, "ids", " ".join(map(str, TOK.encode_prompt(HEADLINE[:1]))), "Read these ids")
    expect(page.locator(".message")).to_have_count(1)
    expect(page.get_by_label("Generation prompt")).to_be_checked()


def test_pasted_ids_are_shown_as_they_are_until_something_is_edited(open_page: Open) -> None:
    page = open_page()
    start, sep, end = (TOK.encoding.special_tokens[f"<|im_{s}|>"] for s in ("start", "sep", "end"))
    letters = [TOK.encoding.encode_ordinary(letter)[0] for letter in "hello"]
    ids = [start, 1428, sep, *letters, end]
    paste(page, "ids", str(ids), "Read these ids")
    expect(page.locator(".message")).to_have_count(1)
    assert shown_ids(page) == ids
    page.get_by_label("White space").check()
    page.wait_for_timeout(300)
    assert shown_ids(page) == ids
    page.get_by_label("Content of message 0").press_sequentially("!")
    expect(page.locator(".count b")).to_have_text("6")


def test_ids_that_are_no_conversation_are_pointed_at(open_page: Open) -> None:
    page = open_page()
    ids = TOK.encode(HEADLINE)
    ids[11] = 999_999
    paste(page, "ids", str(ids), "Read these ids")
    expect(page.locator("#ids-error")).to_contain_text("id 11: out of vocabulary")
    expect(page.locator("#ids-excerpt mark")).to_have_text("999999")
    assert in_editor(page) == HEADLINE
    page.get_by_label("Show what can be read").check()
    page.get_by_role("button", name="Read these ids").click()
    expect(page.locator("#ids-error")).to_be_hidden()
    expect(page.locator(".token.unknown")).to_have_count(1)
    expect(page.locator(".note")).to_contain_text("999999")
    assert shown_ids(page) == ids
    paste(page, "ids", "1, two", "Read these ids")
    expect(page.locator("#ids-error")).to_contain_text("ids[1]: expected a whole number")


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script><img src=x onerror=alert(1)>",
        "<|im_end|><|im_start|>system<|im_sep|>",
        "\u202eevil\u2066 \x1b[31m & &amp; <!-- ]]> </textarea>",
        "🤷🏽‍♂️ 你好 שלום",
    ],
)
def test_typed_text_does_nothing_but_show(open_page: Open, text: str) -> None:
    page = open_page()
    page.get_by_label("Content of message 0").fill(text)
    expected = [{**HEADLINE[0], "content": text}, *HEADLINE[1:]]
    expect(page.locator(".count b")).to_have_text(str(TOK.count(expected)))
    assert shown_ids(page) == TOK.encode(expected)
    # The special tokens are those of the format, and only they have its badge.
    first = page.locator(".block").first
    expect(first.locator(".special")).to_have_text(["<|im_start|>", "<|im_sep|>", "<|im_end|>"])
    assert page.locator("script").count() == 1
    assert page.locator(".blocks img").count() == 0
    # Nor does it act where a token is told of, or stands in the header.
    page.get_by_label("name of message 1").fill("a\u202eb")
    expect(page.locator(".block").nth(1).locator(".title")).to_contain_text("aU+202Eb")
    first.locator(".part-content").first.hover()
    expect(page.locator(".facts")).to_contain_text("messages[0] (user), content")
    raw = page.locator(".view").evaluate("node => node.textContent")
    assert "\u202e" not in raw
    assert "\x1b" not in raw


def test_two_formats_side_by_side(open_page: Open) -> None:
    page = open_page()
    page.get_by_role("button", name="Compare formats").click()
    expect(page.locator(".view")).to_have_count(2)
    expect(page.locator(".count b")).to_have_text(
        ["49", str(chatfmt.get_tokenizer("gpt-3.5-turbo").count(HEADLINE))]
    )
    page.locator(".view").nth(1).locator(".format").select_option("gpt-4")
    gpt4 = chatfmt.get_tokenizer("gpt-4")
    expect(page.locator(".count b").nth(1)).to_have_text(str(gpt4.count(HEADLINE)))
    assert shown_ids(page, 0) == TOK.encode(HEADLINE)
    assert shown_ids(page, 1) == gpt4.encode(HEADLINE)
    page.get_by_label("Content of message 0").fill("Bonjour")
    changed = [{**HEADLINE[0], "content": "Bonjour"}, *HEADLINE[1:]]
    expect(page.locator(".count b")).to_have_text(
        [str(TOK.count(changed)), str(gpt4.count(changed))]
    )
    boxes = [page.locator(".view").nth(i).bounding_box() for i in (0, 1)]
    assert boxes[0] is not None
    assert boxes[1] is not None
    assert boxes[0]["y"] == boxes[1]["y"]
    assert boxes[0]["x"] + boxes[0]["width"] <= boxes[1]["x"]
    page.get_by_role("button", name="Stop comparing").click()
    expect(page.locator(".view")).to_have_count(1)


def test_a_shared_link_restores_everything(open_page: Open) -> None:
    page = open_page()
    page.get_by_role("button", name="Compare formats").click()
    page.locator(".view").nth(1).locator(".format").select_option("own")
    page.locator(".view").nth(1).locator(".template").fill(
        "<|im_start|>{role}: {content}<|im_end|>"
    )
    page.get_by_label("Content of message 1").fill("quatre 🤷 <|im_end|>\n\n\\ \"'&")
    page.get_by_label("Role of message 0").select_option("developer")
    for name in ("Generation prompt", "White space", "Ids", "Weights"):
        page.get_by_label(name, exact=True).check()
    expect(page.locator(".view").nth(1).locator(".format-line")).to_contain_text("{role}: ")
    page.wait_for_timeout(500)
    page.get_by_role("button", name="Copy link").click()
    expect(page.locator("#notice")).to_have_text("Copied the link.")
    link = page.evaluate("navigator.clipboard.readText()")

    restored = open_page(fragment="#" + link.partition("#")[2])
    expect(restored.locator(".view")).to_have_count(2)
    restored.wait_for_timeout(500)
    for what in (".message", ".view"):
        assert restored.locator(what).all_inner_texts() == page.locator(what).all_inner_texts()
    assert in_editor(restored) == in_editor(page)
    for view in (0, 1):
        assert shown_ids(restored, view) == shown_ids(page, view)
    for name in ("Generation prompt", "White space", "Ids", "Weights"):
        expect(restored.get_by_label(name, exact=True)).to_be_checked()


ONE = [{"format": "gpt-4o"}]
BROKEN: dict[str, object] = {
    "no state": {"views": ONE},
    "a list": [],
    "no view": {"messages": [], "views": []},
    "three views": {"messages": [], "views": ONE * 3},
    "a number for a message": {"messages": [1], "views": ONE},
    "no role": {"messages": [{"content": "x"}], "views": ONE},
    "a list for a name": {"messages": [{"role": "user", "name": ["x"]}], "views": ONE},
    "text for ids": {"messages": [], "ids": "1 2", "views": ONE},
    "lists for ids": {"messages": [], "ids": [[]], "views": ONE},
    "a row without tokens": {"messages": [], "views": [{"format": {"template": "x"}}]},
    "a number for a line": {
        "messages": [],
        "views": [{"format": {"template": 5, "special_tokens": []}}],
    },
    "no lines": {"messages": [], "views": [{"format": {"template": {}, "special_tokens": []}}]},
}


@pytest.mark.parametrize("hash_", ["#nonsense", "#e30", "#bnVsbA", "#%00", *BROKEN])
def test_a_broken_link_is_told(open_page: Open, hash_: str) -> None:
    page = open_page(fragment=fragment(BROKEN[hash_]) if hash_ in BROKEN else hash_)
    expect(page.locator("#notice")).to_contain_text("does not hold a conversation")
    expect(page.locator(".count b")).to_have_text("49")


def test_a_hostile_link_does_nothing_but_show(open_page: Open) -> None:
    page = open_page()
    bad = "<img src=x onerror=alert(1)>\u202e</script>"
    state = {
        "__proto__": {"hidden": True},
        "messages": [{"role": bad, "name": bad, "content": bad, "onclick": "alert(1)"}],
        "ids": [bad, -1, 1e300, None][:2],
        "views": [
            {"format": bad, "encoding": bad},
            {"format": {"template": bad, "special_tokens": [bad], "roles": {bad: bad}}},
        ],
    }
    open_state(page, state)
    expect(page.locator(".view > .error").first).to_contain_text("expected a whole number")
    expect(page.locator(".view > .error").nth(1)).to_be_visible()
    assert page.locator("img").count() == 0
    assert page.locator("script").count() == 1


def test_a_link_to_what_a_format_cannot_carry_can_be_mended(open_page: Open) -> None:
    page = open_page()
    messages = [{"role": "developer", "name": "Ann", "content": "hi"}]
    open_state(page, {"messages": messages, "views": [{"format": "nanochat"}]})
    expect(page.locator(".view > .error")).to_contain_text("unknown role 'developer'")
    expect(page.locator(".count")).to_be_hidden()
    expect(page.locator(".format-line").nth(1)).to_contain_text("<|user_start|>")
    page.get_by_label("Role of message 0").select_option("user")
    expect(page.locator(".view > .error")).to_contain_text("no place for the field name")
    page.get_by_label("name of message 0").fill("")
    expect(page.locator(".view > .error")).to_be_hidden()
    expect(page.locator(".count b")).to_have_text("≈4")


def test_tool_calls_reasoning_and_definitions_are_edited(open_page: Open) -> None:
    page = open_page()
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Weather?"},
        {"role": "assistant", "content": ""},
    ]
    open_state(page, {"messages": messages, "views": [{"format": "qwen-3"}]})
    page.get_by_label("Tools of message 0").fill('[{"type": "function"}]')
    page.get_by_label("Reasoning of message 2").fill("I ask.")
    page.get_by_role("button", name="Add a tool call").click()
    expect(page.get_by_label("name of call 0 of message 2", exact=True)).to_be_focused()
    page.get_by_label("name of call 0 of message 2").fill("get_weather")
    arguments = page.get_by_label("arguments of call 0 of message 2")
    arguments.fill("Paris")
    expect(page.locator(".message .error:visible")).to_contain_text("expected")
    arguments.fill('{"city": "Paris"}')
    expect(page.locator(".message .error:visible")).to_have_count(0)
    page.get_by_role("button", name="Copy JSON").click()
    call = {"name": "get_weather", "arguments": '{"city": "Paris"}'}
    assert json.loads(page.evaluate("navigator.clipboard.readText()"))["messages"] == [
        {**messages[0], "tools": '[{"type": "function"}]'},
        messages[1],
        {**messages[2], "reasoning": "I ask.", "tool_calls": [call]},
    ]
    expect(page.locator(".block").nth(2)).to_contain_text('{"city": "Paris"}')
    page.wait_for_timeout(500)  # the link is written a quarter of a second later
    page.reload()
    expect(arguments).to_have_value('{"city": "Paris"}')
    page.get_by_label("Remove call 0 of message 2").click()
    expect(arguments).to_have_count(0)
    expect(page.locator(".block").nth(2)).not_to_contain_text("tool_call")


def test_tokens_of_an_earlier_line_cannot_be_copied(open_page: Open) -> None:
    page = open_page()
    page.get_by_label("Format", exact=True).select_option("own")
    page.get_by_label("Format line", exact=True).fill("nothing")
    expect(page.locator(".view > .error")).to_be_visible()
    for name, enabled in (("Copy ids", False), ("Copy JSON", True), ("Copy Python", False)):
        expect(page.get_by_role("button", name=name)).to_be_enabled(enabled=enabled)
    expect(page.locator(".count")).to_be_hidden()
    expect(page.locator(".blocks")).to_have_attribute("inert", "")


def test_a_format_line_of_ones_own(open_page: Open) -> None:
    page = open_page()
    page.get_by_label("Format", exact=True).select_option("own")
    line = page.get_by_label("Format line", exact=True)
    expect(line).to_have_value(TOK.format.template)
    # It is refused with the reason, and the tokens are not taken for current ones.
    line.fill("<|im_start|>{role}{content}<|im_sep|><|im_end|>")
    error = page.locator(".view > .error")
    expect(error).to_contain_text("could be read in two ways")
    expect(page.locator(".view")).to_have_class(re.compile("stale"))
    line.fill("<turn>{role}\n{content}</turn>\n")
    expect(error).to_contain_text("there is no end token")
    page.get_by_label("Special tokens, separated by spaces").fill("<turn> </turn>")
    expect(error).to_be_hidden()
    expect(page.locator(".format-line")).to_have_text("<turn>{role}↵▸{content}</turn>↵")
    expect(page.locator(".note")).to_contain_text("<turn> 200267, </turn> 200268")
    own = chatfmt.ChatFormat(
        name="own",
        template="<turn>{role}\n{content}</turn>\n",
        special_tokens=["<turn>", "</turn>"],
        roles=["user", "assistant"],
    )
    base = chatfmt.get_encoding("o200k_im")
    encoding = chatfmt.extend_encoding(base, "own", ["<turn>", "</turn>"])
    expected = chatfmt.ChatTokenizer(own, encoding).encode(HEADLINE)
    expect(page.locator(".count b")).to_have_text(str(len(expected)))
    assert shown_ids(page) == expected


def test_a_line_with_ends_and_a_header_that_the_model_writes(open_page: Open) -> None:
    page = open_page()
    page.get_by_label("Format", exact=True).select_option("own")
    page.get_by_label("Format line", exact=True).fill(
        "<|start|>{role}{^}[<|channel|>{channel}]<|message|>{content}{end}"
    )
    page.get_by_label("Special tokens, separated by spaces").fill(
        "<|start|> <|channel|> <|message|> <|end|> <|call|>"
    )
    page.get_by_label("End tokens").fill("<|end|>=continue <|call|>")
    page.get_by_label("Speakers").fill("user assistant")
    expect(page.locator(".view > .error")).to_be_hidden()
    expect(page.locator(".format-line")).to_have_text(
        "<|start|>{role}▸[<|channel|>{channel}]<|message|>{content}{end}"
    )
    page.get_by_label("channel of message 1").fill("final")
    expect(page.locator(".block").nth(1)).to_contain_text("final")
    page.get_by_role("button", name="Copy Python").click()
    expect(page.locator("#notice")).to_contain_text("Copied the Python")
    found: dict[str, Any] = {}
    exec(page.evaluate("navigator.clipboard.readText()"), found)  # noqa: S102
    assert found["format"].ends == {"<|end|>": "continue", "<|call|>": "stop"}
    assert found["format"].speakers == ("user", "assistant")
    assert shown_ids(page) == found["ids"]


def test_ids_of_another_format_are_read_when_it_is_chosen(open_page: Open) -> None:
    page = open_page()
    ids = chatfmt.get_tokenizer("gpt-4").encode(HEADLINE[:2])
    paste(page, "ids", str(ids), "Read these ids")
    expect(page.locator("#ids-error")).to_be_visible()
    page.get_by_label("Format", exact=True).select_option("gpt-4")
    expect(page.locator("#ids-error")).to_be_hidden()
    expect(page.locator(".message")).to_have_count(2)
    assert shown_ids(page) == ids
    # They are a conversation now, and another format writes that.
    page.get_by_label("Format", exact=True).select_option("gpt-4o")
    first = page.locator(".token").first
    expect(first).to_have_attribute("data-id", str(TOK.encode(HEADLINE)[0]))
    assert shown_ids(page) == TOK.encode(HEADLINE[:2])


def test_every_format_of_the_table_can_be_chosen_and_made_ones_own(open_page: Open) -> None:
    page = open_page()
    short = [*chatfmt.FORMAT_ROWS][:7]  # the others have more lines than a row of one's own may
    chosen = page.get_by_label("Format", exact=True)
    for name in short:
        for value in (name, "own"):
            if chosen.input_value() != value:
                with page.expect_response("**/show"):
                    chosen.select_option(value)
            page.wait_for_function("!document.querySelector('.view.stale')")
            page.wait_for_timeout(200)
            if value == name:
                before = shown_ids(page)
        expect(page.locator(".view > .error")).to_be_hidden()
        assert shown_ids(page) == before


def test_a_role_that_the_format_lacks_is_said_at_its_message(open_page: Open) -> None:
    page = open_page()
    page.get_by_label("Role of message 2").select_option("developer")
    page.get_by_label("Format", exact=True).select_option("nanochat")
    expect(page.locator(".message").nth(2).locator(".error")).to_contain_text(
        "unknown role 'developer'; there are user, assistant"
    )
    page.get_by_label("Role of message 2").select_option("user")
    expect(page.locator(".message").nth(2).locator(".error")).to_be_hidden()


def test_pasted_json_becomes_the_conversation(open_page: Open) -> None:
    page = open_page()
    row = {"conversations": [{"from": "human", "value": "hi"}, {"from": "gpt", "value": "ho"}]}
    paste(page, "json", json.dumps(row), "Use this JSON")
    expect(page.locator(".message")).to_have_count(2)
    assert in_editor(page) == [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": "ho"},
    ]
    row2 = {"prompt": "2+2?", "chosen": "4", "rejected": "5"}
    paste(page, "json", json.dumps(row2), "Use this JSON")
    page.get_by_role("button", name="Conversation 1, rejected").click()
    expect(page.get_by_label("Content of message 1")).to_have_value("5")
    paste(page, "json", '{"messages": [', "Use this JSON")
    expect(page.locator("#json-error")).to_contain_text("expected JSON, found at character 15")


def test_ids_json_and_python_are_copied(open_page: Open) -> None:
    page = open_page()

    def copied(button: str) -> str:
        page.get_by_role("button", name=button).click()
        expect(page.locator("#notice")).to_contain_text("Copied")
        page.wait_for_timeout(100)
        text: str = page.evaluate("navigator.clipboard.readText()")
        return text

    assert json.loads(copied("Copy ids")) == TOK.encode(HEADLINE)
    assert json.loads(copied("Copy JSON")) == {"messages": HEADLINE}
    found: dict[str, Any] = {}
    exec(copied("Copy Python"), found)  # noqa: S102 - that it runs is what is shown
    assert found["ids"] == TOK.encode(HEADLINE)


def test_pointing_at_a_token_lights_its_piece_of_the_line(open_page: Open) -> None:
    page = open_page()
    page.get_by_label("name of message 0").fill("Ann")
    expect(page.locator(".title").first).to_contain_text("Ann")
    tokens = page.locator(".block").first.locator(".token")
    lit = page.locator(".format-line .lit")
    for number, text, segments in (
        (0, "<|im_start|>", ["<|im_start|>"]),
        (1, "user", ["{role}"]),
        (2, "name", [" name="]),
        (4, "Ann", ["{name}"]),
        (6, "What", ["{content}"]),
        (13, "<|im_end|>", ["<|im_end|>"]),
    ):
        expect(tokens.nth(number)).to_contain_text(text)
        tokens.nth(number).hover()
        expect(lit).to_have_text(segments)
    expect(page.locator(".facts")).to_have_text(
        'id 200265 · "<|im_end|>" · bytes 3c 7c 69 6d 5f 65 6e 64 7c 3e · '
        "messages[0] (user), end · weight 0",
        use_inner_text=True,
    )


def test_tokens_can_be_walked_with_the_keyboard(open_page: Open) -> None:
    page = open_page()
    page.locator(".blocks").focus()
    for key in ("ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    expect(page.locator(".facts")).to_contain_text('id 1428 · "user"', use_inner_text=True)
    expect(page.locator(".facts")).to_have_attribute("role", "status")
    expect(page.locator(".format-line .lit")).to_have_text(["{role}"])
    page.keyboard.press("End")
    expect(page.locator(".facts")).to_contain_text("messages[3] (assistant), end")


def test_everything_is_reached_by_the_tab_key_in_order(open_page: Open) -> None:
    page = open_page()
    page.locator("body").click(position={"x": 5, "y": 5})
    seen: list[float] = []
    names: list[str] = []
    for _ in range(60):
        page.keyboard.press("Tab")
        name, section = page.evaluate(
            """() => { const node = document.activeElement;
              const label = node.getAttribute("aria-label") ?? node.labels?.[0]?.textContent
                ?? node.textContent;
              const at = [".top", ".editor", ".options", ".view"].findIndex(s => node.closest(s));
              return [label.trim(), at]; }"""
        )
        if name in names or section < 0:
            break
        assert name
        names.append(name)
        seen.append(section)
    assert seen == sorted(seen)
    assert {"Copy link", "Content of message 3", "Add message", "Paste ids", "Ids"} <= set(names)
    assert names[-1] == "Copy Python"


def test_a_server_that_fails_or_is_gone_is_told(open_page: Open) -> None:
    page = open_page()
    error = page.locator(".view > .error")
    page.route("**/api/show", lambda route: route.fulfill(status=418, body="no JSON"))
    page.get_by_label("Content of message 0").fill("x")
    expect(error).to_have_text("The server failed (status 418).")
    page.unroute("**/api/show")
    page.route("**/api/show", lambda route: route.abort())
    page.get_by_label("Content of message 0").fill("y")
    expect(error).to_contain_text("The server does not answer.")
    page.unroute("**/api/show")
    page.get_by_label("Content of message 0").fill("z")
    expect(error).to_be_hidden()


def test_a_conversation_that_is_too_long_is_told(open_page: Open) -> None:
    page = open_page()
    page.get_by_label("Content of message 0").fill("word " * 500_000)
    expect(page.locator(".view > .error")).to_contain_text("at most 2097152 bytes", timeout=20_000)
    page.get_by_label("Content of message 0").fill(HEADLINE[0]["content"])
    expect(page.locator(".view > .error")).to_be_hidden()


# Notes when an answer has come and when what it says has been painted.
CLOCK = """
window.times = [];
const ask = window.fetch;
window.fetch = async (...args) => {
  const response = await ask(...args);
  const json = response.json.bind(response);
  response.json = async () => {
    const text = await response.text();
    const start = performance.now();
    requestAnimationFrame(() => setTimeout(() => window.times.push(performance.now() - start), 0));
    return JSON.parse(text);
  };
  return response;
};
"""


def test_ten_thousand_tokens_are_shown_again(
    open_page: Open, record_property: Callable[[str, object], None]
) -> None:
    page = open_page(init=CLOCK)
    text = "Some words here, and there. " * 1430
    page.get_by_label("Content of message 0").fill(text)
    expect(page.locator(".count b")).to_have_text(re.compile(r"^10,0"), timeout=20_000)
    page.get_by_label("Content of message 0").focus()
    page.keyboard.press("Home")
    page.wait_for_timeout(1000)
    page.evaluate("window.times.length = 0")
    for count, letter in enumerate("abcdefghij", 1):
        page.keyboard.type(letter)
        page.wait_for_function("count => window.times.length >= count", arg=count, timeout=60_000)
    times = sorted(page.evaluate("window.times"))
    assert len(shown_ids(page)) > 10_000
    record_property("milliseconds", times)
    print("milliseconds from the answer to the paint:", [round(time) for time in times])  # noqa: T201
    if LARGE:  # by hand, on a quiet machine: no other run fails on a clock
        assert times[0] < 100


def test_what_preparation_changes_is_crossed_out_and_added(open_page: Open) -> None:
    page = open_page()
    page.locator(".format").first.select_option("gpt-oss")
    page.get_by_label("Content of message 0").fill("2+2?")
    expect(page.locator(".changes")).to_be_hidden()
    expect(page.locator("#values")).to_be_hidden()
    page.get_by_label("Prepare").check()
    expect(page.locator(".view > .error")).to_contain_text("the value date is needed")
    page.get_by_label("Values").fill("date=2026-11-27; reasoning_effort=high")
    added = page.locator(".changes li", has_text="added message").locator("ins")
    expect(added).to_contain_text("ng: high")
    expect(page.locator(".changes li").last).to_contain_text("(split)")
    expect(page.locator(".block").first).to_contain_text("Current date: 2026-11-27")
    page.wait_for_timeout(500)  # until the link holds it
    page.reload()
    expect(added).to_contain_text("ng: high")
    page.get_by_label("Prepare").uncheck()
    page.locator(".format").first.select_option("gpt-4o")
    expect(page.locator(".changes")).to_be_hidden()
