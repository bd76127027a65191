"""Make the vectors that are not written by hand, and the spans and weights of those that are.

    python conformance/generate.py

needs the test environment (``pip install --group test 'chatfmt[hf]' openai-harmony``). Ids come
from other implementations, or from the slow reference in ``tests/reference.py``; spans and weights
from the reference alone. The library under test is asked for nothing but a format's row and an
encoding. Where another implementation and the reference disagree, no vector is made: it raises.
"""

from __future__ import annotations

import json
import random
import sys
from importlib import import_module
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tests")]

import chatfmt
from conftest import encoding_for, stock_pattern
from formats_under_test import tokenizer_for
from harmony_encoding import as_harmony, load_harmony
from labelled import BROKEN, LABELLED, labelled
from reference import (
    FIELDS,
    FORMATS,
    ROLES,
    Encoding,
    Written,
    reference_decode,
    reference_encode,
    reference_prompt,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Vector: TypeAlias = dict[str, Any]


def vector(
    identity: str, format_name: str, messages: Sequence[dict[str, Any]], origin: str, ids: list[int]
) -> Vector:
    """A conversation and what it is written as."""
    made: Vector = {
        "id": identity,
        "format": format_name,
        "conversation": {"messages": list(messages)},
    }
    return annotated({**made, "ids": ids, "origin": origin})


def prompt_vector(
    identity: str, format_name: str, messages: Sequence[dict[str, Any]], origin: str, ids: list[int]
) -> Vector:
    """A conversation, and the ids after which the assistant answers."""
    made: Vector = {
        "id": identity,
        "format": format_name,
        "conversation": {"messages": list(messages)},
    }
    conversation = chatfmt.Conversation.model_validate(made["conversation"])
    expect(reference_prompt(format_name, conversation, encoding_for(format_name)), ids, identity)
    return {**made, "ids": ids, "prompt": True, "origin": origin}


def expect(ours: list[int], theirs: list[int], identity: str) -> None:
    """Two implementations, one sequence."""
    if ours != theirs:
        raise ValueError(f"{identity}: the reference writes {ours}, the other {theirs}")


# -- Spans and weights ------------------------------------------------------------------------


def annotated(row: Vector) -> Vector:
    """The vector with spans and weights, by the reference; prompts and errors have none."""
    if "error" in row or "prompt" in row:
        return row
    conversation = chatfmt.Conversation.model_validate(row["conversation"])
    encoding = encoding_for(row["format"])
    written = reference_encode(row["format"], conversation, encoding)
    if "straddling" in row:
        by_byte = reference_encode(row["format"], conversation, _ByByte(encoding))
        written = _laid_over(by_byte, row["ids"], row["format"])
    expect([one.token for one in written], row["ids"], row["id"])
    spans: list[list[Any]] = []
    for key, group in groupby(written, key=lambda one: one[1:]):
        start = spans[-1][1] if spans else 0
        spans.append([start, start + len(list(group)), *key])
    factors = [
        (message.role == "assistant") * (1 if message.weight is None else message.weight)
        for message in conversation.messages
    ]
    untrained = _untrained_ends(row["format"], written, [m.role for m in conversation.messages])
    weights = [
        one.generated * factors[one.message or 0] if factors and at not in untrained else 0
        for at, one in enumerate(written)
    ]
    own = {key: value for key, value in row.items() if key not in ("spans", "weights", "origin")}
    return {**own, "spans": spans, "weights": weights, "origin": row["origin"]}


def _untrained_ends(format_name: str, written: list[Written], roles: list[str]) -> set[int]:
    """Ends that do not stop the model, if it does not continue: they are not trained."""
    ends = tokenizer_for(format_name).format.ends
    special = encoding_for(format_name).special_tokens
    goes_on = {special[spelling] for spelling, what in ends.items() if what == "continue"}
    return {
        at
        for at, one in enumerate(written)
        if one.part == "end"
        and one.token in goes_on
        and one.message is not None
        and roles[one.message + 1 : one.message + 2] != [roles[one.message]]
    }


class _ByByte:
    """An encoding with a token for each byte, besides its special tokens."""

    def __init__(self, encoding: Encoding) -> None:
        self.special_tokens = encoding.special_tokens
        self.n_vocab = encoding.n_vocab

    def encode_ordinary(self, text: str) -> list[int]:
        return [-1 - byte for byte in text.encode()]

    def token_bytes(self, token: int) -> bytes:
        return bytes([-1 - token])


def _laid_over(owners: list[Written], ids: list[int], format_name: str) -> list[Written]:
    """Ids of a text, each belonging to what its first byte belongs to."""
    encoding = encoding_for(format_name)
    special = set(encoding.special_tokens.values())

    def size(token: int) -> int:
        return 1 if token in special else len(encoding.token_bytes(token))

    laid, at = [], 0
    for token in ids:
        laid.append(owners[at]._replace(token=token))
        at += size(token)
    return laid


# -- From other implementations ---------------------------------------------------------------

_CODE = "def f(x):\n    return {'a': [x], \"b\": x**2}\n"
CHATS: dict[str, list[tuple[str, str]]] = {
    "hello": [("user", "Hello!")],
    "turns": [("user", "What is 2+2?"), ("assistant", "4"), ("user", "And 3?")],
    "system": [("system", "You answer briefly."), ("user", "Why?"), ("assistant", "Because.")],
    "code": [("user", "Write f."), ("assistant", f"```python\n{_CODE}```")],
    "paragraphs": [("user", "One.\n\nTwo.\n\n\nThree."), ("assistant", "- a\n- b\n\n\t- c")],
    "spaces": [("user", "a  b   c"), ("assistant", "tab\tand \u00a0 no-break")],
    "scripts": [("user", "Привет, 世界! مرحبا שלום"), ("assistant", "नमस्ते, こんにちは 안녕")],
    "emoji": [("user", "👍🏽 and 👩‍👩‍👧 and 🇦🇶"), ("assistant", "🙂")],
    "accents": [("user", "\u00e9 is not e\u0301, \ufb01 not fi"), ("assistant", "naïve Ångström")],
    "numbers": [("user", "1234567890 + 0.001 = ?"), ("assistant", "1234567890.001")],
    "contractions": [("user", "I'd say they'LL've won't"), ("assistant", "It's 'quoted'")],
    "empty": [("user", ""), ("assistant", "")],
    "look-alikes": [
        ("user", "<|im_end |> <im_end> |im_end| <\uff5cim_end\uff5c>"),
        ("assistant", "No."),
    ],
    "role-words": [("user", "assistant\nuser"), ("assistant", "system")],
    "ends-blank": [("user", "Hi \n"), ("assistant", "Hi\n\n")],
    "long": [("user", "the quick brown fox " * 12 + "!"), ("assistant", "x" * 70)],
}


def huggingface() -> Iterator[Vector]:
    """The results of transformers' apply_chat_template for templates that models publish."""
    from test_hf_equality import PUBLISHED, comparable, hf_ids, hf_tokenizer

    for name, published in PUBLISHED.items():
        fast = hf_tokenizer(published.template)
        origin = (
            f"transformers {version('transformers')}: apply_chat_template with the published "
            f"template {name} (tests/test_hf_equality.py), over the rank table of cl100k_base"
        )
        for chat, turns in CHATS.items():
            messages = [{"role": role, "content": content} for role, content in turns]
            if published.system is not None and turns[0][0] != "system":
                messages.insert(0, {"role": "system", "content": published.system})
            conversation = chatfmt.Conversation.model_validate({"messages": messages})
            if not comparable(published, conversation):
                continue
            ids = hf_ids(fast, conversation, prompt=False)
            yield vector(f"hf-{name}-{chat}", published.format, messages, origin, ids)
            if chat in ("hello", "turns", "system", "scripts"):
                ids = hf_ids(fast, conversation, prompt=True)
                identity = f"hf-{name}-{chat}-prompt"
                yield prompt_vector(identity, published.format, messages, origin, ids)


_THINK = {"role": "assistant", "channel": "analysis", "content": "They greet me."}
_CALL = {
    "role": "assistant",
    "recipient": "functions.get_weather",
    "channel": "commentary",
    "content_type": "json",
    "content": '{"city": "Paris"}',
}
HARMONY_CHATS: dict[str, list[dict[str, Any]]] = {
    "channels": [
        {"role": "user", "content": "Hello!"},
        _THINK,
        {"role": "assistant", "channel": "final", "content": "Hello."},
    ],
    "roles": [
        {"role": "system", "content": "Reasoning: low"},
        {"role": "developer", "content": "# Instructions\n\nBe brief."},
        {"role": "user", "content": "2+2?"},
        {"role": "assistant", "channel": "final", "content": "4"},
    ],
    "no-channel": [{"role": "assistant", "content": "plain"}],
    "names": [
        {"role": "user", "name": "ann", "content": "hi"},
        {"role": "user", "name": "bob", "content": "hi"},
    ],
    "addressed-user": [{"role": "user", "recipient": "assistant", "content": "x"}],
    "channel-of-user": [{"role": "user", "channel": "commentary", "content": "x"}],
    "type-alone": [{"role": "user", "content_type": "json", "content": "{}"}],
    "three-analyses": [_THINK, _THINK, _THINK],
    "call": [{"role": "user", "content": "Weather?"}, _CALL],
    "call-bare": [{"role": "assistant", "recipient": "python", "content": "print(1)"}],
    "call-after-analysis": [_THINK, _CALL],
}


def openai_harmony() -> Iterator[Vector]:
    """OpenAI's own renderer. It ends a call with <|call|>, which reads as the same message."""
    library: Any = import_module("openai_harmony")
    renderer = load_harmony()
    keep_all = library.RenderConversationConfig(auto_drop_analysis=False)
    origin = (
        f"openai-harmony {version('openai-harmony')}: render_conversation, keeping all analysis"
    )
    plain = {
        chat: [{"role": role, "content": content} for role, content in turns]
        for chat, turns in CHATS.items()
        if chat != "empty"
    }
    for chat, messages in {**HARMONY_CHATS, **plain}.items():
        conversation = chatfmt.Conversation.model_validate({"messages": messages})
        theirs = library.Conversation.from_messages(map(as_harmony, conversation.messages))
        ids = list(renderer.render_conversation(theirs, keep_all))
        if encoding_for("harmony").special_tokens["<|call|>"] in ids:
            yield annotated(
                {
                    "id": f"openai-harmony-{chat}",
                    "format": "harmony",
                    "conversation": {"messages": messages},
                    "ids": ids,
                    "straddling": [],
                    "origin": origin,
                }
            )
        else:
            yield vector(f"openai-harmony-{chat}", "harmony", messages, origin, ids)


# What stands on the wire, written out by hand.
WIRES: list[tuple[str, str, str, list[dict[str, Any]]]] = [
    (
        "turns",
        "gpt-4o",
        "<|im_start|>user<|im_sep|>Hi<|im_end|><|im_start|>assistant<|im_sep|>Yes?<|im_end|>",
        [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yes?"}],
    ),
    (
        "name",
        "gpt-4o",
        "<|im_start|>user name=Zoë<|im_sep|>\n\nHi \n<|im_end|>",
        [{"role": "user", "name": "Zoë", "content": "\n\nHi \n"}],
    ),
    (
        "tool",
        "gpt-4o",
        (
            '<|im_start|>tool<|im_sep|>{"t": 21}<|im_end|>'
            "<|im_start|>assistant<|im_sep|>21 °C<|im_end|>"
        ),
        [{"role": "tool", "content": '{"t": 21}'}, {"role": "assistant", "content": "21 °C"}],
    ),
    (
        "white-space",
        "gpt-4o",
        "<|im_start|>user<|im_sep|>a \ufeffb\u0085\u0085 \n\x1c\x1c c \ufeff\u180e<|im_end|>",
        [{"role": "user", "content": "a \ufeffb\u0085\u0085 \n\x1c\x1c c \ufeff\u180e"}],
    ),
    (
        "white-space",
        "gpt-4",
        "<|im_start|>user<|im_sep|>a \ufeffb\u0085\u0085 \n\x1c\x1c c \ufeff\u180e<|im_end|>",
        [{"role": "user", "content": "a \ufeffb\u0085\u0085 \n\x1c\x1c c \ufeff\u180e"}],
    ),
    (
        "turns",
        "gpt-4",
        (
            "<|im_start|>system<|im_sep|>Be kind.<|im_end|>"
            "<|im_start|>user name=Al<|im_sep|>   <|im_end|>"
            "<|im_start|>assistant<|im_sep|><|im_end|>"
        ),
        [
            {"role": "system", "content": "Be kind."},
            {"role": "user", "name": "Al", "content": "   "},
            {"role": "assistant", "content": ""},
        ],
    ),
    (
        "developer",
        "phi-4",
        "<|im_start|>developer<|im_sep|>\r\n日本語\r\n<|im_end|>",
        [{"role": "developer", "content": "\r\n日本語\r\n"}],
    ),
    (
        "turns",
        "gpt-3.5-turbo",
        (
            "<|im_start|>system name=example_user\nHi<|im_end|>\n"
            "<|im_start|>assistant\nHello\n<|im_end|>\n"
        ),
        [
            {"role": "system", "name": "example_user", "content": "Hi"},
            {"role": "assistant", "content": "Hello\n"},
        ],
    ),
    (
        "tool",
        "chatml",
        "<|im_start|>tool\n[1, 2]<|im_end|>\n<|im_start|>assistant\nTwo.<|im_end|>\n",
        [{"role": "tool", "content": "[1, 2]"}, {"role": "assistant", "content": "Two."}],
    ),
    (
        "turns",
        "llama-3",
        (
            "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>"
            "<|start_header_id|>ipython<|end_header_id|>\n\n7<|eot_id|>"
        ),
        [{"role": "user", "content": "Hi"}, {"role": "ipython", "content": "7"}],
    ),
    (
        "turns",
        "nanochat",
        "<|bos|><|user_start|>\nHi\n<|user_end|><|assistant_start|>Yes?<|assistant_end|>",
        [{"role": "user", "content": "\nHi\n"}, {"role": "assistant", "content": "Yes?"}],
    ),
    (
        "one-speaker",
        "nanochat",
        "<|bos|><|user_start|>a<|user_end|><|user_start|>b<|user_end|>",
        [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}],
    ),
    (
        "turns",
        "think",
        (
            "<|im_start|>user\nHi<|im_end|>\n"
            "<|im_start|>assistant\n<think>\nA greeting.\n</think>\n\nYes?<|im_end|>\n"
        ),
        [
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "reasoning": "A greeting.", "content": "Yes?"},
        ],
    ),
]


