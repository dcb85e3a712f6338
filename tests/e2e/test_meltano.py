"""The taps through the real `meltano run` into another target, and piped, compared with the source's own data."""

import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest
from sandbox.server import Sandbox

from tests.contract.contract import Contract, keys_of
from tests.contract.taps import TAPS, each_tap
from tests.meltano import ROOT, Meltano, copy_project
from tests.singer import BIN

pytestmark = pytest.mark.slow


def test_into_jsonl(sandbox: Sandbox, installed: Path, tmp_path: Path) -> None:
    (project := tmp_path / "project").mkdir()
    meltano = Meltano(installed, tmp_path / "meltano", copy_project(project))
    environment: dict[str, str] = {}
    pairs: list[str] = []
    for tap in TAPS:
        environment |= tap.environment(tap.config(sandbox))
        pairs += [tap.name, "target-jsonl"]
    meltano.run("--environment=sandbox", "run", *pairs, environment=environment)
    for tap in TAPS:
        for stream, keys in tap.expected_keys(sandbox).items():
            # One folder a tap, as two of them have a stream of the same name.
            lines = (project / "output" / tap.name.replace("-", "_") / f"{stream}.jsonl").read_text().splitlines()
            assert keys <= set(keys_of(map(json.loads, lines), tap.streams[stream]))


def test_what_readme_leaves_out_stays_out(sandbox: Sandbox, installed: Path, tmp_path: Path) -> None:
    (project := tmp_path / "project").mkdir()
    meltano = Meltano(installed, tmp_path / "meltano", copy_project(project))
    (tap,) = (tap for tap in TAPS if tap.name == "tap-agentconnect")
    environment = tap.environment(tap.config(sandbox))
    commands = re.findall(r"^meltano (select .*?)(?: +#.*)?$", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert len(commands) == 3
    for command in commands:
        meltano.run(*shlex.split(command), environment=environment)
    meltano.run("run", tap.name, "target-jsonl", environment=environment)
    output = project / "output" / "tap_agentconnect"
    assert {file.stem for file in output.iterdir()} == {*tap.streams} - {"employees"}
    feedbacks = [json.loads(line) for line in (output / "feedbacks.jsonl").read_text().splitlines()]
    assert feedbacks
    assert not [row for row in feedbacks if "customer" in row]
    assert all("employee" in row for row in feedbacks)


@each_tap
def test_bare_pipe(tap: Contract, sandbox: Sandbox, installed: Path, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(tap.config(sandbox)))
    (tmp_path / "target.json").write_text(json.dumps({"destination_path": str(tmp_path), "do_timestamp_file": False}))
    target = installed / "loaders" / "target-jsonl" / "venv" / "bin" / "target-jsonl"
    pipe = f"{shlex.quote(str(BIN / tap.name))} --config config.json | {shlex.quote(str(target))} --config target.json"
    subprocess.run(["bash", "-o", "pipefail", "-c", pipe], cwd=tmp_path, check=True, capture_output=True)
    for stream, keys in tap.expected_keys(sandbox).items():
        lines = (tmp_path / f"{stream}.jsonl").read_text().splitlines()
        assert keys <= set(keys_of(map(json.loads, lines), tap.streams[stream]))


@each_tap
def test_doctor(tap: Contract, sandbox: Sandbox, installed: Path, tmp_path: Path) -> None:
    environment = tap.environment(tap.config(sandbox))
    said = Meltano(installed, tmp_path / "meltano").run("invoke", tap.name, "--doctor", environment=environment)
    assert "credentials: accepted" in said
    for stream in tap.streams.keys() - {"windows", "transcripts"}:
        assert f" {stream}: readable, rows: " in said
