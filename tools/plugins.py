"""Lock files of Meltano plugins: what Meltano would ask its Hub for, so that nothing here needs the Hub."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Json = dict[str, Any]


def lock_file(root: Path, plugin_type: str, plugin: Json) -> Path:
    """Return where Meltano looks for a plugin's lock file."""
    return root / "plugins" / plugin_type / f"{plugin['name']}--{plugin['variant']}.lock"


def lock(plugin: Json, plugin_type: str) -> str:
    """Return a plugin's definition as a lock file.

    Defaults stay with the plugin: a value here would be passed on as if the user had set it.
    """
    settings = [{key: value for key, value in setting.items() if key != "value"} for setting in plugin["settings"]]
    return json.dumps({**plugin, "plugin_type": plugin_type, "settings": settings}, indent=2, ensure_ascii=False) + "\n"


def write_loader_lock(root: Path, name: str) -> None:
    """Write the lock file of an installed loader, with all the settings that it knows itself."""
    project = yaml.safe_load((root / "meltano.yml").read_text())
    plugin = next(loader for loader in project["plugins"]["loaders"] if loader["name"] == name)
    about = about_loader(root / ".meltano" / "loaders" / name / "venv" / "bin" / name)
    definition = {
        "capabilities": sorted(about["capabilities"]),
        "description": about["description"].split("\n")[0],
        "executable": name,
        "label": plugin.get("label", name),
        "name": name,
        "namespace": name.replace("-", "_"),
        "pip_url": plugin["pip_url"],
        "settings": sorted(settings_of(about["settings"]), key=lambda setting: setting["name"]),
        "variant": plugin["variant"],
    }
    lock_file(root, "loaders", definition).write_text(lock(definition, "loaders"))


def about_loader(executable: Path) -> Json:
    """Return what a loader says of itself."""
    shown = subprocess.run([executable, "--about", "--format=json"], capture_output=True, text=True, check=True)
    about: Json = json.loads(shown.stdout)
    return about


def settings_of(schema: Json, prefix: str = "") -> Iterator[Json]:
    """Yield a loader's settings, those inside an object with their path."""
    kinds = {"integer": "integer", "boolean": "boolean", "object": "object", "array": "array"}
    for name, definition in schema["properties"].items():
        types = definition.get("type", "string")
        type_ = next(type_ for type_ in ([types] if isinstance(types, str) else types) if type_ != "null")
        # A map whose keys are the user's own is one setting.
        if definition.get("properties") and definition.get("additionalProperties", True) in (True, False):
            yield from settings_of(definition, f"{prefix}{name}.")
            continue
        setting = {
            "name": f"{prefix}{name}",
            "kind": kinds.get(type_, "string"),
            "label": definition.get("title", name),
            "description": " ".join(definition.get("description", "").split()),
        }
        secret = definition.get("secret") or any(word in name for word in ("password", "private_key", "sqlalchemy_url"))
        yield {**setting, "sensitive": True} if secret else setting
