"""What a loader takes beside the tap: the same messages into a PostgreSQL, with its defaults and with our settings."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import yaml
from sandbox.warehouse import Warehouse

from benchmarks.cases import BY_NAME
from benchmarks.contestants import Tool
from benchmarks.processes import ROOT, FailedError, Replayed, run, workspace
from benchmarks.speed import about

if TYPE_CHECKING:
    from benchmarks.contestants import Taps
    from benchmarks.processes import Command

CASE, TABLE = BY_NAME["feedbacks"], "feedbacks"
# Half a minute of the slowest.
MAX_ROWS = 40_000
OURS = ("use_copy", "validate_records")


def measure(rows: int, rounds: int, taps: Taps) -> dict[str, Any]:
    """Return what the tap takes for its messages, and the loader for them with each set of settings."""
    plugins = yaml.safe_load((ROOT / "meltano.yml").read_text())["plugins"]["loaders"]
    (plugin,) = (plugin for plugin in plugins if plugin["name"] == "target-postgres")
    target = Tool(plugin["name"], plugin["pip_url"])
    ours = {name: plugin["config"][name] for name in OURS}
    variants = {
        "its defaults": {},
        **{f"{name}: {str(value).lower()}": {name: value} for name, value in ours.items()},
        "as in meltano.yml": ours,
    }
    messages = workspace() / "messages"
    taken: dict[str, list[dict[str, float]]] = {name: [] for name in ("tap", *variants)}
    with Replayed(CASE, min(rows, MAX_ROWS)) as served, Warehouse(workspace() / "postgres") as warehouse:
        tap = taps.tap(served)
        for number in range(rounds):
            print(f"Loading {served.rows:,} rows: round {number + 1} of {rounds}", file=sys.stderr, flush=True)
            taken["tap"].append(asdict(run(tap.command, messages, tap.environment)))
            for place, (name, settings) in enumerate(variants.items()):
                schema = f"loaded_{number}_{place}"
                config = {"sqlalchemy_url": warehouse.sqlalchemy_url, "default_target_schema": schema, **settings}
                file = served.written("loader config", config)
                command: Command = [target.bin / "target-postgres", "--config", file]
                taken[name].append(asdict(run(command, workspace() / "loaded", input_=messages)))
                _, [(count,)] = warehouse.query(f"select count(*) from {schema}.{TABLE}")  # noqa: S608  # our own names
                if count != served.rows:
                    message = f"target-postgres ({name}) loaded {count} rows of {served.rows}"
                    raise FailedError(message)
    return {**about(taps), "title": CASE.title, "rows": served.rows, "taken": taken}
