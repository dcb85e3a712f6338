from collections.abc import Iterator

import pytest
from sandbox.server import Sandbox

# Seconds that a request may be on its way longer than the next one without looking like too many of them.
LATENESS = 0.5


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as server:
        for vendor in server.vendors:
            vendor.lateness = LATENESS
        yield server
