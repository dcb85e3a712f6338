"""Running a tap's real executable, and reading what it says."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

BIN = Path(sys.executable).parent

Json = dict[str, Any]


@dataclass
class Run:
    """What one run of a tap put out."""

    messages: list[Json] = field(default_factory=list)
    log: str = ""
    exit_code: int | None = None
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
    def output(self) -> str:
        """All that the tap wrote, on both channels."""
        return self.log + "".join(map(json.dumps, self.messages))


def run(
    tap: str,
    config: Json | None = None,
    *arguments: str,
    state: Json | None = None,
    catalog: Json | None = None,
    kill_after: int | None = None,
    environment: Mapping[str, str] | None = None,
) -> Run:
    """Run a tap to its end, or kill it (SIGKILL) once it has put out so many records."""
    with tempfile.TemporaryDirectory() as folder:
        command = [str(BIN / tap), *arguments]
        for name, value in (("config", config), ("state", state), ("catalog", catalog)):
            if value is not None:
                path = Path(folder, f"{name}.json")
                path.write_text(json.dumps(value))
                command += [f"--{name}", str(path)]
        log = Path(folder, "log")
        with log.open("w") as stderr:
            process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=stderr, text=True, cwd=folder, env=_clean(environment or {})
            )
        result = Run()
        records = 0
        assert process.stdout
        with process.stdout:
            for line in process.stdout:
                if arguments:
                    result.log += line
                    continue
                result.messages.append(json.loads(line))
                if len(result.messages) % 200 == 0:
                    result.peak_mb = _peak_mb(process.pid)
                records += result.messages[-1]["type"] == "RECORD"
                if records == kill_after:
                    process.send_signal(signal.SIGKILL)
                    break
        result.exit_code = process.wait()
        result.log += log.read_text()
    return result


def _peak_mb(pid: int) -> float:
    """Return the most memory that the process has had (Linux tells; the usual ru_maxrss counts the parent's in)."""
    status = Path(f"/proc/{pid}/status")
    found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text()) if status.exists() else None
    return int(found[1]) / 1024 if found else 0


def _clean(extra: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which no setting of a developer's leaks into a test."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TAP_", "MELTANO_", "TARGET_"))}
    return {**kept, "PYTHONWARNINGS": "error,ignore:Python 3.:FutureWarning", **extra}
