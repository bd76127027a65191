"""The language of format lines: what is refused when a format is defined, and what is not."""

from __future__ import annotations

import itertools
import pickle
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assertions import assert_events_tell_messages
from chatfmt import (
    FORMAT_ROWS,
    ChatFormat,
    ChatTokenizer,
    Conversation,
    EncodingError,
    EncodingRequiredError,
    FormatError,
    Message,
    RenderError,
    UnknownFormatError,
    extend_encoding,
    get_encoding,
    get_format,
    get_tokenizer,
    tokenizer_for_model,
)
from chatfmt.line.language import GenerationStart, Group
from formats_under_test import FORMATS, HARMONY, THINK, tokenizer_for

if TYPE_CHECKING:
    from collections.abc import Mapping

Lines: TypeAlias = "str | Mapping[str, str]"

TOKENS = ["<s>", "<e>"]
MORE = ["<s>", "<e>", "<t>"]


def make(template: Lines, tokens: list[str] = TOKENS, **row: Any) -> ChatFormat:
    if isinstance(template, str):
        row.setdefault("roles", ["user", "assistant"])
    return ChatFormat(name="x", template=template, special_tokens=tokens, **row)


REFUSED: list[tuple[str, Lines, list[str], dict[str, Any]]] = [
    # ambiguous: the message shows a text that has two readings
    ("could be read in two ways", "<s>{role}[ {name}] {content}<e>", TOKENS, {}),
    ("could be read in two ways", "<s>{role}{content}<e>", TOKENS, {}),
    ("could be read in two ways", "<s>{role}{name}|{content}<e>", TOKENS, {}),
    ("could be read in two ways", "<s>{role}[.{channel}][.{name}] {content}<e>", TOKENS, {}),
    ("could be read in two ways", "<s>{role}\n[{reasoning}<t>]{content}<e>", MORE, {}),
    ("could be read in two ways", "<s>{role}[ {name}][ {channel}]<t>{content}<e>", MORE, {}),
    ("or only be distinguished too late", "<s>{role}\n[{name}<t>]{content}<e>", MORE, {}),
    ("its end", {"user": "<s>{content}<e>", "assistant": "<s>{content}<t>"}, MORE, {}),
    ("its end", "<s>{content}<t>{role}<e>", MORE, {}),
    (
        "its end",
        {"user": "<s>{reasoning}<e>{content}<t>", "assistant": "<s>{reasoning}<e>{content}<s>"},
        MORE,
        {},
    ),
    ("its end", {"user": "<s>{content}<e>", "assistant": "<s>{content}<e>"}, TOKENS, {}),
    # where one line ends the other goes on
    (
        "its end",
        {"user": "<s>{content}<e>", "assistant": "<s>{content}<e>{reasoning}<t>"},
        MORE,
        {},
    ),
    (
        "its end",
        {"assistant": "<s>{content}<e>{reasoning}<t>", "user": "<s>{content}<e>"},
        MORE,
        {},
    ),
    ("its end", {"user": "<s>{content}a<e>", "b": "<s>{content}b<e>"}, TOKENS, {}),
    # the place of free text
    ("without a special token or text between", "<s>{role}\n{content}{reasoning}<e>", TOKENS, {}),
    (
        "only the text ' ' tells where {content} ends",
        "<s>{role}\n{content}[ {name}]<e>",
        TOKENS,
        {},
    ),
    ("{content} follows {reasoning}", "<s>{role}\n[{reasoning}]{content}<e>", TOKENS, {}),
    ("{content} follows {reasoning}", "<s>{role}\n[<t>{reasoning}]{content}<e>", MORE, {}),
    ("there is no {content}", "<s>{role}<e>", TOKENS, {}),
    ("there is no {role}", "<s>{content}<e>", TOKENS, {}),
    ("there is no {role}", {"user": "<s>{content}<e>"}, TOKENS, {"generation_start": "role"}),
    ("appears twice", "<s>{role}{role}<t>{content}<e>", MORE, {}),
    # the end
    ("only literal text may follow", "<s>{role}\n{content}", TOKENS, {}),
    ("no end token", "{role}: {content}", [], {}),
    ("only literal text may follow", "<s>{role}\n{content}<e>{name}", TOKENS, {}),
    ("{end} must be the last", "<s>{role}\n{content}{end}", TOKENS, {}),
    ("{end} must be the last", "<s>{role}\n{content}<e>", TOKENS, {"ends": {"<e>": "stop"}}),
    ("{end} must be the last", "<s>{role}{end}\n{content}<e>", TOKENS, {"ends": {"<e>": "stop"}}),
    (
        "cannot be optional",
        "<s>{role}[{name}{end}]{content}<e>",
        TOKENS,
        {"ends": {"<e>": "stop"}},
    ),
    (
        "not listed in special_tokens",
        "<s>{role}\n{content}{end}",
        ["<s>"],
        {"ends": {"<e>": "stop"}},
    ),
    ('must be "stop" or', "<s>{role}\n{content}{end}", TOKENS, {"ends": {"<e>": "halt"}}),
    ("no end token stops", "<s>{role}\n{content}{end}", TOKENS, {"ends": {"<e>": "continue"}}),
    (
        "does not write the tail",
        "<s>{role}\n{content}{end}\n",
        MORE,
        {"ends": {"<e>": "continue", "<t>": "stop"}},
    ),
    (
        "generation would stop there",
        "<s>{role}<e>{content}<e>",
        TOKENS,
        {"generation_start": "role"},
    ),
    (
        "tells where {reasoning} ends",  # where the group between them is left out
        "<s>{role}<e>{reasoning}[<t>{name}]\n{content}<e>",
        MORE,
        {},
    ),
    (
        "{content}, which it writes, comes before it",
        {"user": "<s>{content}<t>{role}<e>"},
        MORE,
        {"generation_start": "role"},
    ),
    # groups, fields, characters
    ("group is not allowed inside a group", "<s>{role}[a[ {name}]]\n{content}<e>", TOKENS, {}),
    ("exactly one field", "<s>{role}[ ]\n{content}<e>", TOKENS, {}),
    ("exactly one field", "<s>{role}[ {name} {channel}]\n{content}<e>", TOKENS, {}),
    ("exactly one field", "<s>[{role}]\n{content}<e>", TOKENS, {}),
    ("only literal text may follow", "<s>{role}\n[{content}<e>]", TOKENS, {}),
    ("] without [", "<s>{role}]\n{content}<e>", TOKENS, {}),
    ("[ without ]", "<s>{role}[ {name}\n<e>", TOKENS, {}),
    ("unknown field {conten}", "<s>{role}\n{conten}<e>", TOKENS, {}),
    ("stray '{'", "<s>{role}{ \n{content}<e>", TOKENS, {}),
    ("stray '\\\\'", "<s>{role}\\n{content}<e>", TOKENS, {}),
    # special tokens, roles, prologue
    ("looks like a special token", "<s>{role}<|im_sep|>{content}<e>", TOKENS, {}),
    ("appears nowhere", "<s>{role}\n{content}<e>", MORE, {}),
    ("must be a list", "<s>{role}\n{content}<e>", "<s>", {}),  # type: ignore[list-item]
    ("must be a list", "<s>{role}\n{content}<e>", {"<s>", "<e>"}, {}),  # type: ignore[list-item]
    ("has an empty string", "<s>{role}\n{content}<e>", ["<s>", "<e>", ""], {}),
    ("has <s> twice", "<s>{role}\n{content}<e>", ["<s>", "<e>", "<s>"], {}),
    ("has user twice", "<s>{role}\n{content}<e>", TOKENS, {"roles": ["user", "a", "user"]}),
    ("looks like a special token", "<s>{role}\n{content}<e>", TOKENS, {"prologue": "<|bos|>"}),
    ("looks like a special token", "<s>{role}\n{content}<e><|x|>", TOKENS, {}),
    ("only special tokens and literal", "<s>{role}\n{content}<e>", TOKENS, {"prologue": "{role}"}),
    ("cannot follow a tail", "{role}: {content}<e>\n", ["<e>"], {}),
    ("cannot follow a tail", "{role}: {content}<e>", ["<e>"], {"prologue": "Chat:\n"}),
    ("expected a role that matches", "<s>{role}\n{content}<e>", TOKENS, {"roles": ["User"]}),
    ("cannot be how a role", "<s>{role}\n{content}<e>", TOKENS, {"roles": {"user": "a b"}}),
    ("spelled the same", "<s>{role}\n{content}<e>", TOKENS, {"roles": {"a": "x", "b": "x"}}),
    ("at least one role", "<s>{role}\n{content}<e>", TOKENS, {"roles": []}),
    ("at least one role", {}, TOKENS, {"roles": []}),
    ("expected the roles that have a line, none", {}, TOKENS, {"roles": ["user"]}),
    ("expected the roles", {"user": "<s>{content}<e>"}, TOKENS, {"roles": ["assistant"]}),
    (
        "could not be distinguished from",
        "<s>{role}-{name}\n{content}<e>",
        TOKENS,
        {"roles": ["a-b"]},
    ),
]


