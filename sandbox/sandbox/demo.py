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
from urllib.parse import urlsplit

from rich.console import Console
from rich.progress import Progress

from sandbox import report
from sandbox.project import ROOT, taps
from sandbox.server import Sandbox
from sandbox.warehouse import Warehouse
from sandbox.world import TWO_YEARS, World

FOLDER = ROOT / "output" / "demo"
MELTANO = Path(sys.executable).with_name("meltano")
FORTNIGHT = timedelta(days=14)
PLUGIN_SAID = re.compile(r"\] (tap-\w+|meltano|dbt-postgres)\s+(?:\d\d:\d\d:\d\d\s+)?(.*)")
WORTH_SHOWING = re.compile(r"(Window|Installing|Installed|Page|Read|Found|Done\. PASS)\b")
DBT = "dbt-postgres"
# Wide enough for the tables where nobody is told how wide the screen is.
NO_SCREEN = 120


def demo(folder: Path, history: timedelta = TWO_YEARS) -> None:
    """Run the demo on so much history; what it writes lands in this folder."""
    began = time.monotonic()
    folder.mkdir(parents=True, exist_ok=True)
    console = Console(highlight=False, markup=False, soft_wrap=True)
    console = console if console.is_terminal else Console(highlight=False, markup=False, width=NO_SCREEN)
    world, runs = World(history=history), _runs(folder)
    with Sandbox(world) as sandbox, Warehouse(folder / "postgres") as warehouse:
        console.print(f"The vendors answer on {sandbox.url}, PostgreSQL is up.")
        # The sandbox forgets; what its people did before each later run is done again.
        for at in [*runs, world.now.isoformat()][1:]:
            for vendor in sandbox.vendors:
                vendor.simulate_hour(at)
        if runs:
            console.print(f"This is run {len(runs) + 1}: since the last one, people have worked at every vendor.")
        started = datetime.now(timezone.utc)
        settings = _settings(sandbox, warehouse, folder)
        with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
            _run_all(folder, settings, progress)
        (folder / "runs.json").write_text(json.dumps([*runs, world.now.isoformat()]))
        (folder / "result.svg").write_text(report.show(warehouse, started, console))
    console.print(f"Done in {time.monotonic() - began:.0f} s. Run it again, and only what has changed will move.")
    console.print("Look further:  python3 -m uv run sandbox psql  (or: sandbox psql 'select …')")


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
        **warehouse.settings,
        "DBT_USE_COLORS": "false",
        "DBT_TARGET_PATH": str(folder.resolve() / "dbt"),
        "DBT_LOG_PATH": str(folder.resolve() / "dbt"),
        "TARGET_POSTGRES_ADD_RECORD_METADATA": "true",
    }
    for tap, config in taps().items():
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


def _run_all(folder: Path, settings: dict[str, str], progress: Progress) -> None:
    """Run the taps one after the other, and dbt behind the last of them."""
    *others, last = taps()
    commands = [*([tap, "target-postgres"] for tap in others), [last, "target-postgres", f"{DBT}:build"]]
    step = progress.add_task("meltano run", total=len(commands))
    # Should this fail, the run that needs it installs it, and says why it cannot.
    database = {"MELTANO_DATABASE_URI": f"sqlite:///{folder.resolve() / 'install.db'}"}
    with subprocess.Popen(  # noqa: S603  # a fixed command
        [str(MELTANO), "install", DBT],
        cwd=ROOT,
        env=os.environ | settings | database,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as installing:
        progress.console.print(f"While the taps run, {DBT} is installed, for the tables that are asked at the end.")
        for command in commands:
            if command is commands[-1]:
                installing.wait()
            _meltano_run(command, folder, settings, progress.console)
            progress.advance(step)


def _meltano_run(blocks: list[str], folder: Path, settings: dict[str, str], console: Console) -> None:
    """Run blocks in one command, with their progress on the screen and all that Meltano said in a file."""
    shown = f"meltano run {' '.join(blocks)}"
    console.print(f"\n$ {shown}")
    log = folder / f"{blocks[0]}.log"
    with (
        log.open("w") as record,
        subprocess.Popen(  # noqa: S603  # a fixed command
            [str(MELTANO), "--environment=sandbox", "run", *blocks],
            cwd=ROOT,
            env=os.environ | settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process,
    ):
        for line in process.stdout or ():
            record.write(line)
            if (said := PLUGIN_SAID.search(line)) and WORTH_SHOWING.match(said[2]):
                console.print(f"  {said[2]}")
    if process.returncode:
        console.print(log.read_text()[-3000:])
        sys.exit(f"{shown} failed; all it said is in {log}")
