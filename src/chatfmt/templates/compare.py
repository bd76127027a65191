"""The text that a format writes, and whether a template writes the same."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from chatfmt.errors import RenderError
from chatfmt.prepare.prepared import messages_prepared
from chatfmt.templates.excuses import Case, faults_shown, spells_own_tokens
from chatfmt.templates.letters import ids_in, spelled
from chatfmt.templates.render import DATE, Refused

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator, Sequence

    from chatfmt.conversation import Conversation
    from chatfmt.prepare.word import Word
    from chatfmt.templates.asks import Ask
    from chatfmt.tokenizer import ChatTokenizer

__all__ = [
    "Difference",
    "Evidence",
    "Verdict",
    "compare",
    "evidence",
    "has_other_ids",
    "prepared",
    "written",
]


_ENOUGH = 40  # differences


class Verdict(StrEnum):
    """How a format's text compares with a template's."""

    EQUAL = "equal"
    REFUSED = "refused"
    """Both refuse."""
    TEMPLATE_REFUSES = "template refuses"
    FORMAT_REFUSES = "format refuses"
    GUARDED = "guarded"
    """The text has something that would end its field, so the format refuses it; or it spells a
    special token, so the template refuses it, while the format writes it as text."""
    EXCUSED = "excused"
    """The template has a fault here that the row names."""
    DIFFERENT = "different"


class Difference(NamedTuple):
    """A conversation for which a template and a format write different texts.

    >>> from chatfmt.conversation import Conversation
    >>> from chatfmt.templates.asks import Ask
    >>> Difference(Ask(Conversation()), Verdict.DIFFERENT, "<s>", "<b>").template
    '<s>'
    """

    ask: Ask
    verdict: Verdict
    template: str
    """The text of the template, or why it refuses."""
    format: str
    """The text of the format, or why it refuses."""


class Evidence(NamedTuple):
    """The results for a set of conversations.

    >>> Evidence(equal=3).proven, Evidence().proven
    (True, False)
    """

    equal: int = 0
    refused: int = 0
    """Both refuse."""
    template_refuses: tuple[Difference, ...] = ()
    """Texts that the format would write where the template refuses: nothing to compare with."""
    excused: tuple[Difference, ...] = ()
    """Differences that come from a fault of the template, named among the row's ``faults``."""
    differing: tuple[Difference, ...] = ()
    guarded: int = 0
    """The format refuses a text that its reader would take for structure."""

    @property
    def proven(self) -> bool:
        """Whether there is no difference.

        >>> Evidence(equal=3).proven
        True
        """
        return bool(self.equal) and not self.differing

    def __str__(self) -> str:
        """The counts in a line.

        >>> str(Evidence(equal=3, refused=1))
        '3 equal, 1 refused by both'
        """
        counts = {
            "equal": self.equal,
            "refused by both": self.refused,
            "refused by the template alone": len(self.template_refuses),
            "excused by a fault of the template": len(self.excused),
            "refused to guard against forgery": self.guarded,
            "different": len(self.differing),
        }
        return ", ".join(f"{count} {what}" for what, count in counts.items() if count)


def prepared(
    tok: ChatTokenizer,
    conversation: Conversation,
    words: Sequence[Word] | None = None,
    date: dt.date = DATE,
) -> Conversation:
    """The conversation as the format's template rewrites it on a given day.

    ``words`` are the format's own, or others to try in their place.

    Raises:
        RenderError: the template does not accept the conversation.
    """
    words = tok.format.preparation if words is None else words
    needed = {name for word in words for name, default in word.names.items() if default is None}
    values = {"date": date} if "date" in needed else {}
    return messages_prepared(tok.format.name, words, conversation, values)


def written(
    tok: ChatTokenizer, ask: Ask, words: Sequence[Word] | None = None, date: dt.date = DATE
) -> Iterator[list[int]]:
    """The ids that a format over letters writes: of a prompt, or encoded, and to train on.

    Raises:
        RenderError: the format cannot carry the conversation.
    """
    chat = prepared(tok, ask.conversation, words, date)
    if ask.prompt:
        yield tok.encode_prompt(chat, thinking=ask.thinking)
        return
    yield tok.encode(chat)
    if any(line.training_end is not None for line in tok.format.lines):
        yield tok.encode_for_training(chat, allow_untrained=True).input_ids