# Arguments that are not what they must be: a row may come from a file.
_WRONG: dict[str, list[Any]] = {
    "roles": ["user", [1], None, {"user": 1}],
    "prologue": [None, 1, "\ud800"],
    "ends": [["<e>"], {"<e>": True}, None],
    "generation_start": ["header", 1],
    "encoding": [1],
    "source": [None],
}
_WRONG_LINES: list[Any] = [None, ["<s>{content}<e>"], {"user": 1}, "<s>\ud800{content}<e>"]
REFUSED += [
    (f"{name} must be", "<s>{role}\n{content}<e>", TOKENS, {name: value})
    for name, values in _WRONG.items()
    for value in values
]
REFUSED += [("template must be", line, TOKENS, {"roles": ["user"]}) for line in _WRONG_LINES]


@pytest.mark.parametrize(("reason", "template", "tokens", "row"), REFUSED)
def test_refused(reason: str, template: Lines, tokens: list[str], row: dict[str, Any]) -> None:
    with pytest.raises(FormatError) as error:
        make(template, tokens, **row)
    assert reason in str(error.value)


ACCEPTED: list[tuple[Lines, list[str], dict[str, Any]]] = [
    ("<s>{role}[-{name}] {content}<e>", TOKENS, {}),
    ("<s>{role}\n[x<t>{name}<t>]{content}<e>", MORE, {}),
    ("<s>{role}[.{channel}][:{name}] {content}<e>", TOKENS, {}),
    ("{role}[-{name}] {content}<e>", ["<e>"], {}),
    ("<s>{role}<e>{content}<e>", TOKENS, {}),
    ("<s>{role}\n{content}[<t>{recipient}]<e>", MORE, {}),
    ("<s>{role}\n{content}[\n<t>{recipient}]<e>\n\n", MORE, {}),
    ("<s>{role}\n{content}\n<e>", TOKENS, {}),
    ("<s>{role}|{name}\n{content}<e>", TOKENS, {}),
    (r"<s>\[{role}\]\{\}\\{content}<e>", TOKENS, {}),
    ("<s>{role}é\n{content}<e>中\n", TOKENS, {}),
    ("<s>{role}\n{content}<e>\U00010348\n", TOKENS, {}),  # a tail that can end in a character
    ("<s>{role}\n{content}<e>", TOKENS, {"prologue": "<e>\U00010348<e>"}),
    ({"user": "<s>{content}<e>", "assistant": "{content}<e>"}, TOKENS, {}),
    ({"user": "<s>{content}<e>", "assistant": "<s><t>{content}<e>"}, MORE, {}),
    ({"user": "<s>a{content}<e>", "assistant": "<s>b<t>{content}<e>"}, MORE, {}),
    ({"user": "<s>{content}<e>", "assistant": "<t>[<s>{channel}\n]{content}<e>"}, MORE, {}),
    (
        {"user": "<s>[-{channel}]<t>{content}{end}", "assistant": "<s>a{role}:{content}{end}"},
        ["<s>", "<t>", "<e>", "<f>"],
        {"ends": {"<e>": "continue", "<f>": "stop"}},
    ),
    ({"user": "<s>{role}\n{content}<e>", "assistant": "<s>{role}: {content}<e>"}, TOKENS, {}),
    ({"user": "<s>{content}<t>", "assistant": "{content}<e>\n"[:-1]}, MORE, {"prologue": "<s>"}),
    ("<s>{role}\n{content}<e>\n", TOKENS, {"roles": {"user": "Human", "assistant": "model"}}),
    ("<s>{role}\n[<t>{reasoning}\n\n<t>]{content}\n<e>\n", MORE, {}),
    ("<s>{role}[<t>{reasoning}<t>]\n{content}<e>", MORE, {}),
    ("<s>{role}{^}[<t>{channel}]\n{content}<e>", MORE, {}),
    ("{role}{^}[ to={recipient}]\n{content}\n<e>", ["<e>"], {}),
]

