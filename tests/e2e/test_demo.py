"""The README's first command, run twice; then what its marts hold against the sandbox's own objects."""

import json
import re
import subprocess
from datetime import datetime, timedelta, timezone
from pathlib import Path
from statistics import fmean

import pytest
from sandbox.demo import FORTNIGHT
from sandbox.server import Sandbox
from sandbox.warehouse import Warehouse
from sandbox.world import World

from tests import counted
from tests.effect import Estimate, within_agents
from tests.meltano import ROOT, link_plugins
from tests.singer import BIN

pytestmark = pytest.mark.slow
DAYS = 365
TABLE_ROW = re.compile(r"^(tap_\w+) +(\w+) +([\d,]+) +([\d,]+) ", re.MULTILINE)
QUESTIONS = re.findall(r"```sql\n(.*?)```", (ROOT / "transform" / "README.md").read_text(), re.DOTALL)


def demo(folder: Path) -> dict[tuple[str, str], tuple[int, int]]:
    """Run the demo; return rows and moved rows of each stream, as it shows them."""
    result = subprocess.run(
        [BIN / "sandbox", "demo", "--days", str(DAYS), "--folder", folder], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "Read coaching_sessions to its end" in result.stdout
    assert re.search(r"Done\. PASS=\d+ WARN=\d+ ERROR=0", result.stdout)
    assert "None" not in result.stdout
    shown = TABLE_ROW.findall(result.stdout)
    return {(schema, table): (_number(rows), _number(moved)) for schema, table, rows, moved in shown}


def _number(text: str) -> int:
    return int(text.replace(",", ""))


def test_demo(installed: Path, tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    link_plugins(installed, folder / "meltano")
    first, second = (demo(folder) for _ in range(2))
    with Warehouse(folder / "postgres") as warehouse:
        for schema, table in warehouse.tables():
            _, ((rows,),) = warehouse.query(f'select count(*) from {schema}."{table}"')
            assert second[schema, table][0] == rows
        assert set(second) == set(warehouse.tables())
        marts_hold_what_is_so_now(warehouse, folder)
        the_planted_effect_is_found(warehouse)
        assert len(QUESTIONS) == 10
        for question in QUESTIONS:
            assert warehouse.query(question)[1], question
    for stream, (rows, moved) in first.items():
        assert moved == rows > 0
        assert second[stream][1] >= 1
    assert sum(moved for _, moved in second.values()) < 0.1 * sum(rows for rows, _ in second.values())


def marts_hold_what_is_so_now(warehouse: Warehouse, folder: Path) -> None:
    """Do again what the vendors' people did, and count: edits, deletions and late rows of the second run are in."""
    began, now = (datetime.fromisoformat(at) for at in json.loads((folder / "runs.json").read_text()))
    with Sandbox(World(now=now, history=timedelta(days=DAYS))) as sandbox:
        for vendor in sandbox.vendors:
            vendor.simulate_hour(now.isoformat())
    first = counted.monday(sandbox.world.start) + timedelta(weeks=2)

    found = counted.since(counted.in_mart(warehouse, "fct_coaching_session", "held_week", "status = 'held'"), first)
    # What is planned for the seconds in which dbt ran may be held or not.
    least, most = (counted.since(counted.sessions(sandbox, at), first) for at in (now, datetime.now(timezone.utc)))
    assert least.keys() <= found.keys() <= most.keys()
    assert all(least.get(place, 0) <= count <= most[place] for place, count in found.items())
    assert sum(most.values()) - sum(least.values()) < 3

    scores = counted.since(counted.evaluations(sandbox), first)
    counts = "counts_toward_score and score is not null"
    found = counted.since(counted.in_mart(warehouse, "fct_evaluation", "evaluated_week", counts), first)
    assert found == {place: len(values) for place, values in scores.items()}

    care_from = (began - FORTNIGHT).replace(hour=0, minute=0, second=0, microsecond=0)
    expected = counted.since(counted.interactions(sandbox, care_from, now), first)
    assert counted.since(counted.in_mart(warehouse, "fct_interaction", "started_week"), first) == expected
    raw, held = (
        int(str(warehouse.query(sql)[1][0][0]))
        for sql in (
            "select count(*) from tap_caranalytics.response",
            "select count(*) from analytics.fct_interaction where vendor = 'caranalytics'",
        )
    )
    assert raw > held

    expected = counted.since(counted.actions(sandbox), first)
    assert counted.since(counted.in_mart(warehouse, "fct_coaching_action", "created_week"), first) == expected
    weeks_add_up(warehouse, scores, least, most)


def weeks_add_up(
    warehouse: Warehouse,
    scores: dict[counted.Place, list[float]],
    least: dict[counted.Place, int],
    most: dict[counted.Place, int],
) -> None:
    """Check that agent_week has, for each of its weeks, what all vendors have together."""
    people = counted.people_in(warehouse)
    _, rows = warehouse.query(
        "select agent_key, week_start, coaching_sessions, evaluations, qa_score from analytics.agent_week"
    )
    weeks = {(people[str(key)], week): row for key, week, *row in rows}
    places = {place[1:] for place in (*scores, *most)}
    assert places <= weeks.keys()
    for place in places:
        held, evaluations, score = weeks[place]
        own = [value for (_, *of), values in scores.items() if tuple(of) == place for value in values]
        fewest, highest = (
            sum(count for (_, *of), count in bound.items() if tuple(of) == place) for bound in (least, most)
        )
        assert fewest <= int(str(held)) <= highest
        assert evaluations == len(own)
        assert score is None if not own else abs(float(str(score)) - fmean(own)) < 0.02


def the_planted_effect_is_found(warehouse: Warehouse) -> None:
    planted = World().coaching_effect

    def effect_on(measure: str, weight: str) -> Estimate:
        _, rows = warehouse.query(
            f"select agent_key, coaching_sessions_prior_4w, {measure}, {weight} from analytics.agent_week "
            f"where coaching_sessions_prior_4w is not null and {measure} is not null"
        )
        figures = [(str(key), [float(str(value)) for value in row]) for key, *row in rows]
        return within_agents([(key, cause, effect, weight) for key, (cause, effect, weight) in figures])

    quality = effect_on("qa_score", "evaluations")
    assert abs(quality.slope - planted) < 4 * quality.error
    assert quality.slope > 2 * quality.error
    for measure, weight, much in (("stars", "ratings", 0.05), ("handle_seconds", "interactions", 15)):
        nothing = effect_on(measure, weight)
        assert abs(nothing.slope) < 4 * nothing.error
        assert nothing.error < much
