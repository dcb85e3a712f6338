"""`sandbox demo`: every tap through a real `meltano run` into a real PostgreSQL, and a look at what arrived."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.documents import ROOT
from sandbox.server import Sandbox
from sandbox.warehouse import Warehouse
from sandbox.world import World

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

TAPS = ("tap-maestroqa", "tap-execvision")
FOLDER = ROOT / "output" / "demo"
PLUGIN_SAID = re.compile(r"\] (tap-\w+|meltano)\s+(.*)")
WORTH_SHOWING = re.compile(r"(Window|Installing|Installed|Page) ")

QUESTION = "How many coaching sessions did each coach's agents confirm, and how many of their to-dos are done?"
ANSWER = """\
select "coachName" as coach,
       count(*) as sessions,
       round(100.0 * count(*) filter (where "agentConfirmed") / count(*)) as confirmed_percent,
       sum(cardinality(todos)) as todos,
       sum((select count(*) from unnest(todos) as todo where todo ->> 'status' = 'complete')) as done
from tap_maestroqa.coaching_sessions
where not "isDeleted"
group by coach
order by sessions desc"""


def demo(folder: Path = FOLDER) -> None:
    """Run the demo; what it writes lands in this folder."""
    began = time.monotonic()
    folder.mkdir(parents=True, exist_ok=True)
    world, runs = World(), _runs(folder)
    with Sandbox(world) as sandbox, Warehouse(folder / "postgres") as warehouse:
        print(f"The vendors answer on {sandbox.url}, PostgreSQL is up.")
        # The sandbox forgets; what its people did before each later run is done again.
        for at in [*runs, world.now.isoformat()][1:]:
            for vendor in sandbox.vendors:
                vendor.work(at)
        if runs:
            print(f"This is run {len(runs) + 1}: since the last one, people have worked at every vendor.")
        started = datetime.now(timezone.utc)
        for tap in TAPS:
            _meltano_run(tap, folder, _settings(sandbox, warehouse, folder))
        (folder / "runs.json").write_text(json.dumps([*runs, world.now.isoformat()]))
        _show_tables(warehouse, started)
        _show_answer(warehouse)
    print(f"Done in {time.monotonic() - began:.0f} s. Run it again, and only what has changed will move.")
    print("Look further:  python3 -m uv run sandbox psql  (or: sandbox psql 'select …')")


def psql(query: str | None, folder: Path = FOLDER) -> int:
    """Open psql on what the last demo loaded, or run one query there."""
    if not (folder / "postgres").exists():
        print("There is nothing to look at yet: run `sandbox demo` first.")
        return 1
    with Warehouse(folder / "postgres") as warehouse:
        command = [str(warehouse.psql), warehouse.uri, *(["-c", query] if query else [])]
        return subprocess.run(command, check=False).returncode  # noqa: S603  # its own psql


def _runs(folder: Path) -> list[str]:
    with suppress(FileNotFoundError):
        runs: list[str] = json.loads((folder / "runs.json").read_text())
        return runs
    return []


def _settings(sandbox: Sandbox, warehouse: Warehouse, folder: Path) -> dict[str, str]:
    start = sandbox.world.start.isoformat()
    return {
        "MELTANO_DATABASE_URI": f"sqlite:///{folder / 'meltano.db'}",
        "TARGET_POSTGRES_SQLALCHEMY_URL": warehouse.sqlalchemy_url,
        "TARGET_POSTGRES_ADD_RECORD_METADATA": "true",
        "TAP_MAESTROQA_API_URL": f"{sandbox.url}/maestroqa/api/v1",
        "TAP_MAESTROQA_START_DATE": start,
        "TAP_EXECVISION_API_URL": f"{sandbox.url}/execvision/api/ev/2",
        "TAP_EXECVISION_START_DATE": start,
    }


def _meltano_run(tap: str, folder: Path, settings: dict[str, str]) -> None:
    """Run one tap into PostgreSQL, with its progress on the screen and all that Meltano said in a file."""
    print(f"\n$ meltano run {tap} target-postgres", flush=True)
    meltano = Path(sys.executable).with_name("meltano")
    command = [str(meltano), "--environment=sandbox", "run", tap, "target-postgres"]
    log = folder / f"{tap}.log"
    with (
        log.open("w") as record,
        subprocess.Popen(  # noqa: S603  # a fixed command
            command, cwd=ROOT, env=os.environ | settings, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process,
    ):
        for line in process.stdout or ():
            record.write(line)
            if (said := PLUGIN_SAID.search(line)) and WORTH_SHOWING.match(said[2]):
                print(f"  {said[2]}", flush=True)
    if process.returncode:
        print(log.read_text()[-3000:])
        sys.exit(f"meltano run {tap} target-postgres failed; all it said is in {log}")


def _show_tables(warehouse: Warehouse, since: datetime) -> None:
    rows = []
    for schema, table in warehouse.tables():
        _, times = warehouse.query(
            "select column_name from information_schema.columns where table_schema = %s and table_name = %s "
            "and data_type like 'timestamp%%' and column_name not like '\\_sdc%%' order by ordinal_position limit 1",
            (schema, table),
        )
        column = f'"{times[0][0]}"' if times else "null::timestamp"
        _, found = warehouse.query(
            f"select count(*), count(*) filter (where _sdc_received_at >= %s), "  # noqa: S608  # known names
            f'min({column})::date, max({column})::date from {schema}."{table}"',
            (since.replace(tzinfo=None),),
        )
        rows.append((schema, table, *found[0]))
    print("\nWhat is in PostgreSQL now, and what of it this run has moved:\n")
    _print_table(("schema", "stream", "rows", "moved", "from", "to"), rows)


def _show_answer(warehouse: Warehouse) -> None:
    print(f"\n{QUESTION}\n\n{ANSWER}\n")
    _print_table(*warehouse.query(ANSWER))
    print()


def _print_table(names: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    lines = [[f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row] for row in [names, *rows]]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
