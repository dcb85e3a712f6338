"""The command line: `sandbox serve`, `sandbox demo`, `sandbox psql`."""

from __future__ import annotations

import argparse
import sys
from datetime import timedelta
from pathlib import Path

from sandbox import demo
from sandbox.scenarios import SCENARIOS
from sandbox.serve import PORT, serve
from sandbox.world import TWO_YEARS


def main() -> None:
    """Run the command that the arguments name."""
    parser = argparse.ArgumentParser(prog="sandbox", description="Try the taps without credentials.")
    commands = parser.add_subparsers(required=True, metavar="command")
    showing = commands.add_parser("demo", help="run every tap into a PostgreSQL, and show the result")
    showing.set_defaults(run=lambda arguments: demo.demo(arguments.folder, timedelta(days=arguments.days)))
    days = "how many days of data the vendors have (default 730)"
    showing.add_argument("--days", type=int, default=TWO_YEARS.days, help=days)
    looking = commands.add_parser("psql", help="open psql on what the demo has loaded, or run one query")
    looking.add_argument("query", nargs="?", help="the SQL to run")
    looking.set_defaults(run=lambda arguments: sys.exit(demo.psql(arguments.query, arguments.folder)))
    for command in (showing, looking):
        where = "where the demo keeps its database (default output/demo)"
        command.add_argument("--folder", type=Path, default=demo.FOLDER, help=where)
    scenarios = "\n".join(f"  {name:<14} {scenario.about}" for name, scenario in SCENARIOS.items())
    serving = commands.add_parser(
        "serve",
        help="serve the vendors' APIs on loopback until interrupted",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=f"scenarios:\n{scenarios}",
    )
    serving.add_argument("--port", type=int, default=PORT, help=f"the port to listen on (default {PORT})")
    serving.add_argument("--scenario", choices=SCENARIOS, help="what goes wrong: see the list below")
    serving.set_defaults(run=lambda arguments: serve(arguments.port, arguments.scenario))
    arguments = parser.parse_args()
    arguments.run(arguments)
