"""Programs that are measured: what each takes of time, processor and memory, and how many rows it puts out."""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import TracebackType

    from typing_extensions import Self

    from benchmarks.cases import Case

ROOT = Path(__file__).parent.parent
# Results, and the other tools' environments; a test has a folder of its own.
FOLDER = Path(os.environ.get("BENCHMARKS_FOLDER") or ROOT / "output" / "benchmarks")
# What a developer's shell may set, and what would make one contestant slower than a user's would be.
_LEFT_OUT = ("PYTHON", "TAP_", "TARGET_", "MELTANO_", "VIRTUAL_ENV", "DLT_", "RUNTIME__")


Command = list[str | Path]


@cache
def workspace() -> Path:
    """Return a folder for what only this process needs, which goes with it: another may measure at the same time."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    folder = TemporaryDirectory(dir=FOLDER)
    atexit.register(folder.cleanup)
    return Path(folder.name)


class FailedError(Exception):
    """A program that did not do what it was to be measured at."""


@dataclass(frozen=True)
class Usage:
    """What one run took: seconds, seconds of processor, and megabytes at its peak."""

    wall: float
    cpu: float
    peak: float


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return an environment in which Python compiles, and buffers its output, as it does for a user."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_LEFT_OUT)}
    return {**kept, **(more or {})}


def run(command: Command, output: Path, more: Mapping[str, str] | None = None, *, input_: Path | None = None) -> Usage:
    """Run a program to its end, its standard output in a file; FailedError with its last words when it fails."""
    log = output.with_suffix(".log")
    with output.open("wb") as out, log.open("wb") as err, (input_ or Path(os.devnull)).open("rb") as given:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdin=given, stdout=out, stderr=err, env=environment(more), cwd=workspace())
        usage = _ended(process, started)
    _check(process, command, log)
    return usage


def run_counted(command: Command, more: Mapping[str, str] | None = None) -> tuple[Usage, int]:
    """Run a program to its end, and count the records that it puts out, more of them than a disk may hold."""
    log = workspace() / "counted.log"
    with log.open("wb") as err:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=err, env=environment(more), cwd=workspace())
        assert process.stdout  # noqa: S101  # for mypy: it is a pipe
        with process.stdout as lines:
            count = _records(lines)
        usage = _ended(process, started)
    _check(process, command, log)
    return usage, count


def records(output: Path) -> int:
    """Count the records that a program has put out, as lines of Singer's or of Airbyte's protocol."""
    with output.open("rb") as lines:
        return _records(lines)


def records_by_stream(output: Path) -> Counter[str]:
    """Count a tap's records by their stream."""
    with output.open("rb") as lines:
        messages = map(json.loads, lines)
        return Counter(message["stream"] for message in messages if message["type"] == "RECORD")


def _records(lines: Iterable[bytes]) -> int:
    return sum(line.startswith((b'{"type":"RECORD"', b'{"type": "RECORD"')) for line in lines)


def _ended(process: subprocess.Popen[bytes], started: float) -> Usage:
    # Its own figures, and those of its children; a peak is the largest of any one process.
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    return Usage(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def _check(process: subprocess.Popen[bytes], command: Command, log: Path) -> None:
    if process.returncode:
        message = f"{' '.join(map(str, command))}: exit status {process.returncode}\n{log.read_text()[-2000:]}"
        raise FailedError(message)


class Replayed:
    """The server of a case's rows, in a process of its own, while the context is open."""

    def __init__(self, case: Case, count: int, *, lazy: bool = False) -> None:
        """Serve so many rows; `lazy`: encoded when they are asked for, as a million would not fit in memory."""
        self.case = case
        self._command = [sys.executable, "-m", "benchmarks.replay", case.name, str(count), *(["lazy"] * lazy)]
        self._folder = workspace() / f"{case.name} {count}"
        self._folder.mkdir(exist_ok=True)
        self.settings: dict[str, Any] = {}
        self.rows = 0

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment(), cwd=ROOT
        )
        ready: IO[bytes] | None = self._process.stdout
        line = ready.readline() if ready else b""
        if not line:
            message = "The server of encoded rows did not start."
            raise FailedError(message)
        told = json.loads(line)
        self.settings, self.rows = told["settings"], sum(told["counts"].values())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait()

    def written(self, name: str, value: Any) -> Path:
        """Write a file for a contestant to read."""
        path = self._folder / f"{name}.json"
        path.write_text(json.dumps(value))
        return path
