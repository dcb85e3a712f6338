"""What a table in PostgreSQL holds: the columns that arrived, and README's query for what holds now."""

import re

import pytest
from sandbox.server import Sandbox
from sandbox.warehouse import Warehouse

from tests.contract.caranalytics import CARANALYTICS
from tests.contract.contract import day
from tests.meltano import ROOT, Meltano
from tests.tap_caranalytics.reports import MILLISECOND, TAP, midnight, settings, written

README = (ROOT / "tap-caranalytics" / "README.md").read_text()


def load(sandbox: Sandbox, meltano: Meltano, warehouse: Warehouse) -> None:
    environment = CARANALYTICS.environment(settings(sandbox, start_date=day(2)))
    environment |= {
        "TARGET_POSTGRES_SQLALCHEMY_URL": warehouse.sqlalchemy_url,
        "TAP_CARANALYTICS__SELECT": '["response.*"]',
    }
    meltano.run("--environment=prod", "run", TAP, "target-postgres", environment=environment)


@pytest.mark.slow
def test_columns_and_the_current_rows(sandbox: Sandbox, meltano: Meltano, warehouse: Warehouse) -> None:
    vendor = sandbox.caranalytics
    vendor.lift_limits()
    found = re.search(r"```sql\n(.*?)```", README, re.DOTALL)
    assert found
    sql = f"select conversation_id, manual_tag, survey from ({found[1]}) as now where _window_start = %s"
    load(sandbox, meltano, warehouse)
    names, _ = warehouse.query("select * from tap_caranalytics.response limit 1")
    assert "response_content" in names
    assert "survey" not in names
    vendor.reports.switch_on("response", "survey", since=midnight(1))
    row = vendor.reports.recent("response", midnight(0) - MILLISECOND)[0]
    vendor.reports.edit(row, manual_tag="edited late")
    load(sandbox, meltano, warehouse)
    _, rows = warehouse.query(sql, (midnight(1).replace(tzinfo=None),))
    expected = [(row["conversation_id"], row["manual_tag"], row["survey"]) for row in written(sandbox, "response", 1)]
    assert sorted(rows, key=str) == sorted(expected, key=str)
    assert "edited late" in str(rows)
    _, ((everything,),) = warehouse.query("select count(*) from tap_caranalytics.response")
    _, ((now,),) = warehouse.query(f"select count(*) from ({found[1]}) as now")
    assert int(str(everything)) > int(str(now))
