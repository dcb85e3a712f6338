"""`sandbox demo`: every tap through a real `meltano run` into a real PostgreSQL, and a look at what arrived."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import yaml

from sandbox import picture
from sandbox.server import Sandbox
from sandbox.warehouse import Warehouse
from sandbox.world import TWO_YEARS, World

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "output" / "demo"
FORTNIGHT = timedelta(days=14)
PLUGIN_SAID = re.compile(r"\] (tap-\w+|meltano)\s+(.*)")
WORTH_SHOWING = re.compile(r"(Window|Installing|Installed|Page|Read) ")

QUESTION = "Whom does coaching help? Each agent's sessions, quality score and stars from customers, over all vendors."
ANSWER = """\
with coached as (
  select "agentName" as agent, count(*) as sessions
  from tap_maestroqa.coaching_sessions where not "isDeleted" group by 1
), reviewed as (
  select concat_ws(' ', employee ->> 'first_name', employee ->> 'last_name') as agent, avg(score) as qa_score
  from tap_agentconnect.qa_reviews where count_toward_score group by 1
), rated as (
  select concat_ws(' ', employee ->> 'first_name', employee ->> 'last_name') as agent,
         avg((answer #>> '{selected_options,0,integer_value}')::int) as stars
  from tap_agentconnect.feedbacks, unnest(answers) as answer
  where answer ->> 'question_key' = 'agent_star_rating' group by 1
)
select agent, sessions, round(qa_score::numeric, 1) as qa_score, round(stars, 2) as stars
from coached left join reviewed using (agent) left join rated using (agent)
order by sessions desc, agent limit 12"""


def demo(folder: Path, history: timedelta = TWO_YEARS) -> None:
    """Run the demo on so much history; what it writes lands in this folder."""
    began = time.monotonic()
    folder.mkdir(parents=True, exist_ok=True)
    world, runs = World(history=history), _runs(folder)
    with Sandbox(world) as sandbox, Warehouse(folder / "postgres") as warehouse:
        print(f"The vendors answer on {sandbox.url}, PostgreSQL is up.")
        # The sandbox forgets; what its people did before each later run is done again.
        for at in [*runs, world.now.isoformat()][1:]:
            for vendor in sandbox.vendors:
                vendor.simulate_hour(at)
        if runs:
            print(f"This is run {len(runs) + 1}: since the last one, people have worked at every vendor.")
        started = datetime.now(timezone.utc)
        settings = _settings(sandbox, warehouse, folder)
        for tap in _taps():
            _meltano_run(tap, folder, settings)
        (folder / "runs.json").write_text(json.dumps([*runs, world.now.isoformat()]))
        result = [*_tables(warehouse, started), *_answer(warehouse)]
        (folder / "result.svg").write_text(picture.svg(result))
        print("\n".join(result))
    print(f"Done in {time.monotonic() - began:.0f} s. Run it again, and only what has changed will move.")
    print("Look further:  python3 -m uv run sandbox psql  (or: sandbox psql 'select …')")


def psql(query: str | None, folder: Path) -> int:
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
    """Return the environment of a run: what meltano.yml says of the sandbox, for where and what this one is."""
    start = sandbox.world.start.isoformat()
    variables = {
        "MELTANO_SYS_DIR_ROOT": str(folder.resolve() / "meltano"),
        "TARGET_POSTGRES_SQLALCHEMY_URL": warehouse.sqlalchemy_url,
        "TARGET_POSTGRES_ADD_RECORD_METADATA": "true",
    }
    for tap, config in _taps().items():
        own = {"api_url": f"{sandbox.url}{urlsplit(config['api_url']).path}"}
        own |= {"start_date": start} if "start_date" in config else {}
        variables |= {f"{tap.upper().replace('-', '_')}_{name.upper()}": value for name, value in own.items()}
    # At the vendor's 20 requests a minute even a fortnight of reports would be half an hour's work.
    sandbox.caranalytics.lift_limits()
    return variables | {
        "TAP_CARANALYTICS_START_DATE": (sandbox.world.now - FORTNIGHT).isoformat(),
        "TAP_CARANALYTICS_WINDOW_DAYS": "1",
        "TAP_CARANALYTICS_REQUESTS_PER_MINUTE": "6000",
        "TAP_CARANALYTICS_POLL_INTERVAL": "0.1",
    }


def _taps() -> dict[str, dict[str, Any]]:
    """Return each tap's settings in meltano.yml's environment for the sandbox."""
    project = yaml.safe_load((ROOT / "meltano.yml").read_text())
    (environment,) = (found for found in project["environments"] if found["name"] == "sandbox")
    return {plugin["name"]: plugin["config"] for plugin in environment["config"]["plugins"]["extractors"]}


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


def _tables(warehouse: Warehouse, since: datetime) -> list[str]:
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
    heading = "What is in PostgreSQL now, and what of it this run has moved:"
    return ["", heading, "", *_table(("schema", "stream", "rows", "moved", "from", "to"), rows)]


def _answer(warehouse: Warehouse) -> list[str]:
    return ["", QUESTION, "", *ANSWER.splitlines(), "", *_table(*warehouse.query(ANSWER)), ""]


def _table(names: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    lines = [[f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row] for row in [names, *rows]]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return [
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    ]
