"""Rules that short conversations do not show: no format is made that holds only for short ones."""

from __future__ import annotations

import pytest

from chatfmt.errors import TemplateImportError
from chatfmt.templates import import_template
from chatfmt.templates.turns import _ends

pytest.importorskip("jinja2", reason="templates need it")

TOKENS = ("<m>", "<e>")
END = "<e>{% endfor %}{% if add_generation_prompt %}<m>assistant\n{% endif %}"
HEAD = "<m>{{ m.role }}\n"
PLAIN = "{% for m in messages %}" + HEAD + "{{ m.content }}" + END
RULES = {
    "the last messages alone": PLAIN.replace("messages", "messages[-9:]", 1),
    "another header for the tenth": PLAIN.replace("\n{{", "{{ '!' if loop.index == 10 }}\n{{", 1),
    "long texts are cut": PLAIN.replace("m.content", "m.content[:1000]", 1),
    "newlines are joined": PLAIN.replace("m.content", r"m.content | replace('\n\n', '\n')", 1),
    "texts as JSON": PLAIN.replace("m.content", "m.content | tojson", 1),
}


def test_without_a_rule_it_is_imported() -> None:
    assert {one.kind for one in import_template(PLAIN, TOKENS).conditions} == {"NO_CALLS"}


@pytest.mark.parametrize("rule", RULES)
def test_what_long_conversations_show_is_refused(rule: str) -> None:
    assert RULES[rule] != PLAIN
    with pytest.raises(TemplateImportError, match="hardly any conversation is left"):
        import_template(RULES[rule], TOKENS)


def test_the_ends_that_are_tried_are_few_however_many_tokens_there_are() -> None:
    few = [*_ends("a<e>b<m>", [], TOKENS, following="<m>")]
    assert few == ["a<e>b", "a<e>b<m>", "a<e>", ""]
    many = [*_ends("<e>" * 5_000, [], TOKENS, following="")]
    assert len(many) < 80
    assert "<e>" in many
    assert "<e>" * 5_000 in many
