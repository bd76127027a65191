"""Model replies in the shapes of common APIs, made from ids as they are sampled.

>>> import chatfmt
>>> from chatfmt import serve
>>> tok = chatfmt.get_tokenizer("gpt-4o")
>>> chat = tok.render([{"role": "user", "content": "hello"}])
>>> _ = chat.append_completion([13225, 200265])
>>> serve.chat_message(chat)
{'role': 'assistant', 'content': 'Hello'}
"""

from chatfmt.serve.chat import ChunkOptions, achat_chunks, chat_chunks
from chatfmt.serve.items import response_output
from chatfmt.serve.messages import chat_completion, chat_message
from chatfmt.serve.replying import ReplyOptions
from chatfmt.serve.responses import ResponseOptions, aresponse_events, response_events

__all__ = [
    "ChunkOptions",
    "ReplyOptions",
    "ResponseOptions",
    "achat_chunks",
    "aresponse_events",
    "chat_chunks",
    "chat_completion",
    "chat_message",
    "response_events",
    "response_output",
]
