"""Lines for vocabularies whose owner puts spaces before text, or removes white space.

A template says which text is between special tokens, and the owner's tokenizer may change it:
Llama 2's puts a space before each text after a special token, and Phi-3's removes the white space
after ``<|user|>``. Such spaces are layout. They are in the lines, where they are written and read
like other literal text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import regex

from chatfmt.errors import FormatError, shown
from chatfmt.line.format import ChatFormat

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

__all__ = ["with_spacing"]

# A prompt's end right after a special token stays there: the space is the model's.
_BEGIN = regex.compile(r"((?:\{\^\})?)(.*)", regex.DOTALL)
_NO_TEXT = ("{end}", "{next}")


def with_spacing(
    format: ChatFormat,
    *,
    prefix: bool,
    strips: Mapping[str, Collection[str]] | None = None,
) -> ChatFormat:
    r"""The format with the spaces of such a vocabulary.

    Args:
        format: a format whose lines are as in the template.
        prefix: whether a space is put before each text after a special token.
        strips: for special tokens, the sides on which white space is removed: ``lstrip`` before
            them, ``rstrip`` after.

    >>> import chatfmt
    >>> format = chatfmt.ChatFormat(name="x", template={"user": "<u>\n{content}<e>\n"},
    ...                             special_tokens=["<u>", "<e>"])
    >>> with_spacing(format, prefix=True).template
    {'user': '<u> \n{content}<e> \n'}
    >>> with_spacing(format, prefix=True, strips={"<u>": ["rstrip"], "<e>": ["rstrip"]}).template
    {'user': '<u>[ {content}]<e>'}

    Raises:
        FormatError: a line begins with text, or has a group before which a space is optional.
    """
    spacer = _Spacer(format, strips or {}, prefix=prefix)
    row = format.row()
    row["template"] = spacer.all(row["template"])
    row["prologue"] = spacer.line(row["prologue"])
    return ChatFormat(**row)


class _Spacer:
    def __init__(
        self, format: ChatFormat, strips: Mapping[str, Collection[str]], *, prefix: bool
    ) -> None:
        longest_first = sorted(format.special_tokens, key=len, reverse=True)
        self._special = regex.compile(f"({'|'.join(map(regex.escape, longest_first))})")
        self._strips, self._prefix = strips, prefix
        self._where = f"format {format.name}"

    def all(self, template: Any) -> Any:  # noqa: ANN401 - `chatfmt.line.template.Template`
        """A template with all its lines."""
        if isinstance(template, str):
            return self.line(template)
        if isinstance(template, list):
            return [self.all(each) for each in template]
        fixed = {"after", "training_end"} & template.keys()
        return {k: v if k in fixed else self.all(v) for k, v in template.items()}

    def line(self, line: str) -> str:
        """A line, or a part of one that begins with a special token."""
        first, *parts = self._special.split(line)
        specials, texts = parts[::2], parts[1::2]
        if first and self._prefix:
            raise FormatError(
                f"{self._where}: expected a line that begins with a special token, since the "
                f"vocabulary puts a space before text after one, found {shown(line)}"
            )
        written = [first]
        following = [*specials, ""][1:]
        for special, text, after in zip(specials, texts, following, strict=True):
            written += [special, self._text(special, text, after)]
        return "".join(written)

    def _text(self, special: str, text: str, after: str) -> str:
        """The text between two special tokens."""
        trims = "rstrip" in self._strips.get(special, ())
        found = _BEGIN.fullmatch(text.lstrip() if trims else text)
        begin, rest = found.groups() if found else ("", text)
        if trims:
            rest = rest.lstrip()
        if "lstrip" in self._strips.get(after, ()):
            rest = rest.rstrip()
        if not self._prefix or not rest or rest in _NO_TEXT:
            return f"{begin}{rest}"
        if rest.startswith(("[", "]", *_NO_TEXT)):
            raise FormatError(
                f"{self._where}: a space would be before {shown(rest)} only if that has text;"
                " write a line for each"
            )
        if rest in ("{content}", "{content}{next}"):
            return f"{begin}[ {{content}}]{rest.removeprefix('{content}')}"
        return f"{begin} {rest}"
