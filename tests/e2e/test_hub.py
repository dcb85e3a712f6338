"""The READMEs' ways to install a tap, as they are printed: from a clone, and from an address once there is one."""

import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml

from tests.contract.contract import Contract
from tests.contract.taps import TAPS, each_tap
from tests.meltano import ROOT
from tests.singer import BIN
from tools.documents import between, load
from tools.installing import PLACE, Repository, install_section, plugin_definition

pytestmark = pytest.mark.slow
COMMANDS = re.compile(r"```sh\n(.*?)```", re.DOTALL)


def ways(document: str) -> list[str]:
    """Return the commands of each way to install that a document has."""
    section = document.partition("<!-- install -->")[2].partition("<!-- /install -->")[0]
    return [commands.replace(PLACE, str(ROOT)) for commands in COMMANDS.findall(section)]


def run(commands: str, folder: Path, path: Path = BIN, **environment: str) -> str:
    """Run commands as somebody does whose shell finds programs in this folder first, and whose home is empty."""
    home = folder / "home"
    home.mkdir(exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MELTANO_", "TAP_", "VIRTUAL_"))}
    result = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands],
        cwd=folder,
        env={
            "UV_CACHE_DIR": uv_cache(),
            **kept,
            "HOME": str(home),
            "PATH": f"{path}:{BIN}:{os.environ['PATH']}",
            "MELTANO_CLI_DISABLE_VERSION_CHECK": "1",
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def uv_cache() -> str:
    """Return the cache to share, as an empty home would begin an empty one."""
    return subprocess.run([BIN / "uv", "cache", "dir"], check=True, capture_output=True, text=True).stdout.strip()


def clone(folder: Path) -> Path:
    """Make a clone with a tag out of what would be committed."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    git = "git -c user.name=Somebody -c user.email=somebody@code.example"
    tag = f"v{Repository.of(ROOT).version}"
    run(f"git init -q && git add -- . ':!home' && {git} commit -qm Release && git tag {tag}", folder)
    return folder


@each_tap
def test_from_a_clone(tap: Contract, tmp_path: Path) -> None:
    _, as_a_command, with_meltano = ways((ROOT / tap.name / "README.md").read_text())
    installs_a_command(f"cd '{ROOT}'\n{as_a_command}", tap.name, tmp_path)
    installs_in_a_project(with_meltano, tap.name, tmp_path)


def test_from_a_clone_with_pip(tmp_path: Path) -> None:
    # One is enough: the line is generated, and that each tap installs alone is tested with uv.
    tap = TAPS[0].name
    with_pip, *_ = ways((ROOT / tap / "README.md").read_text())
    installs_with_pip(f"cd '{ROOT}'\n{with_pip}", tap, tmp_path)


def installs_with_pip(commands: str, tap: str, folder: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    python = folder / "venv" / "bin"
    assert run(f"{commands}\n'{python}/{tap}' --version", folder, python).endswith(sdk())


def installs_a_command(commands: str, tap: str, folder: Path) -> None:
    run(commands, folder, UV_TOOL_DIR=str(folder / "tools"), UV_TOOL_BIN_DIR=str(folder / "bin"))
    assert run(f"'{folder}/bin/{tap}' --version", folder).endswith(sdk())


def installs_in_a_project(commands: str, tap: str, folder: Path) -> None:
    """Run the commands in a Meltano project of somebody else's, and then its tap."""
    (project := folder / "project").mkdir()
    (project / "meltano.yml").write_text("project_id: elsewhere\nsend_anonymous_usage_stats: false\n")
    run(commands, project)
    assert f"{tap} v" in run(f"meltano invoke {tap} --version", project)


def sdk() -> str:
    """Return how a tap's answer to --version ends."""
    return f"Meltano SDK v{version('singer-sdk')}\n"


def test_the_root_readme_says_the_same() -> None:
    with_meltano, without = ways((ROOT / "README.md").read_text())
    tap = next(tap.name for tap in TAPS if f"meltano add {tap.name} " in with_meltano)
    with_pip, _, own = ways((ROOT / tap / "README.md").read_text())
    assert with_meltano == own
    assert without.startswith(with_pip)


def test_from_an_address_once_there_is_one(tmp_path: Path) -> None:
    # A file's address stands in for the one that pyproject.toml may name one day.
    (tmp_path / "taps.git").mkdir()
    address = f"file://{clone(tmp_path / 'taps.git')}".removesuffix(".git")
    repository = Repository(address, Repository.of(ROOT).version)
    tap = TAPS[0].name
    text = between("install", install_section(load(tap), repository), "<!-- install -->\n<!-- /install -->")
    with_pip, as_a_command, with_meltano = ways(text)
    installs_with_pip(with_pip, tap, tmp_path)
    installs_a_command(as_a_command, tap, tmp_path)
    definition = plugin_definition(ROOT / tap / "plugin.yaml", {}, repository)
    (tmp_path / "plugin.yaml").write_text(yaml.dump(definition))
    installs_in_a_project(with_meltano.replace(f"{ROOT}/{tap}/plugin.yaml", "../plugin.yaml"), tap, tmp_path)
    assert definition["repo"] == address
