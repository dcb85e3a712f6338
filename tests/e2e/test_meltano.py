"""Each tap through the real `meltano run`, and into other targets, compared with the source's own data."""

import json
import os
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

import pytest
from sandbox.server import Sandbox
from sandbox.warehouse import Warehouse

from tests.contract.contract import Contract, keys_of
from tests.contract.taps import each_tap
from tests.singer import BIN, Json

ROOT = Path(__file__).parents[2]


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Warehouse]:
    with Warehouse(tmp_path / "postgres") as server:
        yield server


@pytest.fixture(scope="session")
def plugins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder for Meltano's plugins; one a worker, as Meltano runs a plugin only once at a time in each."""
    return tmp_path_factory.mktemp("meltano")


def meltano(*arguments: str, plugins: Path, folder: Path, environment: Mapping[str, str]) -> None:
    result = subprocess.run(
        [BIN / "meltano", "--environment=sandbox", *arguments],
        cwd=ROOT,
        env={
            **os.environ,
            "MELTANO_SYS_DIR_ROOT": str(plugins),
            "MELTANO_DATABASE_URI": f"sqlite:///{folder / 'meltano.db'}",
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr


def stored(warehouse: Warehouse, tap: Contract, stream: str) -> list[tuple[object, ...]]:
    keys = ", ".join(f'"{key}"' for key in tap.streams[stream])
    _, rows = warehouse.query(f'select {keys} from {tap.name.replace("-", "_")}."{stream}"')
    return [tuple(_as_sent(value) for value in row) for row in rows]


def _as_sent(value: object) -> object:
    return f"{value.isoformat(timespec='microseconds')}Z" if isinstance(value, datetime) else value


@each_tap
def test_into_postgres_twice(
    tap: Contract, sandbox: Sandbox, warehouse: Warehouse, plugins: Path, tmp_path: Path
) -> None:
    environment = tap.environment(tap.config(sandbox)) | {"TARGET_POSTGRES_SQLALCHEMY_URL": warehouse.sqlalchemy_url}
    held = tap.held(sandbox)
    for _ in range(2):
        meltano("run", tap.name, "target-postgres", plugins=plugins, folder=tmp_path, environment=environment)
        for stream, keys in held.items():
            rows = stored(warehouse, tap, stream)
            assert len(rows) == len(set(rows))
            assert keys <= set(rows)
        # What the second run finds of it hangs on each tap's lookback, and is tested there.
        tap.vendor(sandbox).work(sandbox.world.now.isoformat())


@each_tap
def test_into_jsonl(tap: Contract, sandbox: Sandbox, plugins: Path, tmp_path: Path) -> None:
    environment = tap.environment(tap.config(sandbox)) | {"TARGET_JSONL_DESTINATION_PATH": str(tmp_path)}
    meltano("run", tap.name, "target-jsonl", plugins=plugins, folder=tmp_path, environment=environment)
    for stream, keys in tap.held(sandbox).items():
        lines = (tmp_path / f"{stream}.jsonl").read_text().splitlines()
        assert keys <= set(keys_of(map(json.loads, lines), tap.streams[stream]))


@each_tap
def test_bare_pipe(tap: Contract, sandbox: Sandbox, plugins: Path, tmp_path: Path) -> None:
    config: Json = tap.config(sandbox)
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "target.json").write_text(json.dumps({"destination_path": str(tmp_path), "do_timestamp_file": False}))
    target = plugins / "loaders" / "target-jsonl" / "venv" / "bin" / "target-jsonl"
    if not target.exists():
        meltano("install", "target-jsonl", plugins=plugins, folder=tmp_path, environment={})
    pipe = f"{shlex.quote(str(BIN / tap.name))} --config config.json | {shlex.quote(str(target))} --config target.json"
    subprocess.run(["bash", "-o", "pipefail", "-c", pipe], cwd=tmp_path, check=True, capture_output=True)
    for stream, keys in tap.held(sandbox).items():
        lines = (tmp_path / f"{stream}.jsonl").read_text().splitlines()
        assert keys <= set(keys_of(map(json.loads, lines), tap.streams[stream]))
