"""Airflow's real scheduler and workers on real PostgreSQL, killed in the middle; and a DAG without any of them."""

import json
import stat
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from pathlib import Path
from threading import Event
from typing import Any

import psycopg
import pytest
from sandbox.faults import hang
from sandbox.server import Sandbox
from sandbox.vendor import Limit, Seen
from sandbox.warehouse import Warehouse
from sandbox.world import World

from tests.airflow import Airflow, connection, create_database, having, kill, told, until
from tests.contract.contract import day
from tests.meltano import Meltano

pytestmark = [pytest.mark.slow, pytest.mark.real_clock]
HISTORY = timedelta(days=30)
WINDOW = 4
PER_MINUTE = 40
# The past comes in slices of four days, the rest on the schedule.
FIRST, CUT, LAST = 21, 9, 1
CARE = {
    "requests_per_minute": PER_MINUTE,
    "poll_interval": "0.1",
    "window_days": WINDOW,
    "end_date": day(LAST),
    "_select": ["author.*", "response.*", "windows.*"],
}
WRONG = "a-wrong-secret-of-initech-0123456789"
TEST_A_DAG = """
import sys
sys.path.insert(0, sys.argv[1])
from airflow.dag_processing.dagbag import DagBag
run = DagBag(sys.argv[1]).dags[sys.argv[2]].test()
for task in run.get_task_instances():
    print("ENDED", task.task_id, task.state, task.try_number, task.rendered_map_index)
"""


def test_a_dag_runs_without_a_scheduler(sandbox: Sandbox, installed: Path, tmp_path: Path) -> None:
    settings = {"start_date": day(50), "api_url": f"{sandbox.url}/maestroqa/api/v1"}
    tenants = {"schedule": "@daily", "loader": "target-jsonl", "tenants": {"acme": {"tap-maestroqa": settings}}}
    variables = {
        "AIRFLOW_CONN_ACME_TAP_MAESTROQA": connection(api_token=sandbox.maestroqa.token),
        "MELTANO_DATABASE_URI": f"sqlite:///{tmp_path / 'meltano.db'}",
        "TARGET_JSONL_DESTINATION_PATH": str(tmp_path),
    }
    airflow = Airflow(tmp_path / "airflow", installed, tenants, variables)
    airflow.run("db", "migrate")
    said = airflow.python(TEST_A_DAG, str(airflow.project / "orchestrate" / "dags"), "acme_tap_maestroqa")
    sessions = {key for key, row in sandbox.maestroqa.sessions.items() if str(row["createdAt"]) >= day(50)}
    stored = [json.loads(line)["_id"] for line in (tmp_path / "coaching_sessions.jsonl").read_text().splitlines()]
    assert len(stored) == len(set(stored))
    assert sessions <= set(stored)
    assert f"ENDED load success 1 what is new: {len(stored)} rows, {len(sandbox.maestroqa.seen)} requests" in said
    assert sandbox.maestroqa.token not in said
    assert kept_files(airflow) == []


