"""Coaching that takes place, whichever vendor keeps the record of it, and what it does to an agent's quality."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

from sandbox.world import EPOCH, World

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from random import Random

    from sandbox.world import Person

WEEK = timedelta(weeks=1)
# For how many calendar weeks after its own a session has its effect.
EFFECT_WEEKS = 4
# A session is held at most so long after it was entered; a plan's last meeting, so long after the plan.
LATEST_SESSION, LATEST_MEETING = timedelta(days=21), timedelta(weeks=14)
# How often something of each kind is entered, in the order of the vendors that keep it.
SESSION_EVERY, ONE_TO_ONE_EVERY, PLAN_EVERY = timedelta(hours=14), timedelta(hours=36), timedelta(days=6)
BEST = 0.98
WOBBLE = 0.25


@dataclass(frozen=True)
class Coaching:
    """An agent is to be coached at a moment, if one has been fixed, and is at another, if it comes to that."""

    agent: Person
    planned: datetime | None
    held: datetime | None


def session(world: World, number: object, entered: datetime) -> Coaching:
    """Give the coaching that MaestroQA keeps: on the day it was fixed for, or at once."""
    chance = world.chance("session's coaching", number)
    agent = chance.choice(world.helpdesk_agents)
    planned = entered + timedelta(days=chance.uniform(0, 20)) if chance.random() > 0.08 else None
    return Coaching(agent, planned, planned or entered)


def one_to_one(world: World, number: int, entered: datetime) -> Coaching:
    """Give the coaching that Agent Connect keeps: held when the coach shares it, which some never do."""
    chance = world.chance("1:1's coaching", number)
    agent = world.known_as(chance.choice(world.agents), entered)
    shared = entered + timedelta(seconds=chance.randrange(600, 3 * 86_400))
    return Coaching(agent, None, shared if chance.random() < 0.95 else None)


def plan(world: World, number: int, entered: datetime) -> list[Coaching]:
    """Give the weekly meetings of a plan that ExecVision keeps; some are missed."""
    chance = world.chance("plan's coaching", number)
    agent, meetings = chance.choice(world.agents), []
    for week in range(1, chance.randrange(4, 14) + 1):
        # Three o'clock, New York's summer time.
        planned = (entered + week * WEEK).replace(hour=19, minute=0, second=0, microsecond=0)
        held = planned + timedelta(minutes=chance.uniform(0, 10)) if chance.randrange(8) else None
        meetings.append(Coaching(agent, planned, held))
    return meetings


def quality(world: World, agent: Person, at: datetime) -> float:
    """Give the share of all points that the agent's work is worth then: more after coaching, never quite all."""
    week, own = (at - EPOCH) // WEEK, world.chance("quality", agent.number).uniform(0.52, 0.64)
    sessions = sum(_held_in(week - ago)[agent.number] for ago in range(1, EFFECT_WEEKS + 1))
    return min(BEST, own + sessions * world.coaching_effect / 100)


def graded(chance: Random, points: Sequence[float], quality: float) -> int:
    """Choose a place on a scale, the lowest first, such that its share of the most points is `quality` on average."""
    room = min(WOBBLE, quality, 1 - quality)
    aim = (quality + chance.uniform(-room, room)) * points[-1]
    above = next(place for place, worth in enumerate(points) if worth >= aim and place)
    low, high = points[above - 1], points[above]
    return above if chance.random() < (aim - low) / (high - low) else above - 1


@cache
def _held_in(week: int) -> Counter[int]:
    """Count the sessions that are held in a week by agents' numbers, whichever part of history is in view."""
    start = EPOCH + week * WEEK
    return Counter(
        coaching.agent.number
        for coaching in _entered_before(World(), start + WEEK)
        if coaching.held and start <= coaching.held < start + WEEK
    )


def _entered_before(world: World, end: datetime) -> Iterator[Coaching]:
    """Yield what was entered up to a moment, and since so long that all that is held in the week before is there."""
    since = end - WEEK - LATEST_SESSION
    for number, entered in world.moments_between(SESSION_EVERY, "session", since, end + SESSION_EVERY):
        yield session(world, number, entered)
    for number, entered in world.moments_between(ONE_TO_ONE_EVERY, "1:1", since, end + ONE_TO_ONE_EVERY):
        yield one_to_one(world, number, entered)
    since = end - WEEK - LATEST_MEETING
    for number, entered in world.moments_between(PLAN_EVERY, "execvision plan", since, end + PLAN_EVERY):
        yield from plan(world, number, entered)
