"""All tables, by the row of the format to which they belong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from completions.chatml import answers, calls
from completions.chatml import thinking as chatml_thinking
from completions.deepseek import DEEPSEEK_V3_1
from completions.deepseek_coded import DEEPSEEK_R1, DEEPSEEK_V3
from completions.dsml import dsml
from completions.functionary import FUNCTIONARY
from completions.glm import glm
from completions.granite import GRANITE_3
from completions.harmony import HARMONY
from completions.hunyuan import HUNYUAN_3
from completions.kimi import KIMI
from completions.kimi_k3 import KIMI_K3
from completions.ling import LING
from completions.llama import LLAMA_3
from completions.minimax import MINIMAX_M2
from completions.minimax_m1 import MINIMAX_M1
from completions.mistral import (
    MISTRAL_V3,
    MISTRAL_V3_SPM,
    MISTRAL_V7,
    MISTRAL_V7_SPM,
    MISTRAL_V11,
    MISTRAL_V13,
)
from completions.muse import MUSE_GLIMMER
from completions.objects import INTERNLM_2, REKA_EDGE
from completions.objects_listed import APRIEL_1_6, LLAMA_4
from completions.parameters import QWEN_3_CODER, SEED_OSS
from completions.parameters_thinking import NEMOTRON_3, QWEN_3_5, STEPFUN_3_5
from completions.plain import COMMAND_R7B, PHI_4_MINI, SMOLLM_3
from completions.pythonic import LFM_2, LFM_2_5, OLMO_3
from completions.solar import SOLAR_OPEN
from completions.spark import SPARK_2_5
from completions.thinking import THINKING

if TYPE_CHECKING:
    from completions import Case

__all__ = ["TABLE"]

IM, TEXT = "<|im_end|>", "<|end_of_text|>"
TABLE: dict[str, dict[str, Case]] = {
    "qwen-3": answers(IM) | calls(IM) | chatml_thinking(IM),
    "qwen-3-2507": answers(IM) | calls(IM),
    "hermes-3": answers(IM) | calls(IM),
    "granite-4": answers(TEXT) | calls(TEXT),
    "granite-4.1": answers(TEXT) | calls(TEXT),
    "granite-3": GRANITE_3,
    "granite-3.0": GRANITE_3,
    "gpt-oss": HARMONY,
    "mistral-v3": MISTRAL_V3,
    "mistral-v3-spm": MISTRAL_V3_SPM,
    "mistral-v7": MISTRAL_V7,
    "mistral-v7-spm": MISTRAL_V7_SPM,
    "mistral-v11": MISTRAL_V11,
    "mistral-small-3.2": MISTRAL_V11,
    "mistral-v13": MISTRAL_V13,
    "mistral-v15": MISTRAL_V13,
    "qwen-3-thinking": THINKING,
    "qwen-3-next-thinking": THINKING,
    "qwq": THINKING,
    "kimi-k2": KIMI,
    "kimi-k2-thinking": KIMI,
    "qwen-2.5": answers(IM) | calls(IM),
    "qwen-3-vl": answers(IM) | calls(IM),
    "qwen-3-coder": QWEN_3_CODER,
    "nemotron-3": NEMOTRON_3,
    "qwen-3.5": QWEN_3_5,
    "stepfun-3.5": STEPFUN_3_5,
    "seed-oss": SEED_OSS,
    "minimax-m2": MINIMAX_M2,
    "olmo-3": OLMO_3,
    "lfm-2": LFM_2,
    "lfm-2.5": LFM_2_5,
    "ling-3": LING,
    "functionary-3.1": FUNCTIONARY,
    "minimax-m1": MINIMAX_M1,
    "llama-3.1": LLAMA_3,
    "llama-3.2": LLAMA_3,
    "llama-3.1-nemotron": LLAMA_3,
    "deepseek-r1": DEEPSEEK_R1,
    "deepseek-v3": DEEPSEEK_V3,
    "deepseek-v3.1": DEEPSEEK_V3_1,
    "deepseek-v3.2": dsml("function_calls"),
    "deepseek-v4": dsml("tool_calls"),
    "hunyuan-3": HUNYUAN_3,
    "kimi-k3": KIMI_K3,
    "glm-4.5": glm("\n", "\n<think>"),
    "glm-4.7": glm("", ""),
    "laguna": glm("", "", "</assistant>"),
    "spark-2.5": SPARK_2_5,
    "reka-edge": REKA_EDGE,
    "internlm-2": INTERNLM_2,
    "llama-4": LLAMA_4,
    "apriel-1.6": APRIEL_1_6,
    "phi-4-mini": PHI_4_MINI,
    "command-r7b": COMMAND_R7B,
    "smollm-3": SMOLLM_3,
    "solar-open": SOLAR_OPEN,
    "muse-glimmer": MUSE_GLIMMER,
}
"""Row of the table of formats to its completions."""
