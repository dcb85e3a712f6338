"""How a tap is installed: from a clone, until pyproject.toml names an address that the repository can be had from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.metadata import requires
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from pathlib import Path

    from singer_sdk import Tap

# What a Meltano project of somebody else's keeps in its .env: only there can a path hold for any project.
CLONE = "CONTACT_CENTRE_TAPS"
PLACE = "/path/to/the/clone"


@dataclass(frozen=True)
class Repository:
    """Where the taps can be had: an address, "" for none, and the version that is tagged there."""

    address: str
    version: str

    @classmethod
    def of(cls, root: Path) -> Repository:
        """Read both from pyproject.toml; ValueError where one has no line."""
        text = (root / "pyproject.toml").read_text()
        found = {name: re.search(rf'^{name} = "(.*)"', text, re.MULTILINE) for name in ("repository", "version")}
        address, version = (match[1] if match else None for match in found.values())
        if address is None or version is None:
            message = "pyproject.toml names no repository or no version"
            raise ValueError(message)
        return cls(address.removesuffix("/").removesuffix(".git"), version)

    def source(self, tap: str) -> str:
        """Return what pip installs the tap from, in a clone's folder or anywhere."""
        if not self.address:
            return f"./{tap}"
        return f"git+{self.address}.git@v{self.version}#subdirectory={tap}"

    def definition(self, tap: str) -> dict[str, str]:
        """Return what a plugin definition says of where the tap is; Meltano fills in the variable."""
        if not self.address:
            return {"pip_url": f"${CLONE}/{tap}"}
        return {"pip_url": self.source(tap), "repo": self.address}


def install_section(tap: type[Tap], repository: Repository) -> str:
    """Return the three ways to install a tap."""
    source = repository.source(tap.name)
    quoted = f'"{source}"' if repository.address else source
    lead = "With" if repository.address else "In a clone of this repository, with"
    return f"""\
{lead} pip, into the active environment:

```sh
python3 -m pip install {quoted}
```

or as a command in an environment of its own, with uv (or pipx):

```sh
uv tool install {quoted}
```

{own_project(tap.name, repository)}"""


def own_project(tap: str, repository: Repository) -> str:
    """Return how a tap is added to a Meltano project that is not this one."""
    commands = f"meltano add {tap} --from-ref {PLACE}/{tap}/plugin.yaml"
    if repository.address:
        where = "with the definition in a clone of this repository"
    else:
        where = "whose `.env` says where the clone is"
        commands = f'echo "{CLONE}={PLACE}" >> .env\n{commands}'
    return f"In a Meltano project of your own, {where}:\n\n{_sh(commands)}"


def with_pip(tap: str, repository: Repository) -> str:
    """Return how a tap is used without Meltano."""
    source = f'"{repository.source(tap)}"' if repository.address else repository.source(tap)
    commands = f"python3 -m pip install {source}\n{tap} --config config.json | target-jsonl"
    return f"Without Meltano, into any Singer target:\n\n{_sh(commands)}"


def _sh(commands: str) -> str:
    return f"```sh\n{commands}\n```"


def supported(tap: type[Tap], root: Path) -> str:
    """Return a table of what the tap can do, and with which versions of what it needs."""
    capabilities = ", ".join(f"`{capability}`" for capability in sorted(map(str, tap.capabilities)))
    pythons = tap.get_supported_python_versions() or []
    meltano = yaml.safe_load((root / "meltano.yml").read_text())["requires_meltano"]
    rows = {
        "Capabilities": capabilities,
        "Python": ", ".join(pythons),
        "Singer SDK": f"`singer-sdk{_sdk(tap.name)}`",
        "Meltano": f"`meltano{meltano}`, or none",
    }
    return "\n".join(["| | |", "|---|---|", *(f"| {title} | {value} |" for title, value in rows.items())])


def _sdk(tap: str) -> str:
    (found,) = (match for line in requires(tap) or [] if (match := re.match(r"singer-sdk(?:\[.*?\])?(.*)", line)))
    return found[1]


def plugin_definition(path: Path, told: dict[str, Any], repository: Repository) -> dict[str, Any]:
    """Return a plugin.yaml brought up to date: its own words, what the code tells, where the tap is."""
    own = yaml.safe_load(path.read_text())
    kept = {name: value for name, value in own.items() if name not in {"pip_url", "repo"}}
    return dict(sorted((kept | told | repository.definition(path.parent.name)).items()))
