"""The real Meltano, its plugins installed once for all tests."""

from __future__ import annotations

import os
import shutil
import subprocess
from fcntl import LOCK_EX, flock
from pathlib import Path
from typing import TYPE_CHECKING

from tests.singer import BIN

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[1]


class Meltano:
    """Meltano on this project, with a system folder of its own: in one, the same pair runs only once at a time."""

    def __init__(self, installed: Path, folder: Path, project: Path = ROOT) -> None:
        """Use the plugins that are installed there, and this folder for all else but what the project writes."""
        self._folder, self._project = folder, project
        link_plugins(installed, folder)

    def start(self, *arguments: str, environment: Mapping[str, str]) -> subprocess.Popen[str]:
        """Start a command."""
        return subprocess.Popen(
            [BIN / "meltano", *arguments],
            cwd=self._project,
            env={
                **os.environ,
                "MELTANO_SYS_DIR_ROOT": str(self._folder),
                "MELTANO_DATABASE_URI": f"sqlite:///{self._folder / 'meltano.db'}",
                **environment,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *arguments: str, environment: Mapping[str, str]) -> str:
        """Run a command to its end, which has to be a good one, and return all that it said."""
        return ended_well(self.start(*arguments, environment=environment))


def link_plugins(installed: Path, folder: Path) -> None:
    """Have a project whose system folder this is use the plugins that are installed there."""
    for plugin in installed.glob("*/*/venv"):
        link = folder / plugin.relative_to(installed)
        link.parent.mkdir(parents=True)
        link.symlink_to(plugin)


def copy_project(folder: Path) -> Path:
    """Make a project like this one in an empty folder, which a run may write into."""
    shutil.copy(ROOT / "meltano.yml", folder)
    for name in ("plugins", *(path.name for path in ROOT.glob("tap-*"))):
        (folder / name).symlink_to(ROOT / name)
    return folder


def ended_well(process: subprocess.Popen[str]) -> str:
    """Wait for a command, and return its output; it is shown should the command fail."""
    output, _ = process.communicate()
    assert process.returncode == 0, output
    return output


def install(folder: Path) -> Path:
    """Install all plugins below this folder; who comes second finds them there."""
    with folder.with_suffix(".lock").open("w") as lock:
        flock(lock, LOCK_EX)
        # An installation that failed half-way leaves the folder, but not this.
        done = folder / "installed"
        if not done.exists():
            Meltano(folder, folder).run("install", environment={})
            done.touch()
    return folder
