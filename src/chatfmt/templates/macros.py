"""The macros of a template: texts that spell no special token, and values as JSON or Python."""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING

from chatfmt.line.scanners import MAX_DEPTH
from chatfmt.templates.source import listed, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["MACROS", "text_macro", "with_needed"]

_FEW = 8
"""Runs of at least this many numbered tokens are written as a range of numbers."""


def text_macro(tokens: Iterable[str]) -> str:
    """The macro that every text goes through: it refuses text that spells one of these tokens."""
    alone, families = _families(tokens)
    lines = [
        "{%- macro text(value, where) %}",
        "    {%- if value is not string %}",
        "        {{- raise_exception(where ~ ': expected text, found ' ~ value) }}",
        "    {%- endif %}",
    ]
    if alone:
        lines += [
            f"    {{%- for token in {listed(alone)} if token in value %}}",
            "        {{- raise_exception(where ~ ': a text spells the token ' ~ token) }}",
            "    {%- endfor %}",
        ]
    for before, numbers, after in families:
        spelled = f"{quoted(before)} ~ n ~ {quoted(after)}"
        span = f"range({numbers.start}, {numbers.stop})"
        reason = f"where ~ ': a text spells the token ' ~ {spelled}"
        lines += [
            f"    {{%- if {quoted(before)} in value %}}",
            f"        {{%- for n in {span} if {spelled} in value %}}",
            f"            {{{{- raise_exception({reason}) }}}}",
            "        {%- endfor %}",
            "    {%- endif %}",
        ]
    return "\n".join([*lines, "    {{- value }}", "{%- endmacro %}"])


def _families(tokens: Iterable[str]) -> tuple[list[str], list[tuple[str, range, str]]]:
    """Single tokens, and families whose tokens differ only in a number."""
    alone: list[str] = []
    numbered: dict[tuple[str, str], list[int]] = {}
    for token in dict.fromkeys(tokens):
        found = re.fullmatch(r"(.*?[^0-9])(0|[1-9][0-9]{0,8})([^0-9]+)", token, re.DOTALL)
        if found is None:
            alone.append(token)
        else:
            numbered.setdefault((found[1], found[3]), []).append(int(found[2]))
    families = []
    for (before, after), numbers in numbered.items():
        for _, run in groupby(enumerate(sorted(numbers)), lambda pair: pair[1] - pair[0]):
            span = [number for _, number in run]
            if len(span) < _FEW:
                alone += [f"{before}{number}{after}" for number in span]
            else:
                families.append((before, range(span[0], span[-1] + 1), after))
    return alone, families


_JSON = """\
{%- macro json(value, where, depth=1) %}
    {%- if depth > MOST and (value is mapping or value is sequence and value is not string) %}
        {{- raise_exception(where ~ ': expected at most MOST brackets in one another') }}
    {%- endif %}
    {%- if value is mapping %}
        {{- '{' }}
        {%- for key, item in value.items() if item is not none %}
            {%- if key is not string %}
                {{- raise_exception(where ~ ': expected text as key, found ' ~ key) }}
            {%- endif %}
            {{- (', ' if not loop.first else '') ~ key | tojson ~ ': ' }}
            {{- json(item, where, depth + 1) }}
        {%- endfor %}
        {{- '}' }}
    {%- elif value is sequence and value is not string %}
        {{- '[' }}
        {%- for item in value %}
            {{- (', ' if not loop.first else '') ~ json(item, where, depth + 1) }}
        {%- endfor %}
        {{- ']' }}
    {%- elif value is float and value | string in ['nan', 'inf', '-inf'] %}
        {{- raise_exception(where ~ ': expected a JSON value, found ' ~ value) }}
    {%- else %}
        {{- value | tojson }}
    {%- endif %}
{%- endmacro %}""".replace("MOST", str(MAX_DEPTH))

_ARGUMENTS = """\
{%- macro object(arguments, where) %}
    {%- if arguments is not mapping %}
        {{- raise_exception(where ~ ': expected arguments as an object, not as text') }}
    {%- endif %}
    {{- json(arguments, where) }}
{%- endmacro %}"""

_PYTHON = """\
{%- macro python(value, where) %}
    {%- if value is mapping %}
        {{- '{' }}
        {%- for key, item in value.items() if item is not none %}
            {{- (', ' if not loop.first else '') ~ '%r' | format(key) ~ ': ' }}
            {{- python(item, where) }}
        {%- endfor %}
        {{- '}' }}
    {%- elif value is sequence and value is not string %}
        {{- '[' }}
        {%- for item in value %}
            {{- (', ' if not loop.first else '') ~ python(item, where) }}
        {%- endfor %}
        {{- ']' }}
    {%- elif value is string or value is boolean or value is none %}
        {{- '%r' | format(value) }}
    {%- else %}
        {{- json(value, where) }}
    {%- endif %}
{%- endmacro %}"""

