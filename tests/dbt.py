"""dbt as Meltano has installed it, in one process for all commands: most of what a command takes is its imports."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

from tests.meltano import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType

    from sandbox.warehouse import Warehouse
    from typing_extensions import Self

# Reads a command a line, answers with what became of each node.
SERVE = """
import json, os, sys
from dbt.cli.main import dbtRunner
answers, sys.stdout = sys.stdout, sys.stderr
for line in sys.stdin:
    arguments, environment = json.loads(line)
    before = dict(os.environ)
    os.environ.update(environment)
    done = dbtRunner().invoke(arguments)
    os.environ.clear()
    os.environ.update(before)
    results = getattr(done.result, "results", None) or ()
    nodes = {result.node.unique_id: str(result.status) for result in results}
    failure = repr(done.exception) if done.exception else None
    print(json.dumps([bool(done.success), nodes, failure]), file=answers, flush=True)
"""


class Dbt:
    """Commands on the project in `transform/`, or on a copy of it, against a warehouse."""

    def __init__(self, installed: Path, folder: Path, warehouse: Warehouse, project: Path = ROOT / "transform") -> None:
        """Use this folder for what dbt writes."""
        settings = warehouse.settings
        environment = {
            "DBT_PROJECT_DIR": str(project),
            "DBT_PROFILES_DIR": str(project / "profiles"),
            "DBT_TARGET_PATH": str(folder / "target"),
            "DBT_LOG_PATH": str(folder),
            "DBT_POSTGRES_HOST": settings["TARGET_POSTGRES_HOST"],
            "DBT_POSTGRES_PORT": settings["TARGET_POSTGRES_PORT"],
            "DBT_POSTGRES_USER": settings["TARGET_POSTGRES_USER"],
            "DBT_POSTGRES_DBNAME": settings["TARGET_POSTGRES_DATABASE"],
        }
        python = installed / "utilities" / "dbt-postgres" / "venv" / "bin" / "python"
        folder.mkdir()
        with (folder / "said").open("w") as said:
            self._process = subprocess.Popen(
                [python, "-c", SERVE],
                env=os.environ | environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
                text=True,
            )
        self._said = folder / "said"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let it end."""
        self._process.communicate()

    def run(self, *arguments: str, environment: Mapping[str, str] | None = None) -> dict[str, str]:
        """Run a command that must do well; return the status of each node, by what follows the project in its name."""
        succeeded, nodes, failure = self._answer(arguments, environment or {})
        assert succeeded, (failure, self._said.read_text()[-5000:])
        return {name.partition("contact_centre.")[2]: status for name, status in nodes.items()}

    def fail(self, *arguments: str, environment: Mapping[str, str]) -> str:
        """Run a command that must fail; return why it says it has."""
        succeeded, _, failure = self._answer(arguments, environment)
        assert not succeeded
        return str(failure)

    def _answer(
        self, arguments: tuple[str, ...], environment: Mapping[str, str]
    ) -> tuple[bool, dict[str, str], str | None]:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps([arguments, dict(environment)]) + "\n")
        self._process.stdin.flush()
        succeeded, nodes, failure = json.loads(self._process.stdout.readline())
        return succeeded, nodes, failure
