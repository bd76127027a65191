"""`from_pretrained`: make a tokenizer from a model's folder or a GGUF file."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from chatfmt.encodings import SentencePieceEncoding
from chatfmt.encodings.normal import NormalEncoding
from chatfmt.errors import EncodingError, FormatError, TemplateImportError, named, shown
from chatfmt.line.spacing import with_spacing
from chatfmt.pretrained.files import ChatFiles, ModelFiles, read_model
from chatfmt.pretrained.vocabulary import (
    check_words,
    encoding_in,
    makes_nfc,
    strips_in,
    tokenizer_json,
)
from chatfmt.tokenizer import ChatTokenizer

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Mapping

    from chatfmt.conversation import Conversation
    from chatfmt.encodings import TokenEncoding
    from chatfmt.line.format import ChatFormat
    from chatfmt.templates.match import Match

__all__ = ["Condition", "Provenance", "from_pretrained"]


class Condition(NamedTuple):
    """A condition that a conversation must meet for its ids to equal the owner's.

    >>> Condition("NFC", "text is in the form NFC").kind
    'NFC'
    """

    kind: str
    """``NFC``, ``SPACE``, ``STRIPPED`` or ``STOPS``."""
    reason: str

    def holds(self, conversation: Conversation, *, prompt: bool = False) -> bool:  # noqa: ARG002
        r"""Whether this conversation meets it; ``prompt`` is for conditions of templates.

        >>> from chatfmt import Conversation
        >>> chat = Conversation(messages=[{"role": "user", "content": "cafe\u0301"}])
        >>> Condition("NFC", "text is in the form NFC").holds(chat)
        False
        """
        return all(_HOLDS[self.kind](text) for text in _texts(conversation))


_HOLDS: dict[str, Callable[[str], bool]] = {
    "NFC": lambda text: unicodedata.is_normalized("NFC", text),
    "SPACE": lambda text: not text.startswith(" "),
    "STRIPPED": lambda text: text == text.strip(),
    "STOPS": lambda _: True,  # where a model stops does not depend on the conversation
}


def _texts(conversation: Conversation) -> Iterator[str]:
    """All texts in all fields of all messages."""
    for message in conversation.messages:
        for value in message.model_dump().values():
            if isinstance(value, str):
                yield value


class Provenance(NamedTuple):
    """Where a tokenizer comes from and how far it is verified: `ChatTokenizer.imported`.

    >>> from pathlib import Path
    >>> about = Provenance(Path("tokenizer.json"), Path("chat_template.jinja"), "chatml", (), "")
    >>> about.row
    'chatml'
    """

    vocabulary: Path
    """The vocabulary's file."""
    template: Path
    """The chat template's file."""
    row: str | None
    """Name of the row that the template was shown to equal; None if the template was imported."""
    conditions: tuple[Any, ...]
    """The conditions for a conversation: each a ``Condition``, or one of the template's import."""
    evidence: Any
    """The comparisons made; ``str`` makes it a sentence."""


def from_pretrained(
    directory_or_file: str | os.PathLike[str], *, strict: bool = False, template: str = "default"
) -> ChatTokenizer:
    """Load the tokenizer of a model's folder, without a network.

    Vocabulary, special tokens and stop tokens come from the files. The chat template is compared
    with the rows of the table on a battery of conversations. If a row writes the same text, that
    row is used; otherwise the template is imported. `ChatTokenizer.imported` says which happened,
    which conditions a conversation must meet, and what was compared.

    Args:
        directory_or_file: the folder, its vocabulary file, or a GGUF file.
        strict: refuse a model that comes with conditions. Where the owner's tokenizer normalizes
            text to NFC, other text is refused.
        template: the template's name, if there are several.

    >>> import chatfmt
    >>> chatfmt.from_pretrained("no/such/model")
    Traceback (most recent call last):
        ...
    FileNotFoundError: [Errno 2] No such file or directory: 'no/such/model'

    Raises:
        EncodingError: a file is missing or malformed, or the vocabulary does not round-trip text;
            names the file.
        TemplateImportError: the template matches no row of the table and cannot be imported.
        FormatError: there is no chat template; or ``strict``, and there are conditions.
        OSError: a file cannot be read.
        ImportError: the extra ``jinja`` or ``hf`` is not installed.
    """
    files = read_model(Path(directory_or_file))
    source = template_named(files, template)
    encoding = encoding_in(files)
    conditions: list[Any] = []
    document = tokenizer_json(files)
    if makes_nfc(document):
        if strict:
            encoding = NormalEncoding(encoding, "NFC")
        else:
            conditions.append(
                Condition(
                    "NFC",
                    "the owner's tokenizer normalizes text to NFC, so other text gets other ids",
                )
            )
    row, name, found, evidence = _format(source, files, encoding)
    conditions += found
    check_words(files, document, row.special_tokens)
    row, found = on_wire(row, files, encoding, strips_in(files, document))
    conditions += found
    row, found = _with_stops(row, files, encoding)
    conditions += found
    if strict and conditions:
        reasons = "; ".join(str(getattr(one, "reason", one)) for one in conditions)
        raise FormatError(f"{files.template_file}: expected no condition, found {reasons}")
    imported = Provenance(files.vocabulary, files.template_file, name, (*conditions,), evidence)
    return ChatTokenizer(row, encoding, imported=imported)


