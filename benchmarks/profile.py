"""Where a tap's time goes: the functions that take most of it, by thread."""

from __future__ import annotations

import io
import pstats
import re
from typing import TYPE_CHECKING

from benchmarks.contestants import FLATTENED, UNPACED
from benchmarks.processes import ROOT, Replayed, run, workspace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.cases import Case
    from benchmarks.contestants import Taps
    from benchmarks.processes import Command

SHOWN = 20
# What a thread does that does nothing.
_WAITING = re.compile(r"'(acquire|poll|recv_into)' of|asyncio|selectors\.py")
_FOLDERS = re.compile(rf"/\S*/site-packages/|/\S*/lib/python3\.\d+/|{re.escape(str(ROOT))}/")


def of(case: Case, rows: int, taps: Taps) -> str:
    """Return the profile of a tap, nested and flattened."""
    with Replayed(case, round(rows * case.share)) as served:
        lines = [f"## {case.title}: {served.rows:,} rows"]
        for name, tap in (("nested", taps.tap(served)), ("flattened", taps.tap(served, "flattened", **FLATTENED))):
            for old in workspace().glob("profile.*"):
                old.unlink()
            client = str(ROOT / "benchmarks" / "clients" / "profiled.py")
            command: Command = [taps.python, client, workspace() / "profile", case.tap, *tap.command[1:]]
            usage = run(command, workspace() / "profiled", UNPACED)
            lines += ["", f"### {name}, {usage.cpu:.1f} CPU s with the profiler", ""]
            lines += _threads()
    return "\n".join(lines)


def _threads() -> Iterator[str]:
    """Yield what took most, thread by thread; what is alike in many short threads is added up."""
    first, *others = sorted(workspace().glob("profile.*"), key=lambda path: int(path.suffix[1:]))
    for title, files in (("Main thread", [first]), ("Other threads", others)):
        text = io.StringIO()
        if not files:
            continue
        stats = pstats.Stats(*map(str, files), stream=text)
        stats.sort_stats("tottime").print_stats(2 * SHOWN)
        table = [line for line in text.getvalue().splitlines() if line.strip()]
        start = next(place for place, line in enumerate(table) if "ncalls" in line)
        yield f"{title}:"
        yield "```"
        yield from [_FOLDERS.sub("", line) for line in table[start:] if not _WAITING.search(line)][: SHOWN + 1]
        yield "```"
