"""A contact centre's account with ExecVision: its people, definitions and feeds, and ways to change them."""

from __future__ import annotations

from bisect import bisect_left, insort
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING

from sandbox import coaching
from sandbox.execvision.calls import Record, call_record, identity, topic_record, topics
from sandbox.execvision.feeds import EDITS, FIRST_ADDED, KPIS, MAKES, MEETING, SCORECARDS
from sandbox.world import Call

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sandbox.world import Person, World

FEEDS = (
    "calls",
    "calls/deleted",
    "call_topics",
    "listens",
    "scores",
    "feedback",
    "shares",
    "meetings",
    "plans",
    "kpis",
)
# One call in so many is listened to, scored, commented on, shared.
ONE_IN = {"listens": 5, "scores": 6, "feedback": 7, "shares": 8}
# At times the like happens twice at one moment, with no id to tell the rows apart; highlights have comments.
TWINS: dict[str, Record] = {
    "listens": {},
    "shares": {},
    "feedback": {"isComment": False, "isHighlight": True, "endTime": 24.5},
}
# The page shows no fraction of a second in these.
WHOLE_SECONDS = ("shares", "kpis")


@dataclass(eq=False)
class Row:
    """An entry of a feed, and the moment by which the feed orders and filters it."""

    id: str
    at: datetime
    body: Record

    @property
    def place(self) -> tuple[datetime, str]:
        """Where the row stands: by its moment, and by its id among those of one moment."""
        return self.at, self.id


