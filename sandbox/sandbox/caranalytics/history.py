"""What happens in Khoros Care: customers' conversations and agents' shifts, made from their numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from sandbox.world import EPOCH, TEAMS, TOPICS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    from sandbox.world import Person, World

DAY = timedelta(days=1)
FRIDAY = 4
# One conversation begins in each span of this length; all that happens in it happens within LONGEST.
EVERY = timedelta(hours=1)
LONGEST = timedelta(days=10)
KEPT = 4096

PROVIDERS = ("Twitter", "Facebook", "Instagram", "WhatsApp")
LANGUAGES = ("en", "fr", "de", "tr", "es")
SENTIMENTS = ("Positive", "Neutral", "Negative")
WORK_QUEUES = {5016: "General", 5017: "Billing", 5021: "Outages", 5044: "VIP"}
TEAM_IDS = {team: 6222 + 7 * index for index, team in enumerate(TEAMS)}
QUESTIONS = (
    "Hello? Anyone there?",
    "My router blinks red, then green, then red again.\nWhat now?",
    'They said "tomorrow", three times; see #order 12,480',
    "J'attends toujours mon remboursement 😡",
    "Paketim nerede? Çok bekledim…",
    "=1+1 is what your invoice looks like",
)
ANSWERS = (
    "Hi, sorry for the trouble! Please send us your order number by private message.",
    "Bonjour, nous regardons cela tout de suite.\n\n— l'équipe",
    "Danke für die Geduld: die Störung ist behoben, bitte starten Sie neu.",
    'It is on its way; look for "parcel" in the app, or reply here.',
)


@dataclass(frozen=True)
class Post:
    """What a customer wrote."""

    key: str
    at: datetime
    published: datetime
    text: str
    private: bool


@dataclass(frozen=True)
class Reply:
    """What an agent or a bot answered; some are tagged anew days later, some need a coach's approval."""

    key: str
    at: datetime
    post: Post
    order: int
    bot: bool
    claimed: datetime
    handling: int
    text: str
    external_id: str | None
    retagged: datetime | None
    submitted: datetime | None


@dataclass(frozen=True)
class Action:
    """A step in the handling of a conversation."""

    key: str
    at: datetime
    kind: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class HelpRequest:
    """A question of the agent to an expert."""

    key: str
    at: datetime
    answered: datetime


@dataclass(frozen=True)
class Conversation:
    """A customer's conversation with one agent, from its first post to its last closing."""

    number: int
    uuid: str
    at: datetime
    author: int
    author_uuid: str
    provider: str
    language: str
    sentiment: str
    priority: int
    work_queue: int
    agent: Person
    topic: str
    ticket: str
    survey_score: int | None
    posts: tuple[Post, ...]
    replies: tuple[Reply, ...]
    # When it was opened and closed, and again when it was reopened.
    spells: tuple[tuple[datetime, datetime], ...]
    actions: tuple[Action, ...]
    help_requests: tuple[HelpRequest, ...]

    def open_at(self, moment: datetime) -> bool:
        """Whether it was open at this moment."""
        return any(opened <= moment < closed for opened, closed in self.spells)


@dataclass(frozen=True)
class AgentState:
    """A span of an agent's day."""

    key: str
    agent: Person
    name: str
    kind: str
    start: datetime
    end: datetime


