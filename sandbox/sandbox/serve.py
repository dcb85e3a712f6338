"""`sandbox serve`: the vendors on loopback until interrupted, and what to try on them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sandbox.project import taps
from sandbox.scenarios import SCENARIOS
from sandbox.server import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

PORT = 8765  # the one that meltano.yml names
FORTNIGHT = timedelta(days=14)


def serve(port: int, scenario: str | None) -> None:
    """Serve until interrupted."""
    with Sandbox(port=port) as sandbox:
        if scenario:
            SCENARIOS[scenario].play(sandbox)
        print("\n".join(announcement(sandbox.url, scenario)), flush=True)
        try:
            sandbox.wait()
        except KeyboardInterrupt:
            print("stopped")


def announcement(url: str, scenario: str | None) -> Iterator[str]:
    """Yield the lines that say where each vendor is, what lets a tap in, and how it is run."""
    yield f"The vendors answer on {url} until you press Ctrl-C."
    if scenario:
        yield f"Scenario {scenario}: {SCENARIOS[scenario].about}."
        yield SCENARIOS[scenario].expect
    yield "Run a command below in another terminal, in this folder: it writes the rows into output/."
    for tap, meant in taps().items():
        settings = {**meant, "api_url": f"{url}{urlsplit(meant['api_url']).path}"}
        own = {name: value for name, value in settings.items() if value != meant[name]}
        if tap == "tap-caranalytics":
            # At its 20 requests a minute, the reports of a year take half an hour.
            own["start_date"] = settings["start_date"] = f"{datetime.now(timezone.utc) - FORTNIGHT:%Y-%m-%d}"
        yield f"\n{tap}"
        yield from (f"  {name:<12} {value}" for name, value in sorted(settings.items()))
        yield f"  $ {_command(tap, own)}"


def _command(tap: str, settings: dict[str, Any]) -> str:
    """Return the command that runs a tap, with the settings that meltano.yml does not have."""
    prefix = tap.upper().replace("-", "_")
    variables = [f"{prefix}_{name.upper()}={value} " for name, value in settings.items()]
    return f"{''.join(variables)}python3 -m uv run meltano --environment=sandbox run {tap} target-jsonl"
