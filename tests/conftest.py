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

from tests.fork_server import FAST_CLOCK
from tests.meltano import install

# Seconds that a request may be on its way longer than the next one without looking like too many of them.
CLOCK_TOLERANCE = 0.5

# Output that is not buffered hides what happens to the rest of a buffer.
os.environ.pop("PYTHONUNBUFFERED", None)

# The same examples each time, and as long as they take: what a clock or chance decides is no test.
hypothesis.settings.register_profile("steady", derandomize=True, deadline=None)
hypothesis.settings.load_profile("steady")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long, so that no worker is alone with it in the end."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Name at once what fails, as a suite that is killed prints no summary."""
    if report.failed and "PYTEST_XDIST_WORKER" not in os.environ:
        *_, last = report.longreprtext.strip().split("\n")
        print(f"\nFAILED {report.nodeid}\n{last}", flush=True)


@pytest.fixture(autouse=True)
def clock(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have taps wait for a thousandth of the time, at vendors without limits, unless a test is about the real pace."""
    if not request.node.get_closest_marker("real_clock"):
        for name, value in FAST_CLOCK.items():
            monkeypatch.setenv(name, value)


@contextmanager
def served(history: timedelta = TWO_YEARS) -> Iterator[Sandbox]:
    """Serve the vendors of a world that is so old; many tests are content with a young one, and sooner done."""
    with Sandbox(World(history=history)) as server:
        for vendor in server.vendors:
            vendor.clock_tolerance = CLOCK_TOLERANCE
            if FAST_CLOCK.keys() <= os.environ.keys():
                vendor.lift_limits()
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