def tiktoken() -> Iterator[Vector]:
    """The wire written out by hand and encoded by tiktoken, special spellings and all."""
    origin = f"the wire text written out by hand, tiktoken {version('tiktoken')}: encode(text, "
    for name, format_name, wire, messages in WIRES:
        ids = encoding_for(format_name).encoding.encode(wire, allowed_special="all")
        yield vector(
            f"tiktoken-{format_name}-{name}",
            format_name,
            messages,
            origin + 'allowed_special="all")',
            ids,
        )


# -- From the reference -----------------------------------------------------------------------

TEXTS = (
    *("", " ", "\n", "\n\n\n", "a", "Hello!", " leading", "trailing ", "\r\n", "\t\u3000\u2028"),
    *("\x00", "\x1c", "\ufeffBOM", "\ufffd", "\u200b\u200d", "e\u0301", "\ufb01", "\U0001d518"),
    *("\U0001f3f4\u200d\u2620", "\U0010ffff"),
    *("<|im_start|>", "<|im_end|>\n<|im_start|>system\n", "<think>\n</think>", "<|end|><|start|>"),
    *("<|bos|>", "<|eot_id|>", "<|endoftext|>", "<|", "|>", " name=x", ":x to=y", "user", "1" * 40),
)
VALUES = {
    "name": ("a", "Ann", "x" * 64, "名前", "a=b", "-"),
    "recipient": ("functions.f", "all", "a:b", "é"),
    "channel": ("final", "analysis", "x/y"),
    "content_type": ("json", "text/plain"),
    "reasoning": TEXTS,
}


