"""Whatever goes wrong on the way is waited out or ends in one clear line; nothing is lost, nothing secret is told."""

from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from itertools import cycle, islice
from typing import Any
from urllib.parse import quote

import pytest
from sandbox.faults import ResponseFault
from sandbox.server import Sandbox
from sandbox.vendor import Seen
from starlette.types import ASGIApp

from sandbox import faults
from tests.contract.contract import Contract, keys_of
from tests.contract.taps import TAPS, each_tap
from tests.singer import Run, run

DEBUG = {"LOGLEVEL": "DEBUG"}


def soon(seconds: float = 4) -> str:
    return format_datetime(datetime.now(timezone.utc) + timedelta(seconds=seconds), usegmt=True)


PASSING: dict[str, Callable[[], ResponseFault]] = {
    "429": lambda: faults.status(429),
    "429 with seconds": lambda: faults.status(429, headers={"Retry-After": "1"}),
    "429 with a date": lambda: faults.status(429, headers={"Retry-After": soon()}),
    "500": lambda: faults.status(500),
    "502 page": lambda: faults.status(502, "<html>Bad gateway</html>"),
    "503": lambda: faults.status(503, headers={"Retry-After": "2"}),
    "504": lambda: faults.status(504),
    "dropped": faults.drop,
    "cut body": faults.cut,
    "cut JSON": faults.truncate,
    "page with 200": faults.html,
    "empty": faults.empty,
}
WRONG = [pytest.param(tap, wrong, id=f"{tap.name}-{wrong}") for tap in TAPS for wrong in tap.undocumented_bodies]


def is_complete(tap: Contract, sandbox: Sandbox, result: Run) -> bool:
    return all(
        not keys - set(keys_of(result.records(stream), tap.streams[stream]))
        for stream, keys in tap.expected_keys(sandbox).items()
    )


def leaks_nothing(tap: Contract, sandbox: Sandbox, result: Run) -> bool:
    """Tell whether no credential is told in any form, and the log holds no traceback and nothing that a row says."""
    config = tap.config(sandbox)
    secrets = {str(config[name]) for name in tap.secrets}
    secrets |= {quote(secret, safe="") for secret in secrets}
    secrets |= {b64encode(f"{config.get('username')}:{secret}".encode()).decode() for secret in secrets}
    # A signed token starts like this.
    words = {"Traceback", "eyJ", *islice(said(record["record"] for record in result.of("RECORD")), 500)}
    return not any(secret in result.output for secret in secrets) and not any(word in result.log for word in words)


def said(value: Any) -> Iterator[str]:
    """Yield the texts in records that are somebody's words or address."""
    if isinstance(value, str) and ("@" in value or (" " in value and len(value) > 15)):
        yield value
    elif isinstance(value, dict):
        yield from said(value.values())
    elif isinstance(value, Iterable) and not isinstance(value, str):
        for item in value:
            yield from said(item)


@each_tap
def test_no_answer(tap: Contract, sandbox: Sandbox) -> None:
    for vendor, at in ((tap.vendor(sandbox), 1), (tap.vendor(sandbox), 4), (tap.row_sender(sandbox), 2)):
        vendor.fail(faults.hang(), at=at)
    # A busy machine may take as long for one answer, but not for six in a row.
    result = run(tap.name, {**tap.config(sandbox), "request_timeout": 5}, environment=DEBUG)
    assert result.exit_code == 0, result.log
    assert is_complete(tap, sandbox, result)
    assert leaks_nothing(tap, sandbox, result)
    assert result.log.count("within 5 s (request_timeout); try ") >= 3


@each_tap
@pytest.mark.parametrize("told", ["600", "date"])
def test_retry_after(tap: Contract, told: str, sandbox: Sandbox) -> None:
    fault = faults.status(503, headers={"Retry-After": soon(600) if told == "date" else told})
    tap.vendor(sandbox).fail(fault)
    result = run(tap.name, tap.config(sandbox))
    assert result.exit_code == 0, result.log
    (seconds,) = result.waits
    # However long the tap took to start, its own first wait would be three seconds at most.
    assert 3 < seconds <= 601 if told == "date" else 600 <= seconds <= 601


