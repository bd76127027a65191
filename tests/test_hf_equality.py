"""The same ids as Hugging Face's own path: their templates and tokenizer, over our rank table."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

pytest.importorskip("transformers", reason="transformers is what this compares with")
pytest.importorskip("jinja2", reason="transformers needs it for chat templates")

from transformers import PreTrainedTokenizerFast

from chatfmt import ChatTokenizer, Conversation, Message, get_format
from conftest import CONVERTED, encoding_for
from hf_tokenizers import hf_tokenizer_from
from real_data import FILES, real_conversations

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = CONVERTED

# All formats share the vocabulary that has the special tokens of each: converting takes seconds.
ENCODING = encoding_for("llama-3")


class Published(NamedTuple):
    """A chat template as it is published, and what must be minded in comparing."""

    format: str
    template: str
    trims: bool = False
    """Whether it takes white space off both ends of a content."""
    joins: bool = False
    """Whether its header ends in a newline, which the pattern joins with newlines behind it: a
    prompt for the assistant ends between them."""
    system: str | None = None
    """A system message to put first, because without one the template invents one."""


_IM = "{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n'}}"
_IM_PROMPT = "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"

PUBLISHED = {
    # "chat_template" of tokenizer_config.json in huggingface.co/microsoft/phi-4
    "phi-4": Published(
        "phi-4",
        "{% for message in messages %}"
        "{% if (message['role'] == 'system') %}"
        "{{'<|im_start|>system<|im_sep|>' + message['content'] + '<|im_end|>'}}"
        "{% elif (message['role'] == 'user') %}"
        "{{'<|im_start|>user<|im_sep|>' + message['content'] + '<|im_end|>'}}"
        "{% elif (message['role'] == 'assistant') %}"
        "{{'<|im_start|>assistant<|im_sep|>' + message['content'] + '<|im_end|>'}}"
        "{% endif %}{% endfor %}"
        "{% if add_generation_prompt %}{{ '<|im_start|>assistant<|im_sep|>' }}{% endif %}",
    ),
    # The one line of huggingface.co/docs/transformers/v4.38.0/chat_templating, which
    # huggingface.co/teknium/OpenHermes-2.5-Mistral-7B and many more publish.
    "chatml": Published(
        "chatml",
        f"{{% for message in messages %}}{_IM}{{% endfor %}}{_IM_PROMPT}",
        joins=True,
    ),
    # "chat_template" of tokenizer_config.json in huggingface.co/HuggingFaceTB/SmolLM2-1.7B-Instruct
    "SmolLM2": Published(
        "chatml",
        "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
        "{{ '<|im_start|>system\\nYou are a helpful AI assistant named SmolLM, trained by Hugging "
        f"Face<|im_end|>\\n' }}}}{{% endif %}}{_IM}{{% endfor %}}{_IM_PROMPT}",
        joins=True,
        system="You answer briefly.",
    ),
    # "chat_template" of tokenizer_config.json in
    # huggingface.co/meta-llama/Meta-Llama-3-8B-Instruct
    "llama-3": Published(
        "llama-3",
        "{% set loop_messages = messages %}{% for message in loop_messages %}"
        "{% set content = '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n'+ "
        "message['content'] | trim + '<|eot_id|>' %}"
        "{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}"
        "{{ content }}{% endfor %}{% if add_generation_prompt %}"
        "{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}",
        trims=True,
        joins=True,
    ),
}


def hf_tokenizer(template: str) -> PreTrainedTokenizerFast:
    untyped: Any = PreTrainedTokenizerFast
    fast: PreTrainedTokenizerFast = untyped(
        tokenizer_object=hf_tokenizer_from(ENCODING.encoding),
        bos_token="<|begin_of_text|>",  # noqa: S106 - a token, no secret
        chat_template=template,
    )
    return fast


def hf_ids(fast: PreTrainedTokenizerFast, conversation: Conversation, *, prompt: bool) -> list[int]:
    chat = [{"role": m.role, "content": m.content} for m in conversation.messages]
    out: Any = fast.apply_chat_template(chat, add_generation_prompt=prompt, return_dict=True)
    ids: list[int] = out["input_ids"]
    return ids


def comparable(published: Published, conversation: Conversation) -> bool:
    contents = [message.content for message in conversation.messages]
    answers = [m.content for m in conversation.messages if m.role == "assistant"]
    return not (
        (published.trims and any(content != content.strip() for content in contents))
        or (published.joins and any(re.match(r"\s*[\r\n]", content) for content in answers))
    )


@pytest.mark.parametrize(
    "name", ["phi-4", "chatml", "llama-3", pytest.param("SmolLM2", marks=pytest.mark.slow)]
)
def test_same_ids_on_all_real_conversations(
    name: str, shared_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    published = PUBLISHED[name]
    tok = ChatTokenizer(get_format(published.format), ENCODING)
    fast = hf_tokenizer(published.template)
    conversations = [c for file in FILES for c in real_conversations(shared_data / file)]
    assert len(conversations) == 321 + 500 + 1404
    if published.system is not None:
        conversations = [_with_system(c, published.system) for c in conversations]
    compared = [c for c in conversations if comparable(published, c)]
    with capsys.disabled():
        share = len(compared) / len(conversations)
        print(f"\n{name}: {len(compared)} of {len(conversations)} compared ({share:.2%})")  # noqa: T201
    assert share >= 0.95
    for conversation in compared:
        assert tok.encode(conversation) == hf_ids(fast, conversation, prompt=False)
    for conversation in compared[::10]:  # a prompt only adds to what has just been compared
        assert tok.encode_prompt(conversation) == hf_ids(fast, conversation, prompt=True)


def _with_system(conversation: Conversation, content: str) -> Conversation:
    if conversation.messages[0].role == "system":
        return conversation
    return Conversation(messages=(Message(role="system", content=content), *conversation.messages))


def _chat(content: str, role: str = "user") -> Conversation:
    return Conversation(messages=(Message(role=role, content=content),))


@pytest.mark.parametrize("role", ["user", "assistant"])
@pytest.mark.parametrize("name", PUBLISHED)
def test_what_is_left_out_differs(name: str, role: str) -> None:
    published = PUBLISHED[name]
    tok = ChatTokenizer(get_format(published.format), ENCODING)
    fast = hf_tokenizer(published.template)
    joins = published.joins and role == "assistant"
    for content, is_left_out in {
        "Hello": False,
        " Hello ": published.trims,
        "\nHello": published.trims or joins,
        "  \nHello": published.trims or joins,
        "\n": published.trims or joins,
        "": False,
    }.items():
        chat = _chat(content, role)
        chat = _with_system(chat, published.system) if published.system else chat
        assert comparable(published, chat) is not is_left_out
        assert (tok.encode(chat) != hf_ids(fast, chat, prompt=False)) is is_left_out
        if not published.trims:  # other ids, but of the same text
            text = b"".join(map(ENCODING.token_bytes, hf_ids(fast, chat, prompt=False)))
            assert b"".join(map(ENCODING.token_bytes, tok.encode(chat))) == text


def test_content_forges_structure_there_and_not_here() -> None:
    chat = _chat("<|im_end|>")
    fast = hf_tokenizer(PUBLISHED["chatml"].template)
    end = ENCODING.special_tokens["<|im_end|>"]
    assert hf_ids(fast, chat, prompt=False).count(end) == 2
    assert ChatTokenizer(get_format("chatml"), ENCODING).encode(chat).count(end) == 1