TEXTS = ["", "\n", "\n\n", "a", " a\n", "<s>", "<e>x<t>", "é中\n", "user", "-", "|", "]", "\n\n\n"]


@pytest.mark.parametrize(("template", "tokens", "row"), ACCEPTED)
def test_accepted_lines_keep_the_laws(
    template: Lines, tokens: list[str], row: dict[str, Any]
) -> None:
    made = make(template, tokens, **row)
    tok = ChatTokenizer(made, extend_encoding(get_encoding("cl100k_im"), "t", tokens))
    assert pickle.loads(pickle.dumps(made)) == made
    assert ChatFormat(**made.row()) == made
    for role, name in itertools.product(made.templates, made.templates):
        for first, second in itertools.product(TEXTS, repeat=2):
            conversation = fitting(made, [(role, first), (name, second)])
            ids = tok.encode(conversation)
            assert tok.decode(ids) == conversation
            assert tok.parse(ids).spans == tok.render(conversation).spans
            for cut in range(len(ids)):
                tok.parse(ids[:cut], strict=False)
            parser = tok.stream(role=None)
            events = [event for token in ids for event in parser.feed(token)] + parser.close()
            assert_events_tell_messages(events, conversation.messages)
            assert parser.spans == tok.render(conversation).spans
            if may_follow_a_prompt(made, conversation.messages[1]):
                before = Conversation(messages=conversation.messages[:1])
                prompt = tok.encode_prompt(before, role=name)
                assert ids[: len(prompt)] == prompt
                opened = tok.parse(prompt, allow_open=True).open
                assert (opened is None) == (prompt == tok.encode(before))
                # Lines of one role each may begin alike, and then nobody can tell yet.
                untold = None if isinstance(made.template, dict) else name
                assert opened is None or (opened.index == 1 and opened.role in (name, untold))


