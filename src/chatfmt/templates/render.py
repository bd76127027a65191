"""A chat template, rendered as transformers does, in a process of its own (extra ``jinja``).

Templates come from strangers. A template that never ends is stopped, and one that writes or keeps
too much is refused. Each such outcome is a value, not an exception: see `Refused`.
"""

from __future__ import annotations

import datetime as dt
import importlib.util
import itertools
import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from chatfmt.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

__all__ = ["DATE", "LATER", "MARKS", "JinjaTemplate", "Refused", "Rendering"]

DATE = dt.date(2025, 1, 2)
"""The day on which a template runs, unless another is asked for."""
LATER = DATE + dt.timedelta(days=400)
"""Another day, month and year, to see what depends on the day."""
MARKS = ("\ufdd0", "\ufdd1")
"""The characters around generated text, if marks are asked for. They occur in no text."""
_WORKER = Path(__file__).with_name("worker.py")
_SECONDS = 5.0  # of processor time, for a conversation, or to compile the template
_PATIENCE = 12  # times as long by the clock, since machines may be busy and Python has to start
_CHARACTERS, _RESTARTS = 1 << 20, 3


class Refused(NamedTuple):
    """Says why a template wrote nothing: it raised, took too long or wrote too much.

    >>> Refused("TemplateError: only user and assistant").reason
    'TemplateError: only user and assistant'
    """

    reason: str


class Rendering(NamedTuple):
    """A conversation to render; see `JinjaTemplate.render`.

    >>> Rendering([{"role": "user", "content": "Hi"}], prompt=True).tools
    ()
    """

    messages: Sequence[Mapping[str, Any]]
    prompt: bool = False
    tools: Sequence[Mapping[str, Any]] = ()
    names: Mapping[str, Any] = MappingProxyType({})
    date: dt.date | None = None
    """The day on which it is rendered; None: the template's."""
    marks: bool = False
    """Whether to put `MARKS` around the text that ``{% generation %}`` marks."""


