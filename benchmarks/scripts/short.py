"""The script that people write: `python short.py rows.jsonl out.parquet`.

It checks nothing and holds all rows in memory; as scripts of its kind go, it is a good one.
"""

import json
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import tiktoken

encode = tiktoken.get_encoding("o200k_base").encode_ordinary
START, END, SEP = 200264, 200265, 200266
heads = {role: [START, *encode(role), SEP] for role in ("system", "user", "assistant")}
ids: list[list[int]] = []
labels: list[list[int]] = []
with Path(sys.argv[1]).open(encoding="utf-8") as file:
    for line in file:
        row: list[int] = []
        trained: list[int] = []
        for message in json.loads(line)["messages"]:
            head, content = heads[message["role"]], [*encode(message["content"]), END]
            row += head + content
            is_answer = message["role"] == "assistant"
            trained += [-100] * len(head) + (content if is_answer else [-100] * len(content))
        ids.append(row)
        labels.append(trained)
kind = pa.list_(pa.int32())
columns = {"input_ids": pa.array(ids, kind), "labels": pa.array(labels, kind)}
pq.write_table(pa.table(columns), sys.argv[2])
