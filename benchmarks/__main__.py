"""The command line: `python -m benchmarks`."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from benchmarks import chart, memory, profile, report, speed
from benchmarks.cases import BY_NAME
from benchmarks.contestants import Taps
from benchmarks.processes import FOLDER, ROOT, FailedError

if TYPE_CHECKING:
    from pathlib import Path

COMMANDS = {
    "speed": "each tap beside a floor, the SDK's defaults, dlt and airbyte-cdk (the default; half an hour)",
    "limits": "how much of what the vendors' limits and 300 ms of latency allow is used (four minutes)",
    "memory": "peak memory up to a million rows (half an hour)",
    "loader": "what target-postgres takes beside the tap, with its defaults and with our settings (ten minutes)",
    "profile": "where each tap's time goes",
    "write": "the latest results of the first four into docs/",
}


def main() -> None:
    """Run the command that the arguments name."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure the taps.",
        epilog="\n".join(f"{name:8} {about}" for name, about in COMMANDS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", nargs="?", choices=COMMANDS, default="speed")
    parser.add_argument(
        "--cases", nargs="+", choices=BY_NAME, default=[*BY_NAME], metavar="CASE", help=", ".join(BY_NAME)
    )
    parser.add_argument("--rows", type=int, default=200_000, help="how many rows in all, but for limits and memory")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is run, for speed and loader")
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000], help="rows for memory")
    parser.add_argument("--taps", help="another checkout with a .venv, or an environment, whose taps are measured")
    parser.add_argument("--own", action="store_true", help="leave out dlt and airbyte-cdk")
    arguments = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    try:
        _run(arguments)
    except FailedError as error:
        sys.exit(f"benchmarks: {error}")


def _run(arguments: argparse.Namespace) -> None:
    cases = [BY_NAME[name] for name in arguments.cases]
    if arguments.command == "write":
        _write_documents()
        return
    taps = Taps.found(arguments.taps)
    if arguments.command == "speed":
        result = speed.race(cases, arguments.rows, arguments.rounds, taps, others=not arguments.own)
        _keep("speed", result)
        print(report.speed(result), report.footer(result), sep="\n")
    elif arguments.command == "limits":
        # Only here: with the sandbox in it, this process would be larger than what it measures.
        from benchmarks import limits  # noqa: PLC0415

        result = limits.measure(taps)
        _keep("limits", result)
        print(report.limits(result), report.footer(result), sep="\n\n")
    elif arguments.command == "loader":
        from benchmarks import loader  # noqa: PLC0415

        result = loader.measure(arguments.rows, arguments.rounds, taps)
        _keep("loader", result)
        print(report.loader(result), report.footer(result), sep="\n\n")
    elif arguments.command == "memory":
        result = memory.measure(cases, arguments.sizes, taps)
        _keep("memory", result)
        print(report.memory(result), report.footer(result), sep="\n\n")
    else:
        for case in cases:
            print(profile.of(case, arguments.rows, taps), flush=True)


def _file(command: str) -> Path:
    return FOLDER / f"{command}.json"


def _keep(command: str, result: dict[str, Any]) -> None:
    _file(command).write_text(json.dumps(result, indent=1))


def _kept(command: str) -> dict[str, Any]:
    if not _file(command).exists():
        message = f"There is no result of {command}: run python -m benchmarks {command}"
        raise FailedError(message)
    result: dict[str, Any] = json.loads(_file(command).read_text())
    return result


def _write_documents() -> None:
    results = {command: _kept(command) for command in ("speed", "limits", "memory", "loader")}
    for command in ("speed", "memory"):
        if missing := [*BY_NAME.keys() - {case["name"] for case in results[command]["cases"]}]:
            message = f"The result of {command} lacks {', '.join(sorted(missing))}: run python -m benchmarks {command}"
            raise FailedError(message)
    (ROOT / "docs" / "benchmarks.md").write_text(report.document(*results.values()))
    (ROOT / "docs" / "benchmarks.svg").write_text(chart.drawn(results["speed"]))
    print("Wrote docs/benchmarks.md and docs/benchmarks.svg")


if __name__ == "__main__":
    main()
