"""A transformers tokenizer over chatfmt's gives what transformers' own gives, where both can."""

from __future__ import annotations

import copy
import pickle
from typing import TYPE_CHECKING, Any

import pytest

import chatfmt
from chatfmt import ChatFormat, ChatTokenizer
from chatfmt.hf import HFEncoding
from chatfmt.serve import hf

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

transformers = pytest.importorskip("transformers")
tokenizers = pytest.importorskip("tokenizers")

TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}<|im_sep|>"
    "{% if m['role'] == 'assistant' %}"
    "{% generation %}{{ m['content'] }}<|im_end|>{% endgeneration %}"
    "{% else %}{{ m['content'] }}<|im_end|>{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant<|im_sep|>{% endif %}"
)
SPECIALS = ["<|im_start|>", "<|im_sep|>", "<|im_end|>", "<|pad|>"]
USER = {"role": "user", "content": "h\u00e9llo  \U0001f30a"}
HI, YES = ({"role": "assistant", "content": text} for text in ("Hi.", "Yes?"))
CHAT = [USER, HI, USER, YES]
END, PAD = SPECIALS[2:]


def backend() -> Any:
    pre = tokenizers.pre_tokenizers.ByteLevel
    alphabet = sorted(pre.alphabet())
    made = tokenizers.Tokenizer(tokenizers.models.BPE({c: i for i, c in enumerate(alphabet)}, []))
    made.pre_tokenizer = pre(add_prefix_space=False)
    made.decoder = tokenizers.decoders.ByteLevel()
    made.add_special_tokens(SPECIALS)
    return made


@pytest.fixture(name="theirs", scope="module")
def _theirs() -> PreTrainedTokenizerBase:
    made = transformers.PreTrainedTokenizerFast(
        tokenizer_object=backend(), eos_token=END, pad_token=PAD
    )
    made.chat_template = TEMPLATE
    return made


@pytest.fixture(name="ours", scope="module")
def _ours() -> PreTrainedTokenizerBase:
    row = ChatFormat(
        name="row",
        template="<|im_start|>{role}<|im_sep|>{^}{content}<|im_end|>",
        special_tokens=SPECIALS[:3],
        roles=["user", "assistant"],
    )
    return hf.tokenizer(ChatTokenizer(row, HFEncoding(backend())), pad="<|pad|>")


def plain(found: Any) -> Any:
    return {key: [*value] for key, value in found.items()} if hasattr(found, "items") else found


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"return_dict": False},
        {"tokenize": False},
        {"add_generation_prompt": True},
        {"add_generation_prompt": True, "tokenize": False},
        {"continue_final_message": True},
        {"continue_final_message": True, "tokenize": False},
        {"return_assistant_tokens_mask": True, "return_dict": True},
        {"truncation": True, "max_length": 9},
        {"padding": "max_length", "max_length": 80},
    ],
    ids=lambda options: " ".join(options) or "plain",
)
def test_conversations_are_theirs(
    theirs: PreTrainedTokenizerBase, ours: PreTrainedTokenizerBase, options: dict[str, Any]
) -> None:
    for chat in (CHAT, [CHAT, CHAT[:2]]):
        more = {} if chat is CHAT else {"padding": True} | options
        given = {**options, **more}
        assert plain(ours.apply_chat_template(chat, **given)) == plain(
            theirs.apply_chat_template(chat, **given)
        )


def test_text_is_theirs(theirs: PreTrainedTokenizerBase, ours: PreTrainedTokenizerBase) -> None:
    for text in ("h\u00e9llo", "a<|im_end|>b", "", "  \n"):
        ids = theirs.encode(text)
        assert ours.encode(text) == ids
        assert ours.decode(ids) == theirs.decode(ids)
        assert ours.decode(ids, skip_special_tokens=True) == theirs.decode(
            ids, skip_special_tokens=True
        )
        split = {"split_special_tokens": True}
        assert (
            ours(text, **split)["input_ids"] == [*text.encode()]
            or ours.decode(ours(text, **split)["input_ids"]) == text
        )
    batch = ["ab", "abcd"]
    assert plain(ours(batch, padding=True)) == plain(theirs(batch, padding=True))
    for name in ("eos_token_id", "pad_token_id", "eos_token", "pad_token"):
        assert getattr(ours, name) == getattr(theirs, name)
    assert len(ours) == len(theirs)
    assert isinstance(ours, transformers.PreTrainedTokenizerBase)


def test_names_of_tokens(ours: PreTrainedTokenizerBase) -> None:
    vocabulary = ours.get_vocab()
    assert sorted(vocabulary.values()) == [*range(len(ours))]
    ids = ours.encode("a\u00e9<|im_end|>")
    names = ours.convert_ids_to_tokens(ids)
    assert ours.convert_tokens_to_ids(names) == ids
    assert ours.convert_tokens_to_string(names) == "a\u00e9<|im_end|>"
    assert ours.build_inputs_with_special_tokens([1], [2]) == [1, 2]
    assert "r1" not in hf.tokenizer(chatfmt.get_tokenizer("gpt-oss")).get_vocab()  # it has gaps


def test_content_is_never_a_special_token(ours: PreTrainedTokenizerBase) -> None:
    chat = [{"role": "user", "content": "<|im_end|>"}]
    found = ours.apply_chat_template(chat, return_dict=False)
    end = ours.convert_tokens_to_ids("<|im_end|>")
    assert found.count(end) == 1


def test_copies_are_the_same(ours: PreTrainedTokenizerBase) -> None:
    for other in (copy.deepcopy(ours), pickle.loads(pickle.dumps(ours))):
        assert plain(other.apply_chat_template(CHAT)) == plain(ours.apply_chat_template(CHAT))


def test_what_a_template_is_told() -> None:
    oss = chatfmt.get_tokenizer("gpt-oss")
    made = hf.tokenizer(oss, values={"date": "2026-11-27"})
    expected = oss.encode_prompt(oss.prepare([USER], values={"date": "2026-11-27"}))
    asked = {"add_generation_prompt": True, "return_dict": False}
    assert made.apply_chat_template([USER], **asked) == expected
    assert hf.tokenizer(oss).apply_chat_template([USER], date="2026-11-27", **asked) == expected
    assert made.pad_token_id == made.eos_token_id == oss.encoding.special_tokens["<|return|>"]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"documents": [{}]}, "no documents and no chat_template"),
        ({"chat_template": "{{ x }}"}, "no documents and no chat_template"),
        ({"add_generation_prompt": True, "continue_final_message": True}, "found both"),
        ({"return_assistant_tokens_mask": True, "tokenize": False}, "only for whole conversations"),
    ],
)
def test_what_it_cannot_do_is_refused(
    ours: PreTrainedTokenizerBase, options: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        ours.apply_chat_template(CHAT, **options)


def test_nothing_is_saved(ours: PreTrainedTokenizerBase) -> None:
    with pytest.raises(NotImplementedError, match="has no files of its own"):
        ours.save_vocabulary("here")
    with pytest.raises(ValueError, match="expected a special token of the vocabulary as pad"):
        hf.tokenizer(chatfmt.get_tokenizer("gpt-4o"), pad="<pad>")
