"""The command that begins a tap: what it makes passes the checks and the battery as it stands."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.meltano import ROOT

pytestmark = pytest.mark.slow
# The battery's long parts are the same code for every tap.
QUICK = "tap-talkdesk and not (killed or any_values or every_request or waited_out or slow)"


def test_a_new_tap_passes_at_once(tmp_path: Path) -> None:
    project = tmp_path / "project"
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, project / name)

    def project_runs(*command: str) -> None:
        result = subprocess.run(
            [sys.executable, "-m", *command], cwd=project, capture_output=True, text=True, check=False
        )
        assert result.returncode == 0, result.stdout + result.stderr

    project_runs("tools", "new-tap", "Talk Desk")
    for command in (
        ["ruff", "check", "."],
        ["ruff", "format", "--check", "."],
        ["mypy", "."],
        ["pytest", "-q", "-n", "2", "tests/contract", "-k", "tap-talkdesk and test_catalog", "--snapshot-update"],
        ["pytest", "-q", "-n", "2", "tests/contract", "-k", QUICK],
        ["pytest", "-q", "-n", "0", "tests/contract/test_discovery.py"],
    ):
        project_runs("uv", "run", "-q", *command)
    plugins = (project / "plugins" / "extractors").glob("tap-talkdesk--*.lock")
    assert len(list(plugins)) == 1
