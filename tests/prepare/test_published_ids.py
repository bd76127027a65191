"""Ids of real vocabularies: after preparation, a row gives what `apply_chat_template` gives.

The conversations are those of test_published.py, which covers differences of texts. Where the texts
are the same, the ids may differ for one of the reasons listed here; all are counted.
"""

from __future__ import annotations

import functools
import json
import unicodedata
from collections import Counter
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

import pytest

from chatfmt import ChatTokenizer, Conversation, get_format
from chatfmt.encodings.tiktoken import TiktokenEncoding
from heavy import heavy
from published_chats import DATE, DIFFERENT, EQUAL, ROWS, compare, drawn
from published_templates import source_of
from vocabularies import file_of, vocabulary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatfmt.prepare.prepared import Prepared

pytestmark = pytest.mark.slow

VOCABULARY_OF = {"qwen3": "qwen-3", "llama3_1": "llama-3", "deepseekv3": "deepseek"}
"""Template to the vocabulary of its model."""

NORMALIZED = ("qwen3",)
"""Templates whose tokenizers change texts to NFC. Source: tokenizer.json of Qwen/Qwen3-0.6B."""

COUNT = 500
NFC = "their tokenizer changes the text to NFC first"
CUT = "their tokens lie across a place where a prompt may end"


@functools.cache
def their_tokenizer(template: str) -> Any:
    """The tokenizer of transformers."""
    transformers = heavy("transformers")
    file, encoding = file_of(VOCABULARY_OF[template]), vocabulary(VOCABULARY_OF[template])
    if isinstance(encoding, TiktokenEncoding):  # of a rank file: as transformers converts it
        from hf_tokenizers import hf_tokenizer_from

        converted = hf_tokenizer_from(encoding.encoding)
        if template in NORMALIZED:
            converted.normalizer = heavy("tokenizers.normalizers").NFC()
        tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=converted)
    else:
        tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_file=str(file))
    for token in our_tokenizer(template).encode([]):
        tokenizer.bos_token = tokenizer.convert_ids_to_tokens(token)
    return tokenizer


@functools.cache
def our_tokenizer(template: str) -> ChatTokenizer:
    return ChatTokenizer(get_format(ROWS[template]), vocabulary(VOCABULARY_OF[template]))


def outcome(template: str, number: int) -> str:
    """What kind the ids of a generated conversation are."""
    kind, _ = compare(template, number)
    if kind != EQUAL:
        return f"texts: {kind}"
    messages, tools, prompt = drawn(template, number)
    theirs = their_tokenizer(template).apply_chat_template(
        messages,
        chat_template=source_of(template),
        tools=tools,
        add_generation_prompt=prompt,
        return_dict=False,
        date_string=f"{DATE:%d %b %Y}",
    )
    found = compared(template, messages, tools, theirs, prompt=prompt)
    if found == DIFFERENT and template in NORMALIZED:
        messages = json.loads(
            unicodedata.normalize("NFC", json.dumps(messages, ensure_ascii=False))
        )
        found = compared(template, messages, tools, theirs, prompt=prompt)
        return found if found == DIFFERENT else NFC
    return found


def compared(
    template: str,
    messages: list[dict[str, Any]],
    tools: list[dict[str, Any]] | None,
    theirs: list[int],
    *,
    prompt: bool,
) -> str:
    """What their ids of these messages are beside ours."""
    tok = our_tokenizer(template)
    names = {name for word in tok.format.preparation for name in word.names}
    given = Conversation.model_validate({"messages": messages, "tools": tools or []})
    prepared = tok.prepare(given, values={"date": DATE} if "date" in names else {})
    if prompt:
        ours = [tok.encode_prompt(prepared)]
    else:
        example = tok.encode_for_training(prepared, allow_untrained=True)
        ours = [tok.encode(prepared), example.input_ids]
    if theirs in ours:
        return EQUAL
    return CUT if any(only_at_cuts(tok, prepared, one, theirs) for one in ours) else DIFFERENT


def bytes_of(tok: ChatTokenizer, ids: Sequence[int]) -> bytes:
    return b"".join(map(tok.encoding.token_bytes, ids))


def borders(tok: ChatTokenizer, ids: Sequence[int]) -> list[int]:
    """Where each token begins, in bytes, and where the last one ends."""
    return [*accumulate((len(tok.encoding.token_bytes(token)) for token in ids), initial=0)]


def only_at_cuts(
    tok: ChatTokenizer, prepared: Prepared, ours: list[int], theirs: list[int]
) -> bool:
    """Whether ids of the same text differ only around places where a prompt may end."""
    if bytes_of(tok, ours) != bytes_of(tok, theirs):
        return False
    here, there = borders(tok, ours), borders(tok, theirs)
    transcript = tok.render(prepared)
    cuts = {
        here[span.start]
        for before, span in pairwise(transcript.spans)
        if span.generated and span.start < len(here)
        if not before.generated or span.part in ("reasoning", "content")
    }
    common = sorted({*here} & {*there})
    return all(
        any(start <= cut <= stop for cut in cuts)
        for start, stop in pairwise(common)
        if ours[here.index(start) : here.index(stop)]
        != theirs[there.index(start) : there.index(stop)]
    )


@pytest.mark.parametrize("template", VOCABULARY_OF)
def test_ids_are_those_of_apply_chat_template(template: str) -> None:
    counts = Counter(outcome(template, number) for number in range(COUNT))
    print(f"{template}, {ROWS[template]}: {dict(counts)}")  # noqa: T201 - with -s
    assert not counts[DIFFERENT]
    assert not counts[f"texts: {DIFFERENT}"]
    assert counts[EQUAL] >= COUNT / 4
