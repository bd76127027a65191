"""Any rows and any files: conversations that say what they say, or a `DataError`."""

from __future__ import annotations

import gzip
import json
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from pydantic import ValidationError

from chatfmt import ChatfmtError, Conversation, DataError, get_tokenizer
from chatfmt.adapters import SCHEMAS, Options, read_row, read_rows, write_row
from chatfmt.adapters.readers import iter_rows
from kinds_of_rows import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from fuzz.source import Source

_CASES = Path(__file__).resolve().parents[1] / "tests" / "adapters" / "cases"
_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 10**30, 0.5, 1e308, "", " ", "user", "assistant", "\x00"),
    *("{", "[]", "\ud800", "a\n\nHuman: b\n\nAssistant: c", [], {}, [[]], [{}], [None], {"": 1}),
    *({"role": "user", "content": "x"}, {"from": "gpt", "value": "y"}, {"type": "text"}),
    *({"type": []}, [{"type": {}}], {"role": []}, {"k" * 3000: 1}, {"function": {"name": []}}),
    {
        "role": "assistant",
        "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": "{}"}}],
    },
)

_NO_IDS = Options(call_ids="optional")


@cache
def _rows() -> list[str]:
    cases = [
        json.dumps(json.loads(line)["row"])
        for path in sorted(_CASES.glob("*.jsonl"))
        for line in path.read_text("utf-8").split("\n")
        if line
    ]
    return cases + [json.dumps(kind.row) for kind in KINDS.values()]


@cache
def _keys() -> list[str]:
    found: dict[str, None] = {}

    def look(value: object) -> None:
        for item in value.values() if isinstance(value, dict) else value:  # type: ignore[attr-defined]
            if isinstance(item, dict | list):
                look(item)
        if isinstance(value, dict):
            found.update(dict.fromkeys(value))

    for row in _rows():
        value = json.loads(row)
        if isinstance(value, dict):
            look(value)
    return [*found]


def _places(value: object) -> list[tuple[Any, Any]]:
    """Every container in a value, with each key or index that it has."""
    keys = value if isinstance(value, dict) else range(len(value))  # type: ignore[arg-type]
    places = [(value, key) for key in keys]
    inner = [value[key] for key in keys if isinstance(value[key], dict | list)]  # type: ignore[index]
    return places + [place for item in inner for place in _places(item)]


def damage(row: dict[str, Any], source: Source) -> None:
    """Change one place of a value, however deep: other values, other keys, fewer, more."""
    places = _places(row)
    if not places:
        row[source.pick(_keys())] = source.pick(_VALUES)
        return
    holder, key = places[source.number(2) % len(places)]
    value = json.loads(json.dumps(source.pick(_VALUES)))
    match source.number() % 6:
        case 0 | 1:
            holder[key] = value
        case 2:
            del holder[key]
        case 3 if isinstance(holder, dict):
            keys = _keys()
            holder[keys[source.number(2) % len(keys)]] = holder[key]
        case 4 if isinstance(holder, list):
            holder.insert(key, json.loads(json.dumps(holder[key])))
        case _:
            holder[key] = source.text()


def _options(source: Source) -> Options:
    chosen: dict[str, Any] = {}
    for name, field in Options.model_fields.items():
        if source.number() % 4:
            continue
        policies = get_args(field.annotation)
        if policies and all(isinstance(policy, str) for policy in policies):
            chosen[name] = source.pick(policies)
    if source.number() % 8 == 0:
        chosen["system"] = source.text()
    if source.number() % 8 == 0:
        chosen |= {"lang": ("en",), "input_separator": source.text(), "speakers": {"x": "tool"}}
    return Options(**chosen)


def damaged_row(source: Source) -> Any:  # noqa: ANN401 - any JSON value
    """A row of a known schema, with up to four places changed."""
    known = _rows()
    row = json.loads(known[source.number(2) % len(known)])
    if isinstance(row, dict):
        for _ in range(source.number() % 5):
            damage(row, source)
    return row


