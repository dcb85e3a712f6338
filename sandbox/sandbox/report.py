"""What a demo shows at its end: tables and a chart, on the screen and as a picture."""

from __future__ import annotations

import io
import re
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Literal
from unicodedata import bidirectional

import plotext
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from rich.console import RenderableType

    from sandbox.warehouse import Row, Warehouse

WIDTH, CHART_HEIGHT = 110, 16
# What a font server would be asked for; the picture is to be drawn with what is there.
FONT_FACE = re.compile(r"\s*@font-face \{.*?\}", re.DOTALL)
# Around a name that is written from right to left, or it would pull the figures beside it along.
ISOLATED = "\u2068{}\u2069"
RIGHT_TO_LEFT = {"R", "AL"}

QUESTION = """\
Does coaching move quality? Weeks by how many sessions the agent had in the four weeks before, and how far
the QA score and the customers' stars lie from the agent's own average:"""
# Agents differ, and plans of coaching run for weeks: so each week is compared with the agent's other weeks, by all
# sessions that may still have an effect in it.
ANSWER = """\
with compared as (
  select
    coaching_sessions_prior_4w as sessions,
    evaluations,
    qa_score - avg(qa_score) over agent as qa_score,
    stars - avg(stars) over agent as stars
  from analytics.agent_week
  where coaching_sessions_prior_4w is not null
  window agent as (partition by agent_key)
)
select
  case when sessions >= 10 then '10 or more' else sessions / 2 * 2 || '–' || sessions / 2 * 2 + 1 end as sessions,
  count(*) as weeks,
  sum(evaluations) as evaluations,
  round(sum(qa_score * evaluations) / nullif(sum(evaluations), 0), 1) as qa_score,
  round(avg(stars), 2) as stars
from compared
group by 1, least(sessions / 2, 5)
order by least(sessions / 2, 5)"""
EFFECT = """\
with compared as (
  select
    coaching_sessions_prior_4w - avg(coaching_sessions_prior_4w) over agent as sessions,
    qa_score - avg(qa_score) over agent as qa_score
  from analytics.agent_week
  where coaching_sessions_prior_4w is not null and qa_score is not null
  window agent as (partition by agent_key)
)
select
  round(regr_slope(qa_score, sessions)::numeric, 2) as points_a_session,
  round(2 * sqrt((regr_syy(qa_score, sessions) - regr_slope(qa_score, sessions) * regr_sxy(qa_score, sessions))
    / nullif(regr_sxx(qa_score, sessions) * (count(*) - 2), 0))::numeric, 2) as give_or_take
from compared"""
AGENTS = """\
select
  dim_agent.agent_name as agent,
  dim_agent.team,
  dim_agent.vendor_count as vendors,
  sum(coaching_sessions) as sessions,
  sum(evaluations) as evaluations,
  round(sum(qa_score * evaluations) / nullif(sum(evaluations), 0), 1) as qa_score,
  round(sum(agent_week.stars * ratings) / nullif(sum(ratings), 0), 2) as stars,
  round(avg(handle_seconds)) as handle_seconds
from analytics.agent_week
join analytics.dim_agent using (agent_key)
group by dim_agent.agent_key, 1, 2, 3
having sum(evaluations) > 0
order by sessions desc, agent"""


def show(warehouse: Warehouse, since: datetime, console: Console) -> str:
    """Print what the warehouse holds and what it answers; return the answer as a picture."""
    answer = Group(*_answer(warehouse), *_agents(warehouse))
    console.print(*_arrived(warehouse, since), answer, sep="\n")
    drawn = Console(
        record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor", highlight=False
    )
    drawn.print(answer)
    return FONT_FACE.sub("", drawn.export_svg(title="sandbox demo"))


def _arrived(warehouse: Warehouse, since: datetime) -> list[RenderableType]:
    rows = []
    for schema, table in warehouse.tables():
        _, times = warehouse.query(
            "select column_name from information_schema.columns where table_schema = %s and table_name = %s "
            "and data_type like 'timestamp%%' and column_name not like '\\_sdc%%' order by ordinal_position limit 1",
            (schema, table),
        )
        column = f'"{times[0][0]}"' if times else "null::timestamp"
        _, found = warehouse.query(
            f"select count(*), count(*) filter (where _sdc_received_at >= %s), "  # noqa: S608  # known names
            f'min({column})::date, max({column})::date from {schema}."{table}"',
            (since.replace(tzinfo=None),),
        )
        rows.append((schema, table, *found[0]))
    heading = "What is in PostgreSQL now, and what of it this run has moved:"
    return ["", heading, "", table_of(("schema", "stream", "rows", "moved", "from", "to"), rows), ""]


def _answer(warehouse: Warehouse) -> list[RenderableType]:
    names, rows = warehouse.query(ANSWER)
    shown = [(str(row[0]), float(str(row[3]))) for row in rows if row[3] is not None]
    if not shown:
        return [QUESTION, "", "  No week has been evaluated yet that has four weeks before it.", ""]
    _, ((effect, error),) = warehouse.query(EFFECT)
    told = "" if None in (effect, error) else f"Each session more goes with {effect:+} points of QA score (± {error})."
    return [QUESTION, "", chart(shown), "", table_of(names, rows), "", told, ""]


def _agents(warehouse: Warehouse) -> list[RenderableType]:
    heading = "Behind it, the agents, each one person over all vendors:"
    return [heading, "", table_of(*warehouse.query(AGENTS)), ""]


def table_of(names: Sequence[str], rows: Sequence[Row]) -> Table:
    """Return rows as a table: figures to the right, nothing where a value is missing."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", pad_edge=True)
    for index, name in enumerate(names):
        is_figure = any(isinstance(row[index], (int, Decimal, float)) for row in rows)
        justify: Literal["left", "right"] = "right" if is_figure else "left"
        table.add_column(name.replace("_", " "), justify=justify, style="cyan" if is_figure else "", no_wrap=True)
    for row in rows:
        table.add_row(*map(cell, row))
    return table


def cell(value: object) -> Text:
    """Return a value as people write it."""
    if value is None:
        return Text("")
    if isinstance(value, date):
        return Text(value.isoformat())
    if isinstance(value, (int, Decimal, float)):
        return Text(f"{value:,}")
    text = str(value)
    turns = any(bidirectional(letter) in RIGHT_TO_LEFT for letter in text)
    return Text(ISOLATED.format(text) if turns else text)


def chart(values: Iterable[tuple[str, float]]) -> Text:
    """Return points above and below the average as bars."""
    labels, points = zip(*values, strict=True)
    plotext.clear_figure()
    plotext.theme("clear")
    plotext.plotsize(WIDTH - 30, CHART_HEIGHT)
    plotext.bar(labels, points, width=0.6, marker="sd", color="cyan")
    plotext.xlabel("sessions of coaching in the four weeks before")
    plotext.ylabel("points of QA score")
    most = 5 * max(1, -(-max(map(abs, points)) // 5))
    ticks = [part * most / 3 for part in range(-3, 4)] if most % 15 == 0 else [part * most / 2 for part in range(-2, 3)]
    plotext.ylim(-most, most)
    plotext.yticks(ticks, [f"{tick:+g}" if tick else "0" for tick in ticks])
    return Text.from_ansi(plotext.build())
