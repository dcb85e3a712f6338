"""The README's first command, run twice."""

import re
import subprocess
from pathlib import Path

import pytest
from sandbox.warehouse import Warehouse

from tests.meltano import link_plugins
from tests.singer import BIN

pytestmark = pytest.mark.slow
TABLE_ROW = re.compile(r"^  (tap_\w+) +(\w+) +([\d,]+) +([\d,]+) ", re.MULTILINE)


def demo(folder: Path) -> dict[tuple[str, str], tuple[int, int]]:
    """Run the demo; return rows and moved rows of each stream, as it shows them."""
    result = subprocess.run(
        [BIN / "sandbox", "demo", "--days", "90", "--folder", folder], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "Read coaching_sessions to its end" in result.stdout
    shown = TABLE_ROW.findall(result.stdout)
    return {(schema, table): (_number(rows), _number(moved)) for schema, table, rows, moved in shown}


def _number(text: str) -> int:
    return int(text.replace(",", ""))


def test_demo(installed: Path, tmp_path: Path) -> None:
    link_plugins(installed, tmp_path / "demo" / "meltano")
    first, second = (demo(tmp_path / "demo") for _ in range(2))
    with Warehouse(tmp_path / "demo" / "postgres") as warehouse:
        for schema, table in warehouse.tables():
            _, ((rows,),) = warehouse.query(f'select count(*) from {schema}."{table}"')
            assert second[schema, table][0] == rows
        assert set(second) == set(warehouse.tables())
    for stream, (rows, moved) in first.items():
        assert moved == rows > 0
        assert second[stream][1] >= 1
    assert sum(moved for _, moved in second.values()) < 0.1 * sum(rows for rows, _ in second.values())
