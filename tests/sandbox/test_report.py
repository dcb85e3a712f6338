"""What a demo shows at its end: figures stand to the right, names in their rows, and the chart has the values."""

from __future__ import annotations

import io
from datetime import date
from decimal import Decimal

from rich.cells import cell_len
from rich.console import Console
from sandbox.report import chart, table_of

ROWS = [
    ("Ana", 1_234, Decimal("70.0"), date(2026, 1, 5)),
    ("Rania حداد", 5, None, None),
    ("Li Wei 李伟", None, Decimal("-4.25"), date(2026, 11, 30)),
]


def shown(width: int = 80) -> list[str]:
    console = Console(file=io.StringIO(), width=width)
    console.print(table_of(("agent", "sessions", "qa_score", "since"), ROWS))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def test_figures_stand_to_the_right_and_nothing_is_none() -> None:
    title, *lines = shown()
    assert len(lines) == len(ROWS)
    assert not [line for line in lines if "None" in line]
    for heading, figures in (("sessions", ("1,234", "5", "")), ("qa score", ("70.0", "", "-4.25"))):
        end = title.index(heading) + len(heading)
        assert [up_to(end, line).rpartition(" ")[2] for line in lines] == list(figures)


def up_to(cells: int, line: str) -> str:
    """Return what of a line is to the left of so many cells."""
    return next(line[:length] for length in range(len(line), -1, -1) if cell_len(line[:length]) <= cells)


def test_a_name_from_right_to_left_is_isolated_and_others_are_as_they_are() -> None:
    _, ana, rania, li = shown()
    assert ana.startswith("Ana ")
    assert rania.startswith("\u2068Rania حداد\u2069 ")
    assert rania.rstrip().endswith("5")
    assert li.startswith("Li Wei 李伟 ")


def test_the_chart_has_bars_on_both_sides_of_nothing() -> None:
    lines = chart([("few", -6.0), ("many", 12.0)]).plain.splitlines()
    nothing = next(place for place, line in enumerate(lines) if line.lstrip().startswith("0┤"))
    middle = len(lines[nothing]) // 2
    low = [place for place, line in enumerate(lines) if "█" in line[:middle]]
    high = [place for place, line in enumerate(lines) if "█" in line[middle:]]
    assert min(low) == max(high) == nothing
    assert len(high) > len(low) > 1
    assert "few" in lines[-2]
