"""The command line: `python -m tools generate`."""

from __future__ import annotations

import argparse

from tools import documents, plugins


def main() -> None:
    """Run the command that the arguments name."""
    parser = argparse.ArgumentParser(prog="python -m tools", description="Keep the repository in step with itself.")
    commands = parser.add_subparsers(required=True, metavar="command")
    writing = commands.add_parser("generate", help="write what is made from other files: base/, tables, plugins")
    writing.set_defaults(run=lambda _: documents.write())
    locking = commands.add_parser("lock", help="write the lock file of a loader that `meltano install` has installed")
    locking.add_argument("loader")
    locking.set_defaults(run=lambda arguments: plugins.write_loader_lock(documents.ROOT, arguments.loader))
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
