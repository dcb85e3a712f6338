"""Values that JSON allows and databases do not, and what selection, flattening and versions make of rows."""

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
from sandbox.server import Sandbox

from sandbox import faults
from tests.contract.contract import Contract, Json, keys_of
from tests.contract.taps import TAPS, each_tap
from tests.contract.test_fuzz import rows_in
from tests.contract.test_records import invalid
from tests.singer import run

SURROGATE = "\ud800"
# In a report of Care Analytics, an unknown field is a column.
with_extra = pytest.mark.parametrize(
    "tap", [pytest.param(tap, id=tap.name) for tap in TAPS if tap.name != "tap-caranalytics"]
)


def each_row(change: Callable[[Json], object]) -> Callable[[Any], Any]:
    """Return what changes every row of an answer."""

    def edit(answer: Any) -> Any:
        for row in rows_in(answer):
            change(row)
        return answer

    return edit


def texts(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


@each_tap
def test_text_that_no_database_stores(tap: Contract, sandbox: Sandbox) -> None:
    def change(row: Json) -> None:
        row["new_field"] = {"in\x00side": [f"a\x00b{SURROGATE}c"]}
        row["new\x00name"] = "whole \U0001f600"

    tap.row_sender(sandbox).fail(faults.edit(each_row(change)), times=10**6)
    result = run(tap.name, tap.config(sandbox))
    assert result.exit_code == 0, result.log
    written = texts([message["record"] for message in result.of("RECORD")])
    assert "\x00" not in written
    assert "\\u0000" not in written
    assert SURROGATE not in written
    assert "a\ufffdb\ufffdc" in written
    assert "whole \U0001f600" in written
    assert "U+FFFD" in result.log
    assert not invalid(result)


@each_tap
@pytest.mark.parametrize("number", [2**63, 10**40, "1e99999999", "0." + "7" * 400])
def test_numbers_beyond_64_bits(tap: Contract, number: Any, sandbox: Sandbox) -> None:
    mark = "123454321"
    text = str(number)

    def rewrite(body: bytes) -> bytes:
        return body.replace(b'"%s"' % mark.encode(), text.encode())

    def change(row: Json) -> None:
        row["new_field"] = {"deep": [mark]}

    vendor = tap.row_sender(sandbox)
    vendor.fail(faults.edit(each_row(change)), times=10**6)
    vendor.fail(faults.rewrite(rewrite), times=10**6)
    result = run(tap.name, tap.config(sandbox))
    assert result.exit_code == 0, result.log
    assert not invalid(result)
    # As text, in _extra or in a column of text: no loader has to store such a number. 1e9 may be written 1E+9.
    found = [value for message in result.of("RECORD") for value in leaves(message["record"])]
    assert any(isinstance(value, str) and text in value.lower().replace("e+", "e") for value in found)
    assert all(abs(value) < 2**63 for value in found if isinstance(value, int | float))


def leaves(value: Any) -> Iterator[Any]:
    """Yield every value that holds no others."""
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from leaves(item)
    else:
        yield value


@each_tap
@pytest.mark.parametrize(
    ("bad", "named"), [(b"NaN", "NaN"), (b"-Infinity", "Infinity"), (b'"\xff\xfe"', "UTF-8"), (b"9" * 5000, "")]
)
def test_what_is_no_json_is_named(tap: Contract, bad: bytes, named: str, sandbox: Sandbox) -> None:
    def rewrite(body: bytes) -> bytes:
        return body.replace(b"{", b'{"new_field": ' + bad + b", ", 1) if body.startswith(b"[{") else body

    tap.row_sender(sandbox).fail(faults.rewrite(rewrite), times=10**6)
    result = run(tap.name, tap.config(sandbox))
    assert "Traceback" not in result.log
    assert result.exit_code == 0 or named in result.log
    assert not invalid(result)


@each_tap
def test_a_byte_order_mark_before_a_body(tap: Contract, sandbox: Sandbox) -> None:
    plain = run(tap.name, tap.config(sandbox))
    tap.row_sender(sandbox).fail(faults.rewrite(lambda body: b"\xef\xbb\xbf" + body), times=10**6)
    result = run(tap.name, tap.config(sandbox))
    assert result.exit_code == 0, result.log
    for stream in set(tap.streams) - tap.snapshots:
        keys = tap.streams[stream]
        assert set(keys_of(result.records(stream), keys)) == set(keys_of(plain.records(stream), keys))


@each_tap
def test_with_flattening_nothing_vanishes(tap: Contract, sandbox: Sandbox) -> None:
    def change(row: Json) -> None:
        row["new_field"] = {"deep": ["mark of flattening"]}
        for value in list(row.values()):
            if isinstance(value, dict):
                value["new_inside"] = "mark inside"

    flat = {"flattening_enabled": True, "flattening_max_depth": 3}
    tap.row_sender(sandbox).fail(faults.edit(each_row(change)), times=10**6)
    result = run(tap.name, {**tap.config(sandbox), **flat})
    assert result.exit_code == 0, result.log
    assert not invalid(result)
    columns = {
        schema["stream"]: set(schema["schema"]["properties"]) for schema in result.of("SCHEMA")
    }  # the last one of each stream
    seen = set()
    for message in result.of("RECORD"):
        # A nested object that is null has no column, and nothing to put into one.
        assert {name for name, value in message["record"].items() if value is not None} <= columns[message["stream"]]
        assert not any(isinstance(value, dict | list) for value in message["record"].values())
        seen |= {mark for mark in ("mark of flattening", "mark inside") if mark in texts(message["record"])}
    assert "mark of flattening" in seen


@each_tap
def test_what_is_deselected_does_not_come_back(tap: Contract, sandbox: Sandbox) -> None:
    plain = run(tap.name, tap.config(sandbox))
    schema = next(schema for schema in reversed(plain.of("SCHEMA")) if plain.records(schema["stream"]))
    stream, keys = schema["stream"], tap.streams[schema["stream"]]
    field = next(
        name
        for name, definition in schema["schema"]["properties"].items()
        if name not in {*keys, *tap.essential_fields} and name[0] != "_" and "string" in definition["type"]
    )
    metadata = [
        {"breadcrumb": [], "metadata": {"selected": True}},
        {"breadcrumb": ["properties", field], "metadata": {"selected": False}},
    ]
    entry = {"tap_stream_id": stream, "stream": stream, "schema": schema["schema"], "key_properties": keys}
    misfit = each_row(lambda row: row.update({field: {"misfit": "mark of misfit"}}))
    tap.row_sender(sandbox).fail(faults.edit(misfit), times=10**6)
    result = run(tap.name, tap.config(sandbox), catalog={"streams": [{**entry, "metadata": metadata}]})
    assert result.exit_code == 0, result.log
    assert result.records(stream)
    assert "mark of misfit" not in texts(result.messages)


@with_extra
@pytest.mark.parametrize("more", [{}, {"flattening_enabled": True, "flattening_max_depth": 3}])
def test_what_is_unknown_can_be_deselected_too(tap: Contract, more: Json, sandbox: Sandbox) -> None:
    catalog = json.loads(json.dumps(discovered(tap)))
    for entry in catalog["streams"]:
        entry["metadata"].append({"breadcrumb": ["properties", "_extra"], "metadata": {"selected": False}})
    unknown = each_row(lambda row: row.update(new_field="mark of the unknown"))
    tap.row_sender(sandbox).fail(faults.edit(unknown), times=10**6)
    result = run(tap.name, {**tap.config(sandbox), **more}, catalog=catalog)
    assert result.exit_code == 0, result.log
    assert result.of("RECORD")
    assert not [name for message in result.of("RECORD") for name in message["record"] if name.startswith("_extra")]
    assert "mark of the unknown" not in texts(result.messages)


@each_tap
def test_versions_of_whole_lists(tap: Contract, sandbox: Sandbox) -> None:
    config = {**tap.config(sandbox), "emit_activate_version_messages": True}
    result = run(tap.name, config)
    assert result.exit_code == 0, result.log
    versions = {message["stream"]: message["version"] for message in result.of("ACTIVATE_VERSION")}
    for stream, version in versions.items():
        own = [message for message in result.messages if message.get("stream") == stream]
        assert own[-1]["type"] == "ACTIVATE_VERSION"
        assert {message["version"] for message in own if message["type"] == "RECORD"} <= {version}
    incremental = {schema["stream"] for schema in result.of("SCHEMA") if schema.get("bookmark_properties")}
    assert not set(versions) & incremental
    assert not run(tap.name, tap.config(sandbox)).of("ACTIVATE_VERSION")
    tap.vendor(sandbox).fail(faults.status(403), times=10**6)
    assert not run(tap.name, config).of("ACTIVATE_VERSION")


@each_tap
def test_what_is_deselected_inside_an_object_does_not_come_back(tap: Contract, sandbox: Sandbox) -> None:
    catalog = json.loads(json.dumps(discovered(tap)))
    inner: list[tuple[str, str]] = []
    holders: list[str] = []
    for entry in catalog["streams"]:
        holders += entry["schema"]["properties"]
        for item in entry["metadata"]:
            if len(item["breadcrumb"]) == 4 and item["breadcrumb"][-1] != "_extra":
                item["metadata"]["selected"] = False
                inner.append((item["breadcrumb"][1], item["breadcrumb"][3]))
    # Where another stream does not know the field, it is an unknown one there, which nobody has deselected.
    inner = [place for place in inner if inner.count(place) == holders.count(place[0])]

    def change(row: Json) -> None:
        for holder, name in inner:
            if isinstance(row.get(holder), dict):
                row[holder][name] = {"misfit": "mark of misfit"}

    tap.row_sender(sandbox).fail(faults.edit(each_row(change)), times=10**6)
    for more in ({}, {"flattening_enabled": True, "flattening_max_depth": 3}):
        result = run(tap.name, {**tap.config(sandbox), **more}, catalog=catalog)
        assert result.exit_code == 0, result.log
        assert result.of("RECORD")
        assert "mark of misfit" not in texts(result.messages)


def discovered(tap: Contract) -> Json:
    log = run(tap.name, None, "--discover").log
    catalog: Json = json.loads(log[log.index("{\n") : log.rindex("\n}") + 2])
    return catalog


@each_tap
@pytest.mark.parametrize("status", [200, 400, 401, 429, 500])
def test_what_a_vendor_repeats_is_masked(tap: Contract, status: int, sandbox: Sandbox) -> None:
    config = tap.config(sandbox)
    secrets = [str(config[name]) for name in tap.secrets]
    user = config.get("username")
    hidden = [form for secret in secrets for form in forms(secret)]
    hidden += [form for secret in secrets if user for form in forms(f"{user}:{secret}")]
    said = " ".join(secrets)
    bodies: list[Any] = [{"message": {"detail": f"No {said} here."}}, f"No\n{said}."]
    # One at a time, as a text that is too long is cut.
    bodies += [{"error": f"No {form}."} for form in hidden]
    for body in bodies[: 3 if status in {429, 500} else None]:
        tap.vendor(sandbox).fail(faults.status(status, body), times=6)
        result = run(tap.name, config)
        assert not [form for form in hidden if form in result.output]
        assert "Traceback" not in result.log
        tap.vendor(sandbox).faults.clear()


def forms(secret: str) -> set[str]:
    """Return how a vendor may write what it was sent."""
    data = secret.encode()
    return {secret, quote(secret, safe=""), secret.upper(), data.hex(), b64encode(data).decode()}