def reference() -> Iterator[Vector]:
    """Odd texts in every place that may hold them, drawn with a fixed seed."""
    draw = random.Random(2)  # noqa: S311 - no secret
    origin = "tests/reference.py, this repository's slow reference: drawn with a fixed seed"
    for format_name in FORMATS:
        for number in range(8):
            messages: list[dict[str, Any]] = []
            for _ in range(draw.randint(1, 4)):
                message = {"role": draw.choice(ROLES[format_name])}
                for field in FIELDS[format_name]:
                    if draw.random() < 0.5:  # noqa: PLR2004 - as often as not
                        message[field] = draw.choice(VALUES[field])
                messages.append({**message, "content": "".join(draw.choices(TEXTS, k=2))})
            conversation = chatfmt.Conversation.model_validate({"messages": messages})
            written = reference_encode(format_name, conversation, encoding_for(format_name))
            ids = [one.token for one in written]
            yield vector(f"drawn-{format_name}-{number}", format_name, messages, origin, ids)


def damaged() -> Iterator[Vector]:
    """A conversation cut short, or with one id too many, wherever a part begins.

    Kind and position follow from the damage: no format has <|endoftext|> anywhere, no encoding
    has the id behind its last, and no text has the byte FF.
    """
    for format_name in FORMATS:
        encoding = encoding_for(format_name)
        texts = {"reasoning": "Hm."} if "reasoning" in FIELDS[format_name] else {}
        messages = [
            {"role": "user", "content": "Hello!"},
            {"role": "assistant", **texts, "content": "Yes?"},
        ]
        conversation = chatfmt.Conversation.model_validate({"messages": messages})
        written = reference_encode(format_name, conversation, encoding)
        whole = [one.token for one in written]
        beyond = encoding.n_vocab
        foreign = encoding.special_tokens["<|endoftext|>"]
        byte = encoding.encoding.encode_single_token(b"\xff")
        for at in range(1, len(whole)):
            before, here = written[at - 1], written[at]
            if before[1:] == here[1:]:
                continue
            place = f"{format_name}-{at}"
            head, tail = whole[:at], whole[at:]
            if here.message == before.message and here.part != "tail":
                yield _damage(f"cut-{place}", format_name, head, "open_message", at)
            yield _damage(
                f"foreign-{place}", format_name, [*head, foreign, *tail], "unexpected_special", at
            )
            yield _damage(
                f"unknown-{place}",
                format_name,
                [*head, beyond, *tail],
                "out_of_vocabulary",
                at,
            )
            if here.part in ("content", "reasoning"):
                yield _damage(
                    f"byte-{place}", format_name, [*head, byte, *tail], "invalid_utf8", at
                )


