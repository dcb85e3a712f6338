"""A process with the taps' imports done, which forks one run after another: the same code, a second sooner.

Started as `python tests/fork_server.py`; it reads one job a line and answers with the run's pid, then its exit code.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import traceback
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any

from pyrate_limiter import InMemoryBucket, Rate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

ENVIRONMENT = {"PYTHONWARNINGS": "error,ignore:Python 3.:FutureWarning"}
# In a run with this in its environment, whatever waits does so for a thousandth of the time.
FAST_CLOCK = {"FAST_CLOCK": "1000"}


@dataclass
class Forked:
    """One run."""

    pid: int
    exit_code: int | None = None  # negative for a signal; None until it has ended

    def send(self, sent: signal.Signals) -> None:
        """Send it a signal; it may just have ended by itself."""
        # Below are not processes but groups of them, the one that all tests run in among these.
        assert self.pid > 1
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, sent)


class ForkServer:
    """The process that forks."""

    def __init__(self) -> None:
        command = [sys.executable, __file__]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ | ENVIRONMENT
        )

    @contextlib.contextmanager
    def started(self, tap: str, arguments: list[str], environment: Mapping[str, str], folder: Path) -> Iterator[Forked]:
        """Start a run, which writes into the FIFO `out` and the file `log` of the folder, and wait for it to end."""
        os.mkfifo(folder / "out")
        job = {"tap": tap, "arguments": arguments, "environment": dict(environment), "folder": str(folder)}
        assert self._process.stdin
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        forked = Forked(self._answer())
        try:
            yield forked
        except BaseException:
            forked.send(signal.SIGKILL)
            raise
        finally:
            # Also of a run whose test has failed: the next run would take this answer for its own.
            forked.exit_code = self._answer()

    def _answer(self) -> int:
        assert self._process.stdout
        return int(self._process.stdout.readline())


@lru_cache
def fork_server() -> ForkServer:
    return ForkServer()


def _serve() -> None:
    for line in sys.stdin:
        job = json.loads(line)
        (script,) = entry_points(group="console_scripts", name=job["tap"])
        import_module(script.module)
        if pid := os.fork():
            print(pid, flush=True)
            print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
        else:
            _run(script, job)


def _run(script: EntryPoint, job: dict[str, Any]) -> None:
    """Do in the fork what the console script does."""
    os.environ.clear()
    os.environ.update(job["environment"])
    os.chdir(job["folder"])
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(os.open("log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
    os.dup2(os.open("out", os.O_WRONLY), 1)
    sys.stdout, sys.stderr = os.fdopen(1, "w", encoding="utf-8"), os.fdopen(2, "w", encoding="utf-8", buffering=1)
    sys.argv = [job["tap"], *job["arguments"]]
    code: Any = 0
    _speed_up(int(os.environ.pop("FAST_CLOCK", "1")))
    try:
        # Only here: this is where the SDK reads the log level.
        script.load()()
    except SystemExit as end:
        code = end.code
    except BaseException:  # noqa: BLE001  # as the interpreter would end
        with contextlib.suppress(BaseException):
            sys.excepthook(*sys.exc_info())
        traceback.print_exc()
        code = 1
    with contextlib.suppress(OSError):
        sys.stdout.flush()
    os._exit(code if isinstance(code, int) else 0 if code is None else 1)


def _speed_up(times: int) -> None:
    """Divide what a tap waits for: its sleeps, and the intervals in which its limiter counts requests."""
    sleep, prepare = time.sleep, InMemoryBucket.__init__

    def prepare_faster(bucket: InMemoryBucket, rates: list[Rate]) -> None:
        prepare(bucket, [Rate(rate.limit, max(1, rate.interval // times)) for rate in rates])

    time.sleep = lambda seconds: sleep(float(seconds) / times)
    InMemoryBucket.__init__ = prepare_faster  # type: ignore[method-assign, assignment]


if __name__ == "__main__":
    _serve()