def may_follow_a_prompt(made: ChatFormat, message: Message) -> bool:
    """A prompt has no more than the role, which must be a speaker's."""
    if message.role not in made.prompted:
        return False
    pieces = made.templates[message.role].pieces
    before = pieces[: pieces.index(GenerationStart())]
    held = {p.field if isinstance(p, Group) else getattr(p, "name", "role") for p in before}
    return all(getattr(message, name) is None for name in held - {"role"})


def test_a_format_does_not_change_with_the_lists_it_was_made_of() -> None:
    tokens, roles, ends = ["<s>", "<e>"], ["user", "assistant"], {"<e>": "stop"}
    made = make("<s>{role}\n{content}{end}", tokens, roles=roles, ends=ends)
    before = made.row()
    tokens.append("<x>")
    roles.append("tool")
    ends["<x>"] = "stop"
    assert made.row() == before


def fitting(made: ChatFormat, messages: list[tuple[str, str]]) -> Conversation:
    """Messages with each field that the format needs, and every second optional one."""
    fitted = []
    for i, (role, content) in enumerate(messages):
        places = made.templates[role].fields.items()
        wanted = {name for name, needed in places if needed or i % 2}
        fields = {name: content if name == "reasoning" else "x" for name in wanted - {"role"}}
        fitted.append(Message.model_validate({**fields, "role": role, "content": content}))
    return Conversation(messages=tuple(fitted))


@given(
    line=st.lists(
        st.sampled_from(
            [
                "<s>",
                "<t>",
                "<e>",
                "{role}",
                "{name}",
                "{content}",
                "{reasoning}",
                "[",
                "]",
                " ",
                "\n",
                ":",
            ]
        ),
        max_size=12,
    ).map("".join)
)
@settings(deadline=None, max_examples=300)
def test_any_line_is_compiled_or_refused(line: str) -> None:
    tokens = [token for token in ("<s>", "<t>", "<e>") if token in line]
    try:
        made = make(line, tokens)
    except FormatError:
        return
    encoding = extend_encoding(get_encoding("cl100k_im"), "t", ["<s>", "<t>", "<e>"])
    tok = ChatTokenizer(made, encoding)
    conversation = fitting(made, [("user", "a\n"), ("assistant", ""), ("assistant", ":b ")])
    assert tok.decode(tok.encode(conversation)) == conversation


@pytest.mark.parametrize("name", FORMATS)
def test_a_missing_special_token_is_named(name: str) -> None:
    made = tokenizer_for(name).format
    bare = get_encoding("o200k_im" if "<|im_start|>" not in made.special_tokens else "cl100k_im")
    tokens = [token for token in made.special_tokens if token not in bare._special_tokens][1:]
    short = extend_encoding(bare, "short", tokens)
    missing = [token for token in made.special_tokens if token not in short._special_tokens]
    if not missing:
        pytest.skip("every token is bundled")
    with pytest.raises(EncodingError, match="lacks special tokens") as error:
        ChatTokenizer(made, short)
    assert missing[0] in str(error.value)


