"""A vendor with a hundred days of data."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sandbox.agentconnect.api import AgentConnect
from sandbox.server import Sandbox

from tests.conftest import served


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with served(timedelta(days=100)) as server:
        yield server


@pytest.fixture
def vendor(sandbox: Sandbox) -> AgentConnect:
    return sandbox.agentconnect
