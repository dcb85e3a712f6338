"""Lines of text as a picture, for a README."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

LINE, LETTER, EDGE = 18, 7.85, 20


def svg(lines: Sequence[str]) -> str:
    """Return the lines in a fixed-width typeface on a dark ground, readable in light and dark pages alike."""
    width = round(max(map(len, lines)) * LETTER) + 2 * EDGE
    height = len(lines) * LINE + 2 * EDGE
    heights = range(EDGE + LINE - 5, height, LINE)
    text = "\n".join(f'<text x="{EDGE}" y="{y}">{escape(line)}</text>' for y, line in zip(heights, lines, strict=False))
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">
<style>text {{ font: 13px ui-monospace, Menlo, Consolas, monospace; fill: #d7dde5; white-space: pre; }}</style>
<rect width="{width}" height="{height}" rx="8" fill="#1b2129"/>
{text}
</svg>
"""
