"""The command line: `python -m tools generate`."""

from __future__ import annotations

import argparse
import subprocess
import sys

from tools import documents, new_tap, plugins


def main() -> None:
    """Run the command that the arguments name."""
    parser = argparse.ArgumentParser(prog="python -m tools", description="Keep the repository in step with itself.")
    commands = parser.add_subparsers(required=True, metavar="command")
    writing = commands.add_parser("generate", help="write what is made from other files: base/, tables, plugins")
    writing.set_defaults(run=lambda _: documents.write())
    locking = commands.add_parser("lock", help="write the lock file of a loader that `meltano install` has installed")
    locking.add_argument("loader")
    locking.set_defaults(run=lambda arguments: plugins.write_loader_lock(documents.ROOT, arguments.loader))
    adding = commands.add_parser("new-tap", help="add a tap that passes the battery, to begin a vendor's own with")
    adding.add_argument("vendor", help="the vendor's name as it writes it: 'Talk Desk' makes tap-talkdesk")
    adding.set_defaults(run=lambda arguments: _add_tap(arguments.vendor))
    arguments = parser.parse_args()
    arguments.run(arguments)


def _add_tap(vendor: str) -> None:
    try:
        tap = new_tap.create(documents.ROOT, vendor)
    except ValueError as error:
        sys.exit(f"new-tap: {error}")
    for command in (
        ["uv", "sync", "-q"],  # first, as what is generated comes from the installed tap
        ["uv", "run", "-q", "python", "-m", "tools", "generate"],
        ["uv", "run", "-q", "ruff", "check", "-q", "--fix", "--select=I", "."],
    ):
        subprocess.run([sys.executable, "-m", *command], cwd=documents.ROOT, check=True)
    print(f"Added {tap}. Try it: python3 -m uv run pytest tests/contract -k {tap} --snapshot-update")


if __name__ == "__main__":
    main()
