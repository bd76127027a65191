"""mistral-common, ids alone: `python with_mistral.py rows.jsonl out.parquet TEKKEN`."""

import json
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from mistral_common.protocol.instruct.messages import AssistantMessage, UserMessage
from mistral_common.protocol.instruct.request import ChatCompletionRequest
from mistral_common.protocol.instruct.validator import ValidationMode
from mistral_common.tokens.tokenizers.mistral import MistralTokenizer

tokenizer = MistralTokenizer.from_file(sys.argv[3], mode=ValidationMode.finetuning)
kinds = {"user": UserMessage, "assistant": AssistantMessage}
ids: list[list[int]] = []
with Path(sys.argv[1]).open(encoding="utf-8") as file:
    for line in file:
        messages = [kinds[m["role"]](content=m["content"]) for m in json.loads(line)["messages"]]
        found = tokenizer.encode_chat_completion(ChatCompletionRequest(messages=messages))  # type: ignore[type-var]
        ids.append(found.tokens)
pq.write_table(pa.table({"input_ids": pa.array(ids, pa.list_(pa.int32()))}), sys.argv[2])
