"""A company's data on Agent Connect: built when first asked for, numbered by update, changed by its users."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from sandbox.agentconnect import data, quality
from sandbox.vendor import Vendor
from sandbox.world import TOPICS, Call

if TYPE_CHECKING:
    from sandbox.agentconnect.data import Employee, Record, Row


@dataclass
class Tenant(Vendor):
    """The five feeds and the accounts. `sequence` and `ties` count when set before a feed's first use."""

    # True: any update gives a row a new place in its feed.
    restamps: bool = True
    # Ids made of the second and the system id, or counted from 1.
    sequence: Literal["time", "counted"] = "time"
    # How many neighbours share a sequence id.
    ties: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        self._stamped = self._added = 0

    # The feeds, by uuid. Delete a record from one to have it expunged: the vendor gives no sign of that.

    @cached_property
    def feedbacks(self) -> dict[str, Record]:
        """Interactions, recoveries among them."""
        return self._numbered(data.feedbacks(self.world))

    @cached_property
    def qa_reviews(self) -> dict[str, Record]:
        """Reviews of interactions."""
        return self._numbered(quality.qa_reviews(self.world))

    @cached_property
    def qa_audits(self) -> dict[str, Record]:
        """Audits of reviews."""
        return self._numbered(quality.qa_audits(self.world, list(self.qa_reviews.values())))

    @cached_property
    def qa_calibrations(self) -> dict[str, Record]:
        """Meetings of coaches."""
        return self._numbered(quality.qa_calibrations(self.world))

    @cached_property
    def coaching_sessions(self) -> dict[str, Record]:
        """1:1s of agents and coaches."""
        return self._numbered(quality.coaching_sessions(self.world))

    @cached_property
    def employees(self) -> dict[int, Employee]:
        """Accounts, by the vendor's own number, which it does not send."""
        return {employee.number: employee for employee in data.employees(self.world)}

    def _numbered(self, records: list[Record]) -> dict[str, Record]:
        records.sort(key=_in_time)
        stamps = [self._stamp(record) for record in records]
        for index, record in enumerate(records):
            last = min(index // self.ties * self.ties + self.ties, len(stamps)) - 1
            record.row["sequence_id"] = stamps[last]
        return {record.uuid: record for record in records}

    def _stamp(self, record: Record) -> int:
        if self.sequence == "counted":
            self._stamped += 1
            return self._stamped
        return _in_time(record)

    def touch(self, record: Record, at: datetime | None = None, **changes: Any) -> None:
        """Change fields of a row, which moves it up its feed: past everything updated before `at` (now)."""
        record.row.update(changes)
        record.updated = at or self.now
        if self.restamps:
            record.row["sequence_id"] = max(self._stamp(record), record.sequence_id + 1)

    def tie(self, *records: Record) -> int:
        """Give rows of one feed the highest of their sequence ids."""
        highest = max(record.sequence_id for record in records)
        for record in records:
            record.row["sequence_id"] = highest
        return highest

    def add_feedback(self, at: datetime | None = None, **fields: Any) -> Record:
        """Enter an interaction and send its survey; `at` in the past makes a row that comes to light late."""
        record = data.interaction(self.world, self._call(at := at or self.now))
        sent = {"request_delivery_status": "Sent", "request_sent_at": record.created}
        return self._add(self.feedbacks, record, at, sent | fields)

    def add_recovery(self, parent: Record, at: datetime | None = None, **fields: Any) -> Record:
        """Follow a feedback up with a service recovery."""
        at = at or self.now
        record = data.recovery(self.world, parent, self._number())
        record.created = at
        sent: Row = {
            "request_created_at": at,
            "request_sent_at": at,
            "response_received_at": None,
            "answers": {},
        }
        return self._add(self.feedbacks, record, at, sent | fields)

    def answer(self, feedback: Record, at: datetime | None = None) -> None:
        """Let the customer answer the survey."""
        at = at or self.now
        data.respond(self.world, feedback, at)
        self.touch(feedback, at)

    def add_review(self, at: datetime | None = None, **fields: Any) -> Record:
        """Complete a QA review, begun some days ago, of a call the week before."""
        at = at or self.now
        record = quality.review(self.world, self._call(at - timedelta(days=8)))
        return self._add(self.qa_reviews, record, at, fields)

    def add_audit(self, review: Record, at: datetime | None = None, **fields: Any) -> Record:
        """Open an audit of a review; it has not been completed."""
        at = at or self.now
        record = quality.audit(self.world, review, self._number())
        record.created = at
        return self._add(self.qa_audits, record, at, {"completed_at": "", "score": None} | fields)

    def add_calibration(self, at: datetime | None = None, **fields: Any) -> Record:
        """Call a calibration meeting."""
        at = at or self.now
        return self._add(self.qa_calibrations, quality.calibration(self.world, self._number(), at), at, fields)

    def add_session(self, at: datetime | None = None, **fields: Any) -> Record:
        """Draft a 1:1, which has not been shared."""
        at = at or self.now
        draft = {"shared_at": None, "reshared_at": None, "archived": False}
        record = quality.session(self.world, self._number(), at)
        return self._add(self.coaching_sessions, record, at, draft | fields)

    def add_employee(self, name: str, status: str = "active", **fields: Any) -> Employee:
        """Create an account, as the last of the list."""
        employee = data.new_employee(self.world, max(self.employees) + 1, name, status, None)
        employee.row.update(fields)
        self.employees[employee.number] = employee
        return employee

    def deactivate(self, employee: Employee) -> None:
        """Deactivate an account; no field of it tells."""
        employee.status = "deactivated"

    def simulate_hour(self, at: str) -> None:
        """Change, add and remove a few rows of most feeds."""
        moment, chance = datetime.fromisoformat(at), self.world.chance("work", at)
        feedbacks, reviews = list(self.feedbacks.values()), list(self.qa_reviews.values())
        waiting = [
            record
            for record in feedbacks
            if record.row["request_delivery_status"] == "Sent" and not record.row["response_received_at"]
        ]
        self.answer(chance.choice(waiting), moment)
        self.touch(chance.choice(feedbacks), moment, tags=["followed up"])
        self.add_feedback(moment)
        self.touch(chance.choice(reviews), moment, score="90%", count_toward_score=True)
        self.add_audit(self.add_review(moment), moment)
        del self.qa_audits[chance.choice(list(self.qa_audits))]
        self.touch(chance.choice(list(self.coaching_sessions.values())), moment, archived=True)
        self.add_session(moment)
        chance.choice(list(self.employees.values())).row["last_active"] = moment

    def _add(self, feed: dict[str, Record], record: Record, at: datetime, fields: Row) -> Record:
        record.row.update(fields)
        record.updated = at
        record.row["sequence_id"] = self._stamp(record)
        feed[record.uuid] = record
        return record

    def _number(self) -> int:
        self._added += 1
        return 2_000_000 + self._added

    def _call(self, ended: datetime) -> Call:
        number = self._number()
        chance, seconds = self.world.chance("added call", number), 300
        agent = chance.choice(self.world.agents)
        return Call(number, agent, ended - timedelta(seconds=seconds), seconds, chance.choice(TOPICS))


def _in_time(record: Record) -> int:
    """Give the time of the update mixed with the system's id, as the collection tells it."""
    return int(record.updated.timestamp()) * 10_000 + record.system_id % 10_000
