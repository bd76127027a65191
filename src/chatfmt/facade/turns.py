"""A conversation as the model saw it at each of its turns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from chatfmt.facade.training import Training
from chatfmt.facade.writing import as_conversation
from chatfmt.training.each import preparation_asked, turns_as_seen

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping

    from chatfmt.conversation import Conversation, Message
    from chatfmt.facade.writing import Messages

__all__ = ["ByTurn"]


class ByTurn(Training):
    """The conversations that `encode_for_training` encodes with ``turns="each"``."""

    def turns(
        self,
        conversation: Messages,
        *,
        prepare: bool = False,
        tools: Iterable[Mapping[str, Any]] | None = None,
        values: Mapping[str, str | dt.date] | None = None,
        history: Literal["published", "keep"] = "published",
    ) -> list[Conversation]:
        """The conversation as the model saw it at each turn, with its answers of that turn.

        These are the conversations that `encode_for_training` encodes with ``turns="each"``, to
        look at them, count or check them. In each, the messages that are not answers of that turn
        have the weight 0.

        Args:
            conversation: the conversation.
            prepare: prepare each one as it is when that turn is prompted.
            tools: as in `prepare`.
            values: as in `prepare`.
            history: as in `prepare`: ``"keep"`` keeps the thinking of earlier turns.

        Returns:
            The conversations; with ``prepare`` they are prepared. There are none if the assistant
            has not answered. There are several for one turn if the template shows the model
            something different after a tool result.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> chat = [{"role": "user", "content": "hello"}, {"role": "assistant", "content": "Hello"}]
        >>> [[message.weight for message in one.messages] for one in tok.turns(chat * 2)]
        [[None, None], [None, 0.0, None, None]]

        Raises:
            RenderError: the template does not accept the conversation, or no prompt precedes such
                an answer.
            ValueError: tools, values or history are given without ``prepare``, or are invalid.
        """
        chat = as_conversation(conversation)
        asked = preparation_asked(prepare=prepare, tools=tools, values=values, history=history)
        found = []
        for turn in turns_as_seen(self._renderer.for_tools(chat.tools), chat, None, asked):
            messages = turn.conversation.messages
            weighed = map(_weighed, messages, turn.learned())
            found.append(turn.conversation.model_copy(update={"messages": tuple(weighed)}))
        return found


def _weighed(message: Message, learned: bool) -> Message:  # noqa: FBT001 - it is mapped
    """The message with the weight 0 if it would be trained and is no answer of the turn."""
    if learned or (message.role != "assistant" and not message.weight):
        return message
    return message.model_copy(update={"weight": 0.0})
