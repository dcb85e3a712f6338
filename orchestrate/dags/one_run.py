"""One `meltano el` that ends with its worker, and leaves nothing but rows, state and what it said."""

from __future__ import annotations

import json
import logging
import os
import re
import select
import shutil
import signal
import subprocess
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

# Private, on a disk of this machine's; below it a folder for each run that is under way.
SCRATCH = Path(tempfile.gettempdir()) / f"contact-centre-taps-{os.getuid()}"
TENANT = re.compile(r"[a-z][a-z0-9_]{0,30}")
READ = re.compile(r"Read (\w+) to its end: (\d+) rows, (\d+) requests, ([\d.]+) s of waiting .*; bookmark: (.*)")
# What no other try can change: settings, and what the vendor refuses.
HOPELESS = re.compile(r"Config validation failed|Error: (Settings refused|rate_limit_file|.+ refused [A-Z]+ )")
# Meltano ends when its worker does, in whatever way, and then also a tap that it leaves waiting for an answer, and all
# files. Should this shell be killed, too, Meltano ends by itself, and the next run here clears away the rest.
WITH_WORKER = """
trap 'kill $run' TERM
setpriv --pdeathsig TERM setsid "$@" & run=$!
wait $run; status=$?
while kill -0 $run 2>/dev/null; do wait $run; status=$?; done
kill -KILL -$run 2>/dev/null
rm -rf "$MELTANO_SYS_DIR_ROOT"
exit $status
"""
log = logging.getLogger(__name__)


@dataclass
class Result:
    """What a run has said of itself."""

    rows: int = 0
    requests: int = 0
    waited: float = 0
    bookmarks: dict[str, str] = field(default_factory=dict)
    error: str = ""
    is_hopeless: bool = False

    def read(self, line: str) -> None:
        """Take in a line of Meltano's, and log what of it a person would read."""
        try:
            entry = json.loads(line)
        except ValueError:
            entry = {"event": line.rstrip()}
        said = entry["event"]
        if said == "METRIC" or entry.get("level") == "debug":
            return
        log.info("%s: %s", entry.get("name", "meltano"), said)
        if found := READ.fullmatch(said):
            self.rows += int(found[2])
            self.requests += int(found[3])
            self.waited += float(found[4])
            self.bookmarks[found[1]] = found[5]
        self.is_hopeless = self.is_hopeless or bool(HOPELESS.match(said))
        # A tap ends with one line that says it all; where there is none, what went wrong first is nearest to it.
        if said.startswith("Error: "):
            self.error = said
        elif entry.get("level") == "error" and not self.error:
            self.error = f"{said}: {entry['message']}" if "message" in entry else said

    def shown(self) -> dict[str, Any]:
        """Return it as what is stored with the task."""
        return {name: value for name, value in asdict(self).items() if name not in {"error", "is_hopeless"}}