class Feed:
    """Rows, the oldest first."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self.rows = sorted(rows, key=lambda row: row.place)
        self._by_id = {row.id: row for row in self.rows}

    def since(self, moment: datetime) -> list[Row]:
        """The rows at or after this moment."""
        return self.rows[self._index((moment, "")) :]

    def get(self, row_id: str) -> Row | None:
        """The row with this id, if there is one."""
        return self._by_id.get(row_id)

    def put(self, row: Row) -> Row:
        """Add a row, in place of the one with its id."""
        if row.id in self._by_id:
            self.take(row.id)
        self._by_id[row.id] = row
        insort(self.rows, row, key=lambda row: row.place)
        return row

    def take(self, row_id: str) -> Row:
        """Remove the row with this id."""
        row = self._by_id.pop(row_id)
        del self.rows[self._index(row.place)]
        return row

    def _index(self, place: tuple[datetime, str]) -> int:
        return bisect_left(self.rows, place, key=lambda row: row.place)


@dataclass
class Account:
    """All that the API serves, made when first asked for. A feed goes by the path that serves it."""

    world: World
    # Every call there ever was, deleted ones too, by id.
    calls: dict[str, Call] = field(default_factory=dict, init=False)
    _feeds: dict[str, Feed] = field(default_factory=dict, init=False)
    _numbers: Iterator[int] = field(default_factory=lambda: count(FIRST_ADDED), init=False)

    @cached_property
    def users(self) -> dict[str, Record]:
        """The active users by id; one who is taken out leaves no other trace."""
        numbers = {agent.number: [str(agent.number)] for agent in self.world.agents}
        people = (*self.world.agents, *self.world.coaches)
        return _by("userId", (_user(self.world.known_as(person, self.world.now), numbers) for person in people))

    @cached_property
    def teams(self) -> dict[str, Record]:
        """The active teams by id."""
        return _by("id", map(_team, self.world.coaches))

    @cached_property
    def departments(self) -> dict[str, Record]:
        """The active departments by id."""
        names = {_department(coach.team) for coach in self.world.coaches}
        return _by("id", ({"id": identity("department", name), "name": name} for name in sorted(names)))

    @cached_property
    def topics(self) -> dict[str, Record]:
        """The active topics by id."""
        return _by("id", topics())

    @cached_property
    def kpis(self) -> dict[str, Record]:
        """The KPI definitions by id."""
        keys = ("description", "frequency", "target")
        return _by("kpiId", ({"kpiId": kpi, **dict(zip(keys, KPIS[kpi], strict=True))} for kpi in KPIS))

    @cached_property
    def scorecards(self) -> dict[str, list[Record]]:
        """The questions of each scorecard, by the scorecard's id."""
        return {identity("scorecard", name): _questions(name) for name in SCORECARDS}

    def feed(self, name: str) -> Feed:
        """The feed that this path serves."""
        if name not in self._feeds:
            if name in {"calls", "calls/deleted", "call_topics"}:
                self._record_calls()
            elif name in {"plans", "meetings"}:
                self._plan_meetings()
            else:
                self._feeds[name] = Feed(self._observations() if name == "kpis" else self._after_calls(name))
        return self._feeds[name]

    def add_call(self, at: datetime, *, call_time: datetime | None = None, state: str = "COMPLETE") -> Row:
        """Let a call enter a state at this moment; it took place ten minutes before, or at `call_time`."""
        number = next(self._numbers)
        chance = self.world.chance("execvision added", number)
        started = call_time or at - timedelta(minutes=10)
        call = Call(number, chance.choice(self.world.agents), started, chance.randrange(30, 900), "upgrade")
        row = self.feed("calls").put(Row(identity("call", number), at, call_record(self.world, call, state)))
        self.calls[row.id] = call
        if state == "COMPLETE":
            self.feed("call_topics").put(Row(row.id, at, topic_record(call)))
        return row

    def delete_call(self, call_id: str, at: datetime) -> Row:
        """Delete a call: the feed of deletions is all that tells of it."""
        self.feed("calls").take(call_id)
        if self.feed("call_topics").get(call_id):
            self.feed("call_topics").take(call_id)
        return self.feed("calls/deleted").put(_deletion(self.calls[call_id], at))

    def add(self, feed: str, at: datetime) -> Row:
        """Add a row to any feed at this moment."""
        if feed in {"calls", "call_topics"}:
            return self.add_call(at)
        if feed == "calls/deleted":
            return self.delete_call(self.add_call(at).id, at)
        return self.feed(feed).put(self._row(feed, next(self._numbers), at, self._call_before(at)))

    def crowd(self, feed: str, rows: int, at: datetime, *, instant: bool = False) -> list[Row]:
        """Add so many rows within the minute that begins here, or at this very instant."""
        apart = timedelta(0) if instant else timedelta(minutes=1) / rows
        return [self.add(feed, at + index * apart) for index in range(rows)]

    def twin(self, feed: str, row_id: str) -> Row:
        """Add a row that equals this one, in a feed that tells no ids."""
        row = next(row for row in self.feed(feed).rows if row.id == row_id)
        return self.feed(feed).put(Row(f"{row.id}/{next(self._numbers)}", row.at, {**row.body}))

    def modify(self, feed: str, row_id: str, at: datetime) -> Row:
        """Change a row, which thereby moves to this moment. Shares and deletions never change."""
        if feed in {"calls", "call_topics"}:
            return self._reprocess(row_id, at)
        row = self.feed(feed).take(row_id)
        self._edit(feed, row, at)
        return self.feed(feed).put(row)

    def touch(self, feed: str, row_id: str, at: datetime) -> Row:
        """Modify a row in a way that does not show, but for the moment by which the feed goes."""
        row = self.feed(feed).take(row_id)
        row.at = _moment(feed, at)
        return self.feed(feed).put(row)

    def clear(self) -> None:
        """Make it the account of a customer who has just begun: users, and nothing else."""
        self._feeds = {feed: Feed([]) for feed in FEEDS}
        self.topics.clear()

    def simulate_hour(self, at: str) -> None:
        """A call comes in, one is reprocessed, one deleted; every other feed gets a row and an edit."""
        moment, chance = datetime.fromisoformat(at), self.world.chance("execvision work", at)
        self.delete_call(chance.choice(self.feed("calls").rows).id, moment)
        self.modify("calls", chance.choice(self.feed("calls").rows).id, moment)
        self.add_call(moment, state="PROCESSING")
        for feed in EDITS:
            self.modify(feed, chance.choice(self.feed(feed).rows).id, moment)
        for feed in MAKES:
            self.add(feed, moment)

    def _record_calls(self) -> None:
        calls, deleted, matches = [], [], []
        for call in self.world.calls:
            chance = self.world.chance("execvision life", call.number)
            call_id = identity("call", call.number)
            self.calls[call_id] = call
            ended = call.started + timedelta(seconds=call.seconds)
            done = ended + timedelta(minutes=chance.uniform(2, 90))
            redone = done + timedelta(days=chance.uniform(20, 500))
            gone = done + timedelta(days=chance.uniform(0, 300))
            if not chance.randrange(20) and gone < self.world.now:
                deleted.append(_deletion(call, gone))
                continue
            state = "COMPLETE" if done < self.world.now else "PROCESSING"
            at = done if state == "COMPLETE" else min(ended, self.world.now)
            if not chance.randrange(12) and redone < self.world.now:
                at = redone
            calls.append(Row(call_id, at, call_record(self.world, call, state)))
            if state == "COMPLETE":
                matches.append(Row(call_id, at, topic_record(call)))
        self._feeds |= {"calls": Feed(calls), "call_topics": Feed(matches), "calls/deleted": Feed(deleted)}

    def _after_calls(self, feed: str) -> Iterator[Row]:
        """Rows that follow a share of the calls by days; some are edited months later."""
        for call in self.world.calls:
            chance = self.world.chance("execvision", feed, call.number)
            at = call.started + timedelta(hours=2, days=chance.expovariate(0.25))
            edited = at + timedelta(days=chance.uniform(0.01, 120))
            if chance.randrange(ONE_IN[feed]) or at >= self.world.now:
                continue
            row = self._row(feed, call.number, at, call)
            if feed in TWINS and not chance.randrange(12):
                yield Row(f"{row.id}/2", row.at, {**row.body, **TWINS[feed]})
            if feed in EDITS and not chance.randrange(8) and edited < self.world.now:
                self._edit(feed, row, edited)
            yield row

    def _plan_meetings(self) -> None:
        """A plan every six days, with a meeting in each of its weeks, of which some are missed."""
        plans, meetings = [], []
        for number, at in self.world.moments(coaching.PLAN_EVERY, "execvision plan"):
            planned = coaching.plan(self.world, number, at)
            call = replace(self._call_before(at), agent=planned[0].agent)
            plan = self._row("plans", 3000 + number, at, call)
            plan.body["plannedMeetings"] = len(planned)
            for week, coached in enumerate(planned):
                meeting = self._row("meetings", plan.body["planId"] * 100 + week, at, call)
                meeting.body["dateTime"] = coached.planned
                ended = coached.held + MEETING if coached.held else self.world.now
                if ended < self.world.now:
                    self._edit("meetings", meeting, ended)
                    self._edit("plans", plan, ended)
                meetings.append(meeting)
            plans.append(plan)
        self._feeds |= {"plans": Feed(plans), "meetings": Feed(meetings)}

    def _observations(self) -> Iterator[Row]:
        for number, at in self.world.moments(timedelta(hours=16), "execvision kpi"):
            row = self._row("kpis", number, at, self._call_before(at))
            corrected = at + timedelta(days=2)
            if not number % 9 and corrected < self.world.now:
                self._edit("kpis", row, corrected)
            yield row

    def _reprocess(self, call_id: str, at: datetime) -> Row:
        row, call = self.feed("calls").take(call_id), self.calls[call_id]
        revision = row.body["metadata"].get("revision", 0) + 1
        row.at, row.body = at, call_record(self.world, call, "COMPLETE")
        row.body["metadata"]["revision"] = revision
        self.feed("call_topics").put(Row(call_id, at, topic_record(call)))
        return self.feed("calls").put(row)

    def _row(self, feed: str, number: int, at: datetime, call: Call) -> Row:
        at = _moment(feed, at)
        return Row(f"{number:09}", at, MAKES[feed](self.world, number, at, call))

    @staticmethod
    def _edit(feed: str, row: Row, at: datetime) -> None:
        row.at = _moment(feed, at)
        EDITS[feed](row.body, row.at)

    def _call_before(self, at: datetime) -> Call:
        calls = self.world.calls
        return calls[max(bisect_left(calls, at, key=lambda call: call.started) - 1, 0)]