def test_killed_and_started_again(warehouse: Warehouse, installed: Path, tmp_path: Path) -> None:
    with ExitStack() as stack:
        world = World(history=HISTORY)
        acme, globex, reference = (stack.enter_context(Sandbox(world)) for _ in range(3))
        for sandbox in (acme, globex):
            sandbox.caranalytics.limits, sandbox.caranalytics.clock_tolerance = (Limit(PER_MINUTE, 60),), 0.5
            sandbox.caranalytics.job_polls = 0
        reference.caranalytics.lift_limits()
        meltano_uri = create_database(warehouse.uri, "meltano").replace("postgresql:", "postgresql+psycopg:")
        load_serially(reference, warehouse, installed, tmp_path / "serial")
        airflow = Airflow(
            tmp_path / "airflow",
            installed,
            tenants(acme, globex),
            {
                "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": (airflow_uri := create_database(warehouse.uri, "airflow")),
                "AIRFLOW_CONN_TARGET_POSTGRES": connection(sqlalchemy_url=warehouse.sqlalchemy_url),
                "AIRFLOW_CONN_ACME_TAP_CARANALYTICS": care_connection(acme),
                "AIRFLOW_CONN_GLOBEX_TAP_CARANALYTICS": care_connection(globex),
                "AIRFLOW_CONN_INITECH_TAP_AGENTCONNECT": connection(
                    api_key=acme.agentconnect.api_key, api_secret=WRONG
                ),
                "MELTANO_DATABASE_URI": meltano_uri,
            },
        )
        stack.callback(airflow.stop)
        airflow.run("db", "migrate")
        # Several commands at once would all make the tables of Meltano's database.
        Meltano(installed, tmp_path / "first").run("state", "list", environment={"MELTANO_DATABASE_URI": meltano_uri})
        amid_a_slice, at_its_first_request = Event(), Event()
        middle = cell_of(day(FIRST - 4))
        acme.caranalytics.fail(
            told(amid_a_slice, hang()), where=lambda seen: seen.query.get("startTime") == middle and run_of(seen)
        )
        globex.caranalytics.fail(told(at_its_first_request, hang()))
        for service in ("api-server", "dag-processor", "scheduler"):
            airflow.start(service)
        until(known(airflow_uri, "acme_tap_caranalytics"), 120)
        past = {"start": day(FIRST), "end": day(CUT + 1), "days": 4}
        airflow.run("dags", "trigger", "acme_tap_caranalytics", "--run-id=past", f"--conf={json.dumps(past)}")
        assert amid_a_slice.wait(300)
        assert at_its_first_request.wait(300)

        kill_in_the_middle(airflow, "globex_tap_caranalytics", acme.caranalytics.password)
        asked = len(acme.caranalytics.seen)
        until(gone(airflow, "acme_tap_caranalytics"), 60)
        assert len(acme.caranalytics.seen) == asked
        airflow.start("scheduler")
        until(all_done(airflow_uri), 400)
        airflow.stop()

    assert same_rows(warehouse, "acme_tap_caranalytics", "serial", day(FIRST))
    assert same_rows(warehouse, "globex_tap_caranalytics", "serial", day(CUT))
    tries = query(airflow_uri, TRIES)
    for account in ("acme_tap_caranalytics", "globex_tap_caranalytics"):
        own = [(start, end, state) for dag, start, end, state in tries if dag == account]
        # The end of one that was killed is when Airflow noticed, which may be after the next one's start.
        overlapping = [pair for pair in pairwise(own) if pair[0][2] == "success" and pair[1][0] < pair[0][1]]
        assert not overlapping, own
    assert [state for dag, _, _, state in tries if dag == "initech_tap_agentconnect"] == ["failed"]
    assert len(acme.agentconnect.seen) == 1
    assert [vendor.rate_limited for vendor in (acme.caranalytics, globex.caranalytics)] == [0, 0]
    # Without a shared quota, there were more than enough requests in a minute to be told off.
    assert len(acme.caranalytics.seen) > PER_MINUTE
    shown = [
        label for (label,) in query(airflow_uri, "select rendered_map_index from task_instance where map_index = 1")
    ]
    assert any(label.startswith(f"{day(FIRST - 4)} to {day(FIRST - 7)}: ") for label in shown), shown
    states = {state for (state,) in query(meltano_uri.replace("+psycopg", ""), "select state_id from state")}
    suffixes = {"acme", "globex", *(f"acme:{day(days)}" for days in (FIRST, FIRST - 4, FIRST - 8))}
    assert states == {f"prod:tap-caranalytics-to-target-postgres:{suffix}" for suffix in suffixes}
    secrets = (acme.caranalytics.password, acme.caranalytics.company_key, WRONG)
    assert kept_files(airflow) == files_with(airflow, secrets) == []
    assert "Agent Connect refused GET" in (logs := task_logs(airflow, "initech_tap_agentconnect"))
    assert "Check api_key and api_secret" in logs


TRIES = """
select dag_id, start_date, end_date, state from task_instance where task_id = 'load'
union all
select dag_id, start_date, end_date, state from task_instance_history where task_id = 'load'
order by start_date
"""


def tenants(acme: Sandbox, globex: Sandbox) -> dict[str, Any]:
    def care(sandbox: Sandbox) -> dict[str, Any]:
        return {**CARE, "start_date": day(CUT), "api_url": f"{sandbox.url}/caranalytics/api/public"}

    refused = {"subdomain": "contact-centre", "api_url": f"{acme.url}/agentconnect"}
    return {
        "schedule": "*/10 * * * *",
        "loader": "target-postgres",
        "tenants": {
            "acme": {"tap-caranalytics": care(acme)},
            "globex": {"tap-caranalytics": care(globex)},
            "initech": {"schedule": "@once", "tap-agentconnect": refused},
        },
    }


def care_connection(sandbox: Sandbox) -> str:
    vendor = sandbox.caranalytics
    return connection(login=vendor.username, password=vendor.password, company_key=vendor.company_key)