# The kind of value that a text would be read as, if not as a string: JSON has no other numbers.
# Whether brackets contain valid JSON is not checked.
_KIND = """\
{%- macro kind(text) %}
    {%- set mantissa, e, exponent = text.removeprefix('-').replace('E', 'e').partition('e') %}
    {%- set whole, dot, fraction = mantissa.partition('.') %}
    {%- set power = exponent[1:] if exponent[:1] in ['+', '-'] else exponent %}
    {%- if text in WORDS %}
        {{- 'null' if text in ['null', 'None'] else 'boolean' }}
    {%- elif text[:1] ~ text[-1:] in ['{}', '[]'] %}
        {{- 'object' if text[:1] == '{' else 'array' }}
    {%- elif whole and (whole == '0' or whole[0] != '0') and (fraction or not dot)
            and (power or not e) and not (whole ~ fraction ~ power).strip('0123456789') %}
        {{- 'integer' if not e and not fraction.strip('0') else 'number' }}
    {%- endif %}
{%- endmacro %}"""
_KIND_OF_JSON = _KIND.replace("WORDS", listed(["true", "false", "null"]))
_KIND_OF_PYTHON = _KIND.replace("WORDS", listed(["true", "false", "null", "True", "False", "None"]))

# The types that a definition gives an argument, separated by spaces; empty if it gives none.
_TYPES = """\
{%- macro types_in(schema) %}
    {%- if schema is not mapping %}
    {%- elif schema.get('type') is string %}
        {{- ' ' ~ schema.get('type') ~ ' ' }}
    {%- elif schema.get('type') is not none %}
        {%- for one in schema.get('type') if one is string %}{{- ' ' ~ one ~ ' ' }}{%- endfor %}
    {%- elif 'const' in schema or schema.enum is iterable and schema.enum is not string %}
        {%- set values = [schema.const] if 'const' in schema else schema.enum %}
        {%- for one in values %}
            {%- set number = 'number' if one is float else kind(one | tojson) %}
            {{- ' ' ~ ('string' if one is string else number) ~ ' ' }}
        {%- endfor %}
    {%- else %}
        {%- set lists = [schema.get('anyOf'), schema.get('oneOf')] | select('iterable') %}
        {%- set several = lists | reject('string') | first | default([]) %}
        {%- set each = namespace(types='', all=true) %}
        {%- for one in several %}
            {%- set each.types = each.types ~ types_in(one) %}
            {%- set each.all = each.all and types_in(one) != '' %}
        {%- endfor %}
        {{- each.types if each.all else '' }}
    {%- endif %}
{%- endmacro %}
{%- macro types(name, key) %}
    {%- set said = namespace(types='') %}
    {%- for tool in tools or [] %}
        {%- set function = tool.get('function', tool) %}
        {%- set schema = function.parameters or function.input_schema %}
        {%- if function.name == name and schema is mapping and schema.properties is mapping %}
            {%- set said.types = types_in(schema.properties.get(key)) %}
        {%- endif %}
    {%- endfor %}
    {{- said.types }}
{%- endmacro %}"""

_LOOSE = """\
{%- macro loose(value, where, types) %}
    {%- set spelled = value if value is string else SPELL %}
    {%- set read = kind(spelled) %}
    {%- set fits = ' ' ~ read ~ ' ' in types or read == 'integer' and ' number ' in types %}
    {%- if read and (' string ' in types and not fits) != (value is string) %}
        {{- raise_exception(where ~ ': an argument would be read as another value: ' ~ spelled) }}
    {%- endif %}
    {{- spelled }}
{%- endmacro %}"""
_SPELL_PYTHON = (
    "'%r' | format(value) if value is boolean or value is none else json(value, where, 2)"
)

_WORD = """\
{%- macro word(value, excluded, where, most=none) %}
    {%- if value is not string or value.split() != [value] or most and value | length > most %}
        {{- raise_exception(where ~ ': expected a word, found ' ~ value) }}
    {%- endif %}
    {%- for character in excluded if character in value %}
        {{- raise_exception(where ~ ': ' ~ character ~ ' cannot stand in ' ~ value) }}
    {%- endfor %}
    {{- value }}
{%- endmacro %}"""

_WORD_OF = """\
{%- macro word_of(value, letters, where) %}
    {%- if value is not string or not value or value.strip(letters) %}
        {{- raise_exception(where ~ ': expected a word of ' ~ letters ~ ', found ' ~ value) }}
    {%- endif %}
    {{- value }}
{%- endmacro %}"""

MACROS: dict[str, tuple[str, tuple[str, ...]]] = {
    "word": (_WORD, ()),
    "word_of": (_WORD_OF, ()),
    "json": (_JSON, ()),
    "object": (_ARGUMENTS, ("json",)),
    "python": (_PYTHON, ("json",)),
    "kind": (_KIND_OF_JSON, ()),
    "kind_python": (_KIND_OF_PYTHON, ()),
    "types": (_TYPES, ()),
    "loose": (_LOOSE.replace("SPELL", "json(value, where, 2)"), ("json", "kind", "types")),
    "loose_python": (
        _LOOSE.replace("SPELL", _SPELL_PYTHON),
        ("json", "kind_python", "types"),
    ),
}
"""Name of a macro to its source, and to the names of the macros that it calls."""


def with_needed(names: Iterable[str]) -> list[str]:
    """The sources of these macros and of those they call, each before its first call.

    >>> len(with_needed(["object"]))
    2
    """
    found: dict[str, str] = {}

    def add(name: str) -> None:
        source, needed = MACROS[name]
        for one in needed:
            add(one)
        found.setdefault(name, source)

    for name in names:
        add(name)
    return list(found.values())
