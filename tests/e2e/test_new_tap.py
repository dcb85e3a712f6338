"""The command that begins a tap: what it makes passes the checks and the battery as it stands."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.meltano import ROOT

pytestmark = pytest.mark.slow
# What can differ with a tap's code; the rest of the battery takes as long for it as for the others.
QUICK = [f"tests/contract/test_{part}.py" for part in ("discovery", "records", "settings", "values")]


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
        ["pytest", "-q", "-n0", "tests/contract", "-k", "tap-talkdesk and test_catalog", "--snapshot-update"],
        ["pytest", "-q", "-n1", *QUICK, "-k", "tap-talkdesk or documents"],
    ):
        project_runs("uv", "run", "-q", *command)
    plugins = (project / "plugins" / "extractors").glob("tap-talkdesk--*.lock")
    assert len(list(plugins)) == 1


@pytest.mark.parametrize("vendor", ["MaestroQA", "3CX", "!"])
def test_a_name_that_no_tap_can_have_is_one_line(vendor: str) -> None:
    command = [sys.executable, "-m", "tools", "new-tap", vendor]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert result.stderr.startswith("new-tap: ")
    assert len(result.stderr.splitlines()) == 1
