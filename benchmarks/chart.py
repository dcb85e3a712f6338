"""The race as a chart: a bar for each contestant, a group for each case."""

from __future__ import annotations

from html import escape
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.report import footer, ratios

if TYPE_CHECKING:
    from collections.abc import Iterator

WIDTH, LEFT, RIGHT = 860, 230, 60
HEADING = "Time as a multiple of requests + json + print: less is better"
BAR, GAP, TITLE = 12, 18, 34
# On a ground of its own, which reads on a light page and on a dark one.
STYLE = """<style>
text { font: 13px system-ui, sans-serif; fill: #d7dde5; }
.title { font-weight: 600; }
.name { text-anchor: end; fill: #9aa7b5; }
.note { font-size: 12px; fill: #9aa7b5; }
.bar { fill: #4b5b6b; }
.tap { fill: #7fb7a6; }
.spread { stroke: #d7dde5; stroke-width: 1; }
.floor { stroke: #c9a35f; stroke-dasharray: 4 4; }
</style>"""


def drawn(result: dict[str, Any]) -> str:
    """Return the chart as SVG."""
    longest = max(max(ratios(case, name)) for case in result["cases"] for name in case["contestants"])
    scale = (WIDTH - LEFT - RIGHT) / longest
    body: list[str] = []
    top = 56
    for case in result["cases"]:
        body += _group(case, top, scale)
        top += TITLE + GAP * len(case["contestants"])
    height = top + 30
    frame = f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {frame}>',
            STYLE,
            f'<rect width="{WIDTH}" height="{height}" rx="8" fill="#1b2129"/>',
            f'<text x="20" y="32" class="title">{HEADING}</text>',
            *body,
            f'<text x="20" y="{height - 14}" class="note">{_text(footer(result))}</text>',
            "</svg>\n",
        ]
    )


def _group(case: dict[str, Any], top: float, scale: float) -> Iterator[str]:
    yield f'<text x="20" y="{top + 18}" class="title">{_text(case["title"])}</text>'
    first = top + TITLE - 6
    for place, name in enumerate(case["contestants"]):
        found = ratios(case, name)
        y, kind = first + GAP * place, "tap" if name.startswith("tap") else "bar"
        middle, ends = median(found), (LEFT + scale * min(found), LEFT + scale * max(found))
        yield f'<text x="{LEFT - 10}" y="{y + 11}" class="name">{_text(name)}</text>'
        yield f'<rect x="{LEFT}" y="{y}" width="{scale * middle:.1f}" height="{BAR}" class="{kind}"/>'
        yield f'<path d="M{ends[0]:.1f} {y + BAR / 2}H{ends[1]:.1f}" class="spread"/>'
        yield f'<text x="{ends[1] + 8:.1f}" y="{y + 11}">{middle:.2f}</text>'
    last = first + GAP * len(case["contestants"])
    yield f'<path d="M{LEFT + scale:.1f} {first - 4}V{last - 2}" class="floor"/>'


def _text(text: str) -> str:
    return escape(text, quote=False)
