"""A row's template with one more rule: refused, or imported with exactly that rule as a word.

The rules come before the template or after it, so any row can take them. With
``CHATFMT_LARGE=1`` every row that comes back whole has them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

import chatfmt
from chatfmt.errors import TemplateImportError
from chatfmt.templates import import_template, to_jinja
from chatfmt.templates.asks import Kinds, all_written_by, asks
from chatfmt.templates.compare import Verdict, compare
from chatfmt.templates.letters import in_letters
from chatfmt.templates.render import JinjaTemplate
from sizes import LARGE

if TYPE_CHECKING:
    from chatfmt.templates.imported import Imported

pytest.importorskip("jinja2", reason="templates need it")


class Rule(NamedTuple):
    """What stands before and behind a template, and what an import says of it."""

    before: str
    after: str = ""
    words: tuple[dict[str, Any], ...] = ()
    """Members of the words that the preparation has more."""
    conditions: frozenset[str] = frozenset()


def _each(change: str) -> str:
    """Messages that are others than those that were given."""
    loop = "{%- for m in messages %}" + change + "{%- endfor %}"
    return "{%- set made = namespace(m=[]) %}" + loop + "{%- set messages = made.m %}"


def _with(members: str) -> str:
    return f"{{%- set made.m = made.m + [dict(m, {members})] %}}"


def _if(condition: str, then: str) -> str:
    return f"{{%- if {condition} %}}{then}{{%- else %}}{_KEPT}{{%- endif %}}"


_KEPT = "{%- set made.m = made.m + [m] %}"
_NO_THOUGHT = _with("reasoning_content=none, reasoning=none, thinking=none")
_JOINED = (
    "{%- set made.m = made.m[:-1] + [dict(m, content=made.m[-1].content ~ '\n\n' ~ m.content)] %}"
)
_BE_KIND = "{%- set messages = [{'role': 'system', 'content': 'Be kind.'}] + messages %}"
RULES = {
    "trim": Rule(
        _each(_with("content=m.content | trim")), words=({"word": "strip", "side": "both"},)
    ),
    "trimmed answers": Rule(
        _each(_if("m.role == 'assistant'", _with("content=m.content.rstrip()"))),
        words=({"word": "strip", "roles": ["assistant"], "side": "end"},),
    ),
    "default system": Rule(
        "{%- if messages[0].role != 'system' %}" + _BE_KIND + "{%- endif %}",
        words=({"word": "system", "default": "Be kind."},),
    ),
    "no system": Rule(
        _each("{%- if m.role != 'system' %}" + _KEPT + "{%- endif %}"),
        words=({"word": "system", "drop": True},),
    ),
    "dropped thinking": Rule(
        _each(_if("m.role == 'assistant' and not loop.last", _NO_THOUGHT)),
        conditions=frozenset({"NO_THINKING"}),
    ),
    "merged turns": Rule(
        _each(_if("not loop.first and loop.previtem.role == m.role", _JOINED)),
        conditions=frozenset({"NO_RUNS"}),
    ),
    "epilogue": Rule(
        "",
        "{%- if not add_generation_prompt %}{{- '!' }}{%- endif %}",
        conditions=frozenset({"END_DIFFERS"}),
    ),
    "loop.last": Rule(
        _each(_if("loop.last and not add_generation_prompt", _with("content=m.content ~ '.'"))),
        conditions=frozenset({"END_DIFFERS"}),
    ),
}
FEW = [("chatml", rule) for rule in ("default system", "dropped thinking", "loop.last")]
MORE = [
    *(("chatml", rule) for rule in RULES),
    *(("qwen-3", rule) for rule in ("trim", "dropped thinking")),
    *(("glm-4", rule) for rule in ("default system", "dropped thinking", "epilogue")),
]
EVERY = [(name, rule) for name in chatfmt.FORMAT_ROWS for rule in RULES]
BESIDE = {"SYSTEM_FIRST", "NO_THINKING_IN_RUNS"}
"""What may be a condition, too: no word moves or drops system messages in the middle, or drops the
reasoning of an answer right before another."""


@pytest.mark.parametrize(("name", "rule"), FEW)
def test_a_row_with_one_rule_more(name: str, rule: str) -> None:
    assert _check(name, RULES[rule]) is not None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "rule"), [one for one in (EVERY if LARGE else MORE) if one not in FEW]
)
def test_more_rows_with_one_rule_more(name: str, rule: str) -> None:
    if _imported(to_jinja(chatfmt.get_format(name)), name) is None:
        pytest.skip("its template is refused without any rule")
    assert _check(name, RULES[rule]) is not None or LARGE


def _imported(source: str, name: str) -> Imported | None:
    try:
        return import_template(source, chatfmt.get_format(name).special_tokens)
    except TemplateImportError:
        return None


def _words(found: Imported) -> list[dict[str, Any]]:
    words: list[dict[str, Any]] = found.format.row()["prepare"]
    return words


def _check(name: str, rule: Rule) -> Imported | None:
    """The import of a row's template with a rule; None where it is refused."""
    template = to_jinja(chatfmt.get_format(name))
    plain = _imported(template, name)
    assert plain is not None
    source = rule.before + template + rule.after
    found = _imported(source, name)
    if found is None:
        return None
    own = _words(plain)
    more = [word for word in _words(found) if word not in own and word["word"] != "reasoning"]
    assert len(more) == len(rule.words)
    for word, expected in zip(more, rule.words, strict=True):
        assert expected.items() <= word.items()
    kinds = {one.kind for one in found.conditions} - {one.kind for one in plain.conditions}
    if any("reasoning" in line.fields for line in found.format.lines_of["assistant"]):
        expected_kinds = rule.conditions - {"NO_THINKING"}
        drops = any(word.get("keep", "all") != "all" for word in _words(found))
        assert drops is ("NO_THINKING" in rule.conditions)
    else:
        expected_kinds = rule.conditions
    assert kinds - BESIDE == expected_kinds - BESIDE
    _is_equal(found, source, name)
    return found


def _is_equal(found: Imported, source: str, name: str) -> None:
    """On conversations that the import has not seen, for which its conditions hold."""
    tok = in_letters(found.format, chatfmt.get_format(name).special_tokens)
    fresh = asks(Kinds(thinks=True, switches=False), seed=99, drawn=30)
    some = [ask for ask in fresh if found.holds(ask.conversation, prompt=ask.prompt)]
    with JinjaTemplate(source) as template:
        verdicts = [compare(tok, *case)[0] for case in all_written_by(template, some)]
    assert {*verdicts} <= {Verdict.EQUAL, Verdict.REFUSED, Verdict.GUARDED}
    assert verdicts.count(Verdict.EQUAL) > len(some) // 2
