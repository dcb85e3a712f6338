"""What the Meltano project of this repository says of the sandbox."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]


def taps() -> dict[str, dict[str, Any]]:
    """Return each tap's settings in meltano.yml's environment for the sandbox."""
    project = yaml.safe_load((ROOT / "meltano.yml").read_text())
    (environment,) = (found for found in project["environments"] if found["name"] == "sandbox")
    return {plugin["name"]: plugin["config"] for plugin in environment["config"]["plugins"]["extractors"]}
