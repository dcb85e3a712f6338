"""The old name of `fork_server.py`."""

from tests.fork_server import FAST_CLOCK as HASTE

__all__ = ["HASTE"]