class OneRun:
    """One account's run on this machine."""

    def __init__(self, project: Path, account: str, tap: str, loader: str) -> None:
        """Name the run's places; nothing is made before it begins."""
        self._project, self._tap, self._loader = project, tap, loader
        self._folder = SCRATCH / account
        self.quota_file = SCRATCH / ".quota" / f"{account}.db"

    def load(self, environment: str, state_id: str, variables: dict[str, str], *, force: bool) -> Result:
        """Run Meltano to its end; `force` where the run that holds its lock is known to be gone."""
        command = ["setpriv", "--pdeathsig", "TERM", "sh", "-c", WITH_WORKER, "sh"]
        command += ["meltano", "--log-format=json", f"--environment={environment}", "el", self._tap, self._loader]
        command += ["--no-install", f"--state-id={state_id}", *(["--force"] if force else [])]
        result = Result()
        with self._place():
            process = subprocess.Popen(
                command,
                cwd=self._project,
                env=self._environment(variables),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                umask=0o077,
            )
            for line in process.stdout or ():
                result.read(line)
            status = process.wait()
        result.error = (result.error or f"Meltano ended with status {status}") if status else ""
        return result

    @contextmanager
    def _place(self) -> Iterator[None]:
        """Make the system folder, which holds secrets while the run lasts and leads to the installed plugins."""
        SCRATCH.mkdir(mode=0o700, exist_ok=True)
        if SCRATCH.stat().st_uid != os.getuid() or SCRATCH.stat().st_mode & 0o077:
            message = f"{SCRATCH} is not this user's alone: remove it"
            raise RuntimeError(message)
        self._remove_what_was_killed()
        # Seen by other runs only under its lock.
        new = Path(tempfile.mkdtemp(prefix=".", dir=SCRATCH))
        lock = os.open(new, os.O_RDONLY)
        try:
            flock(lock, LOCK_EX)
            for plugin in (f"extractors/{self._tap}", f"loaders/{self._loader}"):
                (new / plugin).mkdir(parents=True)
                (new / plugin / "venv").symlink_to(installed(self._project) / plugin / "venv")
            new.rename(self._folder)
            yield
        finally:
            remove(self._folder)
            os.close(lock)

    def _remove_what_was_killed(self) -> None:
        """Clear away after runs on this machine whose worker is gone, whatever account they were for."""
        for folder in SCRATCH.glob("[!.]*"):
            with suppress(FileNotFoundError):
                lock = os.open(folder, os.O_RDONLY)
                try:
                    flock(lock, LOCK_EX | LOCK_NB)
                    remove(folder)
                except BlockingIOError:
                    if folder == self._folder:
                        message = f"{folder.name} is being loaded on this machine already"
                        raise RuntimeError(message) from None
                finally:
                    os.close(lock)

    def _environment(self, variables: dict[str, str]) -> dict[str, str]:
        """Return the worker's environment without what is the worker's own, and with the run's."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "_AIRFLOW"))}
        where = {name: str(self._folder) for name in ("MELTANO_SYS_DIR_ROOT", "XDG_STATE_HOME", "TMPDIR")}
        database = f"sqlite:///{installed(self._project)}/meltano.db"
        quota = f"{self._tap}_RATE_LIMIT_FILE".upper().replace("-", "_")
        return {"MELTANO_DATABASE_URI": database, **kept, **where, quota: str(self.quota_file), **variables}


def remove(folder: Path) -> None:
    """End what is still alive of a run, and remove what it has written."""
    mark = f"MELTANO_SYS_DIR_ROOT={folder}".encode()
    for variables in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if mark in variables.read_bytes().split(b"\0"):
                process = os.pidfd_open(int(variables.parent.name))
                try:
                    signal.pidfd_send_signal(process, signal.SIGKILL)
                    select.select([process], [], [])
                finally:
                    os.close(process)
    shutil.rmtree(folder, ignore_errors=True)


def installed(project: Path) -> Path:
    """Return the folder in which `meltano install` has put the plugins."""
    return Path(os.environ.get("MELTANO_SYS_DIR_ROOT", project / ".meltano"))


def secret_settings(project: Path, tap: str) -> set[str]:
    """Return the names of the tap's settings that are secret."""
    (lock,) = (project / "plugins/extractors").glob(f"{tap}--*.lock")
    return {setting["name"] for setting in json.loads(lock.read_text())["settings"] if setting.get("sensitive")}


def check(project: Path, tenant: str, tap: str, settings: dict[str, Any]) -> None:
    """Raise ValueError for what tenants.yml must not hold."""
    if not TENANT.fullmatch(tenant):
        message = f"tenants.yml: {tenant!r}: a tenant's name has lower-case letters, digits and underscores"
        raise ValueError(message)
    if found := secret_settings(project, tap) & settings.keys():
        message = f"tenants.yml: {tenant}, {tap}: {', '.join(sorted(found))} belongs into the connection"
        raise ValueError(message)
