"""The contact centre that all vendors keep records of: its people and their calls, the same on every run."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from functools import cached_property
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

TWO_YEARS = timedelta(days=730)
EPOCH = datetime(2020, 1, 6, tzinfo=timezone.utc)
CALL_EVERY = timedelta(hours=4)

# Two share a name and a team: only numbers and addresses tell them apart.
AGENTS = (
    "Amélie Laurent", "Björn Lindqvist", "Chidi Okafor", "Dóra Szabó", "Elif Yıldız", "François Gauthier",
    "Grace Kim", "Hanna Virtanen", "Ícaro Souza", "Jack O’Neill", "Katarzyna Wójcik", "Li Wei 李伟",
    "María Núñez", "Nguyễn Thị Hoa", "Olga Петрова", "Priya Sharma", "Quentin Dubois", "Rania حداد",
    "Søren Kjær", "Tomáš Dvořák", "Uma Patel", "Vivian Chen", "Grace Kim", "Zoë van Dijk",
)  # fmt: skip
COACHES = ("Ana Moreno", "Ben Fischer", "Carol Nakamura", "David Osei")
# The numbers of agents from an agency: they get a new address with each year's contract.
AGENCY = frozenset({9008, 9020})
TEAMS = ("Billing", "Technical support", "Sales", "Retention")
TOPICS = ("refund", "late delivery", "broken router", "price plan", "cancellation", "upgrade", "password")


@dataclass(frozen=True)
class Person:
    """An agent or a coach, under the number, the name and the e-mail that vendors know the person by."""

    number: int
    name: str
    email: str
    team: str

    @property
    def first_name(self) -> str:
        """The name up to its first blank."""
        return self.name.split()[0]

    @property
    def last_name(self) -> str:
        """The name after its first blank."""
        return self.name.split(maxsplit=1)[1]


@dataclass(frozen=True)
class Call:
    """A conversation between an agent and a customer."""

    number: int
    agent: Person
    started: datetime
    seconds: int
    topic: str

    @property
    def ticket(self) -> str:
        """The number of the helpdesk's ticket about it."""
        return self.ticket_of(self.number)

    @staticmethod
    def ticket_of(number: int) -> str:
        """The ticket of the call with this number."""
        return str(500_000 + number)


@dataclass
class World:
    """A contact centre's history up to `now`. What happens in it hangs on the calendar alone, not on either."""

    now: datetime = field(default_factory=lambda: datetime.now(timezone.utc))
    history: timedelta = TWO_YEARS
    # Points of quality, of a hundred, that a session of coaching adds in the weeks after it.
    coaching_effect: float = 2.5

    @property
    def start(self) -> datetime:
        """The midnight, UTC, that everything begins after."""
        return (self.now - self.history).replace(hour=0, minute=0, second=0, microsecond=0)

    @cached_property
    def agents(self) -> list[Person]:
        """Twenty-four agents, six a team."""
        return [_person(9001 + index, name, TEAMS[index % len(TEAMS)]) for index, name in enumerate(AGENTS)]

    @cached_property
    def coaches(self) -> list[Person]:
        """Four coaches, one a team."""
        return [_person(101 + index, name, TEAMS[index]) for index, name in enumerate(COACHES)]

    @cached_property
    def helpdesk_agents(self) -> list[Person]:
        """Whom the helpdesk knows: the agents, and one whom all others know under another number, or not at all."""
        return [*self.agents, Person(4711, "Ingrid Holm", "user9501@contact-centre.example", TEAMS[0])]

    def known_as(self, person: Person, at: datetime) -> Person:
        """The person with the e-mail of that time."""
        if person.number not in AGENCY:
            return person
        return replace(person, email=person.email.replace("@", f"-{at.year}@"))

    def coach_of(self, agent: Person) -> Person:
        """The coach of the agent's team."""
        return next(coach for coach in self.coaches if coach.team == agent.team)

    @cached_property
    def calls(self) -> list[Call]:
        """Six calls a day."""
        return [self._call(number, moment) for number, moment in self.moments(CALL_EVERY, "calls")]

    def _call(self, number: int, moment: datetime) -> Call:
        chance = self.chance("call", number)
        agent, seconds = self.known_as(chance.choice(self.agents), moment), int(chance.expovariate(1 / 420)) + 30
        return Call(number, agent, moment, seconds, chance.choice(TOPICS))

    def ticket_before(self, moment: datetime) -> str:
        """The ticket of a call shortly before this moment."""
        return Call.ticket_of(int((moment - EPOCH) / CALL_EVERY) - 1)

    def moments(self, every: timedelta, what: str) -> Iterator[tuple[int, datetime]]:
        """One moment in each span of time that lies wholly in view, with the span's number since 2020."""
        return self.moments_between(every, what, self.start, self.now)

    def moments_between(
        self, every: timedelta, what: str, start: datetime, end: datetime
    ) -> Iterator[tuple[int, datetime]]:
        """One moment in each span of time that lies wholly between the two."""
        for number in range(int((start - EPOCH) / every) + 1, int((end - EPOCH) / every)):
            yield number, EPOCH + (number + self.chance(what, number).random()) * every

    def chance(self, *about: object) -> Random:
        """Chance that falls alike for the same thing on every run."""
        return Random("/".join(map(str, about)))


def _person(number: int, name: str, team: str) -> Person:
    return Person(number, name, f"user{number}@contact-centre.example", team)
