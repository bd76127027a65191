"""Jinja chat templates: rendered safely, matched to rows or imported with proof, and written.

Reading: a template runs in a process of its own (``render``, ``worker``). ``asks`` has the
conversations on which it is tried, ``compare`` says how a format's text differs from the template's
(``excuses`` knows the faults that rows name), and ``match`` finds the row that is proven equal. All
of it works on text, over an encoding whose tokens are single bytes (``letters``).

``imported`` makes a format of a template: ``probe`` finds the text around contents, ``turns``
divides it among the messages, and ``solve`` makes lines of it: ``answers`` those of the assistant,
``channels`` those of an answer that is two messages, and ``opening`` that of a message with the
date of the day (``spelling`` writes text as a line has it). ``marks`` checks them against what the
template marks as generated. ``rewriting`` finds the words of preparation, whose texts may have
``dates``, and ``conditions`` says for which conversations the result does not hold. Then everything
is proved on conversations that none of these has seen.

Writing: ``to_jinja`` writes a format as a chat template. ``source`` is the template's syntax, whose
nodes all others return, and ``branches`` moves out what branches have in common. ``macros`` come
first, then the messages: ``shared`` has what all lines need, ``lines`` chooses the line of a
message, ``pieces`` writes it from left to right, and ``fields`` its fields. What a template must
refuse is in ``headers`` (too long) and ``guards`` (text that would be read as structure, given the
text ``around`` it). ``prompts`` are the beginnings of answers. If the template also prepares,
``preparing`` writes the words of the preparation, two of which are in ``kept_reasoning`` and
``spelled_tools``; all change messages as in ``rewritten``.

``export`` writes a directory that transformers loads: the template, and the encoding as a
``vocabulary``, whose ``merges`` follow from its ranks.

>>> import chatfmt
>>> source = chatfmt.to_jinja(chatfmt.get_format("chatml"))
>>> chatfmt.match_template(source).format.name
'chatml'
"""

from __future__ import annotations

from chatfmt.templates.compare import Difference, Evidence
from chatfmt.templates.conditions import Condition
from chatfmt.templates.export import export_hf
from chatfmt.templates.imported import Imported, import_template
from chatfmt.templates.match import Match, match_template
from chatfmt.templates.to_jinja import to_jinja

__all__ = [
    "Condition",
    "Difference",
    "Evidence",
    "Imported",
    "Match",
    "export_hf",
    "import_template",
    "match_template",
    "to_jinja",
]
