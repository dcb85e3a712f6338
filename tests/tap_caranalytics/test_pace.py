"""Thirty reports in little more time than the limit and the reports' own time force, on a clock that is made up."""

import logging
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from tap_caranalytics import jobs
from tap_caranalytics.client import MINUTE_MS
from tap_caranalytics.jobs import Call, Habits, Jobs, Kind

REPORTS, AT_ONCE, A_MINUTE = 30, 4, 20


@dataclass
class Vendor:
    """A vendor and a limiter on one clock."""

    seconds: float
    now: float = 0
    calls: list[float] = field(default_factory=list)
    begun: list[float] = field(default_factory=list)

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def call(self, call: Call) -> Any:
        recent = [at for at in self.calls if at > self.now - MINUTE_MS / 1000]
        if len(recent) >= A_MINUTE:
            self.now = recent[-A_MINUTE] + MINUTE_MS / 1000 + 0.001
        self.now += 0.05
        self.calls.append(self.now)
        if call.step == "run":
            self.begun.append(self.now)
            return {"workflowId": "w", "runId": str(len(self.begun) - 1)}
        if call.keeps:
            return SimpleNamespace(is_empty=False)
        done = self.now - self.begun[int(call.url.split("/")[-2])] >= self.seconds
        state = ("CLOSED", "COMPLETED") if done else ("RUNNING", "")
        return {"jobInfo": {}, "result": {"runnerState": state[0], "detail": state[1]}}


@pytest.mark.parametrize("seconds", [0, 1, 2, 5, 10, 20, 30, 42, 60, 90, 120, 300])
def test_thirty_reports(seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    vendor = Vendor(seconds)
    monkeypatch.setattr(jobs, "time", vendor)
    kind: Kind[int] = Kind("https://x", Call("https://x", "run"), {}, lambda _: {}, lambda _: [])
    runner = Jobs(kind, vendor.call, Habits(5, 3600, AT_ONCE), logging.getLogger("test"))
    assert [part for part, _, _ in runner.bodies(range(REPORTS))] == list(range(REPORTS))
    limit = (3 * REPORTS - 1) // A_MINUTE * 60
    forced = max(limit, -(-REPORTS // AT_ONCE) * seconds)
    assert vendor.now < 1.3 * forced
