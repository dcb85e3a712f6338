"""All taps loaded once; then dbt on that: any zone, any one vendor alone, who is who, and how times are read."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests import counted
from tests.contract.taps import TAPS
from tests.dbt import Dbt
from tests.meltano import ROOT, Meltano, ended_well

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.server import Sandbox
    from sandbox.warehouse import Warehouse

    from tests.contract.contract import Contract

pytestmark = pytest.mark.slow

VENDORS = [tap.name.removeprefix("tap-") for tap in TAPS]
MARTS = sorted(path.stem for path in (ROOT / "transform" / "models" / "marts").glob("*.sql"))
NOW = json.dumps({"as_of": f"timestamptz '{datetime.now(timezone.utc).isoformat()}'"})
BUILD = ("build", "--quiet", "--vars", NOW)
FINE = {"success", "pass", "warn", "no-op"}
# How a report may write a time, and the moment that is meant; New York has no 02:30 that day.
WRITTEN = {
    "03/08/2026 02:30:00": "2026-03-08 02:30:00+00:00",
    "2026-03-08 02:30:00": "2026-03-08 02:30:00+00:00",
    "2026-03-08T02:30:00.500Z": "2026-03-08 02:30:00.500000+00:00",
    "2026-03-08T02:30:00+02:00": "2026-03-08 00:30:00+00:00",
    "1772937000000": "2026-03-08 02:30:00+00:00",
    "8 March 2026": "None",
}


def test_all_at_once_into_postgres_and_marts(
    sandbox: Sandbox, warehouse: Warehouse, installed: Path, tmp_path: Path
) -> None:
    sandbox.agentconnect.add_employee("Robin Blunt", custom_employee_id="9003", email="blunt@contact-centre.example")
    while "4711" not in [session["agentId"] for session in list(sandbox.maestroqa.sessions.values())[-9:]]:
        sandbox.maestroqa.add_session(datetime.now(timezone.utc))
    all_arrives(sandbox, warehouse, installed, tmp_path)
    two_employees_leave(warehouse)
    answers_with_other_times(warehouse)
    with Dbt(installed, tmp_path / "dbt", warehouse) as dbt:
        statuses = dbt.run(*BUILD)
        assert set(statuses.values()) <= FINE
        (unread,) = (status for name, status in statuses.items() if "not_null_fct_interaction_started_at" in name)
        assert unread == "warn"
        times_are_read(warehouse)
        people_are_told_apart(sandbox, warehouse)
        any_zone_gives_the_same(dbt, warehouse)
        assert set(dbt.run("source", "freshness", "--quiet").values()) <= FINE
        dbt.run("docs", "generate", "--quiet")
        assert "DBT_VENDORS names 'maestro'" in dbt.fail("parse", environment={"DBT_VENDORS": "maestro"})
        assert "dbt has no database" in dbt.fail("parse", environment={"DBT_POSTGRES_HOST": ""})
        any_vendor_alone_works(dbt, warehouse)
        the_seed_says_who_is_who(dbt, warehouse, tmp_path)


def all_arrives(sandbox: Sandbox, warehouse: Warehouse, installed: Path, folder: Path) -> None:
    """Load as much as the contracts' settings ask for, by all taps at the same time."""
    url = {"TARGET_POSTGRES_SQLALCHEMY_URL": warehouse.sqlalchemy_url}
    expected = [tap.expected_keys(sandbox) for tap in TAPS]
    processes = [
        Meltano(installed, folder / tap.name).start(
            *("--environment=sandbox", "run", tap.name, "target-postgres"),
            environment=tap.environment(tap.config(sandbox)) | url,
        )
        for tap in TAPS
    ]
    for process in processes:
        ended_well(process)
    for tap, streams in zip(TAPS, expected, strict=True):
        for stream, keys in streams.items():
            rows = stored(warehouse, tap, stream)
            assert len(rows) == len(set(rows))
            assert keys <= set(rows)


def stored(warehouse: Warehouse, tap: Contract, stream: str) -> list[tuple[object, ...]]:
    keys = ", ".join(f'"{key}"' for key in tap.streams[stream])
    _, rows = warehouse.query(f'select {keys} from {tap.name.replace("-", "_")}."{stream}"')
    return [tuple(_as_sent(value) for value in row) for row in rows]


def _as_sent(value: object) -> object:
    return f"{value.isoformat(timespec='microseconds')}Z" if isinstance(value, datetime) else value


def change(warehouse: Warehouse, *statements: str) -> None:
    with psycopg.connect(warehouse.uri) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def two_employees_leave(warehouse: Warehouse) -> None:
    """One stops coming; one is marked, as a target does upon ACTIVATE_VERSION."""
    change(
        warehouse,
        "update tap_agentconnect.employees set _sdc_sync_started_at = _sdc_sync_started_at - 1 "
        "where email = 'user9504@contact-centre.example'",
        "update tap_agentconnect.employees set _sdc_deleted_at = now() where email = 'user9505@contact-centre.example'",
    )


def answers_with_other_times(warehouse: Warehouse) -> None:
    for text in WRITTEN:
        changes = json.dumps({"_row_key": text, "response_published_date": text})
        change(
            warehouse,
            "insert into tap_caranalytics.response "
            f"select (jsonb_populate_record(null::tap_caranalytics.response, to_jsonb(model) || '{changes}')).* "
            "from (select * from tap_caranalytics.response limit 1) as model",
        )


