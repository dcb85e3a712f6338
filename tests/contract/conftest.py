from collections.abc import Iterator
from datetime import timedelta

import pytest
from sandbox.server import Sandbox
from sandbox.world import World

from tests.conftest import LATENESS

# Longer than any sync of the battery looks back; two years would take each test longer to make than to read.
HISTORY = timedelta(days=100)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(World(history=HISTORY)) as server:
        for vendor in server.vendors:
            vendor.lateness = LATENESS
        yield server
