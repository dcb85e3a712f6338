"""The race: every contestant reads every case, in turns, several rounds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from benchmarks.contestants import AIRBYTE, DLT, contestants
from benchmarks.processes import FailedError, Replayed, environment, run, workspace

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from benchmarks.cases import Case
    from benchmarks.contestants import Contestant, Taps

# Of fewer rows, a case would have none.
FEWEST = 40
_ASK_VERSIONS = """
import json, platform, sys
from importlib.metadata import version
print(json.dumps([platform.python_version(), *map(version, sys.argv[1:])]))
"""


def race(cases: Iterable[Case], rows: int, rounds: int, taps: Taps, *, others: bool) -> dict[str, Any]:
    """Return all measurements, with the date and what they hang on."""
    return {
        **about(taps, others=others),
        "cases": [_race_on(case, rows, rounds, taps, others=others) for case in cases],
    }


def about(taps: Taps, *, others: bool = False) -> dict[str, Any]:
    """Return the date, the machine and the versions."""
    versions = _versions(taps.python, "singer-sdk", "requests", "msgspec")
    for tool in (DLT, AIRBYTE) if others else ():
        versions = _versions(tool.bin / "python", tool.package) | versions
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {"date": str(datetime.now(timezone.utc).date()), "cores": cores, "versions": versions}


def _versions(python: Path, *packages: str) -> dict[str, str]:
    found = subprocess.run([python, "-c", _ASK_VERSIONS, *packages], env=environment(), capture_output=True, check=True)
    return dict(zip(("Python", *packages), json.loads(found.stdout), strict=True))


def _race_on(case: Case, rows: int, rounds: int, taps: Taps, *, others: bool) -> dict[str, Any]:
    count = max(FEWEST, round(rows * case.share))
    with Replayed(case, count) as full, Replayed(case, 0) as empty:
        racing = list(contestants(full, taps, others=others))
        starting = list(contestants(empty, taps, others=others))
        for contestant in starting:  # compiles what is not compiled
            measured(contestant, 0)
        taken: dict[str, dict[str, list[dict[str, float]]]] = {
            contestant.name: {"rounds": [], "starts": []} for contestant in racing
        }
        for number in range(rounds):
            print(f"{case.title}: round {number + 1} of {rounds}", file=sys.stderr, flush=True)
            # Each round begins with another one: what a neighbour on the machine does hits none always.
            for place in range(len(racing)):
                turn = (place + number) % len(racing)
                taken[racing[turn].name]["rounds"].append(measured(racing[turn], full.rows))
                taken[racing[turn].name]["starts"].append(measured(starting[turn], 0))
    return {"name": case.name, "title": case.title, "rows": full.rows, "contestants": taken}


def measured(contestant: Contestant, rows: int) -> dict[str, float]:
    """Return what a run took; FailedError when it brought more or fewer rows."""
    contestant.prepare()
    output = workspace() / "output"
    usage = run(contestant.command, output, contestant.environment)
    count = contestant.count(output)
    output.unlink()
    if count != rows:
        message = f"{contestant.name} brought {count} rows of {rows}: it was not measured at what the others did"
        raise FailedError(message)
    return asdict(usage)
