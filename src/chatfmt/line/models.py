"""The table of models: the format in which each was trained. Prefixes are not guessed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatfmt.errors import UnknownFormatError, shown
from chatfmt.line.formats import FORMAT_ROWS, get_format, nearest
from chatfmt.line.hub import HUB_MODELS, VOCABULARIES

if TYPE_CHECKING:
    from chatfmt.line.format import ChatFormat

__all__ = ["MODELS", "WITHOUT_LAYOUT", "advice_for", "format_for_model"]

# The layouts are those that the Tiktokenizer page shows for the names without a date, which OpenAI
# assigns to one dated model after another.
_OPENAI = {
    "gpt-4o": "gpt-4o",
    "gpt-4o-2024-05-13": "gpt-4o",
    "gpt-4o-2024-08-06": "gpt-4o",
    "gpt-4o-2024-11-20": "gpt-4o",
    "gpt-4o-mini": "gpt-4o",
    "gpt-4o-mini-2024-07-18": "gpt-4o",
    "gpt-4": "gpt-4",
    "gpt-4-0314": "gpt-4",
    "gpt-4-0613": "gpt-4",
    "gpt-4-32k": "gpt-4",
    "gpt-4-32k-0314": "gpt-4",
    "gpt-4-32k-0613": "gpt-4",
    "gpt-4-1106-preview": "gpt-4",
    "gpt-4-0125-preview": "gpt-4",
    "gpt-4-turbo-preview": "gpt-4",
    "gpt-4-turbo": "gpt-4",
    "gpt-4-turbo-2024-04-09": "gpt-4",
    "gpt-3.5": "gpt-3.5-turbo",  # so tiktoken has it
    "gpt-35-turbo": "gpt-3.5-turbo",  # so Azure spells it
    "gpt-3.5-turbo": "gpt-3.5-turbo",
    "gpt-3.5-turbo-0301": "gpt-3.5-turbo",
    "gpt-3.5-turbo-0613": "gpt-3.5-turbo",
    "gpt-3.5-turbo-1106": "gpt-3.5-turbo",
    "gpt-3.5-turbo-0125": "gpt-3.5-turbo",
    "gpt-3.5-turbo-16k": "gpt-3.5-turbo",
    "gpt-3.5-turbo-16k-0613": "gpt-3.5-turbo",
    "gpt-oss-20b": "gpt-oss",
    "gpt-oss-120b": "gpt-oss",
}

MODELS: dict[str, str] = {**{name: name for name in FORMAT_ROWS}, **_OPENAI, **HUB_MODELS}
"""Model to the name of its format: OpenAI's as tiktoken knows them, repositories of the Hugging
Face hub, and each format's own name. Prefixes are not guessed."""

# tiktoken 0.14 has the encodings, in tiktoken/model.py.
_NOT_PUBLISHED = (
    "its maker has not published how messages are written as tokens",
    {
        "o200k_base": (
            *("o1", "o1-2024-12-17", "o1-mini", "o1-mini-2024-09-12"),
            *("o1-preview", "o1-preview-2024-09-12", "o1-pro", "o1-pro-2025-03-19"),
            *("o3", "o3-2025-04-16", "o3-mini", "o3-mini-2025-01-31"),
            *("o3-pro", "o3-pro-2025-06-10", "o4-mini", "o4-mini-2025-04-16"),
            *("gpt-5", "gpt-5-2025-08-07", "gpt-5-mini", "gpt-5-mini-2025-08-07"),
            *("gpt-5-nano", "gpt-5-nano-2025-08-07", "gpt-5-pro", "gpt-5-chat-latest"),
            *("gpt-5-codex", "gpt-5.1"),
            *("gpt-4.5-preview", "gpt-4.5-preview-2025-02-27"),
            *("gpt-4.1", "gpt-4.1-2025-04-14", "gpt-4.1-mini", "gpt-4.1-mini-2025-04-14"),
            *("gpt-4.1-nano", "gpt-4.1-nano-2025-04-14", "chatgpt-4o-latest"),
        ),
    },
)
_TEXT_ALONE = (
    "it takes text, and has no conversations",
    {
        "cl100k_base": (
            *("gpt-3.5-turbo-instruct", "gpt-3.5-turbo-instruct-0914"),
            *("davinci-002", "babbage-002", "text-embedding-ada-002"),
            *("text-embedding-3-small", "text-embedding-3-large"),
        ),
        "p50k_base": (
            *("text-davinci-002", "text-davinci-003", "davinci-codex", "cushman-codex"),
            *("code-davinci-001", "code-davinci-002", "code-cushman-001", "code-cushman-002"),
        ),
        "p50k_edit": ("text-davinci-edit-001", "code-davinci-edit-001"),
        "r50k_base": (
            *("text-davinci-001", "text-curie-001", "text-babbage-001", "text-ada-001"),
            *("davinci", "curie", "babbage", "ada"),
            *("text-similarity-davinci-001", "text-similarity-curie-001"),
            *("text-similarity-babbage-001", "text-similarity-ada-001"),
            *("text-search-davinci-doc-001", "text-search-curie-doc-001"),
            *("text-search-babbage-doc-001", "text-search-ada-doc-001"),
            *("code-search-babbage-code-001", "code-search-ada-code-001"),
        ),
        "gpt2": ("gpt2", "gpt-2"),
    },
)
WITHOUT_LAYOUT: dict[str, tuple[str, str]] = {
    name: (encoding, reason)
    for reason, by_encoding in (_NOT_PUBLISHED, _TEXT_ALONE)
    for encoding, names in by_encoding.items()
    for name in names
}
"""OpenAI's models without a format: the name of the encoding, and why there is no format."""


def format_for_model(model: str) -> ChatFormat:
    """The format in which a model was trained.

    >>> format_for_model("Qwen/Qwen3-8B").name
    'qwen-3'

    Raises:
        UnknownFormatError: the model is not in the table, or its layout is not known.
    """
    if model in WITHOUT_LAYOUT:
        encoding, reason = WITHOUT_LAYOUT[model]
        raise UnknownFormatError(
            f"no format of {model} is known: {reason}. Its vocabulary is tiktoken's {encoding}"
        )
    if model not in MODELS:
        raise UnknownFormatError(
            f"unknown model {shown(model)}; of the {len(MODELS)} in chatfmt.MODELS the nearest are "
            f"{', '.join(nearest(model, MODELS))}. If you know its format, use "
            "get_tokenizer(format)"
        )
    return get_format(MODELS[model])


def advice_for(model: str) -> str:
    """How to get the vocabulary of a model in the table, if none is bundled.

    >>> advice_for("Qwen/Qwen3-8B")
    "the tokenizer.json in the repository of Qwen/Qwen3-8B, read by load_encoding('tokenizer.json')"
    """
    name = MODELS[model]
    if model == name:
        return (
            "a tiktoken.Encoding (extend_encoding creates special tokens) or "
            "chatfmt.load_encoding('tokenizer.json')"
        )
    file = VOCABULARIES.get(name, "tokenizer.json")
    how = {
        "tiktoken.model": (
            f"read by load_encoding({file!r}, pattern=…, special_tokens=…); the Python file beside "
            "it has both"
        ),
    }.get(file, f"read by load_encoding({file!r})")
    return f"the {file} in the repository of {model}, {how}"
