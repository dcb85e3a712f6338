"""One version, and one list of Pythons, wherever they are told."""

import re

import yaml

from tests.meltano import ROOT
from tools.installing import Repository

PACKAGES = [ROOT / "sandbox" / "pyproject.toml", *sorted(ROOT.glob("tap-*/pyproject.toml"))]
CLASSIFIER = re.compile(r'"Programming Language :: Python :: (3\.\d+)"')


def test_one_version() -> None:
    told = {path.parent.name: re.findall(r'^version = "(.*)"', path.read_text(), re.MULTILINE) for path in PACKAGES}
    assert len(told) > 1
    assert set(map(tuple, told.values())) == {(Repository.of(ROOT).version,)}
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest
    assert newest[1] == Repository.of(ROOT).version


def test_what_is_claimed_of_python_is_what_runs() -> None:
    (tested,) = re.findall(r"for version in (.*); do", (ROOT / ".ci" / "run").read_text())
    assert len(tested.split()) > 1
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
    assert workflow["jobs"]["test"]["strategy"]["matrix"]["python"] == tested.split()
    for path in ROOT.glob("tap-*/pyproject.toml"):
        assert CLASSIFIER.findall(path.read_text()) == tested.split()
