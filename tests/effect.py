"""How much a figure moves with another among an agent's own weeks, and how sure that is."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# An agent, what may have an effect, what it may have it on, and a weight.
Observation = tuple[str, float, float, float]


@dataclass(frozen=True)
class Estimate:
    slope: float
    error: float


def within_agents(observations: Sequence[Observation]) -> Estimate:
    """Fit one slope to all agents, each with a level of its own; the weeks of an agent need not be independent."""
    agents: dict[str, list[tuple[float, float, float]]] = defaultdict(list)
    for agent, cause, effect, weight in observations:
        agents[agent].append((cause, effect, weight))
    centred = [_centred(weeks) for weeks in agents.values()]
    spread = sum(weight * cause**2 for weeks in centred for cause, _, weight in weeks)
    slope = sum(weight * cause * effect for weeks in centred for cause, effect, weight in weeks) / spread
    squares = sum(
        sum(weight * cause * (effect - slope * cause) for cause, effect, weight in weeks) ** 2 for weeks in centred
    )
    return Estimate(slope, sqrt(squares * len(centred) / (len(centred) - 1)) / spread)


def _centred(weeks: list[tuple[float, float, float]]) -> list[tuple[float, float, float]]:
    total = sum(weight for *_, weight in weeks)
    cause, effect = (sum(week[place] * week[2] for week in weeks) / total for place in (0, 1))
    return [(week[0] - cause, week[1] - effect, week[2]) for week in weeks]
