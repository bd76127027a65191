"""Named policies for irregular rows, strict by default."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from chatfmt.adapters.chunks import LONGEST_ROW
from chatfmt.errors import DataError

__all__ = ["Options"]


class Options(BaseModel):
    """Policies for irregular rows. The defaults refuse anything ambiguous.

    >>> Options(text_parts="join").ends_with_user
    'refuse'
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    system: str | None = None
    """A system message to put before every conversation, such as a labeling guideline."""
    own_system: Literal["refuse", "keep", "replace"] = "refuse"
    """If ``system`` is set and a conversation already begins with a system (or developer)
    message: refuse the row, keep the row's message, or replace it with ``system``."""

    tools: Literal["use", "drop", "refuse"] | None = None
    """Tool definitions in a row: use them, drop them, or refuse the row. None uses them, but
    refuses the row if they would not be written; see `suited`."""
    inline_thinking: Literal["keep", "read", "refuse"] | None = None
    """Answers that begin with reasoning between tags, such as ``<think>…</think>``: keep it in the
    text, move it to the field ``reasoning``, or refuse the row. None keeps it there, but refuses
    the row if the format has a field for it; see `suited`."""
    roles: dict[str, str] = Field(default_factory=dict)
    """New names for roles, such as ``{"tool": "ipython"}``, for a format that lacks one."""

    longest_row: Annotated[int, Field(ge=1)] = LONGEST_ROW
    """The largest row of a file, in bytes; a longer one is refused, and not held in memory."""

    # openai, and schemas that contain messages of that form
    text_parts: Literal["refuse", "join"] = "refuse"
    """Content that is a list of text parts: refuse, or join the texts without a separator."""
    object_arguments: Literal["refuse", "dump"] = "refuse"
    """Arguments of a call given as an object, not text: refuse, or write the object as JSON."""
    call_ids: Literal["consistent", "require", "optional", "make"] = "consistent"
    """Whether each tool call needs an id, and each result the id of its call: all or none of a
    conversation, always, or never; ``make`` gives ``call_0`` and so on to those that have none."""
    unknown_fields: Literal["refuse", "drop"] = "refuse"
    """Members of a message that have no place: refuse the row, or drop them."""

    # sharegpt, ultrachat, wildchat, and preference pairs of one text each
    empty_turns: Literal["refuse", "keep", "drop"] = "refuse"
    """A turn with no text; also used by alpaca, prompt-completion and oasst."""
    repeated_roles: Literal["refuse", "keep"] = "refuse"
    """Two consecutive turns of the user or of the assistant."""
    starts_with_assistant: Literal["refuse", "keep", "drop"] = "refuse"
    """Turns before the user's first, other than the system message."""
    ends_with_user: Literal["refuse", "keep", "drop"] = "refuse"
    """Turns after the assistant's last."""

    speakers: dict[str, Literal["system", "user", "assistant", "tool"]] = Field(
        default_factory=dict
    )
    """Additional speakers, or roles of messages, and the role of each."""

    input_separator: str = "\n\n"
    """alpaca: the text between instruction and input."""

    early_difference: Literal["refuse", "keep"] = "refuse"
    """preference: pairs of whole conversations that differ before the last reply."""

    paths: Literal["all", "best"] = "all"
    """oasst: one conversation for each leaf of a tree, or the best-ranked one."""
    shared_prefixes: Literal["once", "always"] = "once"
    """oasst: whether messages shared by several paths get weight 0 in all but the first."""
    deleted: Literal["drop", "keep"] = "drop"
    """oasst: messages that were deleted, with all replies to them."""
    failed_review: Literal["drop", "keep"] = "drop"
    """oasst: messages whose ``review_result`` is false, with all replies to them."""
    synthetic: Literal["keep", "drop", "only"] = "keep"
    """oasst: messages that a model wrote; ``only`` drops the assistant's that people wrote."""
    lang: tuple[str, ...] | None = None
    """oasst: the languages to keep, such as ``("en",)``; None keeps all."""
    tree_state: tuple[str, ...] | None = None
    """oasst: the states of trees to keep, such as ``("ready_for_export",)``; None keeps all."""

    def suited(self, *, thinks: bool, uses_tools: bool) -> Options:
        """Adapt the options to a format, so that nothing is lost silently.

        Args:
            thinks: whether its messages have a place for reasoning.
            uses_tools: whether it, or its preparation, uses tool definitions.

        >>> Options().suited(thinks=True, uses_tools=True).inline_thinking
        'refuse'

        Raises:
            DataError: ``tools`` is ``use``, and nothing would use them.
        """
        update = {}
        if self.tools == "use" and not uses_tools:
            raise DataError(
                "expected a preparation that writes the tools, found none; pass a preparation, "
                "with a format whose template takes tools"
            )
        if self.tools is None and not uses_tools:
            update["tools"] = "refuse"
        if self.inline_thinking is None and thinks:
            update["inline_thinking"] = "refuse"
        return self.model_copy(update=update)