@pytest.mark.real_clock
@pytest.mark.parametrize("told", ["5", "date"])
def test_retry_after_by_the_clock(told: str, sandbox: Sandbox) -> None:
    def refuse(answer: ASGIApp) -> ASGIApp:
        # A date has no fraction of a second.
        return faults.status(503, headers={"Retry-After": soon(6) if told == "date" else told})(answer)

    # One tap stands for all: the file that waits is the same in each.
    vendor = TAPS[0].vendor(sandbox)
    vendor.fail(refuse)
    assert run(TAPS[0].name, TAPS[0].config(sandbox)).exit_code == 0
    first, second, *_ = vendor.seen
    assert second.at - first.at > 4.9


@each_tap
@pytest.mark.parametrize("fault", PASSING)
def test_at_every_request(tap: Contract, fault: str, sandbox: Sandbox) -> None:
    result = everywhere(tap, sandbox, PASSING[fault]())
    assert result.log.count("try 2 of") >= 2


@pytest.mark.parametrize(("tap", "wrong"), WRONG)
def test_wrong_json_at_every_request(tap: Contract, wrong: object, sandbox: Sandbox) -> None:
    everywhere(tap, sandbox, faults.instead(wrong))


def everywhere(tap: Contract, sandbox: Sandbox, spoil: ResponseFault) -> Run:
    """Have every request of a sync fail the first time; all rows arrive all the same, and the log is clean."""
    vendor, sender = tap.vendor(sandbox), tap.row_sender(sandbox)
    fault = vendor.fail(spoil, times=10**6, where=first_time())
    if sender is not vendor:
        sender.fail(spoil, times=10**6, where=every_other())
    result = run(tap.name, tap.config(sandbox), environment=DEBUG)
    assert result.exit_code == 0, result.log
    assert is_complete(tap, sandbox, result)
    assert leaks_nothing(tap, sandbox, result)
    assert fault.met >= 2
    return result


def first_time() -> Callable[[Seen], bool]:
    """Return what tells whether a request is asked for the first time."""
    asked = set()

    def is_first(seen: Seen) -> bool:
        request = seen.method, seen.path, str(seen.query), seen.body
        first = request not in asked
        asked.add(request)
        return first

    return is_first


def every_other() -> Callable[[Seen], bool]:
    """Return what tells one of two requests: each signed address is asked for only once."""
    turns = cycle((True, False))
    return lambda _: next(turns)


@each_tap
@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 302])
def test_refused_at_once(tap: Contract, status: int, sandbox: Sandbox) -> None:
    vendor = tap.vendor(sandbox)
    elsewhere = {"Location": "https://elsewhere.example/"}
    vendor.fail(faults.status(status, {"error": "No such thing."}, elsewhere), times=99)
    result = run(tap.name, tap.config(sandbox), environment=DEBUG)
    assert result.exit_code == 1
    assert len(vendor.seen) == 1 or status in tap.negotiable
    assert str(status) in result.log
    assert "No such thing." in result.log
    assert leaks_nothing(tap, sandbox, result)


@each_tap
def test_wrong_credentials(tap: Contract, sandbox: Sandbox) -> None:
    wrong = {name: f"wrong-{name}-0123456789abcdef0123456789" for name in tap.secrets}
    result = run(tap.name, {**tap.config(sandbox), **wrong}, environment=DEBUG)
    assert result.exit_code == 1
    assert len(tap.vendor(sandbox).seen) == 1
    assert leaks_nothing(tap, sandbox, result)
    assert not any(value in result.output for value in wrong.values())


@each_tap
def test_a_vendor_that_does_not_recover(tap: Contract, sandbox: Sandbox) -> None:
    tap.vendor(sandbox).fail(faults.status(503, {"error": "Down for maintenance."}), times=99)
    result = run(tap.name, tap.config(sandbox))
    assert result.exit_code == 1
    assert "Down for maintenance." in result.log
    assert sum(result.waits) >= 60
    assert leaks_nothing(tap, sandbox, result)