def test_formats_without_a_vocabulary_say_so() -> None:
    for name, row in FORMAT_ROWS.items():
        if "encoding" in row:
            assert get_tokenizer(name) is get_tokenizer(name)
        else:
            with pytest.raises(EncodingRequiredError) as error:
                get_tokenizer(name)
            assert all(token in str(error.value) for token in row["special_tokens"])


def test_unknown_names_list_what_is_nearest_or_known() -> None:
    with pytest.raises(UnknownFormatError, match=r"the nearest are gpt-4, gpt-4o, gpt-oss"):
        get_format("gpt-5")
    with pytest.raises(UnknownFormatError, match="gpt-4o-mini"):
        tokenizer_for_model("gpt-4o-2099")
    assert tokenizer_for_model("gpt-4o-mini") is get_tokenizer("gpt-4o")


@pytest.mark.parametrize(
    ("message", "field", "reason"),
    [
        ({"role": "wizard"}, "role", "unknown role 'wizard'"),
        ({"role": "user", "name": "a b"}, "name", "expected the name to match"),
        ({"role": "user", "name": ""}, "name", "expected the name to match"),
        ({"role": "user", "name": "x" * 65}, "name", "expected the name to match"),
        ({"role": "user", "recipient": "all"}, "recipient", "no place for the field recipient"),
        ({"role": "user", "reasoning": ""}, "reasoning", "no place for the field reasoning"),
    ],
)
def test_what_a_format_cannot_carry(message: dict[str, Any], field: str, reason: str) -> None:
    tok = tokenizer_for("gpt-4o")
    with pytest.raises(RenderError, match=reason) as error:
        tok.encode([{"role": "user"}, message])
    assert (error.value.message, error.value.field, error.value.format) == (1, field, "gpt-4o")
    assert str(error.value).startswith("message 1: ")
    assert pickle.loads(pickle.dumps(error.value)).args == error.value.args


def test_a_surrogate_that_got_past_the_model_is_refused() -> None:
    forged = Message.model_construct(
        role="user",
        content="a\ud800",
        **dict.fromkeys(["name", "recipient", "channel", "content_type", "reasoning", "weight"]),
        call_id=None,
    )
    with pytest.raises(RenderError, match=r"U\+D800 at offset 1"):
        tokenizer_for("gpt-4o").encode(
            Conversation.model_construct(messages=(forged,), metadata={})
        )


def test_stop_tokens() -> None:
    assert tokenizer_for("gpt-4o").stop_tokens == {200265}
    assert HARMONY.stop_spellings == ("<|return|>", "<|call|>")
    assert THINK.stop_spellings == ("<|im_end|>",)
    assert get_format("nanochat").stop_spellings == ("<|assistant_end|>",)


def test_a_prompt_leaves_out_what_is_optional_and_needs_the_rest() -> None:
    encoding = extend_encoding(get_encoding("cl100k_im"), "t", TOKENS)
    start, end = (encoding._special_tokens[token] for token in TOKENS)
    optional = ChatTokenizer(make("<s>{role}[ to={recipient}]\n{content}<e>"), encoding)
    assert optional.encode_prompt([]) == [start, *encoding.encode_ordinary("assistant\n")]
    chat = optional.render([{"role": "user", "content": "x", "recipient": "all"}])
    chat.append_completion([*encoding.encode_ordinary("y"), end])
    assert chat.conversation.messages[1] == Message(role="assistant", content="y")
    needed = ChatTokenizer(make("<s>{role} {recipient}\n{content}<e>"), encoding)
    with pytest.raises(RenderError, match="needs the field recipient"):
        needed.encode_prompt([])


def test_a_group_cannot_come_once_the_text_behind_it_has_begun() -> None:
    made = make(
        "<s>{role}\n{reasoning}<t>[<u>{channel}\n]{content}<e>", ["<s>", "<t>", "<u>", "<e>"]
    )
    encoding = extend_encoding(get_encoding("cl100k_im"), "t", made.special_tokens)
    tok = ChatTokenizer(made, encoding)
    fields = {"role": "user", "reasoning": "a", "channel": "b", "content": "c"}
    ids = tok.encode([fields])
    group = ids.index(encoding._special_tokens["<u>"])
    ids.insert(group, *encoding.encode_ordinary("x"))  # text, and then the group
    whole, parser = tok.parse(ids, strict=False), tok.stream(role=None)
    for token in ids:
        parser.feed(token)
    parser.close()
    assert (tuple(parser.messages), parser.issues, parser.spans) == (
        whole.conversation.messages,
        whole.issues,
        whole.spans,
    )
    assert whole.issues[0].position == group + 1
