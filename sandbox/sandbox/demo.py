"""`sandbox demo`: every tap through a real `meltano run` into a real PostgreSQL, and a look at what arrived."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from rich.console import Console
from rich.progress import Progress

from sandbox import report
from sandbox.project import ROOT, taps
from sandbox.server import Sandbox
from sandbox.warehouse import Warehouse
from sandbox.world import TWO_YEARS, World

if TYPE_CHECKING:
    from collections.abc import Callable

FOLDER = ROOT / "output" / "demo"
MELTANO = Path(sys.executable).with_name("meltano")
FORTNIGHT = timedelta(days=14)
PLUGIN_SAID = re.compile(r"\] (tap-\w+|meltano|dbt-postgres)\s+(?:\d\d:\d\d:\d\d\s+)?(.*)")
WORTH_SHOWING = re.compile(r"(Window|Installing|Installed|Page|Read|Found|Done\. PASS)\b")
LOADER, DBT = "target-postgres", "dbt-postgres"
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
    """Install in one go what Meltano runs, run the taps side by side, and dbt behind them."""
    progress.add_task("meltano", total=None)
    say = progress.console.print
    # What is there already, and out of date, is installed anew by the run that needs it.
    installed = {venv.parent.name for venv in (folder / "meltano").glob("*/*/venv")}
    if missing := [plugin for plugin in (*taps(), LOADER, DBT) if plugin not in installed]:
        say("\nInstalling plugins, each into a folder of its own, once; what is not in the cache is downloaded:")
        _meltano(["install", *missing], folder / "install.log", settings, say)
    else:
        # Meltano's first command makes its database, and several first commands at once fail.
        _meltano(["state", "list"], folder / "install.log", settings, say)
    say("\nReading four vendors at once, each at the pace that it allows:")
    with ThreadPoolExecutor() as pool:
        runs = [pool.submit(_meltano, ["run", tap, LOADER], folder / f"{tap}.log", settings, say) for tap in taps()]
    for run in runs:
        run.result()
    say("\nMatching each agent across the vendors, and testing the tables:")
    _meltano(["run", f"{DBT}:build"], folder / f"{DBT}.log", settings, say)


def _meltano(command: list[str], log: Path, settings: dict[str, str], say: Callable[[str], None]) -> None:
    """Run Meltano, with its progress on the screen and all that it said in a file."""
    shown = f"meltano {' '.join(command)}"
    say(f"$ {shown}")
    with (
        log.open("w") as record,
        subprocess.Popen(  # noqa: S603  # a fixed command
            [str(MELTANO), "--environment=sandbox", *command],
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
                say(f"  {said[1]}: {said[2].partition(';')[0]}")
    if process.returncode:
        say(log.read_text()[-3000:])
        sys.exit(f"{shown} failed; all it said is in {log}")
