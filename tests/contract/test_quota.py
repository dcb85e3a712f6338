"""Runs of one account that share a file stay below the vendor's limits together, at the real pace."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from time import time_ns

import pytest
from pyrate_limiter import Rate, RateItem
from sandbox.server import Sandbox
from sandbox.vendor import Limit

from tests.contract.caranalytics import CARANALYTICS
from tests.contract.contract import Contract, Json, day
from tests.contract.maestroqa import MAESTROQA
from tests.contract.taps import each_tap
from tests.singer import BIN, run
from tools.base.quota import Quota, SharedBucket

WAITED = re.compile(r"(\d+) requests, ([\d.]+) s of waiting for the quota")


def start(tap: str, config: Json, folder: Path) -> subprocess.Popen[str]:
    """Start a tap as a process of its own."""
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(config))
    with (folder / "out").open("w") as out, (folder / "log").open("w") as log:
        return subprocess.Popen([BIN / tap, "--config", "config.json"], cwd=folder, stdout=out, stderr=log, text=True)


def used(folder: Path) -> tuple[int, float]:
    """Return the requests and the seconds of waiting that a run's log tells of."""
    found = WAITED.findall((folder / "log").read_text())
    return sum(int(requests) for requests, _ in found), sum(float(seconds) for _, seconds in found)


@pytest.mark.real_clock
@pytest.mark.slow
def test_two_at_once(sandbox: Sandbox, tmp_path: Path) -> None:
    vendor = sandbox.maestroqa
    config = MAESTROQA.config(sandbox) | {"start_date": day(3), "window_days": 1}
    config |= {"rate_limit_file": str(tmp_path / "quota" / "acme.db")}
    runs = [start("tap-maestroqa", config, tmp_path / name) for name in ("one", "two")]
    assert [process.wait() for process in runs] == [0, 0]
    requests = [used(tmp_path / name)[0] for name in ("one", "two")]
    assert sum(requests) == len(vendor.seen)
    assert min(requests) > 2
    assert vendor.rate_limited == 0


@pytest.mark.real_clock
@pytest.mark.slow
def test_three_in_a_row(sandbox: Sandbox, tmp_path: Path) -> None:
    """Each alone is below the vendor's 20 requests a minute; the third has to wait for what the first two used."""
    config = CARANALYTICS.config(sandbox) | {"requests_per_minute": 20, "start_date": day(1)}
    config |= {"rate_limit_file": str(tmp_path / "quota.db")}
    (tmp_path / "catalog.json").write_text(json.dumps(chosen(CARANALYTICS, {"author", "incoming_post", "response"})))
    sandbox.caranalytics.limits = (Limit(20, 60),)
    for name in ("first", "second", "third"):
        (folder := tmp_path / name).mkdir()
        (folder / "config.json").write_text(json.dumps(config))
        with (folder / "out").open("w") as out, (folder / "log").open("w") as log:
            command = [str(BIN / "tap-caranalytics"), "--config", "config.json", "--catalog", "../catalog.json"]
            subprocess.run(command, cwd=folder, stdout=out, stderr=log, check=True)
    (first, _), (second, _), (third, _) = (used(tmp_path / name) for name in ("first", "second", "third"))
    assert max(first + second, third) < 20 < first + second + third == len(sandbox.caranalytics.seen)
    assert sandbox.caranalytics.rate_limited == 0


def chosen(tap: Contract, streams: set[str]) -> Json:
    """Return a catalog in which only these streams are selected."""
    shown = subprocess.run([BIN / tap.name, "--discover"], capture_output=True, text=True, check=True).stdout
    catalog: Json = json.loads(shown)
    for entry in catalog["streams"]:
        for part in entry["metadata"]:
            if not part["breadcrumb"]:
                part["metadata"]["selected"] = entry["tap_stream_id"] in streams
    return catalog


@each_tap
def test_a_file_that_cannot_be_used_is_one_line(tap: Contract, sandbox: Sandbox, tmp_path: Path) -> None:
    for content, wrong in ((None, tmp_path), (b"no database " * 100, tmp_path / "text")):
        if content:
            wrong.write_bytes(content)
        result = run(tap.name, tap.config(sandbox) | {"rate_limit_file": str(wrong)})
        assert result.exit_code == 1
        assert result.log.splitlines()[-1].startswith(f"Error: rate_limit_file: {wrong} cannot be used (")
    assert not tap.vendor(sandbox).seen


HOLDS_THE_LOCK = """
import os, sys
from pyrate_limiter import Rate
from tools.base.quota import Quota
bucket = Quota(sys.argv[1]).bucket([Rate(1, 1000)])
bucket.lock.acquire()
print("held", flush=True)
sys.stdin.read()
"""


def test_a_killed_process_leaves_no_lock_behind(tmp_path: Path) -> None:
    file = str(tmp_path / "quota.db")
    command = [sys.executable, "-c", HOLDS_THE_LOCK, file]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        os.kill(holder.pid, signal.SIGKILL)
    bucket = Quota(file).bucket([Rate(1, 1000)])
    assert bucket.put(RateItem("a request", 0))
    assert not bucket.put(RateItem("one too many", 0))


def test_requests_from_before_the_clock_was_set_back_count_from_now(tmp_path: Path) -> None:
    bucket = Quota(str(tmp_path / "quota.db")).bucket([Rate(2, 61_000)])
    assert isinstance(bucket, SharedBucket)
    bucket.conn.execute("INSERT INTO rate_bucket VALUES ('an hour ahead', ?)", [time_ns() // 1_000_000 + 3_600_000])
    bucket.conn.commit()
    item = RateItem("a request", 0)
    assert bucket.put(item)
    assert not bucket.put(item)
    wait = bucket.waiting(item)
    assert isinstance(wait, int)
    assert 0 < wait < 62_000


def test_a_place_counts_from_when_it_is_taken() -> None:
    bucket, an_hour = Quota().bucket([Rate(1, 3_600_000)]), 3_600_000
    assert bucket.put(RateItem("a request", 0))
    # As if the limiter had slept: by its own account, and not by the clock.
    assert not bucket.put(RateItem("one too many", time_ns() // 1_000_000 + 2 * an_hour))
