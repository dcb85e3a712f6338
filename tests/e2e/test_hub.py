"""A tap's plugin definition adds it to a Meltano project of somebody else's."""

import os
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.contract.contract import Contract
from tests.contract.taps import each_tap
from tests.meltano import link_plugins
from tests.singer import BIN

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]


@each_tap
def test_meltano_add(tap: Contract, installed: Path, tmp_path: Path) -> None:
    definition = yaml.safe_load((ROOT / tap.name / "plugin.yaml").read_text())
    assert definition["pip_url"].endswith(f"#subdirectory={tap.name}")
    # The code of this commit stands in for what the definition would fetch; that it installs is proved elsewhere.
    (tmp_path / "plugin.yaml").write_text(yaml.dump({**definition, "pip_url": str(ROOT / tap.name)}))
    (tmp_path / "meltano.yml").write_text("project_id: elsewhere\nsend_anonymous_usage_stats: false\n")
    link_plugins(installed, tmp_path / ".meltano")
    for arguments in (
        ["add", "--no-install", tap.name, "--from-ref", "plugin.yaml"],
        ["invoke", "--no-install", tap.name, "--version"],
    ):
        result = subprocess.run(
            [BIN / "meltano", *arguments],
            cwd=tmp_path,
            env={**os.environ, "MELTANO_CLI_DISABLE_VERSION_CHECK": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stdout + result.stderr
    assert tap.name in result.stdout
