"""The README's recipe for the newest version of each row."""

import json
import re
import sqlite3
from datetime import timedelta
from pathlib import Path

from sandbox.agentconnect.api import AgentConnect
from sandbox.server import Sandbox

from tests.contract.contract import day
from tests.tap_agentconnect.runs import TAP, only, sync


def test_the_recipe_for_the_newest_version(sandbox: Sandbox, vendor: AgentConnect) -> None:
    readme = (Path(__file__).parents[2] / TAP / "README.md").read_text()
    (recipe,) = re.findall(r"```sql\n(.*?)```", readme, re.DOTALL)
    narrow = {"catalog": only("feedbacks"), "start_date": day(10)}
    runs = [sync(sandbox, **narrow)]
    for number in range(2):
        # No time moves with these changes.
        for record in list(vendor.feedbacks.values())[-6:]:
            vendor.touch(record, vendor.now + timedelta(seconds=number - 2), tags=[str(number)])
        runs.append(sync(sandbox, runs[-1].state, **narrow))
    versions = [record for result in runs for record in result.records("feedbacks")]
    database = sqlite3.connect(":memory:")
    database.execute("create table feedbacks (uuid, sequence_id, request_created_at, response_received_at, tags)")
    for order in (versions, versions[::-1]):
        database.execute("delete from feedbacks")
        for row in order:
            values = [row["uuid"], row["sequence_id"], row["request_created_at"], row["response_received_at"]]
            database.execute("insert into feedbacks values (?, ?, ?, ?, ?)", [*values, json.dumps(row["tags"])])
        found = {row[0]: (row[1], json.loads(row[4])) for row in database.execute(recipe)}
        assert found == {
            key: (record.sequence_id, record.row["tags"])
            for key, record in vendor.feedbacks.items()
            if record.created.isoformat() >= day(10)
        }
