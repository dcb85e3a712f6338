"""The command line: `sandbox serve` and `sandbox demo`."""

from __future__ import annotations

import argparse

from sandbox.server import Sandbox

PORT = 8765


def main() -> None:
    """Run the command that the arguments name."""
    parser = argparse.ArgumentParser(prog="sandbox", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")
    serving = commands.add_parser("serve", help="serve the vendors' APIs on loopback until interrupted")
    serving.add_argument("--port", type=int, default=PORT, help=f"the port to listen on (default {PORT})")
    serving.set_defaults(run=serve)
    arguments = parser.parse_args()
    arguments.run(arguments)


def serve(arguments: argparse.Namespace) -> None:
    """Serve until interrupted."""
    with Sandbox(port=arguments.port) as sandbox:
        for vendor in sandbox.vendors:
            print(f"{sandbox.url}/{vendor.name}")
        try:
            sandbox.wait()
        except KeyboardInterrupt:
            print("stopped")
