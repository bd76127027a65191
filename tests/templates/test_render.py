"""Templates run as in transformers, and none can hang, fill or end the process."""

from __future__ import annotations

import datetime as dt
import importlib.util
import io
import json
from typing import Any

import pytest

from chatfmt import FormatError
from chatfmt.templates.render import JinjaTemplate, Refused, Rendering, _Watch
from chatfmt.templates.worker import main
from heavy import heavy

ASKED = [{"role": "user", "content": "<é> 'a'"}]
SOURCES = [
    "{{ messages|tojson }}{{ messages|tojson(indent=2, sort_keys=True) }}",
    "{% for m in messages %}\n  {% if true %}\n x\n  {% endif %}\n{% endfor %}\n",
    "{% for m in [1, 2, 3] %}{% if m == 2 %}{% break %}{% endif %}{{ m }}{% endfor %}",
    "{% set a = 1 %}{% generation %}{% set a = 2 %}{{ a }}{% endgeneration %}{{ a }}",
    "{{ bos_token }}{{ eos_token }}{{ add_generation_prompt }}{{ tools is none }}",
    "{% set ns = namespace(x=1) %}{% set ns.x = 2 %}{{ ns.x }}{{ missing }}",
]


def answers(*jobs: Any) -> list[Any]:
    """What the worker answers, here in this process."""
    written = io.StringIO()
    main(
        io.StringIO(
            "".join(json.dumps([{"date": None, "marks": ["", ""]} | job]) + "\n" for job in jobs)
        ),
        written,
    )
    return [json.loads(line) for line in written.getvalue().splitlines()]


@pytest.mark.parametrize("source", SOURCES)
def test_as_transformers_does(source: str) -> None:
    utils = heavy("transformers.utils.chat_template_utils")
    values = {"bos_token": "<s>", "eos_token": "</s>"}
    [text], _ = utils.render_jinja_template([ASKED], chat_template=source, **values)
    with JinjaTemplate(source, bos="<s>", eos="</s>") as template:
        assert template.render(ASKED) == text


def test_thinking_has_the_names_that_templates_know() -> None:
    source = "{{ messages[0].thinking }} {{ messages[0].reasoning_content }}"
    with JinjaTemplate(source) as template:
        assert template.render([{"role": "assistant", "reasoning_content": "hm"}]) == "hm hm"


def test_names_tools_prompt_and_date() -> None:
    source = "{{ a }}{{ b }}{{ tools[0].x }}{{ add_generation_prompt }}{{ strftime_now('%d %b') }}"
    with JinjaTemplate(source, names={"a": 1, "b": 2}, date=dt.date(2024, 7, 26)) as template:
        assert template.render([], prompt=True, tools=[{"x": "t"}], names={"b": 3}) == (
            "13tTrue26 Jul"
        )


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("{{ raise_exception('only two') }}", "TemplateError: only two"),
        ("{{ messages[9].content.x }}", "UndefinedError"),
        ("{{ 1 + 'a' }}", "TypeError"),
        ("{{ ().__class__.__base__ }}", "SecurityError"),
        ("{% for i in range(99999) %}{{ 'x' * 99 }}{% endfor %}", "more than 1048576 characters"),
        ("{{ '\\ud83d' }}", "half of a surrogate pair"),
        ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "RecursionError"),
    ],
)
def test_what_raises_is_refused(source: str, why: str) -> None:
    with JinjaTemplate(source) as template:
        refused = template.render(ASKED)
        assert isinstance(refused, Refused)
        assert why in refused.reason
        assert isinstance(template.render(ASKED), Refused)  # it goes on


def test_what_takes_too_long_is_ended_and_started_again() -> None:
    source = (
        "{% if messages %}{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}"
        "{% endfor %}{% endif %}ok"
    )
    with JinjaTemplate(source, seconds=1) as template:
        assert template.render([]) == "ok"
        refused = Refused("it takes more than 1 seconds, or too much memory")
        assert template.render(ASKED) == refused
        assert template.render([]) == "ok"
        for _ in range(2):
            assert template.render(ASKED) == refused
        assert template.render([]) == Refused("it was closed, or took too long too often")


def test_several_at_once_are_what_each_is_alone() -> None:
    source = (
        "{% if messages[1] %}{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}"
        "{% endfor %}{% endif %}{{ messages[0].content }}{{ strftime_now('%d') }}"
    )
    asked = [
        Rendering(ASKED),
        Rendering(ASKED * 2),
        Rendering([]),
        Rendering(ASKED, date=dt.date(2026, 3, 4)),
    ]
    with JinjaTemplate(source, seconds=0.5) as template:
        first, endless, wrong, later = template.render_all(asked)
    assert (first, later) == ("<é> 'a'02", "<é> 'a'04")
    assert endless == Refused("it takes more than 0.5 seconds, or too much memory")
    assert isinstance(wrong, Refused)
    with JinjaTemplate("{{ messages[0].content }}") as template:
        many = [Rendering([{"content": "a" * at}]) for at in range(1500)]  # more than a pipe holds
        assert template.render_all(many) == ["a" * at for at in range(1500)]


def test_one_that_does_not_answer_is_ended() -> None:
    with JinjaTemplate("ok") as template:
        process = template._process
        assert process is not None
        with _Watch(process, 0.1) as watch:
            watch.again()
            assert process.wait(30) != 0
        assert isinstance(template.render([]), Refused)


def test_memory_is_bounded() -> None:
    with JinjaTemplate("{% set n = messages|length * 2000000000 %}{{ ('a' * n)|length }}") as one:
        refused = one.render(ASKED)
        assert isinstance(refused, Refused)
        assert "memory" in refused.reason.lower()


def test_a_process_that_is_gone_is_no_error() -> None:
    with JinjaTemplate("ok") as template:
        process = template._process
        assert process is not None
        process.kill()
        process.wait()
        assert isinstance(template.render([]), Refused)
        assert template.render([]) == "ok"


def test_wrong_syntax() -> None:
    with pytest.raises(FormatError, match="no chat template: TemplateSyntaxError"):
        JinjaTemplate("{% if %}")
    with pytest.raises(FormatError, match=r"no chat template: .*Recursion"):
        JinjaTemplate("{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}")


def test_without_jinja(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ImportError, match=r"pip install 'chatfmt\[jinja\]'"):
        JinjaTemplate("x")


def test_the_worker_answers_line_by_line() -> None:
    first = {"source": "{{ x }}{{ tojson }}", "date": "2025-01-02", "seconds": 9}
    assert answers(
        first,
        {"names": {"x": "é"}, "most": 9, "seconds": 9},
        {"names": {"x": "12"}, "most": 1, "seconds": 9},
    ) == [
        {"text": ""},
        {"text": "é"},
        {"error": "it writes more than 1 characters"},
    ]
    [wrong] = answers({"source": "{{", "date": "2025-01-02", "seconds": 9})
    assert "TemplateSyntaxError" in wrong["error"]
    [_, refused] = answers(
        {"source": "{{ raise_exception(1|tojson) }}", "date": "2025-01-02", "seconds": 9},
        {"names": {}, "most": 1, "seconds": 9},
    )
    assert refused == {"error": "TemplateError: 1"}
    marked = {"source": "{% generation %}a{% endgeneration %}", "date": "2025-01-02", "seconds": 9}
    assert answers(marked, {"names": {}, "most": 9, "seconds": 9}) == [{"text": ""}, {"text": "a"}]
