"""Runs of the tap, and what the vendor would have them bring."""

from typing import Any

from sandbox.agentconnect.api import AgentConnect
from sandbox.server import Sandbox
from tap_agentconnect.tap import TapAgentConnect

from tests.contract.agentconnect import AGENTCONNECT
from tests.contract.test_records import invalid
from tests.singer import Run, run

TAP = "tap-agentconnect"
FEEDS = ("feedbacks", "qa_reviews", "qa_audits", "qa_calibrations", "coaching_sessions")


def only(*streams: str) -> Any:
    """Return a catalog that selects these streams."""
    catalog = TapAgentConnect(config={}, validate_config=False, setup_mapper=False).catalog_dict
    for entry in catalog["streams"]:
        (own,) = (found["metadata"] for found in entry["metadata"] if not found["breadcrumb"])
        own["selected"] = entry["tap_stream_id"] in streams
    return catalog


def attempt(sandbox: Sandbox, state: Any = None, *, catalog: Any = None, **changes: Any) -> Run:
    return run(TAP, {**AGENTCONNECT.config(sandbox), **changes}, state=state, catalog=catalog)


def sync(sandbox: Sandbox, state: Any = None, **changes: Any) -> Run:
    result = attempt(sandbox, state, **changes)
    assert result.exit_code == 0, result.log
    assert not invalid(result)
    return result


def newest(*runs: Run) -> dict[str, int]:
    """Return the sequence id of the last version of each row that was sent."""
    return {
        message["record"]["uuid"]: message["record"]["sequence_id"]
        for result in runs
        for message in result.of("RECORD")
        if message["stream"] != "employees"
    }


def newest_versions(vendor: AgentConnect, since: str) -> dict[str, int]:
    return {
        key: record.sequence_id
        for name in FEEDS
        for key, record in getattr(vendor, name).items()
        if record.created.isoformat() >= since
    }


def expected_feedbacks(vendor: AgentConnect, since: str) -> dict[str, int]:
    return {key: r.sequence_id for key, r in vendor.feedbacks.items() if r.created.isoformat() >= since}


def error_line(result: Run) -> str:
    assert "Traceback" not in result.log
    (line,) = [line for line in result.log.splitlines() if line.startswith("Error:")]
    return line


def bookmark_of(result: Run, stream: str) -> Any:
    return (result.state or {})["bookmarks"][stream].get("replication_key_value")
