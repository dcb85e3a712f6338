"""What runs the taps: a run whose test fails spoils no other."""

import signal
import subprocess
import sys

import pytest
from sandbox.server import Sandbox

from tests.contract.taps import TAPS
from tests.fork_server import Forked
from tests.singer import Json, run


def test_a_test_that_fails_amid_a_run_leaves_the_next_its_own_exit_code(sandbox: Sandbox) -> None:
    tap = TAPS[0]
    config = tap.config(sandbox)

    def fail(_: Json) -> bool:
        message = "amid it"
        raise RuntimeError(message)

    with pytest.raises(RuntimeError, match="amid it"):
        run(tap.name, config, kill=fail)
    assert run(tap.name, config).exit_code == 0
    assert run(tap.name, config, kill=lambda _: True).exit_code == -signal.SIGKILL


def test_what_has_ended_is_sent_nothing() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    Forked(ended.pid).send(signal.SIGKILL)
    for group in (0, 1, -9):
        with pytest.raises(AssertionError):
            Forked(group).send(signal.SIGKILL)
