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
# Measured: see docs/scale.md.
STARTING = 3.9  # seconds a run takes without the vendor
ANSWER = 0.3  # seconds until a vendor answers; an assumption
CPU = 3.6 + 0.4  # of Meltano with tap and target, and of Airflow
MEMORY = 0.18  # GB that a run holds
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
    Account("ExecVision", tuple(BY_DAY), 1000, "a million rows", 16),
    Account("Agent Connect", tuple(AGENT_CONNECT), 1000, "a million rows", 19),
    Account("Care Analytics", (Rate(CARE_REQUESTS, MINUTE_MS),), 548 * 13 * 3, "18 months, a day a window", 78),
)


def seconds(account: Account, requests: int) -> float:
    """Return how long so many requests take, one after the other, by the limiter's own count."""
    bucket, now = InMemoryBucket(list(account.rates)), 0.0
    for _ in range(requests):
        item = RateItem("a request", round(now))
        while not bucket.put(item):
            now += bucket.waiting(item)
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
    lines = ["| Vendor | First load | Requests | Takes | A run for what is new | Takes |", "|---|---|---|---|---|---|"]
    for account in ACCOUNTS:
        first, new = seconds(account, account.first), STARTING + seconds(account, account.new)
        span = f"{first / HOUR:.1f} h" if first > HOUR else f"{first / MINUTE:.1f} min"
        what = f"{account.vendor} | {account.first_load} | {account.first:,} | {span}"
        lines.append(f"| {what} | {account.new} requests | {new:.0f} s |")
    lines += [
        "",
        "| Tenants | Fresh within | Airflows | Runs a second | Workers | Memory | Cores |",
        "|---|---|---|---|---|---|---|",
    ]
    for tenants in TENANTS:
        cells = ceil(tenants / CELL)
        for name, every in FRESHNESS.items():
            needed = cells * workers(min(tenants, CELL), every)
            rate = tenants * len(ACCOUNTS) / every
            memory = cells * IDLE_MEMORY + needed * MEMORY
            row = f"{tenants:,} | {name} | {cells} | {rate:.2g} | {needed:,} | {memory:,.1f} GB | {rate * CPU:.2g}"
            lines.append(f"| {row} |")
    return "\n".join(lines)
