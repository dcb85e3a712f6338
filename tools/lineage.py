"""The picture of which table of the dbt project is made of which, drawn from the models' own references."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SOURCE = re.compile(r"source\('(\w+)', '(\w+)'\)|current_report\('(\w+)'\)")
THING = re.compile(r"union_vendors\('(\w+)'\)")
MART = re.compile(r"ref\('(\w+)'\)")
# Columns from left to right, and what a line of text takes.
LEFT, WIDTH, LINE, GAP, EDGE = (20, 250, 490, 720, 950), 190, 17, 12, 20
STYLE = """\
text { font: 13px system-ui, sans-serif; fill: #9aa7b5; } .name { font-weight: 600; fill: #d7dde5; }
rect { fill: #26303b; stroke: #4b5b6b; } path { fill: none; stroke: #7fb7a6; stroke-width: 1; }"""


@dataclass
class Box:
    """A table, or what a vendor has, with lines below its name."""

    name: str
    lines: tuple[str, ...]
    left: int
    top: int = 0

    @property
    def height(self) -> int:
        """How high it is drawn."""
        return LINE * (1 + len(self.lines)) + GAP

    @property
    def middle(self) -> int:
        """Where lines leave and arrive."""
        return self.top + self.height // 2


def lineage(project: Path) -> str:
    """Return the picture: raw tables, staging views by vendor, marts, and the mart made of the others."""
    staging = {
        folder.name: {path.stem.partition("__")[2]: path.read_text() for path in sorted(folder.glob("*.sql"))}
        for folder in sorted((project / "models" / "staging").iterdir())
    }
    marts = {path.stem: path.read_text() for path in sorted((project / "models" / "marts").glob("*.sql"))}
    raw = [Box(f"tap_{vendor}", _tables("".join(things.values())), LEFT[0]) for vendor, things in staging.items()]
    views = [Box(f"stg_{vendor}__…", tuple(things), LEFT[1]) for vendor, things in staging.items()]
    refs = {name: sorted(set(MART.findall(text)) & marts.keys()) for name, text in marts.items()}
    made = {name: Box(name, (), LEFT[2 + _depth(name, refs)]) for name in marts}
    columns = [raw, views, *([box for box in made.values() if box.left == left] for left in LEFT[2:])]
    height = max(sum(box.height + GAP for box in column) for column in columns)
    for column in columns:
        _spread(column, height)
    lines = [*zip(raw, views, strict=True)]
    for name, text in marts.items():
        things = set(THING.findall(text))
        lines += [(view, made[name]) for view in views if things & set(view.lines)]
        lines += [(made[of], made[name]) for of in refs[name]]
    return _drawn([*raw, *views, *made.values()], lines, height + 2 * EDGE)


def _depth(name: str, refs: dict[str, list[str]]) -> int:
    return max((1 + _depth(of, refs) for of in refs[name]), default=0)


def _tables(text: str) -> tuple[str, ...]:
    found = {table or report for _, table, report in SOURCE.findall(text)}
    return tuple(sorted(found | ({"windows"} if "current_report" in text else set())))


def _spread(boxes: list[Box], height: int) -> None:
    """Put boxes below each other, with what room there is between them."""
    room = (height - sum(box.height for box in boxes)) // (len(boxes) + 1)
    top = EDGE + room
    for box in boxes:
        box.top = top
        top += box.height + room


def _drawn(boxes: list[Box], lines: list[tuple[Box, Box]], height: int) -> str:
    width = LEFT[-1] + WIDTH + EDGE
    parts = [*(_curve(*ends) for ends in lines), *(part for box in boxes for part in _box(box))]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">\n'
        f'<style>{STYLE}</style>\n<rect width="{width}" height="{height}" style="fill: #1b2129; stroke: none"/>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def _curve(start: Box, end: Box) -> str:
    left, right = start.left + WIDTH, end.left
    bend = (right - left) // 2
    return (
        f'<path d="M{left} {start.middle} C{left + bend} {start.middle} {right - bend} {end.middle} '
        f'{right} {end.middle}"/>'
    )


def _box(box: Box) -> Iterator[str]:
    yield f'<rect x="{box.left}" y="{box.top}" width="{WIDTH}" height="{box.height}" rx="5"/>'
    for place, line in enumerate((box.name, *box.lines)):
        kind = "" if place else ' class="name"'
        yield f'<text x="{box.left + 10}" y="{box.top + LINE * (place + 1)}"{kind}>{escape(line)}</text>'
