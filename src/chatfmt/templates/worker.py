"""The process in which a chat template runs: a separate program, without chatfmt.

It reads JSON, several jobs a line: the very first job is the template, the others are conversations
to render. It answers each job with a line. `chatfmt.templates.render` starts it, and ends it if it
takes too long. Templates find the same names here as in transformers, see
``render_jinja_template`` in
https://github.com/huggingface/transformers/blob/main/src/transformers/utils/chat_template_utils.py.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import signal
import sys
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

from jinja2 import Template, TemplateError, TemplateSyntaxError, nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from jinja2.parser import Parser

__all__ = ["compiled", "limit", "main", "rendered"]

_MEMORY = 1 << 29  # bytes of address space, of which Python and Jinja take about a tenth
_PROCESSOR = 120  # seconds; for a process that was left behind


class _Generation(Extension):
    """The tag ``{% generation %}``, which marks what a model writes if that is asked for."""

    tags = {"generation"}  # noqa: RUF012 - so Jinja declares it
    marks: Sequence[str] = ("", "")
    """The text before and after its body."""

    def parse(self, parser: Parser) -> nodes.Node:
        """The body as a block that is called, so that names set in it stay in it."""
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return nodes.CallBlock(self.call_method("_body"), [], [], body).set_lineno(line)

    def _body(self, caller: Callable[[], str]) -> str:
        before, after = self.marks
        return f"{before}{caller()}{after}"


def _refuse(message: str) -> NoReturn:
    raise TemplateError(message)


def _to_json(
    value: Any,  # noqa: ANN401 - a template may pass anything
    ensure_ascii: bool = False,  # noqa: FBT001, FBT002 - templates pass them by position, too
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,  # noqa: FBT001, FBT002
) -> str:
    return json.dumps(
        value,
        ensure_ascii=ensure_ascii,
        indent=indent,
        separators=separators,
        sort_keys=sort_keys,
    )


def compiled(source: str, date: str) -> Template:
    """The template, for which the date never changes.

    Raises:
        TemplateError: its syntax is wrong.
    """
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[_Generation, loopcontrols]
    )
    environment.filters["tojson"] = _to_json
    environment.globals |= {"raise_exception": _refuse, **_today(date)}
    return environment.from_string(source)


def _today(date: str | None) -> dict[str, Callable[[str], str]]:
    """The function that gives a template the day; none if it keeps the one from compiling."""
    return {} if date is None else {"strftime_now": dt.datetime.fromisoformat(date).strftime}


def rendered(template: Template, names: Mapping[str, Any], most: int) -> dict[str, str]:
    """The template's ``text``, or the ``error`` that kept it from writing."""
    parts: list[str] = []
    length = 0
    try:
        for part in template.generate(**names):
            parts.append(part)
            length += len(part)
            if length > most:
                return {"error": f"it writes more than {most} characters"}
        text = "".join(parts)
        text.encode()
    except UnicodeEncodeError:
        return {"error": "it writes half of a surrogate pair, which is no character"}
    except Exception as error:  # noqa: BLE001 - a template may raise anything
        return {"error": f"{type(error).__name__}: {error}"[:1000]}
    return {"text": text}


def limit() -> None:
    """Limit the memory and the time of this process, if the system can."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (_PROCESSOR, _PROCESSOR))


def _wake_after(seconds: float) -> None:
    """End this process when it has used the processor for this long; 0: never."""
    with contextlib.suppress(AttributeError):  # Windows has no such timer
        signal.setitimer(signal.ITIMER_PROF, seconds)


def main(asked: TextIO, answers: TextIO) -> None:
    """Answer every job with a line as soon as it is done."""
    template: Template | None = None
    for job in (job for line in asked for job in json.loads(line)):
        _wake_after(job["seconds"])
        if template is not None:
            _Generation.marks = job["marks"]
            answer = rendered(template, {**_today(job["date"]), **job["names"]}, job["most"])
        else:
            answer = {"text": ""}
            try:
                template = compiled(job["source"], job["date"])
            except TemplateSyntaxError as error:
                answer = {
                    "error": f"TemplateSyntaxError: line {error.lineno}: {error.message}"[:1000]
                }
            except Exception as error:  # noqa: BLE001 - deep nesting raises RecursionError
                answer = {"error": f"{type(error).__name__}: {error}"[:1000]}
        _wake_after(0)
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    limit()
    main(sys.stdin, sys.stdout)
