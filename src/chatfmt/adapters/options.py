"""The policies for rows that are not as they should be: named, and strict unless asked."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from chatfmt.adapters.chunks import LONGEST_ROW
from chatfmt.errors import DataError

__all__ = ["Options"]


class Options(BaseModel):
    """What to do with odd rows. The defaults refuse what could only be guessed.

    >>> Options(text_parts="join").ends_with_user
    'refuse'
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    system: str | None = None
    """A system message to put before every conversation, such as a labeling guideline."""
    own_system: Literal["refuse", "keep", "replace"] = "refuse"
    """Where ``system`` is set and a conversation already begins with a system (or developer)
    message: refuse the row, keep the row's, or put ``system`` in its place."""

    tools: Literal["use", "drop", "refuse"] | None = None
    """Rows that define tools: use the definitions, leave them out, or refuse the row. None uses
    them, but refuses the row where they would not be written; see `suited`."""
    inline_thinking: Literal["keep", "read", "refuse"] | None = None
    """Answers that begin with thinking between tags, such as ``<think>…</think>``: leave it in the
    text, put it into ``reasoning``, or refuse the row. None leaves it there, but refuses it where
    the format has a field for it; see `suited`."""
    roles: dict[str, str] = Field(default_factory=dict)
    """What roles are to be called, such as ``{"tool": "ipython"}``, for a format that lacks one."""

    longest_row: Annotated[int, Field(ge=1)] = LONGEST_ROW
    """Bytes that a row of a file may have; a longer one is refused, and not held in memory."""

    # openai, and whatever holds messages of that form
    text_parts: Literal["refuse", "join"] = "refuse"
    """Content that is a list of text parts: refuse, or join the texts with nothing between."""
    object_arguments: Literal["refuse", "dump"] = "refuse"
    """Arguments of a call that are an object, not text: refuse, or write the object as JSON."""
    call_ids: Literal["consistent", "require", "optional", "make"] = "consistent"
    """Whether each tool call needs an id, and each result the id of its call: all or none of a
    conversation, always, or never; ``make`` gives ``call_0`` and so on to those that have none."""
    unknown_fields: Literal["refuse", "drop"] = "refuse"
    """Members of a message that there is no place for."""

    # sharegpt, ultrachat, wildchat, and preference pairs that are one text each
    empty_turns: Literal["refuse", "keep", "drop"] = "refuse"
    """A turn with no text; alpaca, prompt-completion and oasst have this policy, too."""
    repeated_roles: Literal["refuse", "keep"] = "refuse"
    """Two turns of the user, or two of the assistant, with nothing between."""
    starts_with_assistant: Literal["refuse", "keep", "drop"] = "refuse"
    """Turns before the first one of the user, the system message aside."""
    ends_with_user: Literal["refuse", "keep", "drop"] = "refuse"
    """Turns after the last one of the assistant."""

    speakers: dict[str, Literal["system", "user", "assistant", "tool"]] = Field(
        default_factory=dict
    )
    """Further speakers, or roles of messages, and the role of each."""

    input_separator: str = "\n\n"
    """alpaca: what is between instruction and input."""

    early_difference: Literal["refuse", "keep"] = "refuse"
    """preference: pairs of whole conversations that differ before the last reply."""

    paths: Literal["all", "best"] = "all"
    """oasst: one conversation for each leaf of a tree, or the best-ranked one."""
    shared_prefixes: Literal["once", "always"] = "once"
    """oasst: whether messages that several paths share get weight 0 in all but the first."""
    deleted: Literal["drop", "keep"] = "drop"
    """oasst: messages that were deleted, with all replies to them."""
    failed_review: Literal["drop", "keep"] = "drop"
    """oasst: messages whose ``review_result`` is false, with all replies to them."""
    synthetic: Literal["keep", "drop", "only"] = "keep"
    """oasst: messages that a model wrote; ``only`` drops the assistant's that one did not."""
    lang: tuple[str, ...] | None = None
    """oasst: the languages to keep, such as ``("en",)``; None keeps all."""
    tree_state: tuple[str, ...] | None = None
    """oasst: the states of trees to keep, such as ``("ready_for_export",)``; None keeps all."""

    def suited(self, *, thinks: bool, uses_tools: bool) -> Options:
        """These options for a format, so that nothing is lost silently.

        Args:
            thinks: whether messages have a place for thinking there.
            uses_tools: whether definitions of tools are used.

        >>> Options().suited(thinks=True, uses_tools=True).inline_thinking
        'refuse'

        Raises:
            DataError: ``tools`` is ``use``, and nothing would use them.
        """
        update = {}
        if self.tools == "use" and not uses_tools:
            raise DataError(
                "expected tools that are used, found no preparation that writes them: --prepare "
                "does, in a format whose template takes tools"
            )
        if self.tools is None and not uses_tools:
            update["tools"] = "refuse"
        if self.inline_thinking is None and thinks:
            update["inline_thinking"] = "refuse"
        return self.model_copy(update=update)