def _damage(identity: str, format_name: str, ids: list[int], kind: str, position: int) -> Vector:
    if reference_decode(format_name, ids, encoding_for(format_name)) is not None:
        raise ValueError(f"{identity}: the reference reads it")
    error = {"kind": kind, "position": position}
    origin = "damage to what tests/reference.py writes; kind and position follow from the damage"
    return {"id": identity, "format": format_name, "ids": ids, "error": error, "origin": origin}


# -- Calls, results, definitions and reasoning --------------------------------------------------

CALLING = sorted({case.format for case in LABELLED.values()})
"""The rows of the table whose vectors are labelled by hand."""


def calls() -> Iterator[Vector]:
    """The wire written out by hand, each piece with the part that it belongs to."""
    origin = f"the wire labelled by hand, its text encoded by tiktoken {version('tiktoken')}"
    for name, case in LABELLED.items():
        ids, spans = labelled(case, encoding_for(case.format))
        made = {
            "id": f"calls-{name}",
            "format": case.format,
            "conversation": {"messages": case.messages},
            "ids": ids,
        }
        if case.prompt:
            yield {**made, "prompt": True, "origin": origin}
        else:
            weights = _weights(case.format, case.messages, ids, spans)
            yield {**made, "spans": spans, "weights": weights, "origin": origin}
    for name, broken in BROKEN.items():
        encoding = encoding_for(broken.format).encoding
        before, after = (
            encoding.encode(text, allowed_special="all") for text in (broken.before, broken.after)
        )
        error = {"kind": broken.kind, "position": len(before)}
        yield {
            "id": f"calls-{name}",
            "format": broken.format,
            "ids": before + after,
            "error": error,
            "origin": origin,
        }


