import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import hypothesis
import pytest
from sandbox.server import Sandbox
from sandbox.warehouse import Warehouse
from sandbox.world import TWO_YEARS, World

from tests.meltano import Meltano, install

# Seconds that a request may be on its way longer than the next one without looking like too many of them.
LATENESS = 0.5

# The same examples each time, and as long as they take: what a clock or chance decides is no test.
hypothesis.settings.register_profile("steady", derandomize=True, deadline=None)
hypothesis.settings.load_profile("steady")


@contextmanager
def served(history: timedelta = TWO_YEARS) -> Iterator[Sandbox]:
    """Serve the vendors of a world that is so old; many tests are content with a young one, and sooner done."""
    with Sandbox(World(history=history)) as server:
        for vendor in server.vendors:
            vendor.lateness = LATENESS
        yield server


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with served() as server:
        yield server


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Warehouse]:
    with Warehouse(tmp_path / "postgres") as server:
        yield server


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder with Meltano's plugins, which all workers share."""
    own = tmp_path_factory.getbasetemp()
    return install((own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "meltano")


@pytest.fixture
def meltano(installed: Path, tmp_path: Path) -> Meltano:
    return Meltano(installed, tmp_path / "meltano")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Spread what takes longest over the rest, so that no worker has two of them or comes to one at its end."""
    long = [item for item in items if item.path.parent.name == "e2e"]
    items[:] = [item for item in items if item not in long]
    step = len(items) // max(len(long), 1)
    for number, item in enumerate(long):
        items.insert(number * (step + 1), item)
