"""Conversations and messages, and the readers that build them from other people's data.

>>> Conversation(messages=[{"role": "user", "content": "hello"}]).messages
(Message(role='user', content='hello'),)
"""

from chatfmt.conversation.conversation import Conversation
from chatfmt.conversation.message import Message, ToolCall

__all__ = ["Conversation", "Message", "ToolCall"]
