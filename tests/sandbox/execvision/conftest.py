"""Two years of data to read, and an empty account to fill."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sandbox.server import Sandbox
from sandbox.world import World

from tests.sandbox.execvision.client import NOW, Client

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def world() -> World:
    return World(NOW)


@pytest.fixture(scope="session")
def served(world: World) -> Iterator[Client]:
    """Two years of data, which no test changes."""
    with Sandbox(world) as sandbox:
        sandbox.execvision.lift_limits()
        yield Client(sandbox)


@pytest.fixture(scope="session")
def spare(world: World) -> Iterator[Sandbox]:
    with Sandbox(world) as sandbox:
        yield sandbox


@pytest.fixture
def client(spare: Sandbox) -> Client:
    """An account without a row, for a test to fill."""
    # A server a test would take longer than the tests.
    spare.execvision.__init__(spare.world)  # type: ignore[misc]
    spare.execvision.lift_limits()
    spare.execvision.account.clear()
    return Client(spare)
