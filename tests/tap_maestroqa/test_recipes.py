"""The README's recipes, on two runs between which a to-do is completed without moving the session's updatedAt."""

import json
import os
import re
import subprocess
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import duckdb
import pytest
from sandbox.server import Sandbox
from sandbox.warehouse import Warehouse

from tests.contract.maestroqa import MAESTROQA
from tests.meltano import ROOT
from tests.singer import run

RECIPES = re.findall(r"```sql\n(.*?)```", (ROOT / MAESTROQA.name / "README.md").read_text(), re.DOTALL)


@pytest.fixture
def appended(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> set[tuple[str, Any]]:
    """Write what target-jsonl would have written, and return what is so by now: each to-do, and whether it is done."""
    vendor, config = sandbox.maestroqa, MAESTROQA.config(sandbox)
    first = run(MAESTROQA.name, config)
    for session in list(vendor.sessions.values())[-50:]:
        if session["todos"] and not session["isDeleted"]:
            vendor.complete_todo(session, datetime.now(timezone.utc))
    second = run(MAESTROQA.name, config, state=first.state)
    folder = tmp_path / "output" / "tap_maestroqa"
    folder.mkdir(parents=True)
    records = first.records("coaching_sessions") + second.records("coaching_sessions")
    (folder / "coaching_sessions.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    monkeypatch.chdir(tmp_path)
    sent = {record["_id"] for record in records}
    return {
        (session["_id"], todo["completedAt"] is not None)
        for session in vendor.sessions.values()
        if session["_id"] in sent
        for todo in session["todos"]
    }


def test_the_newest_of_each_key(appended: set[tuple[str, Any]]) -> None:
    (recipe,) = [recipe for recipe in RECIPES if "_changed_at" in recipe]
    found = {(session, completed is not None) for session, _, completed in rows_of(recipe)}
    assert found == appended
    assert any(done for _, done in found)
    by_updated = recipe.replace("_changed_at desc", "updatedAt desc, _changed_at")
    assert {(session, completed is not None) for session, _, completed in rows_of(by_updated)} != appended


@pytest.mark.slow
def test_arrays_into_rows(sandbox: Sandbox, installed: Path, warehouse: Warehouse) -> None:
    (recipe,) = [recipe for recipe in RECIPES if "::timestamptz" in recipe]
    result = run(MAESTROQA.name, MAESTROQA.config(sandbox))
    (target,) = installed.glob("loaders/target-postgres/venv/bin/target-postgres")
    subprocess.run(
        [target, "--config=ENV"],
        env={
            **os.environ,
            "TARGET_POSTGRES_SQLALCHEMY_URL": warehouse.sqlalchemy_url,
            "TARGET_POSTGRES_DEFAULT_TARGET_SCHEMA": "tap_maestroqa",
        },
        input="".join(json.dumps(message) + "\n" for message in result.messages),
        text=True,
        check=True,
    )
    expected = {
        (
            session["_id"],
            todo["title"],
            todo["completedAt"] and datetime.fromisoformat(todo["completedAt"].replace("Z", "+00:00")),
        )
        for session in result.records("coaching_sessions")
        for todo in session["todos"]
    }
    assert any(completed for _, _, completed in expected)
    assert set(warehouse.query(recipe)[1]) == expected


def moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text.replace("Z", "+00:00")) if text else None


def rows_of(query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        return connection.execute(query).fetchall()
