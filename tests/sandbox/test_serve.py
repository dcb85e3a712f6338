"""`sandbox serve`: what it prints is true and works as printed, and each scenario is what it says."""

import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sandbox.scenarios import NEW_FIELD, SCENARIOS, slow_down
from sandbox.serve import PORT, announcement
from sandbox.server import Sandbox

from tests.contract.contract import Contract
from tests.contract.taps import TAPS, each_tap
from tests.meltano import copy_project, link_plugins
from tests.singer import BIN, after, run

RUN = "python3 -m uv run "


@contextmanager
def serving(*arguments: str) -> Iterator[str]:
    """Serve on a free port; yield what is printed."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    command = [str(BIN / "sandbox"), "serve", "--port", port, *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    try:
        printed = ""
        while printed.count("\n  $ ") < len(TAPS):
            line = process.stdout.readline()
            assert line, "it ended"
            printed += line
        yield printed
        process.send_signal(signal.SIGINT)
        assert process.stdout.read() == "stopped\n"
        assert process.wait() == 0
    finally:
        process.kill()
        process.communicate()


def told(printed: str, tap: str) -> tuple[dict[str, str], str]:
    """Return the settings that are printed for a tap, and the command."""
    block = printed.partition(f"\n{tap}\n")[2].partition("\n\n")[0]
    settings, _, command = block.partition("  $ ")
    return dict(line.split(maxsplit=1) for line in settings.splitlines()), command.strip()


@pytest.mark.real_clock
def test_the_printed_settings_let_each_tap_in() -> None:
    with serving() as printed:
        for tap in TAPS:
            settings, command = told(printed, tap.name)
            assert command.endswith(f"meltano --environment=sandbox run {tap.name} target-jsonl")
            result = run(tap.name, None, "--config=ENV", kill=after(1), environment=tap.environment(settings))
            assert result.killed, result.log


@pytest.mark.slow
@pytest.mark.real_clock
def test_the_printed_command_runs(installed: Path, tmp_path: Path) -> None:
    (project := tmp_path / "project").mkdir()
    copy_project(project)
    link_plugins(installed, project / ".meltano")
    with serving("--scenario", "new-field") as printed:
        assert "Scenario new-field" in printed
        _, command = told(printed, "tap-maestroqa")
        assert RUN in command
        # uv would make an environment of its own; the one that this test runs in is as good.
        here = command.replace(RUN, f"'{BIN}'/")
        subprocess.run(["bash", "-c", here], cwd=project, check=True, capture_output=True)
    rows = (project / "output" / "tap_maestroqa" / "coaching_sessions.jsonl").read_text().splitlines()
    assert len(rows) > 100
    assert all(NEW_FIELD in row for row in rows)


def test_the_usual_port_needs_no_variable() -> None:
    text = subprocess.run([BIN / "sandbox", "serve", "--help"], capture_output=True, text=True, check=True).stdout
    assert all(re.search(rf"^  {name} ", text, re.MULTILINE) for name in SCENARIOS)
    commands = re.findall(r"\$ (.*)", "\n".join(announcement(f"http://127.0.0.1:{PORT}", None)))
    assert len(commands) == len(TAPS)
    assert not [command for command in commands if "_API_URL=" in command]


@each_tap
def test_a_token_that_has_expired(tap: Contract, sandbox: Sandbox) -> None:
    SCENARIOS["expired-token"].play(sandbox)
    result = run(tap.name, tap.config(sandbox))
    assert result.exit_code == 1
    assert re.search(r"refused .*HTTP 40[13]", result.log)
    assert not result.of("RECORD")
    assert not result.waits


@each_tap
def test_a_vendor_that_is_down(tap: Contract, sandbox: Sandbox) -> None:
    SCENARIOS["vendor-down"].play(sandbox)
    result = run(tap.name, tap.config(sandbox))
    assert result.exit_code == 1
    assert "did not recover in 6 tries" in result.log
    assert 60 <= sum(result.waits[:5]) < 120
    assert not result.of("RECORD")


@each_tap
def test_a_quota_that_is_spent(tap: Contract, sandbox: Sandbox) -> None:
    usual = run(tap.name, tap.config(sandbox))
    SCENARIOS["quota-spent"].play(sandbox)
    result = run(tap.name, tap.config(sandbox))
    assert result.exit_code == 0
    assert "HTTP 429" in result.log
    assert len(result.waits) == 2
    assert sum(result.waits) <= 150
    assert set(result.counts()) == set(usual.counts())


@each_tap
def test_a_vendor_that_is_slow(tap: Contract, sandbox: Sandbox) -> None:
    usual = run(tap.name, tap.config(sandbox))
    for vendor in sandbox.vendors:
        vendor.seen.clear()
    slow_down(sandbox, seconds=0.2)
    result = run(tap.name, tap.config(sandbox))
    assert result.exit_code == 0
    assert set(result.counts()) == set(usual.counts())
    assert not result.waits


@each_tap
def test_a_field_that_is_new(tap: Contract, sandbox: Sandbox) -> None:
    SCENARIOS["new-field"].play(sandbox)
    result = run(tap.name, tap.config(sandbox))
    assert result.exit_code == 0
    assert len(re.findall(rf"(?:Kept in _extra|New columns): .*{NEW_FIELD}", result.log)) >= 1
    rows = [message["record"] for message in result.of("RECORD")]
    seen = [row for row in rows if row.get(NEW_FIELD) == "new" or (row.get("_extra") or {}).get(NEW_FIELD) == "new"]
    assert len(seen) > len(rows) / 2
