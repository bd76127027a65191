"""The row of the table that a chat template matches, proven on many conversations."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from chatfmt.line.formats import FORMAT_ROWS, get_format
from chatfmt.templates.asks import Kinds, all_written_by, asks
from chatfmt.templates.compare import Evidence, Verdict, compare, evidence
from chatfmt.templates.letters import in_letters
from chatfmt.templates.render import JinjaTemplate

if TYPE_CHECKING:
    from collections.abc import Collection

    from chatfmt.line.format import ChatFormat
    from chatfmt.templates.asks import Ask
    from chatfmt.templates.render import Refused

__all__ = ["Match", "kinds_of", "match_template"]

_Case = tuple["Ask", "str | Refused"]

_FIRST = Kinds(("user", "assistant"))
_ENOUGH = 20  # equal conversations: a template that refuses nearly all proves little


class Match(NamedTuple):
    """A row of the table, and how its text compares with a template's.

    >>> from chatfmt.line.formats import get_format
    >>> str(Match(get_format("chatml"), Evidence(equal=40)))
    'chatml: 40 equal'
    """

    format: ChatFormat
    evidence: Evidence

    @property
    def proven(self) -> bool:
        """Whether the template is this row, except for faults that the row names.

        >>> from chatfmt.line.formats import get_format
        >>> Match(get_format("chatml"), Evidence(equal=1)).proven
        False
        """
        return self.evidence.proven and self.evidence.equal >= _ENOUGH

    def __str__(self) -> str:
        return f"{self.format.name}: {self.evidence}"


def kinds_of(format: ChatFormat) -> Kinds:
    """The kinds of conversations that a row has places for.

    >>> from chatfmt.line.formats import get_format
    >>> kinds_of(get_format("qwen-3"))
    Kinds(roles=('system', 'user', 'assistant'), thinks=True, calls=True, switches=True)
    """
    fields = {name for line in format.lines_of.get("assistant", ()) for name in line.fields}
    system = "system" in format.lines_of or any(
        word.__class__.__name__ == "Fold" for word in format.preparation
    )
    return Kinds(
        ("system", "user", "assistant") if system else ("user", "assistant"),
        "reasoning" in fields,
        any(name.startswith("call") for name in fields),
    )


def match_template(
    source: str,
    *,
    bos: str = "",
    eos: str = "",
    special_tokens: Collection[str] | None = None,
) -> Match | None:
    r"""The row that writes the same as a template, or the one that comes nearest.

    Args:
        source: the template.
        bos: the value of its ``bos_token``.
        eos: the value of its ``eos_token``.
        special_tokens: the spellings that the vocabulary has; rows that need others are left out.
            None allows any.

    Returns:
        The row with its evidence; `Match.proven` says whether it is the template. None if no row
        writes even one conversation as the template does.

    >>> found = match_template(
    ...     "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' }}"
    ...     "{{ m.content + '<|im_end|>\n' }}{% endfor %}"
    ...     "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
    ... )
    >>> found.format.name, found.proven
    ('chatml', True)

    Raises:
        FormatError: the syntax of the template is wrong.
        ImportError: Jinja is not installed.
    """
    with JinjaTemplate(source, bos=bos, eos=eos) as template:
        cases = partial(_cases, template, {})
        first = [case for case in cases(_FIRST)[:8] if isinstance(case[1], str)]
        found = []
        for name, row in FORMAT_ROWS.items():
            if special_tokens is not None and not {*row["special_tokens"]} <= {*special_tokens}:
                continue
            tokens = row["special_tokens"]
            if not any(token in text for _, text in first for token in tokens):
                continue
            tok = in_letters(get_format(name))
            if any(compare(tok, *case)[0] is Verdict.EQUAL for case in first):
                found.append(Match(tok.format, evidence(tok, cases(kinds_of(tok.format)))))
    return max(found, key=_nearness, default=None)


def _cases(template: JinjaTemplate, known: dict[str, str | Refused], kinds: Kinds) -> list[_Case]:
    """The conversations with the template's text for each; known ones are not rendered again."""
    asked = {repr(ask): ask for ask in asks(kinds)}
    new = {key: ask for key, ask in asked.items() if key not in known}
    texts = (text for _, text in all_written_by(template, [*new.values()]))
    known.update(zip(new, texts, strict=True))
    return [(ask, known[key]) for key, ask in asked.items()]


def _nearness(found: Match) -> tuple[bool, float, int, int]:
    """Proven ones first; then by the share of equal ones, their number, and how plain a row is."""
    about = found.evidence
    tried = about.equal + len(about.differing) + len(about.excused)
    fields = sum(len(line.fields) for line in found.format.lines)
    return found.proven, about.equal / max(tried, 1), about.equal, -fields
