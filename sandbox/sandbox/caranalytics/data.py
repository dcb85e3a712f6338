"""Care Analytics reports: which rows and columns each has, and the ways in which tests change them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from itertools import count
from statistics import fmean
from typing import TYPE_CHECKING, Any

from sandbox.caranalytics.history import DAY, LONGEST, TEAM_IDS, History, in_business_hours, uuid
from sandbox.caranalytics.rows import (
    ALWAYS,
    COLUMNS,
    SWITCHED,
    ReportRequest,
    Row,
    millis,
    of_agent_state,
    of_conversation,
)
from sandbox.world import TEAMS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.caranalytics.rows import Values
    from sandbox.world import Person, World

# Reports reach back eighteen months, though conversations are kept for longer.
EXPORTABLE = timedelta(days=548)
SMART_VIEWS = {4181: "Negative", 4190: "Positive"}
LONGEST_INTERVAL = timedelta(weeks=1)
UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


@dataclass
class Reports:
    """Every report of the company. The fields are readings of what the page leaves open."""

    world: World
    # True, as a sample of the vendor's counts: a row at endTime itself is in the report.
    end_included: bool = True
    # Whether interval buckets begin at startTime, or where the clock's do.
    buckets_from_start: bool = True
    # True: the first agent works for two teams and has a row for each of them.
    second_team: bool = False
    # Rows beyond those that happened: a report of this many comes as a stream.
    bulk: int = 0
    switched: dict[tuple[str, str], datetime | None] = field(default_factory=lambda: dict(SWITCHED))

    def __post_init__(self) -> None:
        self.columns = {report: list(columns) for report, columns in COLUMNS.items()}
        self.history = History(self.world)
        self._added: list[tuple[str, Row]] = []
        self._edits: dict[str, Values] = {}
        self._removed: set[str] = set()
        self._numbers = count(1)

    @property
    def disabled_agent(self) -> Person:
        """The agent who has left."""
        return self.world.agents[-1]

    def enabled(self, asked: ReportRequest) -> list[str]:
        """The columns of a report: those asked for, else those that the company has on."""
        if asked.metrics:
            return [column for column in self.columns[asked.report] if column in asked.metrics]
        since = ((column, self._since(asked.report, column)) for column in self.columns[asked.report])
        return [column for column, day in since if day is not None and day <= asked.end]

    def rows(self, asked: ReportRequest) -> Iterator[Row]:
        """The rows of a report, with every column there is."""
        oldest = self.world.now - EXPORTABLE
        if asked.end < oldest:
            return
        asked = replace(asked, start=asked.end if asked.is_snapshot else max(asked.start, oldest))
        for row in self._all(asked):
            late = row.at > asked.end or (row.at == asked.end and not self.end_included)
            early = row.at < asked.start and not asked.is_snapshot
            if not early and not late and row.key not in self._removed and self._chosen(row, asked):
                yield self._as_edited(row, asked.report)

    def recent(self, report: str, moment: datetime) -> list[Row]:
        """What happened in the day up to this moment, or to now if that is earlier."""
        moment = min(moment, self.world.now)
        return list(self.rows(ReportRequest(report, moment - DAY, moment, "CREATED")))

    def edit(self, row: Row, **changes: Any) -> None:
        """Change a row's columns, whenever it was; a response's show in the combined report as well."""
        self._edits.setdefault(row.key, {}).update(changes)

    def remove(self, row: Row) -> None:
        """Take a row out of every report that has it."""
        self._removed.add(row.key)

    def twin(self, report: str, row: Row) -> Row:
        """Add a second row that no column tells from this one."""
        return self._add(report, replace(row, key=f"twin/{next(self._numbers)}"))

    def add(self, report: str, at: datetime, conversation_report_type: str = "CREATED", **values: Any) -> Row:
        """Add a plausible row at exactly this moment, with these values."""
        now, number = self.world.now, next(self._numbers)
        recent = ReportRequest(report, now - 3 * DAY, now, "CREATED", interval=LONGEST_INTERVAL)
        model = next(self._derived(recent))
        made = {
            name: value + (at - model.at) if isinstance(value, datetime) else value
            for name, value in model.values.items()
        }
        for name in ("conversation_id", "external_post_id", "external_response_id", "author_uuid"):
            if name in made:
                made[name] = uuid(self.world.chance("added", report, number, name))
        kind = conversation_report_type if report == "conversation" else None
        return self._add(
            report, Row(f"added/{number}", at, {**made, **values}, model.agent, conversation_report_type=kind)
        )

    def switch_on(self, report: str, column: str, since: datetime = ALWAYS) -> None:
        """Have a column, known or new, in the report from this moment of its times on."""
        if column not in self.columns[report]:
            self.columns[report].append(column)
        self.switched[report, column] = since

    def switch_off(self, report: str, column: str) -> None:
        """Disable a column; `reportMetrics` still returns it."""
        self.switched[report, column] = None

    def _since(self, report: str, column: str) -> datetime | None:
        return self.switched.get((report, column), ALWAYS)

    def _add(self, report: str, row: Row) -> Row:
        self._added.append((report, row))
        return row

    def _chosen(self, row: Row, asked: ReportRequest) -> bool:
        """Whether the request's filters let the row pass; of an added one only the agent is known."""
        if row.agent:
            left = row.agent == self.disabled_agent and asked.is_about_agents and not asked.disabled_agents
            team = TEAM_IDS.get(row.values.get("team_name", row.agent.team))
            if left or (asked.teams and team not in asked.teams):
                return False
        if asked.business_hours not in {None, in_business_hours(row.at)} and not asked.is_aggregate:
            return False
        about = row.conversation
        return not about or (
            (not asked.priorities or about.priority in asked.priorities)
            and (not asked.work_queues or about.work_queue in asked.work_queues)
            and (not asked.smart_view or about.sentiment == SMART_VIEWS[asked.smart_view])
        )

    def _as_edited(self, row: Row, report: str) -> Row:
        values = dict(row.values)
        for column in self.columns[report][len(COLUMNS[report]) :]:
            values[column] = self.world.chance(column, row.key).choice(("low", "middling", "high"))
        for (switched, column), since in list(self.switched.items()):
            if switched == report and since and row.at < since:
                values[column] = None
        changes = self._edits.get(row.key, {})
        values.update({name: value for name, value in changes.items() if name in values})
        return replace(row, values=values)

    def _all(self, asked: ReportRequest) -> Iterator[Row]:
        yield from self._derived(asked)
        for report, row in list(self._added):
            kinds = {None, asked.conversation_report_type}
            if report == asked.report and row.conversation_report_type in kinds:
                yield row
        model = next(self._derived(replace(asked, start=asked.end - LONGEST)), None) if self.bulk else None
        if model:
            name = "conversation_id" if "conversation_id" in model.values else COLUMNS[asked.report][0]
            for number in range(self.bulk):
                at = asked.start + (asked.end - asked.start) * number / self.bulk
                values = {**model.values, name: str(number)}
                yield replace(model, key=f"bulk/{number}", at=at, values=values)

    def _derived(self, asked: ReportRequest) -> Iterator[Row]:
        if asked.report == "author":
            yield from self._authors(asked)
        elif asked.report == "raw_agent_states":
            for state in self.history.agent_states(asked.start, asked.end):
                yield of_agent_state(self.world, state)
        elif asked.is_aggregate:
            yield from self._performance(asked)
        else:
            for conversation in self.history.conversations(asked.start, asked.end):
                yield from of_conversation(self.world, conversation, asked)

    def _authors(self, asked: ReportRequest) -> Iterator[Row]:
        posts: dict[str, list[Row]] = {}
        for post in self.rows(replace(asked, report="incoming_post")):
            posts.setdefault(post.values["author_uuid"], []).append(post)
        for author, own in posts.items():
            about = own[0].conversation
            number = about.author if about else 0
            values = {
                "author_uuid": author,
                "author_display_number": number,
                "author_handle": own[0].values["author_handle"],
                "author_provider": own[0].values["post_provider"],
                "author_name": f"Customer {number}",
                "profile_url": f"https://social.example/customer_{number}",
                "follower_count": number * 7 % 5000 or None,
                "post_count": len(own),
                "conversation_count": len({post.values["conversation_id"] for post in own}),
            }
            yield Row(f"author/{author}", max(post.at for post in own), values)

    def _performance(self, asked: ReportRequest) -> Iterator[Row]:
        """A row for each agent, idle ones too: of the whole span, or of each interval that begins in it."""
        starts = self._intervals(asked) if asked.interval else [asked.start]
        ends = [*starts[1:], asked.end + timedelta(milliseconds=1)]
        every = replace(asked, teams=frozenset(), conversation_report_type="CLOSED")
        responses = list(self.rows(replace(every, report="response")))
        closed = list(self.rows(replace(every, report="conversation")))
        states = list(self.history.agent_states(asked.start, asked.end))
        for agent in self.world.agents:
            second = self.second_team and agent == self.world.agents[0]
            teams = [agent.team, TEAMS[1]] if second else [agent.team]
            own = [row for row in responses if row.values["responding_agent_email"] == agent.email]
            own_closed = [row for row in closed if row.values["assigned_agent_email"] == agent.email]
            available = [state for state in states if state.agent == agent and state.kind == "AVAILABLE"]
            for start, end in zip(starts, ends, strict=True):
                sent = [row.values for row in own if start <= row.at < end]
                spans = [min(state.end, end) - max(state.start, start) for state in available]
                values: Values = {"interval_start": start, "interval_end": end} if asked.interval else {}
                values |= {
                    "agent_name": agent.name,
                    "agent_email": agent.email,
                    "agent_id": agent.number,
                    "responses_sent": len(sent),
                    "conversations_handled": len({row["conversation_id"] for row in sent}),
                    "conversations_closed": sum(
                        any(start <= moment < end for moment in self._closings(row)) for row in own_closed
                    ),
                    "average_tar": _average(sent, "response_tar"),
                    "average_handle_time": _average(sent, "handle_time_total_response"),
                    "approvals": sum((row["handle_time_approving_agent"] or 0) > 0 for row in sent),
                    "time_available": sum(max(0, millis(span)) for span in spans),
                }
                for team in teams:
                    key = f"{asked.report}/{agent.number}/{team}/{start}/{end}"
                    yield Row(key, max(start, asked.start), {**values, "team_name": team}, agent)

    def _closings(self, row: Row) -> list[datetime]:
        """When a conversation was closed: more than once if it was reopened, whatever span the request has."""
        about = row.conversation
        return [closed for _, closed in about.spells if closed <= self.world.now] if about else [row.at]

    def interval_count(self, asked: ReportRequest) -> int:
        """Into how many intervals a request's time falls: an edge shared with the next one adds one."""
        if asked.interval > LONGEST_INTERVAL:
            return 12 * (asked.end.year - asked.start.year) + asked.end.month - asked.start.month + 1
        return (asked.end - self._first_interval(asked)) // asked.interval + 1

    def _intervals(self, asked: ReportRequest) -> list[datetime]:
        """When the intervals begin; those longer than a week are calendar months."""
        starts = [self._first_interval(asked)]
        while len(starts) < self.interval_count(asked):
            months = asked.interval > LONGEST_INTERVAL
            starts.append(_month_after(starts[-1]) if months else starts[-1] + asked.interval)
        return starts

    def _first_interval(self, asked: ReportRequest) -> datetime:
        if self.buckets_from_start or asked.interval > LONGEST_INTERVAL:
            return asked.start
        return asked.start - (asked.start - UNIX_EPOCH) % asked.interval


def _month_after(moment: datetime) -> datetime:
    return datetime(moment.year + moment.month // 12, moment.month % 12 + 1, 1, tzinfo=timezone.utc)


def _average(rows: list[Values], column: str) -> float | None:
    return round(fmean(row[column] or 0 for row in rows), 1) if rows else None