def compare(
    tok: ChatTokenizer,
    ask: Ask,
    text: str | Refused,
    words: Sequence[Word] | None = None,
    date: dt.date = DATE,
) -> tuple[Verdict, str]:
    """The verdict, and what the format writes or why it refuses.

    Args:
        tok: the format, over letters.
        ask: the conversation.
        text: what the template wrote for it.
        words: words to try in place of the format's preparation.
        date: the day on which the template ran.
    """
    ours = ""
    try:
        for ids in written(tok, ask, words, date):
            ours = spelled(tok, ids)
            if isinstance(text, Refused):
                guards = _holds(ask, tok.encoding.special_tokens)
                return Verdict.GUARDED if guards else Verdict.TEMPLATE_REFUSES, ours
            if text == ours:
                return Verdict.EQUAL, text
    except RenderError as error:
        if isinstance(text, Refused):
            return Verdict.REFUSED, str(error)
        if _holds(ask, [fence.removeprefix("^") for fence in tok.format.fences]):
            return Verdict.GUARDED, str(error)
        return _excused(tok, ask, text, Verdict.FORMAT_REFUSES), str(error)
    return _excused(tok, ask, text, Verdict.DIFFERENT), ours


def has_other_ids(tok: ChatTokenizer, ask: Ask, text: str) -> bool:
    """Whether the same text gives other ids, because the format writes a special token as text.

    False if a given text spells a special token: every format writes that as text.
    """
    ids = next((ids for ids in written(tok, ask) if spelled(tok, ids) == text), None)
    spells = _holds(ask, tok.encoding.special_tokens)
    return not spells and ids is not None and ids != ids_in(tok, text)


def _holds(ask: Ask, words: Iterable[str]) -> bool:
    texts = [message.content for message in ask.conversation.messages]
    return any(word in text for word in words for text in texts)


def _excused(tok: ChatTokenizer, ask: Ask, text: str | Refused, otherwise: Verdict) -> Verdict:
    faults = tok.format.faults.keys()
    if not faults or isinstance(text, Refused):
        return otherwise
    case = Case(tok, ask.conversation, ask.prompt, text, lambda chat: prepared(tok, chat))
    try:
        if "own_tokens" in faults and spells_own_tokens(case):
            return Verdict.EXCUSED
    except RenderError:
        return otherwise
    shown = any(kinds and kinds <= faults for kinds in faults_shown(case))
    return Verdict.EXCUSED if shown else otherwise


def evidence(tok: ChatTokenizer, cases: Iterable[tuple[Ask, str | Refused]]) -> Evidence:
    """The results for all these conversations, each with what the template wrote for it."""
    kinds: dict[Verdict, list[Difference]] = {verdict: [] for verdict in Verdict}
    for found in _differences(tok, cases):
        kinds[found.verdict].append(found)
        if len(kinds[Verdict.DIFFERENT]) == _ENOUGH:
            break  # it is another format
    return Evidence(
        equal=len(kinds[Verdict.EQUAL]),
        refused=len(kinds[Verdict.REFUSED]),
        template_refuses=(*kinds[Verdict.TEMPLATE_REFUSES],),
        excused=(*kinds[Verdict.EXCUSED],),
        differing=(*kinds[Verdict.DIFFERENT], *kinds[Verdict.FORMAT_REFUSES]),
        guarded=len(kinds[Verdict.GUARDED]),
    )


def _differences(
    tok: ChatTokenizer, cases: Iterable[tuple[Ask, str | Refused]]
) -> Iterator[Difference]:
    for ask, text in cases:
        verdict, ours = compare(tok, ask, text)
        theirs = text.reason if isinstance(text, Refused) else text
        yield Difference(ask, verdict, theirs, ours)