class JinjaTemplate:
    """A chat template to render. Use it in ``with``, because it holds a process.

    >>> with JinjaTemplate("{{ bos_token }}{{ messages[0].content }}", bos="<s>") as template:
    ...     template.render([{"role": "user", "content": "Hi"}])
    '<s>Hi'

    Args:
        source: the text of the template, untrusted.
        bos: the value of ``bos_token``.
        eos: the value of ``eos_token``.
        names: other variables that it reads, such as ``unk_token`` or ``enable_thinking``.
        date: the day that ``strftime_now`` gives.
        seconds: the processor time that it may use for one conversation.

    Raises:
        FormatError: its syntax is wrong.
        ImportError: Jinja is not installed.
    """

    def __init__(
        self,
        source: str,
        *,
        bos: str = "",
        eos: str = "",
        names: Mapping[str, Any] | None = None,
        date: dt.date = DATE,
        seconds: float = _SECONDS,
    ) -> None:
        if importlib.util.find_spec("jinja2") is None:
            reason = "chat templates need Jinja: pip install 'chatfmt[jinja]'"
            raise ImportError(reason, name="jinja2")
        self._first = {"source": source, "date": date.isoformat()}
        self._names = {"bos_token": bos, "eos_token": eos, **(names or {})}
        self._seconds = seconds
        self.parts = False
        """Whether a message's content is given as a list with one part, its text."""
        self._left = _RESTARTS
        self._process: subprocess.Popen[str] | None = None
        refused = self._start()
        if refused is not None:
            self.close()
            raise FormatError(f"no chat template: {refused.reason}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process. A closed template refuses everything.

        >>> template = JinjaTemplate("{{ messages[0].content }}")
        >>> template.close()
        >>> template.render([{"role": "user", "content": "Hi"}])
        Refused(reason='it was closed, or took too long too often')
        """
        self._end()
        self._left = 0

    def render(
        self,
        messages: Sequence[Mapping[str, Any]],
        *,
        prompt: bool = False,
        tools: Sequence[Mapping[str, Any]] = (),
        names: Mapping[str, Any] | None = None,
    ) -> str | Refused:
        """The text that the template writes for a conversation.

        Args:
            messages: as templates take them: arguments of calls are objects, and the thinking of an
                answer is its ``reasoning_content``.
            prompt: the value of ``add_generation_prompt``.
            tools: definitions as in OpenAI's API.
            names: other variables that it reads, for this conversation.

        >>> with JinjaTemplate("{{ raise_exception('no') }}") as template:
        ...     template.render([])
        Refused(reason='TemplateError: no')
        """
        return self.render_all([Rendering(messages, prompt, tools, names or {})])[0]

    def render_all(self, asked: Sequence[Rendering]) -> list[str | Refused]:
        """The texts for several conversations, as `render` gives them but without its waiting.

        >>> with JinjaTemplate("{{ messages|length }}") as template:
        ...     template.render_all([Rendering([]), Rendering([{}, {}])])
        ['0', '2']
        """
        found: list[str | Refused] = []
        while len(found) < len(asked):
            if self._process is None and self._left > 0:
                self._start()
            if self._process is None:
                found.append(Refused("it was closed, or took too long too often"))
            else:
                found += self._ask([self._job(one) for one in asked[len(found) :]])
        return found

    def _job(self, asked: Rendering) -> dict[str, Any]:
        names = {
            **self._names,
            "messages": [_aliased(message, parts=self.parts) for message in asked.messages],
            "add_generation_prompt": asked.prompt,
            "tools": [*asked.tools] or None,
            **asked.names,
        }
        date = None if asked.date is None else asked.date.isoformat()
        bounds = {"most": _CHARACTERS, "seconds": self._seconds}
        return {"names": names, **bounds, "date": date, "marks": MARKS if asked.marks else ("", "")}

    def _start(self) -> Refused | None:
        self._process = subprocess.Popen(  # noqa: S603 - it is Python, and a file of chatfmt
            [sys.executable, "-P", str(_WORKER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="ascii",
        )
        first = {**self._first, "seconds": max(self._seconds, _SECONDS)}
        answer = self._ask([first])[0]
        return answer if isinstance(answer, Refused) else None

    def _ask(self, jobs: Sequence[Mapping[str, Any]]) -> list[str | Refused]:
        """The answers, up to the first that does not come because the process has ended."""
        process = self._process
        assert process and process.stdin and process.stdout  # noqa: PT018, S101 - they are pipes
        answers: list[str | Refused] = []
        with _Watch(process, _PATIENCE * max(self._seconds, _SECONDS)) as watch:
            try:
                process.stdin.write(json.dumps(jobs) + "\n")
                process.stdin.flush()
                for line in itertools.islice(process.stdout, len(jobs)):
                    if not line.endswith("\n"):
                        break
                    answer = json.loads(line)
                    refused = "error" in answer
                    answers.append(Refused(answer["error"]) if refused else answer["text"])
                    watch.again()
            except OSError:
                pass  # the process is gone
        if len(answers) < len(jobs):
            self._end()
            self._left -= 1
            reason = f"it takes more than {self._seconds:g} seconds, or too much memory"
            answers.append(Refused(reason))
        return answers

    def _end(self) -> None:
        if self._process is not None:
            try:
                self._process.communicate(timeout=self._seconds)  # nothing more is asked
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.communicate()
            self._process = None


class _Watch:
    """Ends a process that gives no answer for this many seconds by the clock."""

    def __init__(self, process: subprocess.Popen[str], seconds: float) -> None:
        self._process, self._seconds = process, seconds
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.again()

    def again(self) -> None:
        """Start counting again."""
        self._until = time.monotonic() + self._seconds

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()

    def _run(self) -> None:
        while not self._done.wait(self._until - time.monotonic()):
            if self._until - time.monotonic() <= 0:
                self._process.kill()
                return


def _aliased(message: Mapping[str, Any], *, parts: bool) -> dict[str, Any]:
    """The message with its thinking under each name that templates use."""
    made = {**message}
    if "reasoning_content" in made:
        made.setdefault("thinking", made["reasoning_content"])
    if parts and "content" in made:
        made["content"] = [{"type": "text", "text": made["content"]}]
    return made
