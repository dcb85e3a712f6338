"""`--doctor` says what a run would meet, in lines that can be shown to anybody."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sandbox.faults import ResponseFault
from sandbox.server import Sandbox
from sandbox.vendor import Seen
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox import faults
from tests.contract.contract import Contract
from tests.contract.taps import TAPS, each_tap
from tests.contract.test_faults import DEBUG, said
from tests.singer import Run, run

MARKS = ("ok ", "note ", "reading ", "FAIL ")
NAME, ADDRESS = "Zebedee Quillfeather", "z.quillfeather@customer.example"
# A path of each vendor with several streams, and the stream that is read there.
PATHS = {
    "tap-agentconnect": ("/v2/qa/audits", "qa_audits"),
    "tap-caranalytics": ("/reports/report/response_approval", "response_approval"),
    "tap-execvision": ("/plans", "plans"),
}
with_streams = pytest.mark.parametrize("tap", [pytest.param(tap, id=tap.name) for tap in TAPS if tap.name in PATHS])


def examine(tap: Contract, sandbox: Sandbox, **changes: Any) -> Run:
    return run(tap.name, {**tap.config(sandbox), **changes}, "--doctor", environment=DEBUG)


def lines(result: Run) -> list[str]:
    """Return the report's lines; in each run but one that ends before, the first has versions."""
    assert "Traceback" not in result.log
    return [line for line in result.log.splitlines() if line.startswith(MARKS)]


def line(result: Run, subject: str) -> str:
    """Return the mark and the text of the only line about a subject."""
    (found,) = [line for line in lines(result) if line.split(maxsplit=1)[1].startswith(f"{subject}: ")]
    mark, text = found.split(maxsplit=1)
    return f"{mark} {text.removeprefix(f'{subject}: ')}"


@each_tap
@pytest.mark.real_clock
def test_all_is_well(tap: Contract, sandbox: Sandbox) -> None:
    result = examine(tap, sandbox)
    assert result.exit_code == 0, result.log
    assert not [found for found in lines(result) if found.startswith(("note", "FAIL"))]
    for stream in tap.streams.keys() - {"windows", "transcripts"}:
        assert line(result, stream).startswith("ok readable, rows: ")
    assert line(result, "credentials") == "ok accepted"
    assert line(result, "clock").startswith("ok")
    assert line(result, "quota").endswith("refused for the quota (HTTP 429): 0")
    assert tap.vendor(sandbox).rate_limited == 0
    assert not result.messages


@each_tap
def test_wrong_credentials(tap: Contract, sandbox: Sandbox) -> None:
    for secret in tap.secrets:
        given = f"wrong-{tap.config(sandbox)[secret]}"
        result = examine(tap, sandbox, **{secret: given})
        assert result.exit_code == 1
        assert line(result, "credentials").startswith("FAIL")
        assert [found for found in lines(result) if secret in found], "no line says what to check"
        assert given not in result.output
        errors = [found for found in result.log.splitlines() if found.startswith("Error:")]
        assert len(errors) == 1


@each_tap
def test_refused_at_once_and_not_asked_again(tap: Contract, sandbox: Sandbox) -> None:
    vendor = tap.vendor(sandbox)
    vendor.fail(faults.status(401), times=10**6)
    assert examine(tap, sandbox).exit_code == 1
    assert len(vendor.seen) == 1


@with_streams
def test_a_stream_that_the_account_may_not_read(tap: Contract, sandbox: Sandbox) -> None:
    path, stream = PATHS[tap.name]
    tap.vendor(sandbox).fail(faults.status(403), times=10**6, where=lambda seen: seen.path.endswith(path))
    result = examine(tap, sandbox)
    assert result.exit_code == 1
    assert line(result, stream).startswith("FAIL may not be read (HTTP 403): ")
    assert line(result, "credentials") == "ok accepted"
    assert [found for found in lines(result) if found.startswith("FAIL")] == [
        found for found in lines(result) if f" {stream}: " in found
    ]


@each_tap
@pytest.mark.parametrize("fault", ["503", "dropped", "page"])
def test_a_vendor_that_is_down(tap: Contract, fault: str, sandbox: Sandbox) -> None:
    spoil = {"503": faults.status(503, NAME), "dropped": faults.drop(), "page": faults.html()}[fault]
    vendor = tap.vendor(sandbox)
    vendor.fail(spoil, times=10**6)
    result = examine(tap, sandbox)
    assert result.exit_code == 1
    assert len(vendor.seen) == 2
    assert [found for found in lines(result) if found.startswith("FAIL") and "no usable answer: " in found]
    assert "Quillfeather" not in result.output
    assert "127.0.0.1" not in result.log


@each_tap
def test_told_off(tap: Contract, sandbox: Sandbox) -> None:
    tap.vendor(sandbox).fail(faults.status(429))
    result = examine(tap, sandbox)
    assert result.exit_code == 0, result.log
    assert line(result, "quota").startswith("note")
    assert "refused for the quota (HTTP 429): 1" in line(result, "quota")