def template_named(files: ChatFiles, name: str) -> str:
    """The source of a template.

    Raises:
        FormatError: there is none of this name; the message lists those that are there.
    """
    if name in files.templates:
        return files.templates[name]
    there = "none"
    if files.templates:
        there = f"those named {', '.join(map(named, files.templates))}: say which as template"
    elif files.template_file.suffix == ".json":
        there = (
            f"none, and no {files.template_file.with_name('chat_template.jinja').name} beside it; "
            "give chatfmt.load_encoding the folder, and use a format of the table"
        )
    raise FormatError(
        f"{files.template_file}: expected a chat template"
        f"{'' if name == 'default' else f' named {shown(name)}'}, found {there}"
    )


def _format(
    source: str, files: ModelFiles, encoding: TokenEncoding
) -> tuple[ChatFormat, str | None, list[Any], Any]:
    """The matching row or the imported format; the row's name, conditions and evidence."""
    known = frozenset(encoding.special_tokens)
    try:
        found = _match(source, files.bos, files.eos, known)
    except FormatError as error:
        raise FormatError(f"{files.template_file}: {error}") from error
    if found is not None and found.proven:
        return found.format, found.format.name, [], found.evidence
    from chatfmt.templates.imported import import_template

    try:
        imported = import_template(source, known, files.bos, files.eos)
    except TemplateImportError as error:
        error.add_note(f"{files.template_file}: the chat template")
        raise
    return imported.format, None, [*imported.conditions], imported.evidence


@lru_cache(8)
def _match(source: str, bos: str, eos: str, known: frozenset[str]) -> Match | None:
    """The row that writes the same as the template; finding it takes seconds."""
    from chatfmt.templates.match import match_template

    return match_template(source, bos=bos, eos=eos, special_tokens=known)


def on_wire(
    format: ChatFormat,
    files: ModelFiles,
    encoding: TokenEncoding,
    stripping: Mapping[str, tuple[str, ...]],
) -> tuple[ChatFormat, list[Condition]]:
    """The format, with the spaces that the owner's tokenizer adds or strips."""
    base = encoding.base if isinstance(encoding, NormalEncoding) else encoding
    prefix = base.dummy_prefix if isinstance(base, SentencePieceEncoding) else None
    used = {*format.special_tokens}
    strips = {token: sides for token, sides in stripping.items() if token in used}
    begins = _begins_with_text(format)
    conditions = []
    if prefix is not None and begins:
        raise FormatError(
            f"{files.template_file}: the vocabulary puts a space before text at the start, and the "
            "template begins with text; such a layout is not imported"
        )
    if strips:
        sides = ", ".join(map(named, strips))
        conditions.append(
            Condition("STRIPPED", f"the owner's tokenizer strips white space beside {sides}")
        )
    everywhere = prefix is not None and prefix.where == "special"
    if everywhere and prefix is not None and not prefix.always:
        conditions.append(
            Condition("SPACE", "the owner adds no space before text that begins with one")
        )
    if not everywhere and not strips:
        return format, conditions
    return with_spacing(format, prefix=everywhere, strips=strips), conditions


def _begins_with_text(format: ChatFormat) -> bool:
    """Whether a conversation may begin with text."""
    if format.prologue:
        return not format.prologue.startswith(tuple(format.special_tokens))
    from chatfmt.line.language import Special

    return any(line.pieces and not isinstance(line.pieces[0], Special) for line in format.lines)


def _with_stops(
    format: ChatFormat, files: ModelFiles, encoding: TokenEncoding
) -> tuple[ChatFormat, list[Condition]]:
    """The format that stops where generation_config.json says."""
    spellings = {token: spelling for spelling, token in encoding.special_tokens.items()}
    unknown = [token for token in files.stops if token not in spellings]
    if unknown:
        raise EncodingError(
            f"{files.vocabulary.with_name('generation_config.json')}: expected special tokens as "
            f"eos_token_id, found the id {unknown[0]}"
        )
    stops = [spellings[token] for token in files.stops]
    if not stops or {*stops} <= {*format.stop_spellings}:
        return format, []
    more = dict.fromkeys((*format.special_tokens, *stops))
    try:
        return replace(format, special_tokens=[*more], stops=[*stops]), []
    except FormatError as error:
        reason = f"generation_config.json stops at {', '.join(map(named, stops))}: {error}"
        return format, [Condition("STOPS", reason)]
