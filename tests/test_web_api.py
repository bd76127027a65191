"""The playground's JSON API: its answers, and which requests it refuses and why."""

from __future__ import annotations

import http.client
import json
import re
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

import chatfmt.web
from chatfmt import FORMAT_ROWS, ChatfmtError, ChatFormat, extend_encoding, get_encoding, get_format
from chatfmt.conversation import Message
from chatfmt.conversation.harmony import split_for_harmony
from chatfmt.web import create_app, serve
from chatfmt.web.api import CALLS, Refusal
from chatfmt.web.limits import BODY_LIMIT
from chatfmt.web.table import Table
from chatfmt.web.vocabulary import Vocabulary
from formats_under_test import HARMONY, THINK
from reference import FORMATS as REFERENCE
from strategies import conversations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


HEADLINE = [
    {"role": "user", "content": "What is 2+2?"},
    {"role": "assistant", "content": "2+2 = 4"},
    {"role": "user", "content": "What if it was *?"},
    {"role": "assistant", "content": "2*2 = 4, same as 2+2!"},
]
OWN = {
    "template": "<turn>{role}\n{content}</turn>",
    "special_tokens": ["<turn>", "</turn>"],
    "roles": ["user", "assistant"],
}


def own_row(format: ChatFormat) -> dict[str, Any]:
    return {key: value for key, value in format.row().items() if key not in ("encoding", "source")}


BY_NAME: dict[str, Any] = {name: name for name in FORMAT_ROWS if name in REFERENCE}
BY_NAME |= {"harmony": own_row(HARMONY), "think": own_row(THINK)}
FORMATS = [*BY_NAME.values(), OWN]
client = TestClient(create_app(["testserver"]))
SCRIPT_FILES = sorted((Path(chatfmt.web.__file__).parent / "script").iterdir())
SCRIPTS = [f"/script/{file.name}" for file in SCRIPT_FILES]


def call(name: str, **request: object) -> dict[str, Any]:
    return CALLS[name](json.dumps(request).encode())


def refused(name: str, **request: object) -> Refusal:
    with pytest.raises(Refusal) as caught:
        call(name, **request)
    return caught.value


def ids_of(answer: dict[str, Any]) -> list[int]:
    return [i for block in answer["blocks"] for piece in block["pieces"] for i in piece["ids"]]


# ---- what it answers


def test_the_tokens_of_a_conversation() -> None:
    answer = call("show", format="gpt-4o", messages=HEADLINE)
    assert (answer["tokens"], answer["trained"]) == (49, 22)
    assert answer["totals"] == {"user": 21, "assistant": 28}
    assert [block["tokens"] for block in answer["blocks"]] == [11, 10, 10, 18]
    assert answer["encoding"] == "o200k_im"
    assert len(ids_of(answer)) == 49
    assert call("show", format="gpt-4o", messages=HEADLINE, prompt="assistant")["tokens"] == 52


@pytest.mark.parametrize("format", FORMATS)
def test_ids_come_back_as_the_conversation(format: object) -> None:
    messages = HEADLINE[:3]
    shown = call("show", format=format, messages=messages, prompt="assistant")
    read = call("read", format=format, ids=ids_of(shown))
    assert read["messages"] == messages
    assert read["prompt"] == "assistant"
    assert not read["open"]
    assert read["blocks"] == shown["blocks"]
    assert read["python"] == shown["python"]


@pytest.mark.parametrize("format", FORMATS)
def test_the_python_code_gives_the_same_ids(format: object) -> None:
    answer = call("show", format=format, messages=HEADLINE, prompt="assistant")
    found: dict[str, Any] = {}
    exec(answer["python"], found)  # noqa: S102 - that it runs is what is shown
    assert found["ids"] == ids_of(answer)


