"""Runs of the tap, and what the vendor would have them bring."""

from typing import Any

from sandbox.maestroqa.api import MaestroQA
from sandbox.server import Sandbox

from tests.contract.maestroqa import MAESTROQA
from tests.singer import Run, run

TAP = "tap-maestroqa"


def sync(sandbox: Sandbox, state: Any = None, **changes: Any) -> Run:
    result = run(TAP, {**MAESTROQA.config(sandbox), **changes}, state=state)
    assert result.exit_code == 0, result.log
    return result


def failed(sandbox: Sandbox, state: Any = None, **changes: Any) -> str:
    """Run the tap, and return the one line that says why it ends."""
    result = run(TAP, {**MAESTROQA.config(sandbox), **changes}, state=state)
    assert result.exit_code == 1
    assert "Traceback" not in result.log
    lines = result.log.splitlines()
    # Settings are refused by the SDK, in its own form.
    return next((line for line in lines if line.startswith("Error:")), None) or next(
        line for line in lines if "| ERROR " in line
    )


def ids(result: Run) -> set[str]:
    return {record["_id"] for record in result.records("coaching_sessions")}


def created_since(vendor: MaestroQA, since: str) -> set[str]:
    return {key for key, session in vendor.sessions.items() if str(session["createdAt"]) >= since}


def only_the_newest(vendor: MaestroQA, count: int) -> list[dict[str, Any]]:
    """Have the vendor forget all other sessions."""
    kept = sorted(vendor.sessions.values(), key=lambda session: str(session["createdAt"]))[-count:]
    vendor.sessions = {session["_id"]: session for session in kept}
    return kept