@each_tap
@pytest.mark.parametrize("seconds", [-90, 90])
def test_a_clock_that_is_wrong(tap: Contract, seconds: int, sandbox: Sandbox) -> None:
    tap.vendor(sandbox).clock_offset = timedelta(seconds=seconds)
    result = examine(tap, sandbox)
    clock = line(result, "clock")
    assert ("s ahead of" if seconds < 0 else "s behind") in clock
    assert any(f" {near} s " in clock for near in range(88, 93))
    # The one that signs with the time refuses what is signed in the future.
    is_fatal = tap.name == "tap-agentconnect" and seconds < 0
    assert clock.startswith("FAIL" if is_fatal else "note")
    assert result.exit_code == int(is_fatal)


@each_tap
def test_a_vendor_that_shows_no_clock(tap: Contract, sandbox: Sandbox) -> None:
    tap.vendor(sandbox).shows_clock = False
    assert line(examine(tap, sandbox), "clock").startswith("note not known: ")


@each_tap
def test_only_what_is_selected(tap: Contract, sandbox: Sandbox) -> None:
    log = run(tap.name, None, "--discover").log
    catalog = json.loads(log[log.index("{\n") : log.rindex("\n}") + 2])
    (first, *others) = [entry for entry in catalog["streams"] if entry["stream"] not in {"windows", "transcripts"}]
    for entry in others:
        (own,) = (found["metadata"] for found in entry["metadata"] if not found["breadcrumb"])
        own["selected"] = False
    result = run(tap.name, tap.config(sandbox), "--doctor", catalog=catalog)
    assert result.exit_code == 0, result.log
    found = {text.split(maxsplit=1)[1].partition(":")[0] for text in lines(result)}
    assert found & tap.streams.keys() == {first["stream"]}


@each_tap
def test_settings_from_the_environment_and_refused_ones(tap: Contract, sandbox: Sandbox) -> None:
    config = tap.config(sandbox)
    assert run(tap.name, None, "--config=ENV", "--doctor", environment=tap.environment(config)).exit_code == 0
    for wrong, name in tap.invalid_settings[:3]:
        result = run(tap.name, {**config, **wrong}, "--doctor")
        assert result.exit_code == 1
        assert name in result.log


# What may be shown


@each_tap
def test_no_row_is_told(tap: Contract, sandbox: Sandbox) -> None:
    words = {*said(message["record"] for message in run(tap.name, tap.config(sandbox)).of("RECORD"))}
    people = (*sandbox.world.agents, *sandbox.world.coaches)
    words |= {part for person in people for part in (person.name, person.email, *person.name.split()) if len(part) > 4}
    assert len(words) > 20
    told = examine(tap, sandbox).output
    assert not [word for word in words if word in told]


@each_tap
@pytest.mark.parametrize("status", [200, 400, 403, 404, 500])
def test_nothing_that_the_vendor_writes_is_told(tap: Contract, status: int, sandbox: Sandbox) -> None:
    config = tap.config(sandbox)
    own = {str(config[name]) for name in {*tap.secrets, "username", "subdomain"} & config.keys()}
    telling = {NAME, ADDRESS, *own}
    # What a column of a report is called is the vendor's word for a kind of data.
    names = telling - {NAME} if tap.name == "tap-caranalytics" else telling
    vendor = tap.vendor(sandbox)
    # The first answers of its paths are its own: refusals meet the questions, too.
    vendor.fail(full_of(telling, names, status), at=1 if status == 200 else 2, times=10**6, where=now_and_then(status))
    result = examine(tap, sandbox)
    assert result.exit_code in {0, 1}
    assert lines(result)
    assert not [word for word in (*telling, "Quillfeather", "quillfeather", "127.0.0.1") if word in result.output]
    # Something new came, and is counted.
    assert status != 200 or "with names that are not shown" in result.log


def now_and_then(status: int) -> Callable[[Seen], bool]:
    """Return what picks every answer, or every other one."""
    count = 0

    def picked(_: Seen) -> bool:
        nonlocal count
        count += 1
        return status == 200 or count % 2 == 0

    return picked


def full_of(words: set[str], names: set[str], status: int) -> ResponseFault:
    """Answer with these words wherever text can stand: in names, values and headers, or in a refusal."""
    told = {f"x {name}": " ".join(words) for name in names}
    if status != 200:
        return faults.status(status, {"error": " ".join(words), **told}, {"X-RateLimit-User": NAME})

    def enriched(value: Any) -> Any:
        if isinstance(value, dict):
            inner = {name: enriched(item) for name, item in value.items()}
            return {**inner, **told, "new_field": NAME} if len(value) > 2 else inner
        return [enriched(item) for item in value] if isinstance(value, list) else value

    def spoil(answer: ASGIApp) -> ASGIApp:
        edited = faults.edit(enriched)(answer)

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            async def send_more(message: Message) -> None:
                if message["type"] == "http.response.start":
                    more = [(b"x-ratelimit-user", NAME.encode()), (b"x-ratelimit-remaining", b"12")]
                    message = {**message, "headers": [*message["headers"], *more]}
                await send(message)

            await edited(scope, receive, send_more)

        return app

    return spoil