@pytest.mark.parametrize("encoding", ["o200k_im", "cl100k_im"])
def test_created_tokens_have_the_ids_of_extend_encoding(encoding: str) -> None:
    llama = get_format("llama-3")
    base = Table().encoding(encoding)
    vocabulary = Vocabulary(encoding, llama, base)
    extended = extend_encoding(get_encoding(encoding), "own", list(vocabulary.created))
    assert set(vocabulary.created) == set(llama.special_tokens)
    assert vocabulary.special_tokens == extended._special_tokens
    assert vocabulary.n_vocab == extended.n_vocab
    for token in [*vocabulary.created.values(), 0, 500]:
        assert vocabulary.token_bytes(token) == extended.decode_single_token_bytes(token)
    with pytest.raises(KeyError):
        vocabulary.token_bytes(vocabulary.n_vocab)
    assert vocabulary.fingerprint != Vocabulary(encoding, get_format("nanochat"), base).fingerprint


@settings(deadline=None)
@given(st.data())
def test_the_segments_of_each_token_wrote_it(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(BY_NAME)))
    conversation = data.draw(conversations(name))
    messages = [message.model_dump(exclude_none=True) for message in conversation.messages]
    answer = call("show", format=BY_NAME[name], messages=messages)
    for block in answer["blocks"]:
        kinds = answer["lines"][block["line"]]["segments"]
        seen: list[int] = []
        for piece in block["pieces"]:
            own = [kinds[i] for i in piece["segments"]]
            assert own
            seen += piece["segments"]
            if piece["kind"] == "special":
                assert [text for _, text in own] in ([piece["text"]], ["{end}"])
            if piece["part"] in ("content", "reasoning"):
                # Literal text behind the field is encoded as one with it.
                assert own[0] == ("field", f"{{{piece['part']}}}") or own[0][0] == "text"
        assert seen == sorted(seen)


def test_the_lines_say_what_the_format_is() -> None:
    (line,) = call("show", format="gpt-3.5-turbo", messages=[])["lines"]
    assert "".join(text for _, text in line["segments"] if _ != "generation") == (
        "<|im_start|>{role}[ name={name}]↵{content}<|im_end|>↵"
    )
    own = call("show", format=own_row(HARMONY), messages=[])["lines"][0]["segments"]
    assert own[-1] == ("special", "{end}")


def test_names_that_would_act_on_the_page_are_shown_by_signs() -> None:
    messages = [{"role": "user", "name": "a\u202eb\x1b", "content": "x"}]
    (block,) = call("show", format="gpt-4o", messages=messages)["blocks"]
    assert block["name"] == "aU+202EbU+001B"
    own = {**OWN, "template": "<turn>{role}\u202e{content}</turn>"}
    (line,) = call("show", format=own, messages=[])["lines"]
    assert ("text", "U+202E") in line["segments"]


def test_the_table_is_told_as_the_view_tells_it() -> None:
    listed = client.get("/api/formats").json()
    assert [entry["name"] for entry in listed["formats"]] == list(FORMAT_ROWS)
    for entry in listed["formats"]:
        shown = json.loads(json.dumps(call("show", format=entry["name"], messages=[])))
        assert entry["roles"] == shown["roles"]
        assert entry["lines"] == shown["lines"]
        if not isinstance(entry["row"]["template"], str):
            continue  # some are longer than a row of one's own may be
        own = call("show", format=entry["row"] | {"name": "custom"}, messages=[])
        assert own["roles"] == shown["roles"]


def test_stray_ids_are_shown_and_belong_to_no_segment() -> None:
    answer = call("read", format="gpt-4o", ids=[999999, 200264, 1428, 200266, 24912], strict=False)
    assert ids_of(answer) == [999999, 200264, 1428, 200266, 24912]
    assert answer["blocks"][0]["pieces"][0]["segments"] == []
    assert answer["open"]
    assert answer["messages"] == [{"role": "user", "content": "hello"}]
    assert len(answer["issues"]) == 1


def test_signs_stand_where_characters_have_no_shape() -> None:
    pieces = call("show", format="gpt-4o", messages=[{"role": "user", "content": "\x1b"}])
    assert pieces["blocks"][0]["pieces"][3]["signs"] == [("\x1b", "U+001B")]
    request = {"format": "gpt-4o", "messages": [{"role": "user", "content": " "}]}
    assert "signs" not in call("show", **request)["blocks"][0]["pieces"][3]
    assert "signs" in call("show", **request, whitespace=True)["blocks"][0]["pieces"][3]


