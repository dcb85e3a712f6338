"""A real Airflow, in an environment of its own that is kept between runs, on a copy of this project."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from fcntl import LOCK_EX, flock
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import yaml

from tests.meltano import ROOT, copy_project
from tests.singer import BIN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sandbox.faults import ResponseFault

VERSION = "3.3"


def installed_airflow() -> Path:
    """Return the folder with Airflow's executables, installed if need be; git ignores it."""
    folder = ROOT / ".ci" / "airflow" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / "lock").open("w") as lock:
        flock(lock, LOCK_EX)
        done = folder / f"installed-{VERSION}"
        if not done.exists():
            uv = [sys.executable, "-m", "uv"]
            subprocess.run([*uv, "venv", "-q", "--clear", "--python", sys.executable, folder], check=True)
            packages = [f"apache-airflow=={VERSION}.*", "apache-airflow-providers-postgres", "asyncpg"]
            subprocess.run(
                [*uv, "pip", "install", "-q", "--compile-bytecode", "--python", folder / "bin" / "python", *packages],
                check=True,
            )
            done.touch()
    return folder / "bin"


class Airflow:
    """Airflow with its DAGs, its database and all it writes below one folder."""

    def __init__(self, folder: Path, plugins: Path, tenants: Mapping[str, Any], variables: Mapping[str, str]) -> None:
        """Prepare the project's copy; `variables` are the worker's, with connections and where the state is kept."""
        self._bin, self.folder = installed_airflow(), folder
        self._services: dict[str, subprocess.Popen[bytes]] = {}
        self._of_a_run = f"MELTANO_SYS_DIR_ROOT={folder / 'tmp'}"
        self.project, self.temporary = folder / "project", folder / "tmp"
        for made in (self.project, self.temporary, folder / "home"):
            made.mkdir(parents=True)
        copy_project(self.project)
        shutil.copytree(ROOT / "orchestrate" / "dags", self.project / "orchestrate" / "dags")
        (self.project / "orchestrate" / "tenants.yml").write_text(yaml.safe_dump({**tenants}))
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("TAP_", "MELTANO_", "TARGET_", "AIRFLOW", "FAST_CLOCK"))
        }
        self._environment = {
            **kept,
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "TMPDIR": str(self.temporary),
            "HOME": str(folder / "home"),
            "MELTANO_SYS_DIR_ROOT": str(plugins),
            "AIRFLOW_HOME": str(folder / "home"),
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.project / "orchestrate" / "dags"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "false",
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__CORE__PARALLELISM": "3",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(port),
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__API__SECRET_KEY": secrets.token_hex(16),
            "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(32),
            # A task whose worker is gone is found after seconds, not minutes.
            "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "5",
            "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "20",
            "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_SEC": "1",
            "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
            "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "25",
            "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "2",
            **variables,
        }

    def run(self, *arguments: str) -> str:
        """Run a command of Airflow's to its good end; return what it says."""
        return self._output([self._bin / "airflow", *arguments])

    def python(self, code: str, *arguments: str) -> str:
        """Run Python in Airflow's environment; return what it says."""
        return self._output([self._bin / "python", "-c", code, *arguments])

    def _output(self, command: list[str | Path]) -> str:
        done = subprocess.run(
            command,
            env=self._environment,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    def start(self, service: str) -> None:
        """Start a service, also one that was killed; what it says is appended to a file."""
        if killed := self._services.get(service):
            killed.wait()
        with (self.folder / f"{service}.log").open("ab") as log:
            self._services[service] = subprocess.Popen(
                [self._bin / "airflow", service],
                env=self._environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def processes(self, service: str) -> list[int]:
        """Return a service's processes, workers included, but not what they have Meltano do."""
        return [pid for pid in with_children(self._services[service].pid) if not having(self._of_a_run, [pid])]

    def stop(self) -> None:
        """Kill what runs of it, Meltano included."""
        for service in self._services.values():
            if service.poll() is None:
                kill(with_children(service.pid))
            service.wait()
        kill(having(f"TMPDIR={self.temporary}"))


def with_children(pid: int) -> list[int]:
    """Return a process and all that it has started. (Some overwrite their environment, in which a mark might be.)"""
    children: dict[int, list[int]] = {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parent = int(file.read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(file.parent.name))
    found = [pid]
    for each in found:
        found += children.get(each, [])
    return found


def having(variable: str, among: Iterable[int] | None = None) -> list[int]:
    """Return the processes with a variable in their environment that begins so."""
    found = []
    pids = among if among is not None else [int(file.name) for file in Path("/proc").glob("[0-9]*")]
    for pid in pids:
        with suppress(OSError):
            given = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
            if any(item.startswith(variable.encode()) for item in given):
                found.append(pid)
    return found


def kill(pids: Iterable[int], *, stopped: bool = False) -> None:
    """Kill processes, or only stop them, so that they notice nothing."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP if stopped else signal.SIGKILL)


def connection(**extra: str) -> str:
    """Return a connection as Airflow reads it from a variable."""
    own = {name: extra.pop(name) for name in ("login", "password") if name in extra}
    return json.dumps({**own, "extra": extra})


def create_database(uri: str, name: str) -> str:
    """Create a database next to this one; return its URI."""
    with psycopg.connect(uri, autocommit=True) as server:
        server.execute(f'create database "{name}"'.encode())
    head, _, query = uri.partition("?")
    return f"{head.rpartition('/')[0]}/{name}?{query}"


def until(condition: Iterator[bool], seconds: float) -> None:
    """Ask again and again until it holds; fail when that takes longer than a broken machine would."""
    deadline, tick = threading.Event(), threading.Event()
    timer = threading.Timer(seconds, deadline.set)
    timer.start()
    try:
        for holds in condition:
            if holds:
                return
            assert not deadline.is_set(), "it did not happen"
            tick.wait(0.2)
    finally:
        timer.cancel()


def told(event: threading.Event, spoil: ResponseFault) -> ResponseFault:
    """Return the fault; the event tells when it happens."""

    def spoil_and_tell(answer: Any) -> Any:
        event.set()
        return spoil(answer)

    return spoil_and_tell
