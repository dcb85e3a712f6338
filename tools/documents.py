"""The parts of READMEs, meltano.yml, plugin.yaml and .env.example that the taps' code determines."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from singer_sdk import Tap

from tools import scale
from tools.installing import Repository, install_section, own_project, plugin_definition, supported, with_pip
from tools.lineage import lineage
from tools.plugins import lock, lock_file
from tools.sources import sources
from tools.troubleshooting import troubleshooting

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
# Settings that the SDK adds to every tap, and what Meltano calls their types.
BUILT_IN = ("stream_map", "stream_maps", "faker_config", "flattening_", "batch_config")
# A decimal is one that Meltano 4.4 fails to pass on ("Decimal is not JSON serializable"); taps read numbers from text.
KINDS = {"integer": "integer", "number": "string", "boolean": "boolean", "array": "array", "object": "object"}

# An empty line in .env would be a value, and beat the one in meltano.yml.
ENVIRONMENT_NOTE = """\
# Copy to .env, and remove the # of the lines that you fill in. They win over meltano.yml.

# target-postgres, and dbt behind it
# TARGET_POSTGRES_HOST=
# TARGET_POSTGRES_PORT=5432
# TARGET_POSTGRES_USER=
# TARGET_POSTGRES_PASSWORD=
# TARGET_POSTGRES_DATABASE=

"""

Settings = dict[str, dict[str, Any]]


def documents(root: Path = ROOT) -> Iterator[tuple[Path, str]]:
    """Yield each generated file with the text it should have."""
    for folder in sorted(root.glob("tap-*/tap_*")):
        for master in sorted((root / "tools/base").glob("*.py")):
            note = f"# Generated from tools/base/{master.name} by `python -m tools generate`: edit it there.\n"
            yield folder / "base" / master.name, note + master.read_text()
    taps = [load(path.name) for path in sorted(root.glob("tap-*"))]
    readme, repository = root / "README.md", Repository.of(root)
    example = "\n\n".join(way("tap-maestroqa", repository) for way in (own_project, with_pip))
    text = between("install", example, readme.read_text())
    yield readme, between("taps", overview(taps), text)
    growth = root / "docs" / "scale.md"
    yield growth, between("figures", scale.figures(), growth.read_text())
    yield root / ".env.example", ENVIRONMENT_NOTE + "\n".join(environment(tap) for tap in taps)
    told = {tap.name: (" ".join((tap.__doc__ or "").split()), streams_of(tap)) for tap in taps}
    yield root / "transform/models/sources.yml", sources(told)
    yield root / "transform/lineage.svg", lineage(root / "transform")
    for tap in taps:
        folder = root / tap.name
        text = (folder / "README.md").read_text()
        for marker, part in parts(tap, repository, root).items():
            text = between(marker, part, text)
        yield folder / "README.md", text
        plugin = plugin_definition(folder / "plugin.yaml", definition(tap), repository)
        yield folder / "plugin.yaml", yaml.dump(plugin, sort_keys=True, allow_unicode=True, width=4096)
        yield lock_file(root, "extractors", plugin), lock(plugin, "extractors")


def parts(tap: type[Tap], repository: Repository, root: Path) -> dict[str, str]:
    """Return the generated parts of a tap's README by their markers."""
    streams = streams_of(tap).values()
    return {
        "install": install_section(tap, repository),
        "supported": supported(tap, root),
        "streams": stream_table(tap),
        "settings": settings_tables(tap),
        "troubleshooting": troubleshooting(next(iter(streams)).vendor, streams),
    }


def load(name: str) -> type[Tap]:
    """Return the class of the tap with this name."""
    module = import_module(f"{name.replace('-', '_')}.tap")
    return next(
        item
        for item in vars(module).values()
        if isinstance(item, type) and issubclass(item, Tap) and getattr(item, "name", None) == name
    )


def settings_of(tap: type[Tap]) -> tuple[Settings, Settings]:
    """Return the tap's own settings, and those that the SDK adds."""
    tap.append_builtin_config(tap.config_jsonschema)
    settings: Settings = tap.config_jsonschema["properties"]
    built_in = {name: setting for name, setting in settings.items() if name.startswith(BUILT_IN)}
    return {name: setting for name, setting in settings.items() if name not in built_in}, built_in


def kind(setting: dict[str, Any]) -> str:
    """Return Meltano's word for a setting's type."""
    types = setting.get("type", "string")
    name = next(name for name in ([types] if isinstance(types, str) else types) if name != "null")
    return "date_iso8601" if setting.get("format") == "date-time" else KINDS.get(name, "string")


def required(tap: type[Tap]) -> list[str]:
    """Return the settings that must be given."""
    return list(tap.config_jsonschema["required"])