@pytest.mark.parametrize(
    ("document", "roles"),
    [
        ({"messages": HEADLINE}, ["user", "assistant", "user", "assistant"]),
        (HEADLINE, ["user", "assistant", "user", "assistant"]),
        ({"model": "gpt-4o", "temperature": 1, "messages": HEADLINE[:1]}, ["user"]),
        ({"choices": [{"message": {**HEADLINE[1], "refusal": None}}]}, ["assistant"]),
        (HEADLINE[0], ["user"]),
        ({"choices": [{"message": {**HEADLINE[1], "annotations": []}}]}, ["assistant"]),
        ({"model": "m", "system": "Be brief.", "messages": HEADLINE[:1]}, ["system", "user"]),
        (
            {"type": "message", "id": "m", "role": "assistant", "stop_reason": "end_turn",
             "content": [{"type": "text", "text": "4"}]},
            ["assistant"],
        ),
        ({"model": "m", "instructions": "Be brief.", "input": "2+2?"}, ["system", "user"]),
        (
            {"model": "m",
             "input": [{"role": "user", "content": [{"type": "input_text", "text": "2+2?"}]},
                       {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
                       {"type": "function_call_output", "call_id": "c", "output": "4"}]},
            ["user", "assistant", "tool"],
        ),
        (
            {"object": "response", "output": [
                {"type": "reasoning", "id": "r", "summary": []},
                {"type": "message", "role": "assistant", "status": "completed",
                 "content": [{"type": "output_text", "text": "4", "annotations": []}]}]},
            ["assistant"],
        ),
        ({"conversations": [{"from": "human", "value": "2+2?"}]}, ["user"]),
        ({"instruction": "Add.", "input": "2 2", "output": "4"}, ["user", "assistant"]),
        ({"prompt": "2+2?", "completion": "4"}, ["user", "assistant"]),
    ],
)  # fmt: skip
def test_json_of_known_schemas_is_read(document: object, roles: list[str]) -> None:
    (found,) = call("import", text=json.dumps(document))["conversations"]
    assert [message["role"] for message in found["messages"]] == roles
    # Harmony has a place for all of it, once a call is a message of its own.
    split = split_for_harmony(map(Message.model_validate, found["messages"]))
    messages = [message.model_dump(exclude_none=True) for message in split]
    call("show", format=own_row(HARMONY), messages=messages)


def test_a_preference_is_two_conversations() -> None:
    row = {"prompt": "2+2?", "chosen": "4", "rejected": "5"}
    found = call("import", text=json.dumps(row))["conversations"]
    assert [item["messages"][-1]["content"] for item in found] == ["4", "5"]
    assert [item["label"] for item in found] == [
        "Conversation 1, chosen",
        "Conversation 1, rejected",
    ]


EVERY_MEMBER = {
    "name": "mine",
    "template": "<turn>{role}{^}\n{content}{end}",
    "special_tokens": ["<turn>", "</turn>", "<s>"],
    "roles": {"user": "human", "assistant": "model"},
    "prologue": "<s>",
    "ends": {"</turn>": "stop"},
    "stops": [],
    "speakers": ["assistant"],
    "generation_start": None,
    "thinking": None,
    "fences": ["\n\n"],
    "call_ids": "",
    "prepare": [{"word": "fold", "into": "first"}],
    "faults": {"prompt": "it opens reasoning"},
    "longest_header": 100,
    "encoding": "cl100k_im",
    "source": "a test",
}


def test_a_row_of_ones_own_has_every_member_of_a_format() -> None:
    assert list(EVERY_MEMBER) == [field.name for field in fields(ChatFormat) if field.init]
    answer = call("show", format=EVERY_MEMBER, messages=HEADLINE[:3])
    assert answer["encoding"] == "cl100k_im"
    found: dict[str, Any] = {}
    exec(answer["python"], found)  # noqa: S102 - that it runs is what is shown
    assert found["format"].row() == EVERY_MEMBER
    assert found["ids"] == ids_of(answer)


def test_members_that_say_nothing_new_are_left_out_of_the_python_code() -> None:
    plain = ChatFormat.from_row({"name": "custom", **OWN}).row()
    code = call("show", format=plain, messages=[])["python"]
    assert f"format = chatfmt.ChatFormat(**{ {'name': 'custom', **OWN}!r})" in code


def test_an_unknown_member_of_a_row_is_refused() -> None:
    refusal = refused("show", format={**OWN, "colour": "red"}, messages=[])
    assert refusal.error == "FormatError"
    assert "there is no member 'colour'" in refusal.reason


# ---- what it refuses


@pytest.mark.parametrize(
    ("name", "request_", "error", "where", "reason"),
    [
        ("show", {"format": "gpt-4o"}, "ValidationError", "messages", "the field is missing"),
        ("show", {"format": "gpt-5", "messages": []}, "UnknownFormatError", "format", "gpt-4o"),
        (
            "show",
            {"format": "gpt-4o", "encoding": "gpt2", "messages": []},
            "ValidationError",
            "encoding",
            "expected one of o200k_im, cl100k_im, o200k_harmony, found 'gpt2'",
        ),
        (
            "show",
            {"format": "gpt-4o", "messages": [{"role": "user"}, {"content": "x"}]},
            "ValidationError",
            "messages[1].role",
            "the field is missing",
        ),
        (
            "show",
            {"format": "gpt-4o", "messages": [{"role": "user"}, {"role": "boss"}]},
            "RenderError",
            "messages[1].role",
            "unknown role 'boss'",
        ),
        (
            "show",
            {"format": "gpt-4o", "messages": [], "prompt": "boss"},
            "RenderError",
            None,
            "unknown role 'boss'",
        ),
        (
            "show",
            {"format": {**OWN, "template": "<turn>{role}{content}</turn>"}, "messages": []},
            "FormatError",
            "format",
            "could be read in two ways",
        ),
        (
            "show",
            {"format": {**OWN, "special_tokens": "<turn>"}, "messages": []},
            "FormatError",
            "format",
            "special_tokens must be a list of strings",
        ),
        (
            "show",
            {"format": {**OWN, "template": "the{role}\n{content}the", "special_tokens": ["the"]},
             "messages": []},
            "EncodingError",
            "format",
            "the is already an ordinary token of o200k_im",
        ),
        (
            "read",
            {"format": "gpt-4o", "ids": [200264, 1428, 5]},
            "ParseError",
            "ids[2]",
            "malformed header",
        ),
        ("read", {"format": "gpt-4o", "ids": [1, "x"]}, "ValidationError", "ids[1]", "a whole"),
        ("read", {"format": "gpt-4o", "ids": [1.0]}, "ValidationError", "ids[0]", "a whole number"),
        ("import", {"text": "{"}, "DataError", "line 1", "expected JSON"),
        ("import", {"text": "[NaN]"}, "DataError", None, "NaN"),
        ("import", {"text": "[" * 100_000}, "DataError", None, "levels of nesting"),
        ("import", {"text": '{"model": "m", "input": [{"type": "image"}]}'}, "DataError",
         "input[0].type", "expected one of message"),
        ("import", {"text": '{"text": "2+2?", "label": "4"}'}, "DataError", None, "a known"),
        ("import", {"text": '{"a": 1}'}, "DataError", None, "expected the members of a known"),
        (
            "import",
            {"text": '{"messages": [{"role": "user", "content": "\\ud800"}]}'},
            "DataError",
            "messages[0].content",
            "lone surrogate",
        ),
    ],
)  # fmt: skip
def test_bad_input_is_refused_with_reason_and_place(
    name: str, request_: dict[str, Any], error: str, where: str | None, reason: str
) -> None:
    refusal = refused(name, **request_)
    assert (refusal.error, refusal.where) == (error, where)
    assert reason in refusal.reason
    answer = client.post(f"/api/{name}", json=request_)
    assert answer.status_code == 422
    assert answer.json() == refusal.body()


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"template": "<turn>{role}" + "x" * 1000 + "{content}</turn>"}, "format.template"),
        ({"template": {f"r{n}": f"<turn>r{n}\n{{content}}</turn>" for n in range(21)}},
         "format.template"),
        ({"special_tokens": [f"<{n}>" for n in range(21)]}, "format.special_tokens"),
        ({"special_tokens": ["<turn>", "x" * 101]}, "format.special_tokens[1]"),
        ({"roles": [f"r{n}" for n in range(21)]}, "format.roles"),
        ({"prologue": "x" * 1001}, "format.prologue"),
        ({"longest_header": 100_001}, "format.longest_header"),
        ({"roles": {"x" * 101: "a"}}, f"format.roles.{'x' * 80}…"),
        ({"fences": ["x", "x" * 101]}, "format.fences[1]"),
    ],
)  # fmt: skip
def test_a_line_of_ones_own_has_its_limits(change: dict[str, Any], where: str) -> None:
    refusal = refused("show", format=OWN | change, messages=[])
    assert (refusal.error, refusal.where) == ("ValidationError", where)
    assert "at most" in refusal.reason


