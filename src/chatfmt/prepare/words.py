"""The words of a preparation: each a few options, and what it makes of the messages."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from chatfmt.conversation import Message, ToolCall
from chatfmt.errors import shown
from chatfmt.prepare.items import first_of, last_of
from chatfmt.prepare.spelling import Spelling

if TYPE_CHECKING:
    from chatfmt.prepare.items import Asked, Item

__all__ = ["Word", "read_words"]


class Word(BaseModel):
    """Options of a word, checked strictly."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    @property
    def names(self) -> Mapping[str, str | None]:
        """The values in its texts, each with what stands for it where it is not given."""
        return getattr(self, "values", {})

    @abstractmethod
    def apply(self, items: list[Item], asked: Asked) -> list[Item]:
        """The messages as the word leaves them.

        Raises:
            RenderError: the template takes no such conversation, or a value is missing.
        """


class System(Word):
    """What a template makes of a system message at the start, and where there is none."""

    word: Literal["system"] = "system"
    default: str | None = None
    """What it says where none was given; None: then there is none."""
    default_with_tools: str | None = None
    """The same where tools were given, if that is something else."""
    before: str = ""
    """What stands before the text that was given."""
    before_with_tools: str | None = None
    """The same where tools were given, if that is something else."""
    after: str = ""
    """What stands after the text that was given."""
    after_with_tools: str | None = None
    """The same where tools were given, if that is something else."""
    empty: Literal["keep", "default", "drop"] = "keep"
    """What becomes of one without text: it stays, counts as none, or is left out."""
    drop: bool = False
    """Whether each is left out, whatever it says."""
    values: Mapping[str, str | None] = {}
    """Names of the values in these texts, each with what stands for it where it is not given."""

    def apply(self, items: list[Item], asked: Asked) -> list[Item]:
        """The messages with the system message that the template makes."""
        given = bool(items) and items[0].message.role == "system"
        is_empty = given and not items[0].message.content
        if given and (self.drop or (is_empty and self.empty == "drop")):
            return items[1:]
        if is_empty and self.empty == "default":
            given, items = False, items[1:]
        if given:
            before = self._of(self.before, self.before_with_tools, asked) or ""
            text = asked.fill(before, self.values) + items[0].message.content
            after = self._of(self.after, self.after_with_tools, asked) or ""
            text += asked.fill(after, self.values)
            return [items[0].update(content=text), *items[1:]]
        default = self._of(self.default, self.default_with_tools, asked)
        if default is None:
            return items
        text = asked.fill(default, self.values)
        return [asked.add(Message(role="system", content=text)), *items]

    @staticmethod
    def _of(without: str | None, with_tools: str | None, asked: Asked) -> str | None:
        return with_tools if asked.tools and with_tools is not None else without


class Strip(Word):
    """White space at the edges of a text that a template takes away."""

    word: Literal["strip"] = "strip"
    roles: Sequence[str]
    field: Literal["content", "reasoning"] = "content"
    side: Literal["start", "end", "both"] = "both"
    characters: str | None = None
    """Which characters; None: white space as Python knows it."""
    thinks: bool | None = None
    """True: only of messages that have a reasoning, False: only of those that have none."""

    def apply(self, items: list[Item], asked: Asked) -> list[Item]:  # noqa: ARG002 - as for others
        """The messages with the texts shortened."""
        return [self._stripped(item) if self._counts(item) else item for item in items]

    def _counts(self, item: Item) -> bool:
        message = item.message
        thinks = self.thinks is None or self.thinks == (message.reasoning is not None)
        return message.role in self.roles and thinks and getattr(message, self.field) is not None

    def _stripped(self, item: Item) -> Item:
        strip = {"start": str.lstrip, "end": str.rstrip, "both": str.strip}[self.side]
        return item.update(
            **{self.field: strip(getattr(item.message, self.field), self.characters)}
        )


class Fold(Word):
    """The system message becomes a part of a user's, in front of what that says."""

    word: Literal["fold"] = "fold"
    into: Literal["first", "last"]
    between: str = "\n\n"
    drop_empty: bool = False
    """Whether one without text is left out, with what stands between."""

    def apply(self, items: list[Item], asked: Asked) -> list[Item]:
        """The messages without a system message."""
        if not items or items[0].message.role != "system":
            return items
        system, *rest = items
        if self.drop_empty and not system.message.content:
            return rest
        last = last_of(rest, ["user"])
        at = first_of(rest, "user") if self.into == "first" else last
        if at is None or at < 0:
            asked.refuse("expected a message of the user, which is to hold this one", system)
        text = system.message.content + self.between + rest[at].message.content
        return [*rest[:at], rest[at].update(content=text), *rest[at + 1 :]]


