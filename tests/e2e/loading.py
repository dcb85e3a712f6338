"""All taps into one PostgreSQL, at the same time, through the real Meltano."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.contract.taps import TAPS
from tests.meltano import Meltano, ended_well

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.server import Sandbox
    from sandbox.warehouse import Warehouse


def load_all(sandbox: Sandbox, warehouse: Warehouse, installed: Path, folder: Path) -> None:
    """Load as much as the contracts' settings ask for."""
    url = {"TARGET_POSTGRES_SQLALCHEMY_URL": warehouse.sqlalchemy_url}
    processes = [
        Meltano(installed, folder / tap.name).start(
            *("--environment=sandbox", "run", tap.name, "target-postgres"),
            environment=tap.environment(tap.config(sandbox)) | url,
        )
        for tap in TAPS
    ]
    for process in processes:
        ended_well(process)
