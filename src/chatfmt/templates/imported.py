"""A chat template as a format: its lines, its preparation, and when both write the same."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from chatfmt.errors import FormatError, TemplateImportError
from chatfmt.line.format import ChatFormat
from chatfmt.templates.asks import Ask, Kinds, all_written_by, asks
from chatfmt.templates.compare import (
    Difference,
    Evidence,
    Verdict,
    compare,
    evidence,
    has_other_ids,
    written,
)
from chatfmt.templates.conditions import MARKS, Condition, needed
from chatfmt.templates.dates import dated, texts_of
from chatfmt.templates.letters import in_letters, spelled
from chatfmt.templates.marks import answered, marked, misses
from chatfmt.templates.probe import takes_parts
from chatfmt.templates.render import LATER, JinjaTemplate, Refused
from chatfmt.templates.rewriting import WELL, improved
from chatfmt.templates.solve import hypotheses
from chatfmt.tokenizer import ChatTokenizer

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import tiktoken

    from chatfmt.conversation import Conversation
    from chatfmt.encodings import TokenEncoding
    from chatfmt.templates.solve import Hypothesis

__all__ = ["Imported", "import_template"]

_Case = tuple[Ask, "str | Refused"]
_KINDS = Kinds(thinks=True, calls=True, switches=False)
_LONGEST = 1 << 15  # characters that it writes for the smallest conversation; most write 200
_FIRST = 16  # conversations that distinguish hypotheses
_MORE = 16  # hypotheses to try after one that is right except for its marks
_MOST = 4_000  # hypotheses, which take a minute at most
_ROUNDS = 3  # of looking for conditions
_DRAWN, _FRESH = 1_200, 500  # drawn for the proof; at most so many for which conditions hold
_ENOUGH = 12  # equal conversations: with fewer, nothing was really imported


@dataclass(frozen=True)
class Imported:
    """A template as a format, and the conversations for which the two are proven equal.

    >>> import tiktoken
    >>> from chatfmt import Conversation, Message, import_template
    >>> chatml = "{% for m in messages %}<s>{{ m.role }}: {{ m.content }}<e>{% endfor %}"
    >>> found = import_template(chatml, ["<s>", "<e>"])
    >>> found.format.template["user"]
    '<s>user: {content}<e>'
    >>> found.holds(Conversation(messages=(Message(role="user", content="Hi"),)))
    True
    >>> vocabulary = {bytes([byte]): byte for byte in range(256)}
    >>> special = {"<s>": 256, "<e>": 257}
    >>> letters = tiktoken.Encoding(
    ...     "letters", pat_str="(?s:.)", mergeable_ranks=vocabulary, special_tokens=special
    ... )
    >>> len(found.tokenizer(letters).encode([{"role": "user", "content": "Hi"}]))
    10
    """

    format: ChatFormat
    """The lines, with their preparation."""
    conditions: tuple[Condition, ...]
    """Where all of them hold, the prepared conversation is written as the template writes it."""
    evidence: Evidence
    """The results for new conversations for which the conditions hold."""

    def tokenizer(self, encoding: tiktoken.Encoding | TokenEncoding) -> ChatTokenizer:
        """The format over a vocabulary.

        Raises:
            EncodingError: it lacks special tokens of the format.
        """
        return ChatTokenizer(self.format, encoding)

    def holds(self, conversation: Conversation, *, prompt: bool = False) -> bool:
        """Whether all conditions hold for a conversation, or for a prompt that follows it."""
        return all(one.holds(conversation, prompt=prompt) for one in self.conditions)


def import_template(
    source: str,
    special_tokens: Iterable[str],
    bos: str = "",
    eos: str = "",
    *,
    name: str = "imported",
) -> Imported:
    """The format that writes what a chat template does.

    The template is run on texts that cannot be mistaken for anything else, lines are made of the
    text around them, and what they write is compared with the template's text for conversations of
    all kinds; then once more, for others. Nothing is kept that was not equal there, and read back.

    Args:
        source: the template, untrusted.
        special_tokens: the spellings that are special tokens in the vocabulary. They are not
            guessed: only the vocabulary knows whether ``[INST]`` is one.
        bos: the value of ``bos_token``.
        eos: the value of ``eos_token``.
        name: the name of the format.

    >>> import_template("{{ raise_exception('no chat') }}", ["<e>"])
    Traceback (most recent call last):
        ...
    chatfmt.errors.TemplateImportError: it takes no plain conversation: TemplateError: no chat

    Raises:
        TemplateImportError: no line is proven to write the same as the template; ``reasons`` shows
            where they differ.
        FormatError: the syntax of the template is wrong.
        ImportError: Jinja is not installed.
    """
    tokens = [*dict.fromkeys(token for token in (bos, eos, *special_tokens) if token)]
    with JinjaTemplate(source, bos=bos, eos=eos) as template:
        template.parts = takes_parts(template)
        asked = [*asks(_KINDS, drawn=20)]
        _check_size(all_written_by(template, asked[:_FIRST]))
        cases = all_written_by(template, asked)
        found, words = _solved(template, tokens, bos, cases, name)
        mendable = [case for case in cases if not _calls(case[0])]
        words = improved(found, [*map(partial(dated, source), words)], mendable)
        tok = in_letters(_format(found.format.row(), words), tokens)
        conditions, proof = _proved(tok, template, cases)
        equal = [ask for ask, text in cases if compare(tok, ask, text)[0] is Verdict.EQUAL]
        _check_date(tok, all_written_by(template, equal[:_FIRST], LATER))
        unlike = (misses(tok, one) for one in marked(template, [*answered(equal)]))
        conditions += [Condition(MARKS, one) for one in unlike if one is not None][:1]
    return Imported(tok.format, (*conditions,), proof)


def _check_size(first: Sequence[_Case]) -> None:
    """Refuse a template that writes much for the smallest conversations: it would take minutes."""
    shortest = min((len(text) for _, text in first if isinstance(text, str)), default=0)
    if shortest > _LONGEST:
        reason = f"expected at most {_LONGEST:,} characters around a question, found {shortest:,}"
        raise TemplateImportError(reason, ())


def _solved(
    template: JinjaTemplate,
    tokens: Sequence[str],
    bos: str,
    cases: Sequence[_Case],
    name: str,
) -> tuple[ChatTokenizer, list[dict[str, Any]]]:
    """The hypothesis that is right most often for prompts, then for the plainest conversations.

    What the template marks decides between those that are equally right.

    A condition can cover how a conversation ends, but not the text before an answer.
    """
    written = [case for case in cases if isinstance(case[1], str)]
    plain = written[:_FIRST]
    prompts = [case for case in written if case[0].prompt and not _calls(case[0])]
    if not plain:
        why = next((text.reason for _, text in cases if isinstance(text, Refused)), "")
        raise TemplateImportError(f"it takes no plain conversation: {why}", ())
    shown = marked(template, [*answered([ask for ask, _ in written if not _calls(ask)])])
    more = _MORE
    best: tuple[ChatTokenizer, Hypothesis] | None = None
    fewest = (len(prompts) + 1, len(plain) + 1, len(shown) + 1)
    why = "its texts do not stand one after the other, each once"
    for tried in itertools.islice(hypotheses(template, tokens, bos), _MOST):
        if any(token in text for token in tokens for text in texts_of(tried.words)):
            continue  # it would be written as text
        try:
            tok = in_letters(_format({"name": name, **tried.row}, tried.words), tokens)
        except FormatError as error:
            why = f"no line could be read back: {error}"
            continue
        ends = _failures(tok, plain, fewest[1] + 1)
        failures = (
            _failures(tok, prompts, fewest[0] + 1),
            ends,
            sum(misses(tok, one) is not None for one in shown),
        )
        if failures < fewest:
            best, fewest = (tok, tried), failures
        more = _MORE if any(fewest[:2]) else more - 1
        if not any(fewest) or not more:
            break
    if best is None:
        raise TemplateImportError(why, ())
    return best[0], best[1].words


def _failures(tok: ChatTokenizer, cases: Sequence[_Case], most: int) -> int:
    """The number of conversations that it writes wrongly, counted up to ``most``."""
    wrong = (case for case in cases if compare(tok, *case)[0] not in WELL)
    return sum(1 for _ in itertools.islice(wrong, most))


def _format(row: dict[str, Any], words: list[dict[str, Any]]) -> ChatFormat:
    """A format in which the texts that end a field are listed."""
    made = ChatFormat(**{**row, "prepare": words, "fences": [""]})  # "" is how every text begins
    return ChatFormat(**{**made.row(), "fences": [word for _, word in made.machine.fences]})


def _conditions(tok: ChatTokenizer, cases: Sequence[_Case]) -> list[Condition]:
    equal: list[Ask] = []
    differing: list[Difference] = []
    for ask, text in cases:
        verdict, ours = compare(tok, ask, text)
        if verdict is Verdict.EQUAL:
            equal.append(ask)
        elif verdict not in WELL:
            theirs = text.reason if isinstance(text, Refused) else text
            differing.append(Difference(ask, verdict, theirs, ours))
    conditions, left = needed(differing, equal)
    if left:
        raise TemplateImportError("no condition explains what differs", left)
    rest = [a for a in equal if all(c.holds(a.conversation, prompt=a.prompt) for c in conditions)]
    longest = max((len(ask.conversation.messages) for ask in rest), default=0)
    if len(rest) < _ENOUGH or longest < 3:  # noqa: PLR2004 - a question, an answer, a question
        kinds = ", ".join(one.kind for one in conditions)
        reason = f"hardly any conversation is left for which it is the same: {kinds}"
        raise TemplateImportError(reason, [one.witness for one in conditions if one.witness])
    return conditions


def _proved(
    tok: ChatTokenizer, template: JinjaTemplate, cases: Sequence[_Case]
) -> tuple[list[Condition], Evidence]:
    """The conditions, and the results for conversations that were not used to find them.

    If these show that a condition is missing, it is looked for again, and proved with others.
    """
    for seed in range(1, _ROUNDS + 1):
        conditions = _conditions(tok, cases)
        fresh = (
            ask
            for ask in asks(_KINDS, seed=seed, drawn=_DRAWN)
            if all(one.holds(ask.conversation, prompt=ask.prompt) for one in conditions)
        )
        shown = all_written_by(template, [*itertools.islice(fresh, _FRESH)])
        found = evidence(tok, shown)
        if found.proven and not found.template_refuses:
            _check_ids(tok, shown)
            return conditions, found
        cases = [*cases, *shown]
    reasons = [*found.differing, *found.template_refuses]
    raise TemplateImportError("it differs for conversations that were not looked at", reasons)


def _check_ids(tok: ChatTokenizer, cases: Sequence[_Case]) -> None:
    """Check that equal text gives equal tokens, and that these are read as what was written."""
    for ask, text in cases:
        if isinstance(text, Refused) or compare(tok, ask, text)[0] is not Verdict.EQUAL:
            continue
        if has_other_ids(tok, ask, text):
            reason = Difference(ask, Verdict.DIFFERENT, text, text)
            raise TemplateImportError("a special token would be written as text", [reason])
        ids = next(written(tok, ask))
        again = ids if ask.prompt else tok.encode(tok.decode(ids))
        if again != ids:
            reason = Difference(ask, Verdict.DIFFERENT, text, spelled(tok, again))
            raise TemplateImportError("what it writes is read as something else", [reason])


def _calls(ask: Ask) -> bool:
    """Whether it has parts for which no line made here has a place."""
    chat = ask.conversation
    return bool(chat.tools) or any(message.tool_calls for message in chat.messages)


def _check_date(tok: ChatTokenizer, later: Sequence[_Case]) -> None:
    """Check that conversations that were equal are equal on another day."""
    for ask, text in later:
        verdict, ours = compare(tok, ask, text, date=LATER)
        if verdict is not Verdict.EQUAL:
            reason = Difference(ask, verdict, str(text), ours)
            raise TemplateImportError("DATED: what it writes depends on the day", [reason])
