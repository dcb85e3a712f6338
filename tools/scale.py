"""What growth takes: the taps' own pace on a simulated clock, and workers that wait for vendors."""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heapify, heapreplace
from math import ceil

from pyrate_limiter import InMemoryBucket, Rate, RateItem
from tap_agentconnect.client import RATES as AGENT_CONNECT
from tap_caranalytics.tap import MINUTE_MS, TapCarAnalytics
from tap_execvision.rate_limits import BY_DAY
from tap_maestroqa.client import RATES as MAESTRO_QA

MINUTE, HOUR, DAY = 60, 3600, 86_400
FRESHNESS = {"15 minutes": 15 * MINUTE, "an hour": HOUR, "a day": DAY}
TENANTS = (1, 10, 100, 500, 10_000)
# What one Airflow is given; more tenants are more of the same.
CELL = 500
# Measured, as docs/scale.md tells, but for the first.
ANSWER = 0.3  # seconds until a vendor answers: an assumption
STARTING = 3.9  # seconds a run takes besides
CPU = 3.6 + 2 * 0.46  # seconds: Meltano with tap and target, and two of Airflow's tasks
MEMORY = 0.18 + 0.09  # GB that a run holds, and its worker
IDLE_MEMORY = 0.67  # GB of an Airflow that does nothing: API server, scheduler, processor of DAGs

CARE_REQUESTS = int(TapCarAnalytics.config_jsonschema["properties"]["requests_per_minute"]["default"])


@dataclass(frozen=True)
class Account:
    """One vendor's account: its pace, and the requests of a first load and of a run for what is new."""

    vendor: str
    rates: tuple[Rate, ...]
    first: int
    first_load: str
    new: int


ACCOUNTS = (
    Account("MaestroQA", tuple(MAESTRO_QA), ceil(3653 / 88), "ten years", ceil(731 / 88)),
    Account("ExecVision", tuple(BY_DAY), 1000, "a million rows", 42),
    Account("Agent Connect", tuple(AGENT_CONNECT), 1000, "a million rows", 19),
    Account("Care Analytics", (Rate(CARE_REQUESTS, MINUTE_MS),), 548 * 13 * 3, "18 months, a day a window", 78),
)


def seconds(account: Account, requests: int) -> float:
    """Return how long so many requests take, one after the other, by the limiter's own count."""
    bucket, now = InMemoryBucket(list(account.rates)), 0.0
    for _ in range(requests):
        item = RateItem("a request", round(now))
        while not bucket.put(item):
            wait = bucket.waiting(item)
            assert isinstance(wait, int)  # noqa: S101  # the library's annotation says more
            now += wait
            item = RateItem("a request", round(now))
        bucket.leak(round(now))
        now += ANSWER * 1000
    return now / 1000


def late(workers: int, runs: list[float], every: float, rounds: int = 4) -> float:
    """Return by how much the latest run ends after the next one is due, where accounts are due evenly spread."""
    free = [0.0] * workers
    heapify(free)
    worst = 0.0
    for number in range(rounds * len(runs)):
        due = number * every / len(runs)
        ended = max(due, free[0]) + runs[number % len(runs)]
        heapreplace(free, ended)
        worst = max(worst, ended - due - every)
    return worst


def workers(tenants: int, every: float) -> int:
    """Return how many workers keep every account as fresh as that."""
    per_tenant = [STARTING + seconds(account, account.new) for account in ACCOUNTS]
    runs = per_tenant * tenants
    needed = ceil(sum(runs) / every)
    while late(needed, runs, every) > 0:
        needed += 1
    return needed


def figures() -> str:
    """Return the tables of docs/scale.md."""
    rows: list[tuple[object, ...]] = [("Vendor", "First load", "Requests", "Takes", "What is new: requests", "Takes")]
    for account in ACCOUNTS:
        first, new = seconds(account, account.first), STARTING + seconds(account, account.new)
        span = f"{first / HOUR:.1f} h" if first > HOUR else f"{first / MINUTE:.1f} min"
        rows.append((account.vendor, account.first_load, f"{account.first:,}", span, account.new, f"{new:.0f} s"))
    return f"{_table(rows)}\n\n{_table(_growth())}"


def _growth() -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = [
        ("Tenants", "Fresh within", "Airflows", "Runs an hour", "Workers", "Memory", "CPU cores busy")
    ]
    for tenants in TENANTS:
        cells = ceil(tenants / CELL)
        for name, every in FRESHNESS.items():
            needed = cells * workers(min(tenants, CELL), every)
            runs = tenants * len(ACCOUNTS) * HOUR / every
            memory = cells * IDLE_MEMORY + needed * MEMORY
            cores = runs * CPU / HOUR
            rows.append(
                (f"{tenants:,}", name, cells, f"{runs:,.1f}", f"{needed:,}", f"{memory:,.0f} GB", f"{cores:.2f}")
            )
    return rows


def _table(rows: list[tuple[object, ...]]) -> str:
    head, *body = ("| " + " | ".join(map(str, row)) + " |" for row in rows)
    return "\n".join([head, f"|{'---|' * len(rows[0])}", *body])
