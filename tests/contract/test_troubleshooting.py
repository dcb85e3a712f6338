"""The READMEs' tables of errors quote what the code says."""

import ast
import re
from collections.abc import Iterator

import pytest
from sandbox.server import Sandbox

from sandbox import faults
from tests.contract.contract import Contract
from tests.contract.taps import TAPS, each_tap
from tests.meltano import ROOT
from tests.singer import run

QUOTED = re.compile(r"^\| `([^`]+)` \| .+ \| .+ \|$", re.MULTILINE)
REFUSAL = " refused …: HTTP "
PLACEHOLDER = re.compile(r"%(?:\.0f|[sd])")


def quoted(tap: Contract) -> list[str]:
    """Return the errors and warnings that a tap's README explains."""
    section = (ROOT / tap.name / "README.md").read_text().partition("## Troubleshooting\n")[2].partition("\n## ")[0]
    return QUOTED.findall(section)


def said(tap: Contract) -> str:
    """Return every text in a tap's code, a line each, with `…` for what is put in."""
    files = (ROOT / tap.name).rglob("tap_*/**/*.py")
    return "\n".join(text for path in files for text in texts(ast.parse(path.read_text())))


def texts(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = [part.value if isinstance(part, ast.Constant) else "…" for part in node.values]
            yield "".join(map(str, parts)).replace("\n", " ")
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield PLACEHOLDER.sub("…", node.value).replace("\n", " ")


@each_tap
def test_each_error_that_is_explained_is_one_that_the_tap_says(tap: Contract) -> None:
    code, errors = said(tap), quoted(tap)
    assert len(errors) > 10
    for error in errors:
        # A refusal is put together from two texts; the next test meets it.
        if REFUSAL in error:
            continue
        wanted = ".*".join(map(re.escape, error.split("…")))
        assert re.search(f"^{wanted}", code, re.MULTILINE), error


REFUSALS = [
    pytest.param(tap, error, id=f"{tap.name}-{error[-3:]}") for tap in TAPS for error in quoted(tap) if REFUSAL in error
]


@pytest.mark.parametrize(("tap", "error"), REFUSALS)
def test_a_refusal_says_what_the_table_says(tap: Contract, error: str, sandbox: Sandbox) -> None:
    tap.vendor(sandbox).fail(faults.status(int(error[-3:]), {"error": "no"}), times=1000)
    result = run(tap.name, tap.config(sandbox))
    assert re.search(".*".join(map(re.escape, error.split("…"))), result.log)
    readme = (ROOT / tap.name / "README.md").read_text()
    (advice,) = re.findall(rf"\| `{re.escape(error)}` \| .* \| (.*) \|", readme)
    assert advice in result.log
