"""Eight tenants of one tap at once, in one project folder: each reads its own state, and only that."""

import json
from collections import defaultdict
from pathlib import Path

import pytest
from sandbox.server import Sandbox

from tests.contract.agentconnect import AGENTCONNECT
from tests.meltano import Meltano, ended_well

pytestmark = pytest.mark.slow
TENANTS = [f"tenant{number}" for number in range(8)]


def test_el_with_a_state_id_each(sandbox: Sandbox, installed: Path, tmp_path: Path) -> None:
    meltano = Meltano(installed, tmp_path / "meltano")
    config = {key: value for key, value in AGENTCONNECT.config(sandbox).items() if key != "start_date"}
    ids = sorted(record.sequence_id for record in sandbox.agentconnect.feedbacks.values())
    # Far enough apart, and from the end, that no tenant's rows could be another's.
    bookmarks = {tenant: ids[-20 * (place + 1)] for place, tenant in enumerate(TENANTS)}
    for tenant, bookmark in bookmarks.items():
        write_state(tmp_path, tenant, bookmark)
    # Several commands at once on a system database that is not there yet would all make its tables.
    meltano.run("state", "list", environment={})
    processes = [
        meltano.start(
            *("--environment=sandbox", "el", "tap-agentconnect", "target-jsonl", f"--state-id={state_id(tenant)}"),
            environment=AGENTCONNECT.environment({**config, "user_agent": tenant, "lookback_seconds": 0})
            | {
                "MELTANO_STATE_BACKEND_URI": f"file://{tmp_path / 'states'}",
                "TAP_AGENTCONNECT__SELECT": '["feedbacks.*"]',
                "TAP_AGENTCONNECT__LOAD_SCHEMA": tenant,
                "TARGET_JSONL_DESTINATION_PATH": str(folder_of(tmp_path, tenant)),
            },
        )
        for tenant in TENANTS
    ]
    for process in processes:
        ended_well(process)
    asked: dict[str, list[int]] = defaultdict(list)
    for seen in sandbox.agentconnect.seen:
        asked[seen.headers["user-agent"]].append(int(seen.query["after"]))
    for tenant, bookmark in bookmarks.items():
        # It resumes just below the bookmark, as rows with an equal one may be missing.
        assert asked[tenant][0] == bookmark - 1
        lines = (folder_of(tmp_path, tenant) / "feedbacks.jsonl").read_text().splitlines()
        assert {json.loads(line)["sequence_id"] for line in lines} == {found for found in ids if found >= bookmark}
        assert read_state(tmp_path, tenant) == ids[-1]


def state_id(tenant: str) -> str:
    """What `meltano run --state-id-suffix` would use."""
    return f"sandbox:tap-agentconnect-to-target-jsonl:{tenant}"


def folder_of(root: Path, tenant: str) -> Path:
    (folder := root / "rows" / tenant).mkdir(parents=True, exist_ok=True)
    return folder


def write_state(root: Path, tenant: str, bookmark: int) -> None:
    """Leave a state as an earlier run would have."""
    (folder := root / "states" / state_id(tenant)).mkdir(parents=True)
    bookmarks = {"feedbacks": {"replication_key": "sequence_id", "replication_key_value": bookmark}}
    (folder / "state.json").write_text(
        json.dumps({"completed": {"singer_state": {"bookmarks": bookmarks}}, "partial": {}})
    )


def read_state(root: Path, tenant: str) -> int:
    state = json.loads((root / "states" / state_id(tenant) / "state.json").read_text())
    return int(state["completed"]["singer_state"]["bookmarks"]["feedbacks"]["replication_key_value"])
