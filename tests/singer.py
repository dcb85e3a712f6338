"""Running a tap's real executable, and reading what it says."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import tempfile
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.fork_server import ENVIRONMENT, fork_server

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.fork_server import Forked

BIN = Path(sys.executable).parent

Json = dict[str, Any]


@dataclass
class Run:
    """What one run of a tap put out."""

    messages: list[Json] = field(default_factory=list)
    log: str = ""
    exit_code: int | None = None
    killed: bool = False
    peak_mb: float = 0

    def of(self, kind: str) -> list[Json]:
        return [message for message in self.messages if message["type"] == kind]

    def records(self, stream: str) -> list[Json]:
        return [message["record"] for message in self.of("RECORD") if message["stream"] == stream]

    def counts(self) -> Counter[str]:
        return Counter(message["stream"] for message in self.of("RECORD"))

    @property
    def state(self) -> Json | None:
        """The value of the last STATE."""
        states = self.of("STATE")
        return states[-1]["value"] if states else None

    @property
    def waits(self) -> list[int]:
        """The seconds that the log says the tap waits before each new try, however fast its clock runs."""
        return [int(seconds) for seconds in re.findall(r"try \d+ of \d+ in (\d+) s", self.log)]

    @property
    def output(self) -> str:
        """All that the tap wrote, on both channels."""
        return self.log + "".join(map(json.dumps, self.messages))


def run(
    tap: str,
    config: Json | str | None = None,
    *arguments: str,
    state: Json | str | None = None,
    catalog: Json | str | None = None,
    kill: Callable[[Json], bool] = lambda _: False,
    by: signal.Signals = signal.SIGKILL,
    environment: Mapping[str, str] | None = None,
) -> Run:
    """Run a tap to its end, or stop it right after a record that `kill` says so of.

    It is killed, or sent another signal `by` which it is to end; SIGPIPE stands for a target that goes away. A file
    that is given as text is written as it is.
    """
    result = Run()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        given = [*arguments]
        for option, value in (("config", config), ("state", state), ("catalog", catalog)):
            if value is not None:
                (folder / f"{option}.json").write_text(value if isinstance(value, str) else json.dumps(value))
                given += [f"--{option}", f"{option}.json"]
        with fork_server().started(tap, given, _clean(environment or {}), folder) as forked:
            _read(folder / "out", forked, result, kill, by)
        result.exit_code = forked.exit_code
        result.log += (folder / "log").read_text()
    return result


def _read(out: Path, forked: Forked, result: Run, kill: Callable[[Json], bool], by: signal.Signals) -> None:
    with out.open() as lines:
        for line in lines:
            if not line.startswith('{"type":'):
                result.log += line
                continue
            result.messages.append(json.loads(line))
            if len(result.messages) % 200 == 0:
                result.peak_mb = max(result.peak_mb, _peak_mb(forked.pid))
            if not result.killed and result.messages[-1]["type"] == "RECORD" and kill(result.messages[-1]):
                result.killed = True
                if by != signal.SIGPIPE:
                    forked.send(by)
                if by in {signal.SIGPIPE, signal.SIGKILL}:
                    break


def after(records: int) -> Callable[[Json], bool]:
    """Return what has a run killed after so many records."""
    counted = count(1)
    return lambda _: next(counted) == records


def _peak_mb(pid: int) -> float:
    """Return the most memory that the process has had (Linux tells; the usual ru_maxrss counts the parent's in)."""
    # It may just have ended.
    with suppress(OSError):
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
        return int(found[1]) / 1024 if found else 0
    return 0


def _clean(extra: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which no setting of a developer's leaks into a test."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TAP_", "MELTANO_", "TARGET_"))}
    return {**kept, **ENVIRONMENT, **extra}