def test_the_dearest_line_that_is_tried_takes_a_second() -> None:
    # Lines of many roles that begin alike, and can be told apart only at their end.
    shared = "<turn>" + "x" * 900
    template = {f"r{n}": f"{shared}r{n}x\n{{content}}</turn>" for n in range(20)}
    start = time.process_time()
    call("show", format={**OWN, "template": template, "roles": []}, messages=[])
    assert time.process_time() - start < 3


def test_the_time_it_takes_grows_as_the_conversation_does() -> None:
    def once(messages: int) -> float:
        start = time.process_time()
        call("show", format="gpt-4o", messages=HEADLINE[:1] * messages)
        return time.process_time() - start

    def seconds(messages: int) -> float:  # the collector of garbage may look at all other tests'
        return min(once(messages) for _ in range(3))

    # Eight times as long: a square would make it 64 times.
    assert seconds(4000) < 24 * seconds(500)


def test_a_parse_error_points_at_the_id() -> None:
    assert refused("read", format="gpt-4o", ids=[200264, 200265]).index == 1


def test_a_body_that_is_no_json_is_refused_with_its_place() -> None:
    answer = client.post(
        "/api/show", content=b'{"format": ', headers={"content-type": "application/json"}
    )
    assert answer.status_code == 400
    assert answer.json()["where"] == "line 1"
    assert "character 11 of the line" in answer.json()["reason"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@settings(deadline=None)
@given(
    st.sampled_from(sorted(CALLS)),
    st.dictionaries(
        st.sampled_from(["format", "messages", "ids", "text", "prompt", "encoding", "strict"]),
        st.sampled_from(["gpt-4o", [], HEADLINE, [200264, 1428], OWN, "assistant", "o200k_im"])
        | JSON,
    ),
)
def test_any_request_is_answered_or_refused(name: str, request_: dict[str, Any]) -> None:
    try:
        answer = CALLS[name](json.dumps(request_).encode())
    except Refusal as refusal:
        json.dumps(refusal.body())
    else:
        json.dumps(answer, allow_nan=False)


@settings(deadline=None)
@given(st.text())
def test_any_pasted_text_is_read_or_refused(text: str) -> None:
    for pasted in (text, f"[{text}]", json.dumps([text], ensure_ascii=True)):
        try:
            call("import", text=pasted)
        except Refusal as refusal:
            json.dumps(refusal.body())


# ---- whom it refuses


def test_the_host_must_be_one_of_those_named() -> None:
    assert client.get("/").status_code == 200
    for host in ("example.org", "testserver.example.org", "testserver:80", ""):
        answer = client.get("/", headers={"host": host})
        assert answer.status_code == 421
        assert "testserver" in answer.json()["reason"]


def test_a_page_elsewhere_cannot_use_it() -> None:
    request = {"format": "gpt-4o", "messages": []}
    own = {"origin": "http://testserver"}
    assert client.post("/api/show", json=request, headers=own).status_code == 200
    for origin in ("http://example.org", "https://testserver", "http://testserver:1", "null"):
        answer = client.post("/api/show", json=request, headers={"origin": origin})
        assert answer.status_code == 403
    # A form of another page, or a fetch without preflight, can send these types only.
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        headers = {"content-type": kind}
        answer = client.post("/api/show", content=json.dumps(request), headers=headers)
        assert answer.status_code == 415
    preflight = client.options("/api/show", headers={"origin": "http://testserver"})
    assert not [name for name in preflight.headers if name.startswith("access-control")]


def test_what_a_browser_may_do_with_it_is_strict() -> None:
    for path in ("/", *SCRIPTS, "/page.css", "/icon.svg", "/api/formats", "/nothing"):
        headers = client.get(path).headers
        policy = dict(
            directive.split(" ", 1) for directive in headers["content-security-policy"].split("; ")
        )
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
        assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert "set-cookie" not in headers


def test_the_page_brings_everything_with_it() -> None:
    page = "".join(client.get(path).text for path in ("/", "/page.css", *SCRIPTS))
    assert "http://" not in page
    assert "https://" not in page
    assert "innerHTML" not in page
    assert " style=" not in page


def test_each_script_is_short_and_imports_what_is_served() -> None:
    for file in SCRIPT_FILES:
        text = file.read_text("utf-8")
        assert client.get(f"/script/{file.name}").text == text
        assert len(text.splitlines()) < 250
        for name in re.findall(r'^import .* from "\./(.*)";$', text, re.MULTILINE):
            assert f"/script/{name}" in SCRIPTS


def test_a_body_has_its_limit() -> None:
    headers = {"content-type": "application/json"}
    small = TestClient(create_app(["testserver"], body_limit=100))
    fits = b'{"format": "gpt-4o", "messages": []}'.ljust(100)
    assert small.post("/api/show", content=fits, headers=headers).status_code == 200
    for content in (fits + b" ", iter([fits, b" "])):  # announced, and in chunks
        answer = small.post("/api/show", content=content, headers=headers)
        assert answer.status_code == 413
        assert "at most 100 bytes" in answer.json()["reason"]


def test_the_largest_body_is_answered() -> None:
    for text in ("a" * 1_000_000, " " * 1_000_000, "word " * 200_000):
        messages = [{"role": "user", "content": text}]
        body = json.dumps({"format": "gpt-4o", "messages": messages}).encode()
        assert len(body) < BODY_LIMIT
        answer = client.post(
            "/api/show", content=body, headers={"content-type": "application/json"}
        )
        assert answer.status_code in (200, 422)


# ---- the server


@contextmanager
def _serving() -> Iterator[int]:
    command = [sys.executable, "-W", "error", "-m", "chatfmt.cli", "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdout is not None
        line = process.stdout.readline()
        try:
            assert line.startswith("The playground is at http://127.0.0.1:")
            yield int(line.split(":")[2].split("/")[0])
        finally:
            process.terminate()
            process.wait(120)


def test_it_listens_on_the_loopback_address_alone() -> None:
    with _serving() as port:
        for host, status in (("127.0.0.1", 200), ("localhost", 200), ("evil.example", 421)):
            connection = http.client.HTTPConnection("127.0.0.1", port)
            connection.request("GET", "/", headers={"Host": f"{host}:{port}"})
            assert connection.getresponse().status == status
            connection.close()
        # Another address of this machine: all of 127.0.0.0/8 is, but nobody listens there.
        elsewhere = http.client.HTTPConnection("127.0.0.2", port)
        with pytest.raises(ConnectionRefusedError):
            elsewhere.request("GET", "/")


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])  # noqa: S104
def test_it_does_not_listen_everywhere(host: str) -> None:
    with pytest.raises(ChatfmtError, match="stands for every address"):
        serve(host, 0)


def test_a_port_that_is_taken_is_an_error() -> None:
    with _serving() as port, pytest.raises(ChatfmtError, match="--port"):
        serve(port=port)


@pytest.mark.parametrize(("module", "start"), [("starlette", create_app), ("uvicorn", serve)])
def test_a_missing_library_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, module: str, start: Callable[..., object]
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == module] + [module]:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match=re.escape(f"{module}: pip install 'chatfmt[web]'")):
        start("127.0.0.1")