class Reasoning(Word):
    """Which answers keep their thinking, and which get an empty one."""

    word: Literal["reasoning"] = "reasoning"
    keep: Literal["all", "after_last_user", "after_last_answer", "none"]
    """An answer is what the assistant says without calling a tool."""
    empty: Literal["none", "kept", "all"] = "none"
    """Which answers without a thinking get an empty one: those that could keep one, or all."""
    dropped: str | None = None
    """What stands for a thinking that is dropped; None: nothing."""
    after_results: bool = True
    """Whether answers after the result of a tool get an empty one, too."""

    def apply(self, items: list[Item], asked: Asked) -> list[Item]:
        """The messages with the thinking that the model is shown."""
        first = self._first(items)
        return [
            self._one(item, asked, kept=at >= first, fills=self._fills(items, at, first))
            if item.message.role == "assistant"
            else item
            for at, item in enumerate(items)
        ]

    def _first(self, items: list[Item]) -> int:
        """The first that keeps its thinking."""
        match self.keep:
            case "all":
                return 0
            case "none":
                return len(items)
            case "after_last_user":
                return last_of(items, ["user"])
        answers = [
            at
            for at, item in enumerate(items)
            if item.message.role == "assistant" and not item.message.tool_calls
        ]
        return answers[-1] + 1 if answers else 0

    def _fills(self, items: list[Item], at: int, first: int) -> bool:
        """Whether an answer gets an empty thinking if it has none."""
        if not self.after_results and at and items[at - 1].message.role == "tool":
            return False
        return self.empty == "all" or (self.empty == "kept" and at >= first)

    def _one(self, item: Item, asked: Asked, *, kept: bool, fills: bool) -> Item:
        reasoning = item.message.reasoning
        if reasoning is not None and not (kept or asked.keep_history):
            reasoning = self.dropped
        if reasoning is None and fills:
            reasoning = ""
        return item if reasoning == item.message.reasoning else item.update(reasoning=reasoning)


class Tools(Word):
    """Where a template puts the definitions of tools."""

    word: Literal["tools"] = "tools"
    into: Literal["system", "first_user", "last_user", "message", "inserted"]
    """The system message, which is added if there is none; a user's; a message of its own at the
    start; or the message of this role that was inserted."""
    role: str = "system"
    """The role of that message."""
    after_system: bool = False
    """Whether it stands after the system message instead."""
    field: Literal["tools", "content"] = "tools"
    spelling: Spelling = Spelling()
    before: str = ""
    """What stands before them in a content."""
    after: str = ""
    """What stands after them there, before or after the content that was given."""
    place: Literal["before", "after"] = "before"
    """Whether they stand before or after the content that was given."""
    between: str = ""
    """What stands between both there, where there is a content."""

    def apply(self, items: list[Item], asked: Asked) -> list[Item]:
        """The messages with the definitions in one of them."""
        if not asked.tools:
            return items
        text = self.spelling.spell(asked.tools)
        at = self._where(items, asked)
        if at is None:
            role = self.role if self.into == "message" else "system"
            is_second = self.after_system and items and items[0].message.role == "system"
            at = 1 if is_second else 0
            items = [*items[:at], asked.add(Message(role=role)), *items[at:]]
        return [*items[:at], self._put(items[at], text), *items[at + 1 :]]

    def _where(self, items: list[Item], asked: Asked) -> int | None:
        if self.into == "message":
            return None
        if self.into == "inserted":
            return first_of(items, self.role)
        if self.into == "system":
            return 0 if items and items[0].message.role == "system" else None
        last = last_of(items, ["user"])
        if last < 0:
            asked.refuse("expected a message of the user, which is to hold the tools; found none")
        return last if self.into == "last_user" else first_of(items, "user")

    def _put(self, item: Item, text: str) -> Item:
        if self.field == "tools":
            return item.update(tools=text)
        text, content = self.before + text + self.after, item.message.content
        parts = [text, content] if self.place == "before" else [content, text]
        return item.update(content=(self.between if content else "").join(parts))