def _weights(
    format_name: str, messages: list[dict[str, Any]], ids: list[int], spans: list[list[Any]]
) -> list[int]:
    """1 for ids of the assistant, except an end before another's turn that does not stop it."""
    special = encoding_for(format_name).special_tokens
    stops = {special[token] for token in tokenizer_for(format_name).format.stop_spellings}
    roles = [message["role"] for message in messages]
    weights = []
    for start, stop, message, part, generated in spans:
        trained = generated and message is not None and roles[message] == "assistant"
        if part == "end" and ids[stop - 1] not in stops:
            trained = trained and roles[message + 1 : message + 2] == [roles[message]]
        weights += [int(trained)] * (stop - start)
    return weights


# -- Files ------------------------------------------------------------------------------------

GENERATORS: dict[str, Callable[[], Iterator[Vector]]] = {
    "huggingface": huggingface,
    "openai-harmony": openai_harmony,
    "tiktoken": tiktoken,
    "reference": reference,
    "damaged": damaged,
    "calls": calls,
}


def formats() -> Vector:
    """The lines of all formats in the vectors, and the encoding that the ids are of."""
    made: Vector = {}
    for name in (*FORMATS, *CALLING):
        encoding = encoding_for(name)
        row = tokenizer_for(name).format.row()
        base = encoding.encoding.name.split("_")[0]
        row["encoding"] = {
            "ranks": f"{base}_base.tiktoken",
            "pattern": stock_pattern(encoding.encoding._pat_str),
            "special_tokens": dict(sorted(encoding.special_tokens.items(), key=lambda i: i[1])),
        }
        made[name] = row
    return made


def dump(vectors: list[Vector]) -> str:
    """JSON, one vector a line."""
    return "[\n" + ",\n".join(map(json.dumps, vectors)) + "\n]\n"


def main() -> None:
    """Write every file again."""
    for path in sorted((HERE / "hand").glob("*.json")):
        rows = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(dump([annotated(row) for row in rows]), encoding="utf-8")
    (HERE / "generated").mkdir(exist_ok=True)
    for name, generate in GENERATORS.items():
        path = HERE / "generated" / f"{name}.json"
        path.write_text(dump(list(generate())), encoding="utf-8")
    text = json.dumps(formats(), indent=1, ensure_ascii=False)
    (HERE / "formats.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
