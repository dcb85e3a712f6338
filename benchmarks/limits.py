"""How close each tap comes to the least time that its vendor's documented limit and the way there allow."""

from __future__ import annotations

import asyncio
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from sandbox.execvision.api import BY_DAY, BY_NIGHT, DAY_HOURS
from sandbox.execvision.readings import NEW_YORK
from sandbox.server import Sandbox

from benchmarks.cases import BY_NAME
from benchmarks.processes import records_by_stream, run, workspace
from benchmarks.speed import about

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Sequence

    from sandbox.vendor import Limit, Vendor
    from starlette.types import Message, Receive, Scope, Send

    from benchmarks.contestants import Taps

LATENCY = 0.3
# A report of Care Analytics takes so long to be made.
JOB_SECONDS = 5


class DistantSandbox(Sandbox):
    """The vendors with their documented limits, each answer under way for a while."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer late; a limit counts a request when it arrives."""

        async def send_late(message: Message) -> None:
            if message["type"] == "http.response.start":
                await asyncio.sleep(LATENCY)
            await send(message)

        await super().__call__(scope, receive, send_late)


@dataclass(frozen=True)
class Trial:
    """What a tap is to read while the limits are on, which takes a few minutes."""

    case: str
    vendor: Vendor
    settings: dict[str, Any]
    limits: Sequence[Limit]
    #: How many requests the plainest client would need, by what came.
    needed: Callable[[Counter[str]], int]
    #: Whether each request follows from the answer to the one before.
    in_turn: bool = False


def trials(sandbox: Sandbox) -> list[Trial]:
    """Return a trial a vendor."""
    agentconnect, execvision = sandbox.agentconnect, sandbox.execvision
    maestroqa, caranalytics = sandbox.maestroqa, sandbox.caranalytics
    caranalytics.job_polls, caranalytics.job_seconds = 0, JOB_SECONDS
    today = datetime.now(timezone.utc).date()
    page_size, window_days, windows, weeks = 20, 7, 100, 24
    first_day = today - timedelta(days=window_days * windows)
    # Care's windows are counted from the first of January 1970, a Thursday.
    monday = today - timedelta(weeks=weeks, days=(today.weekday() - 3) % 7)
    by_day = datetime.now(NEW_YORK).hour in DAY_HOURS
    return [
        Trial(
            "feedbacks",
            agentconnect,
            {
                "subdomain": agentconnect.subdomain,
                "api_key": agentconnect.api_key,
                "api_secret": agentconnect.api_secret,
                "api_url": f"{sandbox.url}/agentconnect",
                "page_size": page_size,
            },
            agentconnect.limits,
            lambda rows: -(-rows["feedbacks"] // page_size) + 1,
            in_turn=True,
        ),
        Trial(
            "calls",
            execvision,
            {
                "username": execvision.username,
                "password": execvision.password,
                "api_url": f"{sandbox.url}/execvision/api/ev/2",
                "start_date": str(today - timedelta(days=100)),
                "fetch_transcripts": True,
            },
            (BY_DAY if by_day else BY_NIGHT,),
            lambda rows: 1 + rows["transcripts"],
        ),
        Trial(
            "sessions",
            maestroqa,
            {
                "api_token": maestroqa.token,
                "api_url": f"{sandbox.url}/maestroqa/api/v1",
                "start_date": str(first_day),
                "window_days": window_days,
            },
            maestroqa.limits,
            lambda _: windows,
        ),
        Trial(
            "responses",
            caranalytics,
            {
                "username": caranalytics.username,
                "password": caranalytics.password,
                "company_key": caranalytics.company_key,
                "api_url": f"{sandbox.url}/caranalytics/api/public",
                "start_date": str(monday),
                "end_date": str(monday + timedelta(weeks=weeks, days=-1)),
                "window_days": 7,
            },
            caranalytics.limits,
            # Each report is run, found done, and fetched, and the file lies on a host without a limit.
            lambda _: 3 * weeks,
        ),
    ]


def measure(taps: Taps) -> dict[str, Any]:
    """Return how long each tap takes, side by side: they wait most of the time."""
    with DistantSandbox() as sandbox:
        tried = trials(sandbox)
        print(f"Reading {len(tried)} vendors at their pace", file=sys.stderr, flush=True)
        with ThreadPoolExecutor(len(tried)) as pool:
            return {**about(taps), "vendors": list(pool.map(lambda trial: _measured(trial, taps), tried))}


def _measured(trial: Trial, taps: Taps) -> dict[str, Any]:
    case = BY_NAME[trial.case]
    config = workspace() / f"limits {case.name} config.json"
    config.write_text(json.dumps(trial.settings))
    catalog = config.with_name(f"limits {case.name} catalog.json")
    catalog.write_text(json.dumps(taps.discovered(case, config)))
    output = config.with_name(f"limits {case.name} output")
    usage = run([taps.folder / case.tap, "--config", config, "--catalog", catalog], output)
    needed = trial.needed(records_by_stream(output))
    requests = len(trial.vendor.seen)
    return {
        "title": case.title,
        "limit": " and ".join(f"{limit.requests} in {limit.seconds:g} s" for limit in trial.limits),
        "wall": usage.wall,
        "requests": requests,
        "least": least(requests, trial.limits, in_turn=trial.in_turn),
        "needed": needed,
        "least_needed": least(needed, trial.limits, in_turn=trial.in_turn),
        "refused": trial.vendor.rate_limited,
    }


def least(requests: int, limits: Sequence[Limit], *, in_turn: bool) -> float:
    """Return the seconds that so many requests take at least: sent as early as the limits and the answers allow."""
    sent: list[float] = []
    for number in range(requests):
        earliest = sent[-1] + LATENCY if in_turn and sent else 0.0
        held = (sent[number - limit.requests] + limit.seconds for limit in limits if number >= limit.requests)
        sent.append(max(earliest, *held, 0.0))
    return sent[-1] + LATENCY
