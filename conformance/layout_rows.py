"""Which row of the table writes which layout, and what no row has a place for."""

from __future__ import annotations

__all__ = ["NO_PLACE", "ROWS", "SEPARATED", "UNREACHED"]

ROWS = {
    "apertus": "apertus",
    "apriel-1.6": "apriel-1.6",
    "chatml": "qwen-3-2507",
    "chatml-bos": "lfm-2",
    "chatml-default-system": "qwen-2.5",
    "cohere2": "command-r7b",
    "command-a": "command-a",
    "command-r": "command-r",
    "deepseek-r1": "deepseek-r1",
    "deepseek-v2.5": "deepseek-v3",
    "deepseek-v3": "deepseek-v3",
    "deepseek-v3.1": "deepseek-v3.1",
    "deepseek-v3.2": "deepseek-v3.2",
    "deepseek-v4": "deepseek-v4",
    "exaone-3.5": "exaone-3.5",
    "exaone-deep": "exaone-deep",
    "functionary-3.1": "functionary-3.1",
    "gemma": "gemma-2",
    "gemma-3": "gemma-3",
    "glm-4": "glm-4",
    "glm-4.5": "glm-4.5",
    "glm-4.7": "glm-4.7",
    "gpt-oss": "gpt-oss",
    "granite-3.0": "granite-3.0",
    "granite-3.3": "granite-3",
    "granite-4": "granite-4",
    "granite-4.1": "granite-4.1",
    "hermes-3": "hermes-3",
    "hermes-3-plain": "hermes-3",
    "hy3": "hunyuan-3",
    "internlm2": "internlm-2",
    "kimi-k2": "kimi-k2",
    "kimi-k2-thinking": "kimi-k2-thinking",
    "kimi-k3": "kimi-k3",
    "laguna": "laguna",
    "lfm2.5": "lfm-2.5",
    "ling-3": "ling-3",
    "llama-3": "llama-3",
    "llama-3.1": "llama-3.1",
    "llama-3.2": "llama-3.2",
    "llama-4": "llama-4",
    "minimax-m1": "minimax-m1",
    "minimax-m2": "minimax-m2",
    "mistral-small-3.2": "mistral-small-3.2",
    "mistral-v11": "mistral-v11",
    "mistral-v13-think": "mistral-v13",
    "mistral-v15": "mistral-v15",
    "mistral-v3-spm": "mistral-v3-spm",
    "mistral-v3-tekken": "mistral-v3",
    "mistral-v7-spm": "mistral-v7-spm",
    "mistral-v7-tekken": "mistral-v7",
    "muse-glimmer": "muse-glimmer",
    "nemotron-3": "nemotron-3",
    "nemotron-70b": "llama-3.1-nemotron",
    "olmo-3": "olmo-3",
    "openchat": "openchat-3.5",
    "phi-3": "phi-3",
    "phi-3-medium": "phi-3-medium",
    "phi-3.5": "phi-3.5",
    "phi-4": "phi-4",
    "phi-4-mini": "phi-4-mini",
    "phi-4-reasoning": "phi-4-reasoning",
    "qwen3": "qwen-3",
    "qwen3-next-thinking": "qwen-3-next-thinking",
    "qwen3-vl": "qwen-3-vl",
    "qwen3-coder": "qwen-3-coder",
    "qwen3.5": "qwen-3.5",
    "qwq": "qwq",
    "reka-edge": "reka-edge",
    "saiga": "saiga",
    "seed-oss": "seed-oss",
    "smollm3": "smollm-3",
    "solar-open": "solar-open",
    "spark-2.5": "spark-2.5",
    "stepfun-3.5": "stepfun-3.5",
}
"""Layout to the name of its row."""

_TEXT_ALONE = "between some messages there is only ordinary text"
_ASKED_IN_TEXT = "a question ends in ordinary text, and only text separates it from the answer"
UNREACHED = {
    "deepseek-coder-1.3b": _TEXT_ALONE,
    "deepseek-coder-v2": _TEXT_ALONE,
    "gemma-4": "results are within the answer",
    "gigachat-3": "headers of ordinary text follow ends that are also ordinary text",
    "llama-2": _ASKED_IN_TEXT,
    "minimax-m3": "an argument's closing tag repeats its key, and nested values are tags too",
    "mistral-v1": _ASKED_IN_TEXT,
    "nemotron-nano-v2": (
        "it opens reasoning before the last answer and does not close it; results are JSON "
        "separated only by commas"
    ),
    "role-colon": _TEXT_ALONE,
    "tulu-3": _TEXT_ALONE,
    "vicuna": _TEXT_ALONE,
    "zephyr": "headers of ordinary text, spelled like tokens, follow ends that are ordinary text",
}
"""Layout to why no row of the table has it."""

_T = ("t-one", "t-two", "t-think", "t-again")

NO_PLACE = {
    **{("apertus", case): "calls and their results, which are within an answer" for case in _T},
    **{("apriel-1.6", case): "results, which end in newlines, the last in one more" for case in _T},
    **{
        ("deepseek-v3.2", case): "results, which follow the end of a message as ordinary text"
        for case in _T
    },
    **{("kimi-k3", case): "calls, in which each argument says its type" for case in _T},
    **{
        ("solar-open", case): "definitions of tools, which have tokens between them"
        for case in ("t-defs", *_T)
    },
    **{
        ("apriel-1.6", case): "reasoning without the words that open it"
        for case in ("r-last", "r-multi", "r-none-multi", "r-ws")
    },
    ("muse-glimmer", "t-two"): "whether another call follows, on which the end of a call depends",
}
"""Layout and case to what the row cannot read, because it has no place for it."""

SEPARATED = ("phi-3", "phi-3.5", "phi-4-mini")
"""Layouts whose template writes ``eos`` after a conversation that is no prompt: what is between
two conversations that are packed, which is no part of either."""
