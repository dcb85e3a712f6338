from collections.abc import Iterator
from datetime import timedelta

import pytest
from sandbox.server import Sandbox

from tests.conftest import served


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with served(timedelta(days=260)) as server:
        yield server
