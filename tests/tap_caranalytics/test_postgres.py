"""What a table in PostgreSQL holds: the columns that arrived, and README's query for what a report holds now."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from sandbox.server import Sandbox
from sandbox.warehouse import Warehouse

from tests.contract.contract import day
from tests.meltano import ROOT
from tests.singer import Run, after, run
from tests.tap_caranalytics.reports import MILLISECOND, TAP, catalog, midnight, settings, sync, written

README = (ROOT / "tap-caranalytics" / "README.md").read_text()
STREAMS = ("response", "windows")


def load(result: Run, warehouse: Warehouse, installed: Path) -> None:
    """Hand what a run put out, to its end or not, to the target."""
    (target,) = installed.glob("loaders/target-postgres/venv/bin/target-postgres")
    config = installed.parent / f"{warehouse.sqlalchemy_url.rpartition('/')[2]}-{id(result)}.json"
    config.write_text(
        json.dumps({"sqlalchemy_url": warehouse.sqlalchemy_url, "default_target_schema": "tap_caranalytics"})
    )
    messages = "".join(json.dumps(message) + "\n" for message in result.messages)
    command = [str(target), "--config", str(config)]
    found = subprocess.run(command, input=messages, capture_output=True, text=True, check=False)
    config.unlink()
    assert found.returncode == 0, found.stderr


@pytest.mark.slow
def test_columns_and_the_current_rows(sandbox: Sandbox, installed: Path, warehouse: Warehouse) -> None:
    vendor = sandbox.caranalytics
    (query,) = re.findall(r"```sql\n(.*?)```", README, re.DOTALL)
    changes: Any = {"end_date": day(1), "lookback_days": 1}

    def now(days_ago: int) -> list[tuple[Any, ...]]:
        start = midnight(days_ago).replace(tzinfo=None)
        sql = (
            f"select conversation_id, manual_tag, external_response_id from ({query}) as held where _window_start = %s"
        )
        return sorted(warehouse.query(sql, (start,))[1], key=str)

    def expected(days_ago: int) -> list[tuple[Any, ...]]:
        rows = written(sandbox, "response", days_ago)
        return sorted(
            ((row["conversation_id"], row["manual_tag"], row["external_response_id"]) for row in rows), key=str
        )

    first = sync(sandbox, *STREAMS, **changes)
    load(first, warehouse, installed)
    names, _ = warehouse.query("select * from tap_caranalytics.response limit 1")
    assert "response_content" in names
    assert "survey" not in names
    assert (now(2), now(1)) == (expected(2), expected(1))

    # A new column, a late edit, and a window that has become empty.
    vendor.reports.switch_on("response", "survey", since=midnight(1))
    vendor.reports.edit(vendor.reports.recent("response", midnight(0) - MILLISECOND)[0], manual_tag="edited late")
    for row in vendor.reports.recent("response", midnight(1) - MILLISECOND):
        vendor.reports.remove(row)
    load(sync(sandbox, *STREAMS, state=first.state, **changes | {"lookback_days": 2}), warehouse, installed)
    assert (now(2), now(1)) == ([], expected(1))
    assert "edited late" in str(now(1))
    ((everything,),) = warehouse.query("select count(*) from tap_caranalytics.response")[1]
    assert int(str(everything)) > len(now(1))

    # A run that ends in the middle of a window, and one that ends in a window which no run has read before.
    for start, end in ((day(1), day(1)), (day(3), day(3))):
        config = settings(sandbox, start_date=start, end_date=end)
        rows = len(written(sandbox, "response", 1 if start == day(1) else 3))
        load(run(TAP, config, catalog=catalog(*STREAMS), kill=after(rows // 2)), warehouse, installed)
    assert (now(3), now(2), now(1)) == ([], [], expected(1))
    load(sync(sandbox, *STREAMS, start_date=day(3), **changes), warehouse, installed)
    assert (now(3), now(2), now(1)) == (expected(3), [], expected(1))
