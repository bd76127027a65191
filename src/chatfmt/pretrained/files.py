"""Find and read a model's files: vocabulary, template, special tokens; a folder or GGUF file.

The file names are those of transformers. Source: docs of transformers 5,
"PreTrainedTokenizerBase", and its utils/hub.py for the templates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from chatfmt.encodings.gguf import tokenizer_of
from chatfmt.encodings.gguf_metadata import MAGIC
from chatfmt.encodings.load import vocabulary_in
from chatfmt.errors import DataError, EncodingError, named, shown
from chatfmt.json_text import loads

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "AddedToken",
    "ChatFiles",
    "ModelFiles",
    "read_chat",
    "read_json",
    "read_model",
    "read_template",
]

_CONFIG, _GENERATION, _MAP = (
    "tokenizer_config.json",
    "generation_config.json",
    "special_tokens_map.json",
)
_TEMPLATE, _MORE_TEMPLATES = "chat_template.jinja", "additional_chat_templates"
_PROCESSOR = "chat_template.json"
_DEFAULT = "default"
_DIGITS = 9  # of an id


class AddedToken(NamedTuple):
    """A token listed outside the vocabulary."""

    id: int
    strips: tuple[str, ...] = ()
    """The sides on which the owner's tokenizer strips white space: ``lstrip``, ``rstrip``."""


@dataclass(frozen=True)
class ChatFiles:
    """The files that say how conversations are written; nothing is decided yet."""

    templates: dict[str, str]
    """Source of each template by name; the one without a name is ``default``."""
    template_file: Path
    """The file that contains them."""
    added: dict[str, AddedToken]
    """By spelling."""
    bos: str
    eos: str
    """Spellings by name; empty if there are none."""


@dataclass(frozen=True)
class ModelFiles(ChatFiles):
    """These, and the vocabulary."""

    vocabulary: Path
    stops: tuple[int, ...]
    """The ids at which generation_config.json stops."""


def read_model(path: Path) -> ModelFiles:
    """Find the files in a folder, in the folder of a vocabulary file, or in a GGUF file.

    Raises:
        EncodingError: there is no vocabulary, or a file is malformed; the message names it.
        OSError: a file cannot be read.
    """
    vocabulary = vocabulary_in(path) if path.is_dir() else path
    with vocabulary.open("rb") as file:
        if file.read(len(MAGIC)) == MAGIC:
            return _read_gguf(vocabulary)
    folder = vocabulary.parent
    chat = read_chat(folder)
    return ModelFiles(**vars(chat), vocabulary=vocabulary, stops=_stops(folder / _GENERATION))


def read_chat(folder: Path, config_name: str = _CONFIG) -> ChatFiles:
    """Read the templates and the special tokens in a folder, which needs no vocabulary for it.

    Raises:
        EncodingError: a file is malformed; the message names it.
        OSError: a file cannot be read.
    """
    path = folder / config_name
    config = read_json(path)
    names = read_json(folder / _MAP) | {k: v for k, v in config.items() if v is not None}
    templates, template_file = _templates(folder, path, config)
    return ChatFiles(
        templates,
        template_file,
        added=_added(config.get("added_tokens_decoder") or {}, path),
        bos=_spelling(names.get("bos_token"), "bos_token", path),
        eos=_spelling(names.get("eos_token"), "eos_token", path),
    )


def read_template(path: Path) -> str:
    """The text of a template's file.

    Raises:
        EncodingError: it is not UTF-8.
        OSError: it cannot be read.
    """
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise EncodingError(
            f"{path}: expected a chat template in UTF-8, found byte "
            f"{error.object[error.start]:#04x} at byte {error.start + 1}: save it as UTF-8"
        ) from error


def _read_gguf(path: Path) -> ModelFiles:
    try:
        metadata = tokenizer_of(path)
    except EncodingError as error:
        raise EncodingError(f"{path}: {error}") from error
    tokens = metadata.tokens
    spelled = [
        "" if number is None or not 0 <= number < len(tokens) else tokens[number]
        for number in (metadata.bos, metadata.eos)
    ]
    template = metadata.chat_template
    return ModelFiles(
        vocabulary=path,
        templates={} if template is None else {_DEFAULT: template},
        template_file=path,
        added={},
        bos=spelled[0],
        eos=spelled[1],
        stops=() if metadata.eos is None else (metadata.eos,),
    )


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in a file; empty if the file does not exist.

    Raises:
        EncodingError: there is something else in it; the message names the file.
    """
    if not path.is_file():
        return {}
    try:
        document = loads(path.read_bytes())
    except DataError as error:
        raise EncodingError(f"{path}: expected JSON, found something else: {error}") from error
    if not isinstance(document, dict):
        raise EncodingError(f"{path}: expected a JSON object, found {shown(document)}")
    return document


def _spelling(value: object, name: str, path: Path) -> str:
    if isinstance(value, dict):
        value = value.get("content")
    if value is None:
        return ""
    if not isinstance(value, str):
        raise EncodingError(f"{path}: {name}: expected a spelling, found {shown(value)}")
    return value


def _templates(
    folder: Path, config_path: Path, config: dict[str, Any]
) -> tuple[dict[str, str], Path]:
    """The templates by name, with their file; the first place that has any is used."""
    single = folder / _TEMPLATE
    if single.is_file():
        more = sorted((folder / _MORE_TEMPLATES).glob("*.jinja"))
        files = {_DEFAULT: single, **{file.stem: file for file in more}}
        return {name: read_template(file) for name, file in files.items()}, single
    for path, document in (
        (folder / _PROCESSOR, read_json(folder / _PROCESSOR)),
        (config_path, config),
    ):
        found = document.get("chat_template")
        if isinstance(found, str):
            return {_DEFAULT: found}, path
        if isinstance(found, list):
            return dict(_named(each, path) for each in found), path
        if found is not None:
            raise EncodingError(f"{path}: chat_template: expected a text, found {shown(found)}")
    return {}, config_path


def _named(value: object, path: Path) -> tuple[str, str]:
    if isinstance(value, dict):
        name, text = value.get("name"), value.get("template")
        if isinstance(name, str) and isinstance(text, str):
            return name, text
    raise EncodingError(
        f"{path}: chat_template: expected a name and a template, found {shown(value)}"
    )


def _added(listed: object, path: Path) -> dict[str, AddedToken]:
    found: dict[str, AddedToken] = {}
    where = f"{path}: added_tokens_decoder"
    if not isinstance(listed, dict):
        raise EncodingError(f"{where}: expected an object, found {shown(listed)}")
    for digits, token in listed.items():
        spelling = token.get("content") if isinstance(token, dict) else None
        is_id = digits.isascii() and digits.isdecimal() and len(digits) <= _DIGITS
        if not is_id or not isinstance(spelling, str) or not spelling:
            raise EncodingError(
                f"{where}: expected ids with the content of each, found {shown({digits: token})}"
            )
        if spelling in found:
            raise EncodingError(f"{where}: {named(spelling)} has two ids")
        strips = tuple(side for side in ("lstrip", "rstrip") if token.get(side))
        found[spelling] = AddedToken(int(digits), strips)
    return found


def _stops(path: Path) -> tuple[int, ...]:
    value = read_json(path).get("eos_token_id")
    numbers = [] if value is None else value if isinstance(value, list) else [value]
    for number in numbers:
        if type(number) is not int or number < 0:
            raise EncodingError(f"{path}: eos_token_id: expected ids, found {shown(value)}")
    return tuple(numbers)
