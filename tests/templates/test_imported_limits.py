"""Rules that only long conversations show, and templates of more text or tokens than there are."""

from __future__ import annotations

import random
import re
import time

import pytest

from chatfmt.errors import TemplateImportError
from chatfmt.templates import import_template
from chatfmt.templates.spelling import parts
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


def test_a_template_that_writes_much_for_a_question_is_refused_early() -> None:
    with pytest.raises(TemplateImportError, match=r"expected at most 32,768 .*, found 50,0\d\d"):
        import_template("a" * 50_000 + PLAIN, TOKENS)


def test_the_work_for_a_text_grows_with_its_length_alone() -> None:
    """A pattern of all tokens tried each of them at each place: 36 times the work for 6 times."""

    def seconds(many: int) -> float:
        tokens = [f"<token {number}>" for number in range(many)]
        text = "x".join(reversed(tokens))
        parts(text, tokens)
        began = time.process_time()
        for _ in range(5):
            assert parts(text, tokens)[1::2] == tokens[::-1]
        return time.process_time() - began

    assert min(seconds(6_000) for _ in range(3)) < 12 * min(seconds(1_000) for _ in range(3))


def test_parts_are_those_of_a_pattern_of_all_tokens() -> None:
    chance = random.Random(8)  # noqa: S311 - the same every time
    for _ in range(2_000):
        tokens = ["".join(chance.choices("<a^]-\\[", k=chance.randint(1, 3))) for _ in range(4)]
        text = "".join(chance.choices("<a^]-\\[b\n", k=chance.randint(0, 12)))
        longest = sorted(tokens, key=len, reverse=True)
        assert parts(text, tokens) == re.split(f"({'|'.join(map(re.escape, longest))})", text)
