"""What a newcomer relies on: a tap's files import each other in one direction, and none is long."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests.contract.contract import Contract
from tests.contract.taps import each_tap
from tests.meltano import ROOT

LONGEST = 400  # lines


@each_tap
def test_no_import_circle(tap: Contract) -> None:
    package = ROOT / tap.name / tap.name.replace("-", "_")
    imports = {path: set(imported(path)) for path in package.rglob("*.py")}
    assert any(imports.values())
    TopologicalSorter(imports).prepare()


def imported(path: Path) -> list[Path]:
    """Return the files that one imports from its own package, also those for types alone."""
    return [
        path.parent / f"{name.replace('.', '/')}.py"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and node.level == 1
        for name in ([node.module] if node.module else [alias.name for alias in node.names])
    ]


@pytest.mark.parametrize("folder", ["benchmarks", "sandbox", "tap-*", "tests", "tools"])
def test_no_long_file(folder: str) -> None:
    lengths = {path: path.read_text().count("\n") for path in ROOT.glob(f"{folder}/**/*.py")}
    assert lengths
    assert not [path.name for path, length in lengths.items() if length > LONGEST]
