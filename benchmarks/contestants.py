"""What is compared: how each contestant reads a case's stream, and how its rows are counted."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import manifests
from benchmarks.processes import FOLDER, ROOT, FailedError, environment, records, workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from benchmarks.cases import Case
    from benchmarks.processes import Command, Replayed

# No vendor's pace for taps that are raced: see that folder.
UNPACED = {"PYTHONPATH": str(ROOT / "benchmarks" / "unpaced")}
HERE = {"PYTHONPATH": str(ROOT)}
FLATTENED: dict[str, Any] = {"flattening_enabled": True, "flattening_max_depth": 10}
FLOOR, TAP, DEFAULTS = "floor", "tap", "SDK's defaults"


def nothing() -> None:
    """Prepare nothing."""


@dataclass(frozen=True)
class Contestant:
    """One way of reading a case's stream."""

    name: str
    command: Command
    environment: Mapping[str, str] = field(default_factory=lambda: HERE)
    #: Returns how many rows a run has brought, by the file of its standard output.
    count: Callable[[Path], int] = records
    #: Called before each run, and not measured.
    prepare: Callable[[], object] = nothing


@dataclass(frozen=True)
class Taps:
    """The environment of the taps, in which the floor and the SDK's defaults run as well."""

    folder: Path

    @classmethod
    def found(cls, given: str | None) -> Taps:
        """Return those of an environment, or of a checkout with one; without a path, this environment's."""
        folder = Path(given).absolute() if given else Path(sys.executable).parent
        places = (folder, folder / "bin", folder / ".venv" / "bin")
        for place in places:
            if (place / "tap-agentconnect").is_file():
                return cls(place)
        message = f"There are no taps in {' or '.join(map(str, places))}"
        raise FailedError(message)

    @property
    def python(self) -> Path:
        """The interpreter that runs them."""
        return self.folder / "python"

    def client(self, name: str, *arguments: str | Path) -> Command:
        """Return the command of one of this package's clients."""
        return [self.python, "-m", f"benchmarks.clients.{name}", *arguments]

    def tap(self, served: Replayed, name: str = TAP, **more: Any) -> Contestant:
        """Return the tap itself, with some more settings."""
        config = served.written(f"{name} config", {**served.settings, **more})
        catalog = served.written(f"{name} catalog", self.discovered(served.case, config))
        return Contestant(name, [self.folder / served.case.tap, "--config", config, "--catalog", catalog], UNPACED)

    def on_defaults(self, served: Replayed, name: str = DEFAULTS, **more: Any) -> Contestant:
        """Return the same streams on the SDK's defaults, with the tap's schemas."""
        catalog = self.discovered(served.case, served.written(f"{name} discovery", served.settings))
        streams = {entry["stream"]: entry["schema"] for entry in catalog["streams"]}
        schemas = {name: streams[name] for name in served.case.streams}
        config = served.written(f"{name} config", {**served.settings, **more, "schemas": schemas})
        return Contestant(name, self.client("sdk_defaults", served.case.name, "--config", config))

    def floor(self, served: Replayed, name: str, parser: str) -> Contestant:
        """Return the least that reading takes, with this parser."""
        config = served.written(f"{name} config", served.settings)
        return Contestant(name, self.client("plain", served.case.name, config, parser))

    def discovered(self, case: Case, config: Path) -> dict[str, Any]:
        """Return the catalog that a tap prints, with the case's streams selected and no other."""
        command: Command = [self.folder / case.tap, "--config", config, "--discover"]
        found = subprocess.run(command, env=environment(), capture_output=True, check=False)
        if found.returncode:
            message = f"{case.tap} --discover: exit status {found.returncode}\n{found.stderr.decode()[-2000:]}"
            raise FailedError(message)
        catalog: dict[str, Any] = json.loads(found.stdout)
        for stream in catalog["streams"]:
            for entry in stream["metadata"]:
                if not entry["breadcrumb"]:
                    entry["metadata"]["selected"] = stream["tap_stream_id"] in case.streams
        return catalog


@dataclass(frozen=True)
class Tool:
    """Another tool, in an environment of its own."""

    package: str
    requirement: str

    @cached_property
    def bin(self) -> Path:
        """The folder of its executables; the environment is made when there is none."""
        folder = FOLDER / "environments" / self.package
        if not (folder / "installed").exists():
            uv: Command = [sys.executable, "-m", "uv"]
            install: Command = ["pip", "install", "-q", "--compile-bytecode", "--python", folder, self.requirement]
            for command in (["venv", "-q", "--clear", "--python", sys.executable, folder], install):
                subprocess.run([*uv, *command], check=True)
            (folder / "installed").touch()
        return folder / "bin"


DLT = Tool("dlt", "dlt[filesystem]>=1.31,<2")
AIRBYTE = Tool("airbyte-cdk", "airbyte-cdk>=7.39,<8")


def contestants(served: Replayed, taps: Taps, *, others: bool) -> Iterator[Contestant]:
    """Yield all that read a case, the floor first; other tools only if they are asked for."""
    yield taps.floor(served, FLOOR, "json")
    yield taps.floor(served, "lower floor", "msgspec")
    yield taps.tap(served)
    yield taps.tap(served, f"{TAP}, flattened", **FLATTENED)
    yield taps.on_defaults(served)
    yield taps.on_defaults(served, f"{DEFAULTS}, flattened", **FLATTENED)
    if others and not served.case.not_elsewhere:
        yield _dlt(served, "dlt, extract only", "extract")
        yield _dlt(served, "dlt, to files", "load")
        yield _airbyte(served)


def _dlt(served: Replayed, name: str, goal: str) -> Contestant:
    work = workspace() / "dlt"
    config = served.written(f"{name} config", served.settings)
    return Contestant(
        name,
        [DLT.bin / "python", "-m", "benchmarks.clients.dlt_source", served.case.name, config, work, goal],
        {**HERE, "RUNTIME__DLTHUB_TELEMETRY": "false"},
        count=lambda output: int(output.read_text().split()[-1]),
        prepare=lambda: shutil.rmtree(work, ignore_errors=True),
    )


def _airbyte(served: Replayed) -> Contestant:
    name = AIRBYTE.package
    manifest, streams = manifests.files(served.case.name, served.settings)
    config, catalog = served.written(f"{name} config", manifest), served.written(f"{name} catalog", streams)
    command: Command = [AIRBYTE.bin / "source-declarative-manifest", "read", "--config", config, "--catalog", catalog]
    return Contestant(name, command, {})
