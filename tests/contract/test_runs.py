"""What runs the taps: a run whose test fails spoils no other."""

import os
import signal

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
    pid = os.fork()
    if not pid:
        os._exit(0)
    os.waitpid(pid, 0)
    Forked(pid).send(signal.SIGKILL)
    for group in (0, 1, -9):
        with pytest.raises(AssertionError):
            Forked(group).send(signal.SIGKILL)