def times_are_read(warehouse: Warehouse) -> None:
    _, rows = warehouse.query(
        "select interaction_id, started_at from analytics.fct_interaction where interaction_id = any(%s)",
        [list(WRITTEN)],
    )
    assert {
        str(text): str(at.astimezone(timezone.utc) if isinstance(at, datetime) else at) for text, at in rows
    } == WRITTEN


def people_are_told_apart(sandbox: Sandbox, warehouse: Warehouse) -> None:
    """Check every way in which a vendor refers to a person against who that is."""
    users, robin = counted.users_of(sandbox), "blunt@contact-centre.example"
    _, rows = warehouse.query("select vendor, agent_id, agent_email, agent_key from analytics.agent_identity")

    def person(vendor: str, agent_id: str, email: str) -> object:
        if email:
            return email if email == robin else counted.number_of(email)
        return users[agent_id] if vendor == "execvision" else int(agent_id) if agent_id.isdigit() else agent_id

    people = {(person(*map(_text, row[:3])), row[3]) for row in rows}
    assert len({who for who, _ in people}) == len({key for _, key in people}) == len(people)
    assert {9003, robin, 4711, 9501} < {who for who, _ in people}
    named = Counter(str(name) for (name,) in warehouse.query("select agent_name from analytics.dim_agent")[1])
    assert named["Grace Kim"] == named["Ingrid Holm"] == 2
    _, rows = warehouse.query("select agent_email from analytics.dim_agent where is_listed is false")
    assert {row[0] for row in rows} == {f"user{number}@contact-centre.example" for number in (9504, 9505)}


def _text(value: object) -> str:
    return "" if value is None else str(value)


def rows_of(warehouse: Warehouse) -> dict[str, Counter[tuple[object, ...]]]:
    return {mart: Counter(warehouse.query(f"select * from analytics.{mart}")[1]) for mart in MARTS}


def any_zone_gives_the_same(dbt: Dbt, warehouse: Warehouse) -> None:
    """Build for a session that reads and writes times in another way."""
    before = rows_of(warehouse)
    assert all(before.values())
    change(
        warehouse,
        "alter role postgres set timezone = 'America/New_York'",
        "alter role postgres set datestyle = 'SQL, DMY'",
    )
    assert set(dbt.run(*BUILD).values()) <= FINE
    change(warehouse, "alter role postgres reset timezone", "alter role postgres reset datestyle")
    assert rows_of(warehouse) == before


def any_vendor_alone_works(dbt: Dbt, warehouse: Warehouse) -> None:
    """Have the others' tables out of reach; and, at Care Analytics, columns that a company may not have."""
    fed = {vendor: _fed(warehouse, vendor) for vendor in VENDORS}
    change(
        warehouse,
        "drop schema analytics, analytics_staging cascade",
        "alter table tap_caranalytics.response "
        "drop column responding_agent_display_id, drop column handle_time_total_response",
    )
    for vendor in VENDORS:
        others = [other for other in VENDORS if other != vendor]
        change(warehouse, *(f"alter schema tap_{other} rename to away_{other}" for other in others))
        assert set(dbt.run(*BUILD, environment={"DBT_VENDORS": f"{vendor}, "}).values()) <= FINE
        assert _fed(warehouse, vendor) == fed[vendor]
        for other in others:
            assert not any(_fed(warehouse, other).values())
        change(warehouse, *(f"alter schema away_{other} rename to tap_{other}" for other in others))
        if vendor == "caranalytics":
            _, ((timed, named),) = warehouse.query(
                "select count(handle_seconds), count(agent_key) from analytics.fct_interaction"
            )
            assert (timed, named) == (0, fed[vendor]["named"])
        change(warehouse, "drop schema analytics, analytics_staging cascade")


def _fed(warehouse: Warehouse, vendor: str) -> dict[str, object]:
    """Count the rows of a vendor in each fact."""
    facts = [mart for mart in MARTS if mart.startswith("fct")]
    counts = {
        fact: warehouse.query(f"select count(*) from analytics.{fact} where vendor = %s", [vendor])[1][0][0]
        for fact in facts
    }
    named = "select count(*) from analytics.fct_interaction where vendor = %s and agent_key is not null"
    return counts | {"named": warehouse.query(named, [vendor])[1][0][0]}


def the_seed_says_who_is_who(dbt: Dbt, warehouse: Warehouse, folder: Path) -> None:
    project = folder / "transform"
    shutil.copytree(ROOT / "transform", project, ignore=shutil.ignore_patterns("target", "logs"))
    with (project / "seeds" / "agent_alias.csv").open("a") as seed:
        seed.write("maestroqa,4711,User9501@contact-centre.example\n")
    elsewhere = {"DBT_PROJECT_DIR": str(project), "DBT_TARGET_PATH": str(folder / "seeded")}
    dbt.run("build", "--quiet", "--select", "+dim_agent", "--exclude-resource-type", "test", environment=elsewhere)
    _, rows = warehouse.query(
        "select tied_by, vendors from analytics.agent_identity join analytics.dim_agent using (agent_key) "
        "where agent_name = 'Ingrid Holm'"
    )
    assert set(rows) == {("seed", "agentconnect, maestroqa"), ("email", "agentconnect, maestroqa")}