def _moment(feed: str, at: datetime) -> datetime:
    return at.replace(microsecond=0) if feed in WHOLE_SECONDS else at


def _deletion(call: Call, at: datetime) -> Row:
    milliseconds = call.started.microsecond // 1000 * 1000
    call_id = identity("call", call.number)
    body = {
        "id": call_id,
        "deletedAt": None,
        "callerId": identity("user", call.agent.number),
        "callTime": call.started.replace(microsecond=milliseconds),
    }
    return Row(call_id, at, body)


def _by(key: str, records: Iterable[Record]) -> dict[str, Record]:
    return {str(record[key]): record for record in records}


def _department(team: str) -> str:
    return "Sales" if team == "Sales" else "Customer service"


def _user(person: Person, system_ids: dict[int, list[str]]) -> Record:
    return {
        "userId": identity("user", person.number),
        "email": person.email,
        "firstName": person.first_name,
        "lastName": person.last_name,
        "teamId": identity("team", person.team),
        "departmentId": identity("department", _department(person.team)),
        "systemIds": system_ids.get(person.number, []),
    }


def _team(coach: Person) -> Record:
    return {
        "id": identity("team", coach.team),
        "name": coach.team,
        "managerId": identity("user", coach.number),
        "departmentId": identity("department", _department(coach.team)),
    }


def _questions(scorecard: str) -> list[Record]:
    scheme, questions = SCORECARDS[scorecard]
    return [
        {
            "scorecardId": identity("scorecard", scorecard),
            "scorecardScheme": scheme,
            "scorecardName": scorecard,
            "questionId": identity("question", question),
            "questionText": question,
        }
        for question in questions
    ]