class History:
    """Everything that happens, in any span of time that is asked about."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._kept: dict[int, Conversation] = {}

    def conversations(self, start: datetime, end: datetime) -> Iterator[Conversation]:
        """Every conversation in which something may happen between the two, up to now."""
        first = max(start - LONGEST, self.world.start)
        for number in range((first - EPOCH) // EVERY, (min(end, self.world.now) - EPOCH) // EVERY + 1):
            conversation = self._kept.get(number)
            if conversation is None:
                if len(self._kept) > KEPT:
                    self._kept.clear()
                conversation = self._kept[number] = self._conversation(number)
            if conversation.at <= self.world.now:
                yield conversation

    def agent_states(self, start: datetime, end: datetime) -> Iterator[AgentState]:
        """The states that agents are in between the two, up to now."""
        day = max(start, self.world.start).replace(hour=0, minute=0, second=0, microsecond=0) - DAY
        while day <= min(end, self.world.now):
            for agent in self.world.agents:
                for state in self._shift(agent, day):
                    if state.start <= min(end, self.world.now) and state.end >= start:
                        yield state
            day += DAY

    def _shift(self, agent: Person, day: datetime) -> Iterator[AgentState]:
        chance = self.world.chance("shift", agent.number, day.date())
        if day.weekday() > FRIDAY and _likely(chance, 0.7):
            return
        at = whole(day + timedelta(hours=chance.uniform(7, 10)))
        plan = [("Available", "AVAILABLE", chance.uniform(3, 4)), ("Lunch", "CUSTOM", chance.uniform(0.5, 1))]
        if _likely(chance, 0.3):
            plan += [("Available", "AVAILABLE", 1.0), ("Coaching", "CUSTOM", 0.5)]
        plan += [("Available", "AVAILABLE", chance.uniform(3, 4)), ("Offline", "OFFLINE", 12)]
        for index, (name, kind, hours) in enumerate(plan):
            end = whole(at + timedelta(hours=hours))
            yield AgentState(f"state/{agent.number}/{day.date()}/{index}", agent, name, kind, at, end)
            at = end

    def _conversation(self, number: int) -> Conversation:
        chance = self.world.chance("conversation", number)
        at = self._beginning(number, chance)
        author = chance.randrange(1200)
        topic = chance.choice(TOPICS)
        posts = tuple(self._posts(number, at, chance))
        replies = tuple(self._replies(number, posts, chance))
        spells = tuple(_spells(at, max([posts[-1].at, *(reply.at for reply in replies)]), chance))
        return Conversation(
            number=number,
            uuid=uuid(chance),
            at=at,
            author=100_000 + author,
            author_uuid=uuid(self.world.chance("author", author)),
            provider=PROVIDERS[author % len(PROVIDERS)],
            language=LANGUAGES[author % len(LANGUAGES)],
            sentiment=chance.choice(SENTIMENTS),
            priority=chance.randrange(6),
            work_queue=chance.choice(list(WORK_QUEUES)),
            agent=chance.choice(self.world.agents),
            topic=topic,
            ticket=self.world.ticket_before(at),
            survey_score=chance.randrange(1, 6) if _likely(chance, 0.3) else None,
            posts=posts,
            replies=replies,
            spells=spells,
            actions=tuple(_actions(number, topic, replies, spells, chance)),
            help_requests=tuple(_help_requests(number, replies, chance)),
        )

    @staticmethod
    def _beginning(number: int, chance: Random) -> datetime:
        """A moment in the span; a day's first and last begin on its edges."""
        a_day = DAY // EVERY
        into = chance.random()
        if number % a_day == 0:
            return EPOCH + number * EVERY
        if number % a_day == a_day - 1:
            return EPOCH + (number + 1) * EVERY - timedelta(milliseconds=1)
        return whole(EPOCH + (number + into) * EVERY)

    @staticmethod
    def _posts(number: int, at: datetime, chance: Random) -> Iterator[Post]:
        for index in range(chance.choice((1, 1, 2, 2, 3, 4))):
            published = whole(at - timedelta(seconds=chance.uniform(0, 90)))
            yield Post(f"post/{number}/{index}", at, published, chance.choice(QUESTIONS), _likely(chance, 0.4))
            at = whole(at + timedelta(hours=min(6, chance.expovariate(0.5))))

    @staticmethod
    def _replies(number: int, posts: tuple[Post, ...], chance: Random) -> Iterator[Reply]:
        order = 0
        for index, post in enumerate(posts):
            if _likely(chance, 0.15):
                continue
            order += 1
            bot = order == 1 and _likely(chance, 0.1)
            waited = 0.01 if bot else min(4, chance.expovariate(3) + 0.05)
            at = whole(post.at + timedelta(hours=waited))
            claimed = whole(at - timedelta(hours=waited * chance.uniform(0.1, 0.9)))
            late = at + timedelta(days=chance.uniform(2, 9)) if _likely(chance, 0.05) else None
            external_id = str(chance.getrandbits(60)) if _likely(chance, 0.97) else None
            submitted = claimed + (at - claimed) / 2 if not bot and _likely(chance, 0.3) else None
            yield Reply(
                key=f"response/{number}/{index}",
                at=at,
                post=post,
                order=order,
                bot=bot,
                claimed=claimed,
                handling=chance.randrange(20_000, 900_000),
                text=chance.choice(ANSWERS),
                external_id=external_id,
                retagged=late,
                submitted=whole(submitted) if submitted else None,
            )


def whole(moment: datetime) -> datetime:
    """The moment to the millisecond, which is as finely as the vendor counts."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def uuid(chance: Random) -> str:
    """A UUID by chance."""
    return str(UUID(int=chance.getrandbits(128), version=4))


def in_business_hours(moment: datetime) -> bool:
    """Monday to Friday, nine to five."""
    return moment.weekday() <= FRIDAY and moment.hour in range(9, 17)


def _likely(chance: Random, share: float) -> bool:
    return chance.random() < share


def _spells(at: datetime, last: datetime, chance: Random) -> Iterator[tuple[datetime, datetime]]:
    if _likely(chance, 0.04):
        yield at, whole(at + timedelta(days=chance.uniform(5, 9.9)))
        return
    closed = whole(last + timedelta(hours=min(24, chance.expovariate(1 / 5))))
    yield at, closed
    if _likely(chance, 0.06):
        reopened = whole(closed + timedelta(hours=chance.uniform(1, 12)))
        yield reopened, whole(reopened + timedelta(hours=chance.uniform(1, 24)))


def _actions(
    number: int,
    topic: str,
    replies: tuple[Reply, ...],
    spells: tuple[tuple[datetime, datetime], ...],
    chance: Random,
) -> Iterator[Action]:
    key = f"action/{number}"
    if replies:
        yield Action(f"{key}/claim", replies[0].claimed, "CLAIM", None, None)
    tagged = whole(spells[0][0] + timedelta(minutes=2))
    yield Action(f"{key}/tag", tagged, "TAG", None, topic)
    # A double click: two actions that no column tells apart.
    if _likely(chance, 0.04):
        yield Action(f"{key}/tag again", tagged, "TAG", None, topic)
    for index, (opened, closed) in enumerate(spells):
        if index:
            yield Action(f"{key}/reopen", opened, "REOPEN", "CLOSED", "OPEN")
        yield Action(f"{key}/close/{index}", closed, "CLOSE", "OPEN", "CLOSED")


def _help_requests(number: int, replies: tuple[Reply, ...], chance: Random) -> Iterator[HelpRequest]:
    for reply in replies:
        if not reply.bot and _likely(chance, 0.15):
            answered = whole(reply.claimed + timedelta(hours=chance.expovariate(1 / 8)))
            yield HelpRequest(f"help/{number}/{reply.order}", reply.claimed, answered)