def rows(source: Source) -> None:
    """A row of a known schema, damaged, and read by any schema under any options."""
    row = damaged_row(source)
    schema = source.pick((None, None, None, *SCHEMAS))
    options = _options(source)
    kept = json.dumps(row)
    try:
        items = read_row(row, schema=schema, options=options)
    except DataError:
        items = []
    assert json.dumps(row) == kept, "reading has changed the row"
    for item in items:
        for name in SCHEMAS:
            try:
                written = write_row(item, name)
            except DataError:
                continue
            if name == "openai":
                again = read_row(json.loads(json.dumps(written)), schema=name, options=_NO_IDS)
                assert write_row(again[0], name) == written
        if isinstance(item, Conversation):
            try:
                ids = get_tokenizer("gpt-4o").encode(item)
            except ChatfmtError:
                continue
            assert get_tokenizer("gpt-4o").decode(ids) == item.on_wire()


def values(source: Source) -> None:
    """Any JSON may be given as a conversation: the result is ids, or an error that says why."""
    message: dict[str, Any] = {"role": "user", "content": "x"}
    row: dict[str, Any] = {"messages": [message, dict(message)], "metadata": {}}
    for _ in range(1 + source.number() % 4):
        damage(row, source)
    tok = get_tokenizer("gpt-4o")
    try:
        ids = tok.encode(row)
    except (ChatfmtError, ValidationError):
        return
    conversation = Conversation.model_validate(row)
    assert tok.decode(ids).messages == conversation.on_wire().messages


def _zstd(data: bytes) -> bytes:
    import zstandard

    return zstandard.compress(data)


def _parquet(data: bytes) -> bytes:
    import io

    import pyarrow as pa
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([{"prompt": repr(data), "completion": "b"}]), buffer)
    return buffer.getvalue()


_FILES: tuple[tuple[str, Callable[[bytes], bytes]], ...] = (
    ("jsonl", bytes),
    ("json", bytes),
    ("jsonl.gz", lambda data: gzip.compress(data, 1)),
    ("json.zst", _zstd),
    ("parquet", _parquet),
)
_TEXTS = (
    *(
        b"[",
        b"]",
        b"{",
        b"}",
        b",",
        b":",
        b"\n",
        b"\r\n",
        b" ",
        b'"',
        b"\\u",
        b"\xff",
        b"\xef\xbb\xbf",
    ),
    *(b"\xe2\x80\xa8", b"NaN", b"1e999", b"-", b"9" * 5000, b"[" * 300, b'{"a":1,"a":2}', b"null"),
    *(b'"\\ud800"', b'{"prompt":"a","completion":"b"}', b'"\\ud83d\\ude00"', b"{}", b"[]", b"\x00"),
)


def pieces_of_json(source: Source) -> bytes:
    """Rows, signs of JSON and any other bytes, one after the other."""
    parts: list[bytes] = []
    for _ in range(source.number() % 24):
        kind = source.number() % 4
        if kind == 0:
            known = _rows()
            parts.append(known[source.number(2) % len(known)].encode())
        elif kind == 1:
            parts.append(source.take(source.number() % 16))
        else:
            parts.append(source.pick(_TEXTS))
    return b"".join(parts)


def files(source: Source) -> None:
    """A file of any bytes, under any of the names that are read."""
    suffix, pack = source.pick(_FILES)
    data = pieces_of_json(source) if source.number() % 8 else source.take(4096)
    if source.number() % 8:
        data = pack(data)
    for _ in range(source.number() % 4):
        at = source.number(2) % (len(data) + 1)
        match source.number() % 3:
            case 0:
                data = data[:at]
            case 1:
                data = data[:at] + source.take(2) + data[at + 1 :]
            case _:
                data += data[at:]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"rows.{suffix}")
        path.write_bytes(data)
        found = list(iter_rows(path))
        for number, row in enumerate(found, 1):
            assert (row.value is None) != (row.error is None), row
            assert row.line <= number + 1, row
        for reading in read_rows(found):
            assert reading.error is None or not reading.items
