"""A sandbox of its own for a test that changes it, and one that all readers share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sandbox.server import Sandbox

from tests.sandbox.agentconnect.client import WORLD, Client

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def client() -> Iterator[Client]:
    with Sandbox(WORLD) as sandbox:
        yield Client(sandbox)


@pytest.fixture(scope="session")
def reader() -> Iterator[Client]:
    """Share one server, without a quota, among the tests that only read."""
    with Sandbox(WORLD) as sandbox:
        sandbox.agentconnect.lift_limits()
        yield Client(sandbox)
