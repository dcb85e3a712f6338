"""A window's answer: what is read from it, what is repaired, and what is named in one line."""

import json
import resource
import signal
import subprocess
from pathlib import Path

import pytest
from sandbox.server import Sandbox
from starlette.responses import Response

from sandbox import faults
from tests.contract.contract import day
from tests.contract.maestroqa import MAESTROQA
from tests.singer import BIN
from tests.tap_maestroqa.runs import TAP, created_since, failed, ids, only_the_newest, sync

ONE = b'[{"_id":"1","updatedAt":"2026-01-01T00:00:00Z","coachNotes":%s}]'


def body(content: bytes) -> faults.ResponseFault:
    return lambda _: Response(content, media_type="application/json")


@pytest.mark.parametrize("content", [b"\xef\xbb\xbf" + ONE % b'"x"', b" \n" + ONE % b'"x"'])
def test_what_may_stand_before_a_list(content: bytes, sandbox: Sandbox) -> None:
    sandbox.maestroqa.fail(body(content))
    assert "1" in ids(sync(sandbox))


@pytest.mark.parametrize("answer", [Response(status_code=204), Response(b"[]"), Response(b"null")])
def test_an_empty_window(answer: Response, sandbox: Sandbox) -> None:
    sandbox.maestroqa.fail(lambda _: answer, times=99)
    assert not ids(sync(sandbox))


def test_a_null_is_taken_for_nothing_only_twice(sandbox: Sandbox) -> None:
    sandbox.maestroqa.fail(faults.instead(None))
    assert created_since(sandbox.maestroqa, day(50)) <= ids(sync(sandbox))


def test_an_id_twice_in_a_window(sandbox: Sandbox) -> None:
    versions = [f'{{"_id":"1","updatedAt":"2026-01-0{day_}T00:00:00Z","coachNotes":"{day_}"}}' for day_ in (1, 3, 2)]
    sandbox.maestroqa.fail(body(f"[{','.join(versions)}]".encode()))
    *_, last = [record for record in sync(sandbox).records("coaching_sessions") if record["_id"] == "1"]
    assert last["coachNotes"] == "3"


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (ONE % b"NaN", "NaN"),
        (ONE % b"-Infinity", "Infinity"),
        (ONE % b'"\xff"', "UTF-8"),
        (ONE % b'"x"' + b" more", "no JSON"),
        (b'[{"_id":"1","coachNotes":"a secret', "breaks off"),
        (b"", "nothing"),
        (b"<html>a secret</html>", "a web page"),
        (b"[5]", "not an object"),
        (b'[{"coachNotes":"a secret"}]', "_id"),
        (b'{"sessions":"a secret"}', "no list"),
    ],
)
def test_what_is_no_list_of_sessions_is_named(content: bytes, name: str, sandbox: Sandbox) -> None:
    sandbox.maestroqa.fail(body(content), times=99)
    line = failed(sandbox)
    assert name in line
    assert "secret" not in line


def test_what_no_database_stores_is_repaired(sandbox: Sandbox) -> None:
    notes = rb'"a\u0000b \ud83d c \ud83d\ude00 d"'
    sandbox.maestroqa.fail(body(b'[{"_id":"1","coachNotes":%s,"agentNotes":"x","n":%s}]' % (notes, b"9" * 40)))
    result = sync(sandbox)
    (record,) = [record for record in result.records("coaching_sessions") if record["_id"] == "1"]
    assert record["coachNotes"] == "a\ufffdb \ufffd c \U0001f600 d"
    assert record["_extra"] == {"n": "9" * 40}
    assert "2 characters that no database stores" in result.log


def test_a_number_of_any_length_is_kept(sandbox: Sandbox) -> None:
    sandbox.maestroqa.fail(body(ONE % (b"1" * 5000)))
    (record,) = [record for record in sync(sandbox).records("coaching_sessions") if record["_id"] == "1"]
    assert record["coachNotes"] == "1" * 5000


def test_a_full_disk_is_one_line(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.maestroqa.fail(body(ONE % (b'"%s"' % (b"x" * 3_000_000))), times=99)
    config = tmp_path / "config.json"
    config.write_text(json.dumps(MAESTROQA.config(sandbox)))

    def small_files() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))

    result = subprocess.run(
        [BIN / TAP, "--config", config], capture_output=True, text=True, check=False, preexec_fn=small_files
    )
    assert result.returncode == 1
    *_, line = result.stderr.splitlines()
    assert "temporary file" in line
    assert "Traceback" not in result.stderr


def test_a_huge_window_in_little_memory(sandbox: Sandbox) -> None:
    vendor = sandbox.maestroqa
    (model,) = only_the_newest(vendor, 1)
    note = "A long note. " * 1500
    for number in range(4_000):
        vendor.sessions[f"big{number}"] = {**model, "_id": f"big{number}", "coachNotes": note}
    result = sync(sandbox, window_days=89)
    assert len(result.output) > 80_000_000
    assert {f"big{number}" for number in range(4_000)} <= ids(result)
    assert 20 < result.peak_mb < 150
