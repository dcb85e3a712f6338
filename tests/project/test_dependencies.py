"""Each dependency has a reason, and no next major version is let in untried: there is no lock file."""

import re
from pathlib import Path

import pytest

from tests.meltano import ROOT

PROJECTS = [path.parent for path in (*ROOT.glob("*/pyproject.toml"), ROOT / "pyproject.toml")]
DEPENDENCY = re.compile(r'^  "([A-Za-z][\w-]*)(?:\[\w+\])?([~<>=][~<>=!,.\d]+)",(  # .+)?$', re.MULTILINE)
# Its versions are dates of the same data.
UNBOUNDED = {"tzdata"}
# What they are for is in their names.
OBVIOUS = re.compile(r"pytest$|types-")


@pytest.mark.parametrize("project", PROJECTS, ids=lambda path: path.name)
def test_each_dependency_has_a_reason_and_a_bound(project: Path) -> None:
    found = DEPENDENCY.findall((project / "pyproject.toml").read_text())
    assert len(found) > 5
    assert not [name for name, _, why in found if not why and not OBVIOUS.match(name)]
    assert not [name for name, range_, _ in found if not re.search("~=|<", range_) and name not in UNBOUNDED]


@pytest.mark.parametrize("tap", [path for path in PROJECTS if path.name.startswith("tap-")], ids=lambda path: path.name)
def test_what_a_tap_declares_is_what_it_imports(tap: Path) -> None:
    # pyrate-limiter takes filelock for a bucket in a file, and does not ask for it by itself.
    modules = {"filelock": "pyrate_limiter", "pyjwt": "jwt", "python-backoff": "backoff", "tzdata": "zoneinfo"}
    code = "\n".join(path.read_text() for path in tap.rglob("tap_*/**/*.py"))
    imported = set(re.findall(r"^\s*(?:import|from) (\w+)", code, re.MULTILINE))
    declared = {name for name, *_ in DEPENDENCY.findall((tap / "pyproject.toml").read_text())}
    assert {modules.get(name, name.replace("-", "_")) for name in declared} <= imported
