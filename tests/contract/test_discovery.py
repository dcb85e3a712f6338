"""What a tap tells without settings and without a network."""

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import yaml
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from tests.contract.contract import Contract
from tests.contract.taps import each_tap
from tests.singer import run
from tools.documents import documents

ROOT = Path(__file__).parents[2]
# Any request would have to go through this port, on which nothing answers.
NO_NETWORK = {"HTTP_PROXY": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9"}


@each_tap
def test_catalog(tap: Contract, snapshot: SnapshotAssertion) -> None:
    result = run(tap.name, None, "--discover", environment=NO_NETWORK)
    assert result.exit_code == 0
    catalog = json.loads(result.log[result.log.index("{\n") : result.log.rindex("\n}") + 2])
    assert {stream["stream"]: tuple(stream["key_properties"]) for stream in catalog["streams"]} == tap.streams
    for stream in catalog["streams"]:
        jsonschema_rs.meta.validate(stream["schema"])
        assert set(stream["schema"].get("required", [])) >= set(stream["key_properties"])
        assert not undescribed(stream["schema"])
    assert source_tables(tap) == {
        stream["stream"]: list(stream["schema"]["properties"]) for stream in catalog["streams"]
    }
    assert catalog == snapshot(extension_class=JSONSnapshotExtension)


def source_tables(tap: Contract) -> dict[str, list[str]]:
    """Return the columns of each table that the dbt project knows of the tap."""
    named = yaml.safe_load((ROOT / "transform" / "models" / "sources.yml").read_text())["sources"]
    (source,) = (source for source in named if source["schema"] == tap.name.replace("-", "_"))
    return {table["name"]: [column["name"] for column in table["columns"]] for table in source["tables"]}


def undescribed(schema: dict[str, Any], path: str = "") -> list[str]:
    found = []
    for name, definition in schema.get("properties", {}).items():
        if not definition.get("description"):
            found.append(f"{path}/{name}")
        found += undescribed(definition, f"{path}/{name}")
        found += undescribed(definition.get("items", {}), f"{path}/{name}[]")
    return found


@each_tap
def test_about_and_version(tap: Contract) -> None:
    about = run(tap.name, None, "--about", "--format=json", environment=NO_NETWORK)
    told = json.loads(about.log[about.log.index("{") :])
    assert about.exit_code == 0
    assert told["name"] == tap.name
    for name, setting in told["settings"]["properties"].items():
        assert setting.get("title"), name
        assert setting.get("description"), name
    secrets = {name for name, setting in told["settings"]["properties"].items() if setting.get("secret")}
    assert secrets == set(tap.secrets)
    version = run(tap.name, None, "--version", environment=NO_NETWORK)
    assert version.exit_code == 0
    assert told["version"] in version.log


def test_documents_say_what_the_code_says() -> None:
    stale = [path.relative_to(ROOT) for path, text in documents() if path.read_text() != text]
    assert not stale, "run `python3 -m uv run python -m tools generate`"
