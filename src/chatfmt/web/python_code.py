"""The Python code that gives the ids that the page shows."""

from __future__ import annotations

import re
from dataclasses import fields
from typing import TYPE_CHECKING

from chatfmt import ChatFormat
from chatfmt.web.prepared import python_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from chatfmt.web.requests import Show
    from chatfmt.web.table import Table
    from chatfmt.web.vocabulary import Vocabulary

__all__ = ["of_conversation", "of_text"]

_DEFAULTS = {
    field.name: list(field.default) if isinstance(field.default, tuple) else field.default
    for field in fields(ChatFormat)
} | {field.name: {} for field in fields(ChatFormat) if field.default_factory is dict}


def of_conversation(
    request: Show, tools: list[dict[str, Any]], vocabulary: Vocabulary, table: Table
) -> str:
    """The code for a conversation."""
    code = _tokenizer(request.format, vocabulary, table)
    code.append("messages = [")
    code += (f"    {message.model_dump(exclude_none=True)!r}," for message in request.messages)
    code.append("]")
    if request.prepare is not None:
        if tools:
            code.append(f"tools = {tools!r}")
        code += python_of(request.prepare, tools=bool(tools))
    if request.prompt is None:
        code.append("ids = tok.encode(messages)")
    else:
        role = "" if request.prompt == "assistant" else f", role={request.prompt!r}"
        code.append(f"ids = tok.encode_prompt(messages{role})")
    return "\n".join(code) + "\n"


def of_text(text: str, vocabulary: Vocabulary, special: Mapping[str, int], table: Table) -> str:
    """The code for a text in which these special tokens are looked for."""
    code = ["import chatfmt", "", f"encoding = {table.python_of(vocabulary.encoding)}"]
    code.append(f"text = {text!r}")
    if special:
        found = "|".join(map(re.escape, sorted(special, key=len, reverse=True)))
        code[0] = "import re\n\nimport chatfmt"
        code.append(f"special = {dict(special)!r}")
        code.append("ids = []")
        code.append(f"for part in re.split({f'({found})'!r}, text):")
        code.append(
            "    ids += [special[part]] if part in special else encoding.encode_ordinary(part)"
        )
    else:
        code.append("ids = encoding.encode_ordinary(text)")
    return "\n".join(code) + "\n"


def _tokenizer(format: str | dict[str, Any], vocabulary: Vocabulary, table: Table) -> list[str]:
    code = ["import chatfmt", ""]
    row = table.row_of(format) if isinstance(format, str) else {"name": "custom", **format}
    bundled = None if row is not None else table.format(str(format)).encoding
    argument = ""
    if row is not None or bundled != vocabulary.encoding:
        code.append(f"encoding = {table.python_of(vocabulary.encoding)}")
        argument = ", encoding"
    if vocabulary.created:
        code.append(f"encoding = chatfmt.extend_encoding(encoding, 'own', {vocabulary.created!r})")
    if row is not None:
        row = {name: value for name, value in row.items() if value != _DEFAULTS.get(name)}
        code.append(f"format = chatfmt.ChatFormat(**{row!r})")
        code.append("tok = chatfmt.ChatTokenizer(format, encoding)")
    else:
        code.append(f"tok = chatfmt.get_tokenizer({format!r}{argument})")
    return code
