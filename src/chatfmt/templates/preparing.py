"""The words of a preparation as nodes of a template, which change ``prepared.messages``.

The nodes of a word do the same as its class in `chatfmt.prepare`, on messages as OpenAI's dicts.
Two words are refused: ``split`` and ``calls`` look into calls and results in a way that no template
can. If a row does not spell definitions of tools as JSON, the template raises when there are some.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatfmt.errors import FormatError
from chatfmt.prepare.definitions import Tools
from chatfmt.prepare.items import PLACE
from chatfmt.prepare.order import Order
from chatfmt.prepare.reasoning import Reasoning
from chatfmt.prepare.systems import Fold, Insert, System
from chatfmt.prepare.texts import Rename, Strip
from chatfmt.templates.branches import branch
from chatfmt.templates.kept_reasoning import reasoning_nodes
from chatfmt.templates.rewritten import ALL, add, each, last
from chatfmt.templates.shared import read_field
from chatfmt.templates.source import For, If, Node, Set, listed, quoted, raising
from chatfmt.templates.spelled_tools import checked_tools, tool_nodes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chatfmt.line.format import ChatFormat
    from chatfmt.prepare.word import Word

__all__ = ["VALUE", "prepared_nodes"]

VALUE = """\
{%- macro value(given, name, how, default) %}
    {%- set found = given if given is defined else default %}
    {%- if found is not string %}
        {{- raise_exception('the value ' ~ name ~ ' is needed, as text' ~ how) }}
    {%- endif %}
    {{- found }}
{%- endmacro %}"""
"""The macro for a value that is given as text with the messages, such as the date."""


def prepared_nodes(format: ChatFormat) -> Iterator[Node]:
    """The nodes that make ``prepared.messages`` of ``messages``, as `ChatTokenizer.prepare` does.

    Raises:
        FormatError: a template cannot do a word of the preparation; the error names it.
    """
    yield Set("prepared", "namespace(messages=[])")
    yield Set("made", "namespace(messages=[], at=-1, text='', given=false)")
    yield For("message in messages", (*_read(),))
    yield checked_tools()
    for word in format.preparation:
        yield from _word(word, format)


def _read() -> Iterator[Node]:
    """Give each message its text and its thinking under one name each."""
    yield from (*read_field("content"), *read_field("reasoning"))
    wrong = "content is not string or reasoning is not none and reasoning is not string"
    reason = "expected text as content and as thinking"
    yield If(((wrong, (raising(f"'message ' ~ loop.index0 ~ {quoted(f': {reason}')}"),)),))
    names = "reasoning_content=reasoning, reasoning=none, thinking=none"
    yield Set(ALL, f"{ALL} + [dict(message, content=content, {names})]")


def _word(word: Word, format: ChatFormat) -> Iterator[Node]:
    match word:
        case Strip():
            yield from _strip(word)
        case Rename():
            yield from _rename(word)
        case System():
            yield from _system(word)
        case Fold():
            yield from _fold(word)
        case Insert():
            yield from _insert(word)
        case Reasoning():
            yield from reasoning_nodes(word)
        case Order():
            yield from _order(word)
        case Tools():
            yield from tool_nodes(word)
        case _:
            name = word.model_dump()["word"]
            raise FormatError(
                f"format {format.name}: no template can do the word {name} of its preparation; "
                "export without the preparation, and call prepare first"
            )


def _filled(text: str, defaults: Mapping[str, str | None]) -> str:
    """A text with its values, as an expression."""
    parts, at = [], 0
    for found in PLACE.finditer(text):
        name, how = found.groups()
        if name in defaults:
            default = defaults[name]
            spelled = "none" if default is None else quoted(default)
            form = f" in the form {how}" if how else ""  # transformers makes text of a date
            value = f"value({name}, {quoted(name)}, {quoted(form)}, {spelled})"
            parts += [quoted(text[at : found.start()]), value]
            at = found.end()
    return " ~ ".join(part for part in (*parts, quoted(text[at:])) if part != "''") or "''"


def _strip(word: Strip) -> Iterator[Node]:
    if word.earlier:
        yield from last("user")
    field = {"content": "content", "reasoning": "reasoning_content"}[word.field]
    terms = [f"message.role in {listed(word.roles)}"]
    if word.field == "reasoning":
        terms.append("message.reasoning_content is not none")
    if word.thinks is not None:
        terms.append(f"message.reasoning_content is {'not ' if word.thinks else ''}none")
    if word.calls is not None:
        terms.append("message.tool_calls" if word.calls else "not message.tool_calls")
    if word.earlier:
        terms.append("loop.index0 < made.at")
    strip = {"start": "lstrip", "end": "rstrip", "both": "strip"}[word.side]
    characters = "" if word.characters is None else quoted(word.characters)
    stripped = f"dict(message, {field}=message.{field}.{strip}({characters}))"
    yield from each(add(f"{stripped} if {' and '.join(terms)} else message"))


def _rename(word: Rename) -> Iterator[Node]:
    text = "message.content | tojson" if word.quoted else "message.content"
    text = " ~ ".join(
        part for part in (quoted(word.before), text, quoted(word.after)) if part != "''"
    )
    new = "" if word.to == word.role else f"role={quoted(word.to)}, name=none, tool_call_id=none, "
    one = f"dict(message, {new}content={text})"
    is_one = f"message.role == {quoted(word.role)}"
    if not word.joined:
        yield from each(add(f"{one} if {is_one} else message"))
        return
    goes_on = f"{is_one} and not loop.first and loop.previtem.role == message.role"
    whole = f"dict(made.messages[-1], content=made.messages[-1].content ~ {text})"
    joined = Set("made.messages", f"made.messages[:-1] + [{whole}]")
    branches = ((goes_on, (joined,)), (is_one, (add(one),)), ("", (add("message"),)))
    yield from each(If(branches))


def _system(word: System) -> Iterator[Node]:
    rest = Set(ALL, f"{ALL}[1:]")
    given = f"{ALL} and {ALL}[0].role == {quoted(word.role)}"
    if word.drop:
        yield If(((given, (rest,)), ("", (*_default(word),))))
        return
    yield Set("made.given", given)
    no_text = f"made.given and not {ALL}[0].content"
    if word.empty == "drop":
        yield If(((no_text, (rest,)), ("made.given", (*_around(word),)), ("", (*_default(word),))))
        return
    if word.empty == "default":
        yield If(((no_text, (rest, Set("made.given", "false"))),))
    yield If((("made.given", (*_around(word),)), ("", (*_default(word),))))


def _around(word: System) -> Iterator[Node]:
    before = _with_tools(word.before, word.before_with_tools, word)
    after = _with_tools(word.after, word.after_with_tools, word)
    text = " ~ ".join(one for one in (before, f"{ALL}[0].content", after) if one != "''")
    yield Set(ALL, f"[dict({ALL}[0], content={text})] + {ALL}[1:]")


def _with_tools(without: str, with_tools: str | None, word: System) -> str:
    text = _filled(without, word.values)
    if with_tools is None:
        return text
    return f"({_filled(with_tools, word.values)} if tools else {text})"


def _default(word: System) -> Iterator[Node]:
    plain, with_tools = (
        () if text is None else (_first(word.role, _filled(text, word.values)),)
        for text in (word.default, word.default_with_tools)
    )
    yield from branch([("tools", with_tools or plain), ("", plain)])


def _first(role: str, text: str, at: str = "0") -> Set:
    """Insert a message at a place."""
    message = f"{{'role': {quoted(role)}, 'content': {text}, 'reasoning_content': none}}"
    return Set(ALL, f"{ALL}[:{at}] + [{message}] + {ALL}[{at}:]")


def _insert(word: Insert) -> Iterator[Node]:
    text = _filled(word.content, word.values)
    first = _first(word.role, text)
    if word.after_system:
        given = f"{ALL} and {ALL}[0].role == 'system'"
        yield If(((given, (_first(word.role, text, "1"),)), ("", (first,))))
    else:
        yield first


def _fold(word: Fold) -> Iterator[Node]:
    system = f"{ALL}[0].content"
    folded = f"content=made.text ~ {quoted(word.between)} ~ {ALL}[made.at].content"
    fold = Set(ALL, f"{ALL}[:made.at] + [dict({ALL}[made.at], {folded})] + {ALL}[made.at + 1:]")
    found = "message.role == 'user'" + (" and made.at < 0" if word.into == "first" else "")
    nodes = (
        Set("made.text", system),
        Set(ALL, f"{ALL}[1:]"),
        Set("made.at", "-1"),
        For(f"message in {ALL}", (If(((found, (Set("made.at", "loop.index0"),)),)),)),
        If((("made.at < 0", (raising("'expected a message of the user after the first one'"),)),)),
        fold,
    )
    given = f"{ALL} and {ALL}[0].role == 'system'"
    dropped = [(f"{given} and not {system}", (Set(ALL, f"{ALL}[1:]"),))] * word.drop_empty
    yield If((*dropped, (given, nodes)))


def _order(word: Order) -> Iterator[Node]:
    if not word.tools:
        reason = "'the format has no place for definitions of tools'"
        yield If((("tools", (raising(reason),)),))
    calls = "(message.tool_calls or [])"
    checks = [
        (not word.system, "message.role == 'system'", "no system message"),
        (
            bool(word.first),
            f"not loop.first and message.role in {listed(word.first)}",
            "this role only at the start",
        ),
        (word.calls is not None, f"{calls} | length > {word.calls}", f"{word.calls} calls at most"),
        (not word.text_with_calls, f"{calls} and message.content", "no text beside tool calls"),
        (
            not word.empty_answers,
            f"message.role == 'assistant' and not {calls} and not message.content",
            "no answer without text",
        ),
        (
            word.alternate,
            "loop.index0 >= made.at and message.role != turns[(loop.index0 - made.at) % 2]",
            "the user and the assistant in turns",
        ),
    ]
    nodes = [
        If(((wrong, (raising(f"'message ' ~ loop.index0 ~ {reason}"),)),))
        for asked, wrong, what in checks
        if asked
        for reason in (quoted(f": the template takes {what}"),)
    ]
    if word.alternate:
        yield Set("turns", "['user', 'assistant']")
        yield Set("made.at", f"1 if {ALL} and {ALL}[0].role == 'system' else 0")
    if nodes:
        yield For(f"message in {ALL}", (*nodes,))
