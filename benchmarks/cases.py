"""What is read: one realistic stream of each vendor, and which tap reads it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """A stream, or two that belong together."""

    name: str
    title: str
    tap: str
    streams: tuple[str, ...]
    #: Its part of all rows.
    share: float
    #: Why other tools do not read it; "" where they do.
    not_elsewhere: str = ""


CASES = (
    Case("feedbacks", "Agent Connect, feedbacks", "tap-agentconnect", ("feedbacks",), 0.3),
    Case("calls", "ExecVision, calls with transcripts", "tap-execvision", ("calls", "transcripts"), 0.1),
    Case(
        "scores",
        "ExecVision, scores",
        "tap-execvision",
        ("scores",),
        0.3,
        "the feed's last minute comes again with every request, so that no page is empty: "
        "no paginator that can be declared finds its end",
    ),
    Case("sessions", "MaestroQA, coaching sessions", "tap-maestroqa", ("coaching_sessions",), 0.1),
    Case(
        "responses",
        "Care Analytics, response report",
        "tap-caranalytics",
        ("response",),
        0.2,
        "a report is a job that is run, looked at and fetched: dlt's declarative source has no such step, and "
        "airbyte-cdk's sleeps for seconds between two looks",
    ),
)
BY_NAME = {case.name: case for case in CASES}
