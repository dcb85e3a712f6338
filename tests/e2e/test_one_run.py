"""A run under Airflow's worker, without Airflow: what is left when the worker, or all of the run, is killed."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from threading import Event

import pytest
from sandbox.faults import hang
from sandbox.server import Sandbox

from tests.airflow import having, kill, told, until
from tests.contract.contract import day
from tests.meltano import ROOT
from tests.singer import BIN

pytestmark = pytest.mark.slow
WORKER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from one_run import OneRun
run = OneRun(Path(sys.argv[2]), "acme", "tap-maestroqa", "target-jsonl")
result = run.load("sandbox", "sandbox:one-run", {}, force=sys.argv[3] == "force")
print(result.error or f"{result.rows} rows, {result.requests} requests")
"""


@pytest.fixture
def variables(sandbox: Sandbox, installed: Path, tmp_path: Path) -> dict[str, str]:
    (tmp_path / "tmp").mkdir()
    kept = {name: value for name, value in os.environ.items() if name != "FAST_CLOCK"}
    return kept | {
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "TMPDIR": str(tmp_path / "tmp"),
        "MELTANO_SYS_DIR_ROOT": str(installed),
        "MELTANO_DATABASE_URI": f"sqlite:///{tmp_path / 'meltano.db'}",
        "TAP_MAESTROQA_API_URL": f"{sandbox.url}/maestroqa/api/v1",
        "TAP_MAESTROQA_START_DATE": day(20),
        "TARGET_JSONL_DESTINATION_PATH": str(tmp_path),
    }


def worker(variables: dict[str, str], *, force: bool = False) -> subprocess.Popen[str]:
    """Start what does a worker's part."""
    arguments = [str(ROOT / "orchestrate" / "dags"), str(ROOT), "force" if force else ""]
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, *arguments], env=variables, stdout=subprocess.PIPE, stderr=None, text=True
    )


def folder_in(variables: dict[str, str]) -> Path:
    return Path(variables["TMPDIR"]) / f"contact-centre-taps-{os.getuid()}" / "acme"


def processes(variables: dict[str, str]) -> list[int]:
    return having(f"MELTANO_SYS_DIR_ROOT={folder_in(variables)}")


def nothing_left(variables: dict[str, str]) -> Iterator[bool]:
    while True:
        yield not processes(variables) and not folder_in(variables).exists()


def waiting_for_an_answer(sandbox: Sandbox) -> Event:
    """Have the next request never answered; the event tells when it has come."""
    sandbox.maestroqa.fail(told(asked := Event(), hang()))
    return asked


def test_a_run_ends_with_its_worker(sandbox: Sandbox, variables: dict[str, str]) -> None:
    asked = waiting_for_an_answer(sandbox)
    with worker(variables) as process:
        assert asked.wait(120)
        # The shell, Meltano, the tap and the target.
        assert len(processes(variables)) >= 4
        process.kill()
    until(nothing_left(variables), 60)
    assert len(sandbox.maestroqa.seen) == 1


def test_what_was_killed_outright_is_cleared_away_by_the_next_run(sandbox: Sandbox, variables: dict[str, str]) -> None:
    asked = waiting_for_an_answer(sandbox)
    with worker(variables) as process:
        assert asked.wait(120)
        process.send_signal(signal.SIGSTOP)
        # All but a tap that still waits, the worst that can be left.
        (tap,) = (pid for pid in processes(variables) if b"/bin/tap-maestroqa" in commandline(pid))
        others = [pid for pid in processes(variables) if pid != tap]
        # So that none notices the end of another, and begins to clear away.
        kill(others, stopped=True)
        kill(others)
        process.kill()
    until((processes(variables) == [tap] for _ in count()), 60)
    assert any(b"sandbox-token" in file.read_bytes() for file in folder_in(variables).rglob("*.json"))
    with worker(variables, force=True) as process:
        assert process.stdout
        assert process.stdout.read().endswith(f"{len(sandbox.maestroqa.seen) - 1} requests\n")
    assert not processes(variables)
    assert not folder_in(variables).exists()


def test_an_account_is_not_loaded_twice_at_once_on_a_machine(sandbox: Sandbox, variables: dict[str, str]) -> None:
    asked = waiting_for_an_answer(sandbox)
    with worker(variables) as first:
        assert asked.wait(120)
        with worker(variables | {"PYTHONWARNINGS": ""}) as second:
            assert second.wait() == 1
        assert processes(variables)
        assert len(sandbox.maestroqa.seen) == 1
        first.kill()
    until(nothing_left(variables), 60)


def commandline(pid: int) -> bytes:
    # It may just have ended.
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""
