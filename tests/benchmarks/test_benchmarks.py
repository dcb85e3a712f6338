"""The benchmarks run and draw what they measured, and refuse a contestant that did less; no figure is a test."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from sandbox.vendor import Limit

from benchmarks import chart, processes, report, speed
from benchmarks.cases import CASES, Case
from benchmarks.contestants import Contestant
from benchmarks.limits import LATENCY, least
from benchmarks.processes import FailedError
from tests.meltano import ROOT


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_contestant_reads_a_case(case: Case, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks", "--cases", case.name, "--rows", "3000", "--rounds", "1", "--own"]
    environment = {**os.environ, "BENCHMARKS_FOLDER": str(tmp_path)}
    told = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    assert f"### {case.title}" in told.stdout
    (raced,) = json.loads((tmp_path / "speed.json").read_text())["cases"]
    assert [*raced["contestants"]] == [
        "floor", "lower floor", "tap", "tap, flattened", "SDK's defaults", "SDK's defaults, flattened",
    ]  # fmt: skip
    assert all(usage["cpu"] > 0 for taken in raced["contestants"].values() for usage in taken["rounds"])


@pytest.mark.slow
def test_the_loader_is_measured_with_each_set_of_settings(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks", "loader", "--rows", "300", "--rounds", "1"]
    environment = {**os.environ, "BENCHMARKS_FOLDER": str(tmp_path)}
    told = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    for name in ("tap", "its defaults", "use_copy: true", "validate_records: false", "as in meltano.yml"):
        assert f"{name} |" in told.stdout


@pytest.mark.parametrize(
    ("results", "missing"),
    [
        ({}, "There is no result of speed"),
        (
            {"speed": {"cases": [{"name": "scores"}]}, "limits": {}, "memory": {}, "loader": {}},
            "speed lacks calls, feedbacks, ",
        ),
    ],
)
def test_documents_are_not_written_of_a_part(results: dict[str, Any], missing: str, tmp_path: Path) -> None:
    for name, result in results.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(result))
    environment = {**os.environ, "BENCHMARKS_FOLDER": str(tmp_path)}
    command = [sys.executable, "-m", "benchmarks", "write"]
    told = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert told.returncode == 1
    assert missing in told.stderr


@pytest.mark.parametrize(("brought", "wanted"), [(1, 2), (2, 1)])
def test_rows_too_few_or_too_many_are_an_error(
    brought: int, wanted: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(speed, "workspace", lambda: tmp_path)
    monkeypatch.setattr(processes, "workspace", lambda: tmp_path)
    line = json.dumps({"type": "RECORD"})
    contestant = Contestant("liar", [sys.executable, "-c", f"print({line!r} + '\\n', end='');" * brought])
    assert speed.measured(contestant, brought)
    with pytest.raises(FailedError, match=f"brought {brought} rows of {wanted}"):
        speed.measured(contestant, wanted)


def test_a_program_that_fails_is_an_error_with_its_last_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(speed, "workspace", lambda: tmp_path)
    monkeypatch.setattr(processes, "workspace", lambda: tmp_path)
    with pytest.raises(FailedError, match="no such vendor"):
        speed.measured(Contestant("liar", [sys.executable, "-c", "import sys; sys.exit('no such vendor')"]), 0)


@pytest.mark.parametrize(
    ("requests", "limits", "in_turn", "seconds"),
    [
        (1, [(1, 1)], False, 0),
        (3, [(1, 1)], False, 2),
        (3, [(5, 1)], False, 0),
        (3, [(5, 1)], True, 2 * LATENCY),
        (31, [(1, 1), (30, 60)], False, 60),
        # A second minute begins, and its answers have to be waited for.
        (103, [(100, 60)], True, 60 + 2 * LATENCY),
    ],
)
def test_the_least_time(requests: int, limits: list[tuple[int, int]], in_turn: bool, seconds: float) -> None:
    found = least(requests, [Limit(*limit) for limit in limits], in_turn=in_turn)
    assert found == pytest.approx(seconds + LATENCY)


def test_ratios_are_to_the_floor_of_the_same_round() -> None:
    assert report.ratios(RACE["cases"][0], "tap") == [2, 3]
    assert "| tap | 2.50 (2.00 to 3.00) | 1.50 (1.00 to 2.00) | 15 | 50 | 0.30 |" in report.speed(RACE)


def test_the_loaders_table() -> None:
    taken = {"tap": [_usage(1, 1)], "its defaults": [_usage(9, 7), _usage(10, 8), _usage(12, 9)]}
    table = report.loader({"title": "Feedbacks", "rows": 40_000, "taken": taken})
    assert "| target-postgres, its defaults | 8.0 (7.0 to 9.0) | 200 | 10.0 |" in table


def test_the_chart_is_an_image_with_a_bar_a_contestant() -> None:
    image = ET.fromstring(chart.drawn(RACE))
    classes = [element.get("class") for element in image.iter("{http://www.w3.org/2000/svg}rect")]
    assert classes.count("bar") == 1
    assert classes.count("tap") == 1


def _usage(wall: float, cpu: float) -> dict[str, float]:
    return {"wall": wall, "cpu": cpu, "peak": 50}


RACE: dict[str, Any] = {
    "date": "2026-01-31",
    "cores": 2,
    "versions": {"Python": "3.11"},
    "cases": [
        {
            "name": "feedbacks",
            "title": "Feedbacks & more",
            "rows": 100_000,
            "contestants": {
                "floor": {"rounds": [_usage(1, 1), _usage(2, 1)], "starts": [_usage(0, 0.1)]},
                "tap": {"rounds": [_usage(2, 1), _usage(6, 2)], "starts": [_usage(0, 0.3)]},
            },
        }
    ],
}
