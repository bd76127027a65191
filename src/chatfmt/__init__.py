"""Conversations to token ids and back, exactly: a chat format is one line of data.

>>> import chatfmt
>>> tok = chatfmt.get_tokenizer("gpt-4o")
>>> ids = tok.encode([{"role": "user", "content": "What is 2+2?"}])
>>> tok.decode(ids).messages[0].content
'What is 2+2?'
"""

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from chatfmt._moved import Moved
from chatfmt.conversation import Conversation, Message, ToolCall
from chatfmt.encodings import TokenEncoding, extend_encoding, get_encoding, load_encoding
from chatfmt.errors import (
    ChatfmtError,
    ContextOverflowError,
    DataError,
    EncodingError,
    EncodingRequiredError,
    FormatError,
    Issue,
    IssueKind,
    NothingToTrainError,
    ParseError,
    RenderError,
    TranscriptError,
    UnknownFormatError,
)
from chatfmt.line.format import ChatFormat
from chatfmt.line.formats import FORMAT_ROWS, get_format
from chatfmt.line.models import MODELS
from chatfmt.prepare.prepared import Change, Prepared
from chatfmt.pretrained import Provenance, from_pretrained
from chatfmt.tokenizer import ChatTokenizer, get_tokenizer, tokenizer_for_model
from chatfmt.tools.explain import Cause, Difference
from chatfmt.tools.scan import SpecialText
from chatfmt.training.batch import EncodedBatch
from chatfmt.training.examples import TrainingExample, collate
from chatfmt.training.fit import Fitted
from chatfmt.training.many import EncodedExamples
from chatfmt.transcript import Completion, Transcript
from chatfmt.wire.events import (
    ArgumentsDelta,
    ContentDelta,
    Event,
    HeaderField,
    MessageEnd,
    MessageStart,
    Stray,
    ToolCallAbandoned,
    ToolCallEnd,
    ToolCallStart,
)
from chatfmt.wire.read.parser import Allowed, StreamParser
from chatfmt.wire.spans import OpenMessage, Span
from chatfmt.wire.streams import astream_events, astream_text, stream_events, stream_text

if TYPE_CHECKING:
    from chatfmt.templates import export_hf as export_hf
    from chatfmt.templates import import_template as import_template
    from chatfmt.templates import match_template as match_template
    from chatfmt.templates import to_jinja as to_jinja

__all__ = [
    "FORMAT_ROWS",
    "MODELS",
    "Allowed",
    "ArgumentsDelta",
    "Cause",
    "Change",
    "ChatFormat",
    "ChatTokenizer",
    "ChatfmtError",
    "Completion",
    "ContentDelta",
    "ContextOverflowError",
    "Conversation",
    "DataError",
    "Difference",
    "EncodedBatch",
    "EncodedExamples",
    "EncodingError",
    "EncodingRequiredError",
    "Event",
    "Fitted",
    "FormatError",
    "HeaderField",
    "Issue",
    "IssueKind",
    "Message",
    "MessageEnd",
    "MessageStart",
    "NothingToTrainError",
    "OpenMessage",
    "ParseError",
    "Prepared",
    "Provenance",
    "RenderError",
    "Span",
    "SpecialText",
    "Stray",
    "StreamParser",
    "TokenEncoding",
    "ToolCall",
    "ToolCallAbandoned",
    "ToolCallEnd",
    "ToolCallStart",
    "TrainingExample",
    "Transcript",
    "TranscriptError",
    "UnknownFormatError",
    "astream_events",
    "astream_text",
    "collate",
    "extend_encoding",
    "from_pretrained",
    "get_encoding",
    "get_format",
    "get_tokenizer",
    "load_encoding",
    "stream_events",
    "stream_text",
    "tokenizer_for_model",
]


_OF_TEMPLATES = ("export_hf", "import_template", "match_template", "to_jinja")
"""Names that are loaded on first use, because few programs need them."""


def __dir__() -> list[str]:
    return [*__all__, *_OF_TEMPLATES, "__version__"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a text or a function
    """The version or a function of `chatfmt.templates`; for a method's name, a hint.

    Raises:
        AttributeError: there is no such name.
    """
    if name in _OF_TEMPLATES:
        return getattr(import_module("chatfmt.templates"), name)
    if name == "__version__":
        from importlib.metadata import version

        return version("chatfmt")
    hint = ""
    if not name.startswith("_") and hasattr(ChatTokenizer, name):
        hint = f"; it is a method of a tokenizer: chatfmt.get_tokenizer('gpt-4o').{name}"
    raise AttributeError(
        f"module 'chatfmt' has no attribute {name!r}{hint}", name=name, obj=sys.modules[__name__]
    )


sys.meta_path[:] = [*(finder for finder in sys.meta_path if finder is not Moved), Moved]
