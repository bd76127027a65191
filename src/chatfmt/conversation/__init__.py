"""What a conversation is, and how it is made of what people hold.

>>> Conversation(messages=[{"role": "user", "content": "hello"}]).messages
(Message(role='user', content='hello'),)
"""

from chatfmt.conversation.conversation import Conversation
from chatfmt.conversation.message import Message, ToolCall

__all__ = ["Conversation", "Message", "ToolCall"]
