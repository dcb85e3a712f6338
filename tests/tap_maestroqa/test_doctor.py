"""The doctor names the reading that the vendor follows, or says why it does not show."""

import re
from typing import Any, Literal

import pytest
from sandbox.server import Sandbox
from sandbox.vendor import Seen

from sandbox import faults
from tests.contract.contract import day
from tests.contract.maestroqa import MAESTROQA
from tests.contract.test_doctor import examine, line
from tests.singer import Run
from tests.tap_maestroqa.runs import only_the_newest


def report(sandbox: Sandbox, **changes: Any) -> Run:
    result = examine(MAESTROQA, sandbox, start_date=day(400), window_days=89, **changes)
    assert result.exit_code == 0, result.log
    assert len(sandbox.maestroqa.seen) <= 20
    return result


@pytest.mark.parametrize("end_day", ["inclusive", "exclusive"])
@pytest.mark.parametrize("hours", [-12, -5, 0, 9, 14])
@pytest.mark.parametrize("axis", ["createdAt", "meetingDate"])
def test_days(end_day: Literal["inclusive", "exclusive"], hours: int, axis: str, sandbox: Sandbox) -> None:
    sandbox.maestroqa.end_day, sandbox.maestroqa.utc_offset = end_day, hours
    result = report(sandbox, time_axis=axis)
    assert line(result, "end day") == f"reading {end_day}"
    told = line(result, "day")
    if axis == "createdAt":
        assert "not known" not in told
    offsets = [
        int(sign + hour) + int(sign + half) / 60 for sign, hour, half in re.findall(r"UTC([+-])(\d\d):(\d\d)", told)
    ]
    assert min(offsets) <= hours <= max(offsets)


def test_one_session(sandbox: Sandbox) -> None:
    vendor = sandbox.maestroqa
    vendor.sessions = {key: row for key, row in vendor.sessions.items() if str(row["createdAt"]) < day(3)}
    only_the_newest(vendor, 1)
    for vendor.end_day, told in (("inclusive", "inclusive"), ("exclusive", "exclusive")):
        # It comes on a day that ends as it starts, or it does not.
        vendor.seen.clear()
        result = report(sandbox)
        assert line(result, "end day") == f"reading {told}"
        assert line(result, "day").startswith("reading not known: there are too few sessions near its edges; ")


def test_no_sessions(sandbox: Sandbox) -> None:
    sandbox.maestroqa.sessions.clear()
    result = report(sandbox)
    for subject in ("end day", "day"):
        assert line(result, subject).startswith("reading not known: no sessions in the ")


def is_of_2000(seen: Seen) -> bool:
    return bool(seen.json["startDate"] < "2001")


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (None, "an empty list"),
        (faults.instead(None), "null"),
        (faults.status(204, ""), "nothing (HTTP 204)"),
    ],
    ids=["empty", "null", "204"],
)
def test_empty_windows(fault: faults.ResponseFault | None, told: str, sandbox: Sandbox) -> None:
    if fault:
        sandbox.maestroqa.fail(fault, times=10**6, where=is_of_2000)
    assert line(report(sandbox), "empty window") == f"reading answered with {told}"


@pytest.mark.parametrize(
    ("most", "told"),
    [
        (90, "90 days accepted, 91 refused"),
        (89, "89 days accepted, 90 refused"),
        (31, "30 days accepted, 90 refused"),
        (180, "91 days accepted, 366 refused"),
        (10**4, "366 days accepted"),
    ],
)
def test_longest_window(most: int, told: str, sandbox: Sandbox) -> None:
    sandbox.maestroqa.max_days = most
    assert line(report(sandbox), "longest window") == f"reading {told}"


@pytest.mark.parametrize(("last_day", "told"), [(None, "answered for"), (0, "refused"), (-1, "refused")])
@pytest.mark.parametrize("status", [400, 422])
def test_days_to_come(last_day: int | None, told: str, status: int, sandbox: Sandbox) -> None:
    sandbox.maestroqa.last_day, sandbox.maestroqa.refusal_status = last_day, status
    assert line(report(sandbox), "days to come") == f"reading {told}"


def test_a_window_that_ends_as_it_starts_is_refused(sandbox: Sandbox) -> None:
    refusal = faults.status(400)
    sandbox.maestroqa.fail(refusal, times=10**6, where=lambda seen: seen.json["startDate"] == seen.json["endDate"])
    for end_day in ("inclusive", "exclusive"):
        sandbox.maestroqa.seen.clear()
        sandbox.maestroqa.end_day = end_day
        assert line(report(sandbox), "end day") == f"reading {end_day}"
