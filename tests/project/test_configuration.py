"""What a user writes into the project changes that, and nothing else."""

import json
import shutil
from difflib import ndiff
from pathlib import Path

import pytest
import yaml

from tests.contract.contract import Contract, Json
from tests.contract.taps import each_tap
from tests.meltano import ROOT, Meltano, copy_project

EXAMPLE = ROOT / ".env.example"


def test_an_unedited_example_sets_nothing() -> None:
    assert not [line for line in EXAMPLE.read_text().splitlines() if line and not line.startswith("# ")]


@each_tap
def test_the_example_has_every_line_to_fill_in(tap: Contract) -> None:
    definition = yaml.safe_load((ROOT / tap.name / "plugin.yaml").read_text())
    (needed,), prefix = definition["settings_group_validation"], tap.name.upper().replace("-", "_")
    assert all(f"# {prefix}_{name.upper()}=" in EXAMPLE.read_text() for name in needed)


@pytest.mark.slow
@each_tap
def test_an_unedited_copy_of_the_example_changes_no_setting(tap: Contract, tmp_path: Path) -> None:
    meltano = project(tmp_path)
    arguments = ("--environment=sandbox", "config", "print", tap.name)
    before = printed(meltano, *arguments)
    assert before["api_url"].startswith("http://127.0.0.1")
    shutil.copy(EXAMPLE, tmp_path / "project" / ".env")
    assert printed(meltano, *arguments) == before
    # The measure is right: a line without a value would be seen.
    (tmp_path / "project" / ".env").write_text(f"{tap.name.upper().replace('-', '_')}_API_URL=\n")
    assert printed(meltano, *arguments) != before


@pytest.mark.slow
@pytest.mark.parametrize(
    ("plugin", "setting", "value", "line"),
    [
        ("tap-maestroqa", "start_date", "2024-01-01", "start_date: '2024-01-01'"),
        ("tap-agentconnect", "page_size", "500", "page_size: 500"),
        ("target-postgres", "ssl_enable", "true", "ssl_enable: true"),
        ("dbt-postgres", "vendors", "maestroqa", "vendors: maestroqa"),
    ],
)
def test_a_setting_is_one_line_in_meltano_yml(plugin: str, setting: str, value: str, line: str, tmp_path: Path) -> None:
    meltano, before = project(tmp_path), (ROOT / "meltano.yml").read_text().splitlines()
    meltano.run("config", "set", plugin, setting, value, environment={})
    after = (tmp_path / "project" / "meltano.yml").read_text().splitlines()
    changes = [text for text in ndiff(before, after) if text[0] in "+-"]
    # A plugin without settings so far gets the line that begins them, too.
    assert [text for text in changes if text != "+     config:"] == [f"+       {line}"]
    meltano.run("config", "unset", plugin, setting, environment={})
    assert (tmp_path / "project" / "meltano.yml").read_text().splitlines() == before


def printed(meltano: Meltano, *arguments: str) -> Json:
    """Return the JSON that a command ends with, after its log."""
    output, _ = meltano.start(*arguments, environment={}).communicate()
    settings: Json = json.loads(output[output.index("\n{") :])
    return settings


def project(folder: Path) -> Meltano:
    """Make a project like this one, with nothing installed."""
    (folder / "project").mkdir()
    (folder / "none").mkdir()
    return Meltano(folder / "none", folder / "meltano", copy_project(folder / "project"))
