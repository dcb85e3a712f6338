"""Each tap installs alone, from what it builds."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.contract.contract import Contract
from tests.contract.taps import each_tap

ROOT = Path(__file__).parents[2]
UV = [sys.executable, "-m", "uv"]


@each_tap
@pytest.mark.slow
def test_alone(tap: Contract, tmp_path: Path) -> None:
    # The wheel is built from the sdist: what one lacks, the other lacks too.
    subprocess.run([*UV, "build", "-q", ROOT / tap.name, "--out-dir", tmp_path], check=True)
    (wheel,), (_,) = tmp_path.glob("*.whl"), tmp_path.glob("*.tar.gz")
    environment = tmp_path / "venv"
    subprocess.run([*UV, "venv", "-q", "--python", sys.executable, environment], check=True)
    subprocess.run([*UV, "pip", "install", "-q", "--python", environment / "bin" / "python", wheel], check=True)
    for arguments in (["--version"], ["--about", "--format=json"], ["--discover"]):
        executable = environment / "bin" / tap.name
        result = subprocess.run([executable, *arguments], check=True, capture_output=True, text=True, cwd=tmp_path)
        assert tap.name in result.stdout or "streams" in result.stdout