def load_serially(sandbox: Sandbox, warehouse: Warehouse, installed: Path, folder: Path) -> None:
    """Load all in one run by hand, into a schema of its own."""
    vendor = sandbox.caranalytics
    config = CARE | {"start_date": day(FIRST), "requests_per_minute": 6000, "_load_schema": "serial"}
    config |= {"username": vendor.username, "password": vendor.password, "company_key": vendor.company_key}
    config |= {"api_url": f"{sandbox.url}/caranalytics/api/public"}
    environment = {
        f"TAP_CARANALYTICS_{name.upper()}": value if isinstance(value, str) else json.dumps(value)
        for name, value in config.items()
    }
    environment["TARGET_POSTGRES_SQLALCHEMY_URL"] = warehouse.sqlalchemy_url
    Meltano(installed, folder).run("run", "tap-caranalytics", "target-postgres", environment=environment)


def run_of(seen: Seen) -> bool:
    return seen.path.rpartition("/")[2] in {"author", "response"}


def cell_of(start: str) -> str:
    """Return the first millisecond of the window that holds this day."""
    days = (datetime.fromisoformat(start) - datetime(1970, 1, 1)).days  # noqa: DTZ001  # days alone
    return str(days // WINDOW * WINDOW * 86_400_000)


def query(uri: str, sql: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(uri) as server:
        return server.execute(sql.encode()).fetchall()


def known(uri: str, dag: str) -> Iterator[bool]:
    while True:
        yield query(uri, f"select count(*) from dag where dag_id = '{dag}'") == [(1,)]


def gone(airflow: Airflow, account: str) -> Iterator[bool]:
    """Tell whether nothing is left of a run: no process, no folder."""
    folder = scratch(airflow) / account
    while True:
        yield not having(f"MELTANO_SYS_DIR_ROOT={folder}") and not folder.exists()


def all_done(uri: str) -> Iterator[bool]:
    while True:
        states = query(uri, "select dag_id, run_type, state from dag_run where state not in ('queued', 'running')")
        expected = {
            ("acme_tap_caranalytics", "manual", "success"),
            ("acme_tap_caranalytics", "scheduled", "success"),
            ("globex_tap_caranalytics", "scheduled", "success"),
            ("initech_tap_agentconnect", "scheduled", "failed"),
        }
        unexpected = set(states) - expected
        assert not unexpected, unexpected
        yield expected <= set(states)


def scratch(airflow: Airflow) -> Path:
    """Return the folder of all runs."""
    return next(airflow.temporary.glob("contact-centre-taps-*"))


def kill_in_the_middle(airflow: Airflow, account: str, secret: str) -> None:
    """Kill the scheduler with its workers, and all of one account's run; the other runs are left to themselves."""
    folder = scratch(airflow) / account
    assert stat.S_IMODE(folder.stat().st_mode) == stat.S_IRWXU
    files = [file for file in folder.rglob("*") if file.is_file() and not file.is_symlink()]
    with_secret = [file for file in files if secret.encode() in file.read_bytes()]
    assert with_secret
    assert {stat.S_IMODE(file.stat().st_mode) for file in with_secret} == {stat.S_IRUSR | stat.S_IWUSR}
    workers = airflow.processes("scheduler")
    kill(workers, stopped=True)
    kill(having(f"MELTANO_SYS_DIR_ROOT={folder}"))
    kill(workers)
    assert folder.exists()


def same_rows(warehouse: Warehouse, schema: str, other: str, start: str) -> bool:
    """Tell whether two schemas hold the same rows from the window on that holds this day, each key once."""
    first = datetime.fromtimestamp(int(cell_of(start)) / 1000, timezone.utc).replace(tzinfo=None)
    for table in ("author", "response", "windows"):
        names, _ = warehouse.query(f'select * from {other}."{table}" limit 0')
        columns = ", ".join(f'"{name}"' for name in names if not name.startswith(("_sdc", "_extracted_at")))
        found, expected = (
            warehouse.query(f'select {columns} from {place}."{table}" where _window_start >= %s', (first,))[1]
            for place in (schema, other)
        )
        assert len(found) == len(expected) > 0
        assert sorted(map(repr, found)) == sorted(map(repr, expected))
    return True


def kept_files(airflow: Airflow) -> list[Path]:
    """Return what runs have left on the temporary disk, but for the counts of requests."""
    return [path for path in scratch(airflow).rglob("*") if not path.is_dir() and path.parent.name != ".quota"]


def files_with(airflow: Airflow, secrets: tuple[str, ...]) -> list[Path]:
    """Return what holds a secret of all that Airflow and the runs have written, logs included."""
    places = [airflow.folder / "home", airflow.temporary, *airflow.folder.glob("*.log")]
    files = [file for place in places for file in [place, *place.rglob("*")] if file.is_file()]
    assert len(files) > 10
    return [file for file in files if any(secret.encode() in file.read_bytes() for secret in secrets)]


def task_logs(airflow: Airflow, dag: str) -> str:
    folder = airflow.folder / "home" / "logs" / f"dag_id={dag}"
    return "".join(file.read_text() for file in folder.rglob("*.log"))