def definition(tap: type[Tap]) -> dict[str, Any]:
    """Return what a plugin definition says of the tap's code, as Meltano Hub wants it: sorted."""
    own, built_in = settings_of(tap)
    return {
        "capabilities": sorted(str(capability) for capability in tap.capabilities),
        "settings": [_definition(name, setting) for name, setting in sorted((own | built_in).items())],
        "settings_group_validation": [sorted(required(tap))],
        "supported_python_versions": tap.get_supported_python_versions(),
    }


def _definition(name: str, setting: dict[str, Any]) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": name, "label": setting.get("title", name)}
    entry["kind"] = "options" if "enum" in setting else kind(setting)
    if "enum" in setting:
        entry["options"] = [{"label": value, "value": value} for value in setting["enum"] if value is not None]
    if "default" in setting:
        entry["value"] = setting["default"]
    if setting.get("secret"):
        entry["sensitive"] = True
    return {**entry, "description": " ".join(setting["description"].split())}


def environment(tap: type[Tap]) -> str:
    """Return the lines of .env.example, none of them in force: what must be given, and what may be."""
    own, _ = settings_of(tap)
    needed, prefix = required(tap), tap.name.upper().replace("-", "_")
    lines = {name: f"# {prefix}_{name.upper()}={_default(setting)}" for name, setting in own.items()}
    must = [lines[name] for name in own if name in needed]
    may = [lines[name] for name in own if name not in needed]
    return "\n".join([f"# {tap.name}: required", *must, f"# {tap.name}: optional, with defaults", *may]) + "\n"


def _default(setting: dict[str, Any]) -> str:
    value = setting.get("default", "")
    return str(value).lower() if isinstance(value, bool) else str(value)


def settings_tables(tap: type[Tap]) -> str:
    """Return the tap's own settings as a table, the SDK's folded below."""
    own, built_in = settings_of(tap)
    return (
        _settings_table(own, required(tap))
        + "\n\n<details><summary>Settings that the Singer SDK adds</summary>\n\n"
        + _settings_table(built_in, [])
        + "\n\n</details>"
    )


def _settings_table(settings: Settings, needed: list[str]) -> str:
    rows = ["| Setting | Type | Default | What it does |", "|---|---|---|---|"]
    for name, setting in settings.items():
        default = "**required**" if name in needed else f"`{_default(setting)}`" if "default" in setting else ""
        shown = "number" if "number" in setting.get("type", ()) else kind(setting).split("_")[0]
        type_ = " or ".join(f"`{value}`" for value in setting.get("enum", []) if value) or shown
        secret = " Secret." if setting.get("secret") else ""
        rows.append(f"| `{name}` | {type_} | {default} | {' '.join(setting['description'].split())}{secret} |")
    return "\n".join(rows)


def overview(taps: list[type[Tap]]) -> str:
    """Return a table with a row for each tap: what it reads, and its streams."""
    rows = ["| Tap | What it reads | Streams |", "|---|---|---|"]
    for tap in taps:
        about = " ".join((tap.__doc__ or "").split())
        streams = ", ".join(f"`{name}`" for name in streams_of(tap))
        rows.append(f"| [{tap.name}]({tap.name}/README.md) | {about} | {streams} |")
    return "\n".join(rows)


def streams_of(tap: type[Tap]) -> dict[str, Any]:
    """Return the tap's streams by name."""
    # Any: what the taps' streams add to the SDK's is the same in all, but has no type of its own here.
    return {**tap(config={}, validate_config=False, setup_mapper=False).streams}


def stream_table(tap: type[Tap]) -> str:
    """Return the tap's streams as a table."""
    titles = ("Stream", "Endpoint", "Key", "Replication key", "A changed row", "A deleted row", "What it holds")
    rows = [f"| {' | '.join(titles)} |", f"|{'---|' * len(titles)}"]
    for stream in streams_of(tap).values():
        keys = ", ".join(f"`{key}`" for key in stream.primary_keys)
        replication = f"`{stream.replication_key}`" if stream.replication_key else "full table"
        endpoint = f"`{stream.http_method} {stream.path}`"
        about = " ".join((type(stream).__doc__ or "").split())
        cells = (f"`{stream.name}`", endpoint, keys, replication, stream.on_update, stream.on_delete, about)
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def between(marker: str, text: str, document: str) -> str:
    """Return the document with the text between its markers replaced; ValueError when it has no such markers."""
    head, opening, rest = document.partition(f"<!-- {marker} -->\n")
    _, closing, tail = rest.partition(f"<!-- /{marker} -->")
    if not (opening and closing):
        message = f"no markers for {marker}"
        raise ValueError(message)
    return f"{head}{opening}\n{text}\n\n{closing}{tail}"


def write(root: Path = ROOT) -> None:
    """Bring every generated file up to date."""
    for path, text in documents(root):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
