"""A fifth tap to begin with: a minimal vendor, tap and contract, entered wherever the project lists its taps."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

# The names that stand for the vendor's in tools/template.
LABEL, NAME = "NewVendor", "newvendor"
SANDBOX_SETTINGS = """\
      - name: tap-newvendor
        config:
          api_url: http://127.0.0.1:8765/newvendor/v1
          api_token: sandbox-token-newvendor
          start_date: '2025-01-01'
"""
PLUGIN = """\
  - name: tap-newvendor
    variant: contact-centre-taps
    pip_url: -e ./tap-newvendor
"""
FOLDERS = {f"tap-{NAME}": f"tap-{NAME}", "sandbox": "sandbox/sandbox", "tests": "tests/contract"}


def create(root: Path, label: str) -> str:
    """Add a tap for the vendor that is written so; return the tap's name."""
    name = re.sub(r"[^a-z0-9]", "", label.lower())
    title = re.sub(r"\W", "", label)
    tap = f"tap-{name}"
    if not name or not name[0].isalpha():
        message = f"{label!r} does not begin with a letter, as a package's name must"
        raise ValueError(message)
    if (root / tap).exists():
        message = f"{tap} exists already"
        raise ValueError(message)
    for source, target in _files(root):
        path = root / _renamed(str(target.relative_to(root)), name, title)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_renamed(source.read_text(), name, title))
    shutil.copy(root / "LICENSE", root / tap)
    _enter(root, name, title)
    return tap


def _files(root: Path) -> Iterable[tuple[Path, Path]]:
    """Yield the template's files, and where each belongs under its own name."""
    template = root / "tools" / "template"
    for part, target in FOLDERS.items():
        for source in sorted((template / part).rglob("*")):
            if source.is_file() and "__pycache__" not in source.parts:
                yield source, root / target / source.relative_to(template / part)


def _renamed(text: str, name: str, title: str) -> str:
    return text.replace(LABEL, title).replace(NAME.upper(), name.upper()).replace(NAME, name)


def _enter(root: Path, name: str, title: str) -> None:
    """Add the lines that name a tap where nothing finds it by itself."""
    _insert(
        root / "pyproject.toml",
        (r"^dependencies = \[.*(?=\])", f', "tap-{name}"'),
        (r"^tap-\w+ = \{ workspace = true \}\n", f"tap-{name} = {{ workspace = true }}\n"),
        (r'^mypy_path = ".*(?=")', f":tap-{name}"),
    )
    _insert(
        root / "sandbox" / "sandbox" / "server.py",
        (r"^from sandbox\.\w+\.api import \w+\n", f"from sandbox.{name}.api import {title}\n"),
        (r"^        self\.\w+ = \w+\(self\.world\)\n", f"        self.{name} = {title}(self.world)\n"),
    )
    _insert(
        root / "meltano.yml",
        (
            r"^      - name: tap-\w+\n        config:\n(?:          .*\n)+",
            SANDBOX_SETTINGS.replace(NAME, name),
        ),
        (
            r"^  - name: tap-\w+\n    variant: .*\n    pip_url: .*\n",
            PLUGIN.replace(NAME, name),
        ),
    )


def _insert(path: Path, *insertions: tuple[str, str]) -> None:
    """Insert each text behind the last place that its pattern finds; ValueError where it finds none."""
    text = path.read_text()
    for pattern, addition in insertions:
        places = list(re.finditer(pattern, text, re.MULTILINE))
        if not places:
            message = f"{path.name} has no line like {pattern}"
            raise ValueError(message)
        end = places[-1].end()
        text = text[:end] + addition + text[end:]
    path.write_text(text)