class Calls(Word):
    """New ids for tool calls, and for the results that answer them."""

    word: Literal["calls"] = "calls"
    ids: str
    """What they look like: ``{name}`` is the name of the tool, ``{n}`` counts all calls from 0."""

    def apply(self, items: list[Item], asked: Asked) -> list[Item]:
        """The messages with the new ids; a result without an id answers the next call."""
        made: list[Item] = []
        count = 0
        waiting: dict[
            str | int, ToolCall
        ] = {}  # what a result may answer, by the id that was given
        for item in items:
            message = item.message
            if message.role == "tool":
                item = self._answering(item, waiting, asked)  # noqa: PLW2901 - what it is now
            elif message.tool_calls:
                calls = []
                waiting = {}
                for call in message.tool_calls:
                    calls.append(call.model_copy(update={"id": self._id(call.name, count)}))
                    waiting[count if call.id is None else call.id] = calls[-1]
                    count += 1
                item = item.update(tool_calls=tuple(calls))  # noqa: PLW2901 - what it is now
            made.append(item)
        return made

    def _id(self, name: str, count: int) -> str:
        return self.ids.replace("{n}", str(count)).replace("{name}", name)

    @staticmethod
    def _answering(item: Item, waiting: dict[str | int, ToolCall], asked: Asked) -> Item:
        given = item.message.call_id
        key = next(iter(waiting), None) if given is None else given
        if key is None or key not in waiting:
            found = "no call is left" if given is None else f"found the id {shown(given)}"
            asked.refuse(f"expected the result of a call before it; {found}", item, "call_id")
        call = waiting.pop(key)
        return item.update(call_id=call.id, name=call.name)


class Insert(Word):
    """A message that a template puts at the start."""

    word: Literal["insert"] = "insert"
    role: str
    content: str
    after_system: bool = False
    """Whether it stands after a system message."""
    values: Mapping[str, str | None] = {}

    def apply(self, items: list[Item], asked: Asked) -> list[Item]:
        """The messages after that one."""
        text = asked.fill(self.content, self.values)
        at = 1 if self.after_system and items and items[0].message.role == "system" else 0
        return [*items[:at], asked.add(Message(role=self.role, content=text)), *items[at:]]


class Rename(Word):
    """Messages that a template writes in another role, or with other text around them."""

    word: Literal["rename"] = "rename"
    role: str
    to: str
    before: str = ""
    after: str = ""
    quoted: bool = False
    """Whether the content becomes a string of JSON."""

    def apply(self, items: list[Item], asked: Asked) -> list[Item]:  # noqa: ARG002 - as for others
        """The messages with the others in their place."""
        return [self._one(item) if item.message.role == self.role else item for item in items]

    def _one(self, item: Item) -> Item:
        text = item.message.content
        text = json.dumps(text, ensure_ascii=False) if self.quoted else text
        return item.update(role=self.to, content=self.before + text + self.after)


class Order(Word):
    """Which conversations a template takes; others are refused, as it does."""

    word: Literal["order"] = "order"
    system: bool = True
    """Whether there may be a system message."""
    alternate: bool = False
    """Whether after it user and assistant take turns, the user first, and there is no other."""
    calls: int | None = None
    """How many calls a message may have; None: any number."""
    text_with_calls: bool = True
    """Whether a message with calls may have text as well."""
    empty_answers: bool = True
    """Whether an answer may have neither text nor calls."""

    def apply(self, items: list[Item], asked: Asked) -> list[Item]:
        """The messages as they are."""
        for item in items:
            message = item.message
            calls = len(message.tool_calls)
            if message.role == "system" and not self.system:
                asked.refuse("the template takes no system message", item, "role")
            if self.calls is not None and calls > self.calls:
                reason = f"the template takes {self.calls} tool calls in a message, found {calls}"
                asked.refuse(reason, item, "tool_calls")
            if calls and message.content and not self.text_with_calls:
                asked.refuse("the template takes no text beside tool calls", item, "content")
            says = message.content or calls or message.role != "assistant"
            if not says and not self.empty_answers:
                asked.refuse("the template takes no answer without text", item, "content")
        if self.alternate:
            self._check_turns(items, asked)
        return items

    @staticmethod
    def _check_turns(items: list[Item], asked: Asked) -> None:
        turns = items[1:] if items and items[0].message.role == "system" else items
        for number, item in enumerate(turns):
            expected = "assistant" if number % 2 else "user"
            if item.message.role != expected:
                reason = f"the template expects {expected} here, for these two take turns"
                asked.refuse(f"{reason}; found {item.message.role}", item, "role")


AnyWord: TypeAlias = Annotated[
    System | Strip | Fold | Reasoning | Tools | Calls | Insert | Rename | Order,
    Field(discriminator="word"),
]
_WORDS: TypeAdapter[tuple[AnyWord, ...]] = TypeAdapter(tuple[AnyWord, ...])


def read_words(words: Sequence[Mapping[str, Any]]) -> tuple[Word, ...]:
    """The words that a row has, in the order in which they are applied.

    >>> read_words([{"word": "calls", "ids": "{name}:{n}"}])
    (Calls(word='calls', ids='{name}:{n}'),)

    Raises:
        ValueError: there is no such word or option; it says which.
    """
    try:
        return _WORDS.validate_json(json.dumps(words))
    except TypeError:
        raise ValueError(f"prepare must be a list of words, found {shown(words)}") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"prepare.{where}: {first['msg']}") from None
