"""Whether memory stays where it is however many rows there are."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from benchmarks.processes import FailedError, Replayed, run_counted
from benchmarks.speed import about

if TYPE_CHECKING:
    from collections.abc import Iterable

    from benchmarks.cases import Case
    from benchmarks.contestants import Taps


def measure(cases: Iterable[Case], sizes: Iterable[int], taps: Taps) -> dict[str, Any]:
    """Return each tap's peak for each number of rows."""
    return {**about(taps), "cases": [_measured(case, sizes, taps) for case in cases]}


def _measured(case: Case, sizes: Iterable[int], taps: Taps) -> dict[str, Any]:
    peaks = {}
    for size in sizes:
        with Replayed(case, size, lazy=True) as served:
            tap = taps.tap(served)
            usage, count = run_counted(tap.command, tap.environment)
        if count != served.rows:
            message = f"{case.tap} brought {count} rows of {served.rows}"
            raise FailedError(message)
        peaks[str(size)] = usage.peak
        print(f"{case.title}: {count:,} rows, {usage.peak:.0f} MB, {usage.cpu:.0f} CPU s", file=sys.stderr, flush=True)
    return {"name": case.name, "title": case.title, "peaks": peaks}
