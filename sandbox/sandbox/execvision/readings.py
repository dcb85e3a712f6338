"""What ExecVision's page leaves open, contradicts itself in, or calls a known bug, as options."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from functools import partial
from random import random
from typing import TYPE_CHECKING, Any, Literal
from zlib import crc32
from zoneinfo import ZoneInfo

from starlette.exceptions import HTTPException

from sandbox.execvision.feeds import SCHEMES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sandbox.execvision.calls import Record
    from sandbox.execvision.data import Feed, Row

NEW_YORK = ZoneInfo("America/New_York")
# Any: mypy takes no mapping of keyword arguments for replace().
FLOORS: dict[str, dict[str, Any]] = {
    "minute": {"second": 0, "microsecond": 0},
    "second": {"microsecond": 0},
    "microsecond": {},
}
SINCE = re.compile(r"(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d)(?::(\d\d)(?:\.(\d+))?)?(Z|[+-]\d\d:\d\d)?)?", re.ASCII)
LIMIT = 100
WITH_LAST_ID = ("calls", "calls/deleted", "call_topics")
TIME_OF = {"calls/deleted": "deletedAt", "shares": "sharedAt"}
IN_NEW_YORK = ("meetings", "plans")


@dataclass(kw_only=True)
class Readings:
    """How the page is understood. Each default is the plainest understanding."""

    # As much of `since` as counts: the page says that seconds are ignored.
    since_counts_to: Literal["minute", "second", "microsecond"] = "minute"
    # "At or after" as the page says, or only after as much of `since` as counts.
    since_is: Literal["inclusive", "exclusive"] = "inclusive"
    # The zone that `since` is read in, whatever offset it is given with.
    since_zone: Literal["as_given", "new_york"] = "as_given"
    # looked_up: the page begins after the place where the row with this id stands now.
    # compared: it begins after the pair of `since`, as far as that counts, and the id.
    # compared_by_minute: the same, and the feed's own order, too, is by minute and id.
    last_id: Literal["looked_up", "compared", "compared_by_minute"] = "looked_up"
    # A last_id to be looked up that no row has any more.
    unknown_last_id: Literal["ignored", "nothing", "refused"] = "ignored"
    repeats_last: Literal["never", "sometimes", "always"] = "sometimes"
    order: Literal["oldest_first", "newest_first", "by_id"] = "oldest_first"
    # Rows of one instant, in feeds without last_id: in one order always, or in another each time.
    ties: Literal["steady", "any"] = "steady"

    above_most: Literal["clamped", "refused"] = "clamped"
    most: int = 1000
    most_rendered: int = 100
    scores_counted_in: Literal["results", "answers"] = "results"

    # Neither the calls' table nor their sample has `modified`; the listens' sample has an empty one.
    calls_tell_modified: bool = False
    listens_modified: Literal["empty", "missing", "filled"] = "empty"
    # The answers of a result tell when the result was modified, or each when it was itself.
    modified_of: Literal["result", "answer"] = "result"
    # YesNo and PassFail: "yes" and "pass", by the table of schemes, or numbers, by the field's type.
    answers: Literal["words", "numbers"] = "words"
    question_key: Literal["questionId", "questionID"] = "questionId"
    # The sample's id of a scorecard's question begins with a blank.
    question_blank: bool = False
    topic_words: Literal["list", "text"] = "list"
    plan_ids: Literal["number", "text"] = "number"
    # The type is "number" for the KPIs of observations, too.
    kpi_ids: Literal["integer", "decimal", "text"] = "integer"
    # as_shown: each feed as in its sample. mixed: any zone, or none for UTC, and any fraction, in all feeds.
    times: Literal["as_shown", "mixed"] = "as_shown"

    def limit_of(self, query: Mapping[str, str], most: int) -> int:
        """The size of the page that is asked for."""
        text = query.get("limit", str(LIMIT))
        if not (text.isascii() and text.isdigit()):
            raise HTTPException(400, "limit must be a nonnegative integer.")
        if int(text) > most and self.above_most == "refused":
            raise HTTPException(400, f"limit must not exceed {most}.")
        return min(int(text), most)

    def page(self, name: str, feed: Feed, query: Mapping[str, str], limit: int) -> list[Row]:
        """The rows that the query asks for. The known bug's repeated row counts like any other."""
        counts_to = "minute" if self.last_id == "compared_by_minute" else self.since_counts_to
        moment = since(query)
        if self.since_zone == "new_york":
            moment = moment.replace(tzinfo=NEW_YORK).astimezone(timezone.utc)
        floor = moment.replace(**FLOORS[counts_to])
        rows = feed.since(floor)
        if self.since_is == "exclusive":
            rows = [row for row in rows if row.at.replace(**FLOORS[counts_to]) > floor]
        if self.order == "by_id":
            rows.sort(key=lambda row: row.id)
        if self.last_id == "compared_by_minute":
            rows.sort(key=_minute_place)
        if name in WITH_LAST_ID and "last_id" in query:
            rows = self._after(query["last_id"], feed, rows, floor)
        elif self.ties == "any" and name not in WITH_LAST_ID:
            rows.sort(key=lambda row: (row.at, random()))
        return (rows[::-1] if self.order == "newest_first" else rows)[:limit]

    def shown(self, name: str, row: Row, now: datetime) -> list[Record]:
        """The objects that a row is served as: one, or a result's answers."""
        if name == "scores":
            return [self._answer(answer, row.at) for answer in row.body["answers"]]
        record = dict(row.body)
        if name == "plans":
            record["estimatedMissedMeetings"] = _missed(record, now)
            record["planId"] = str(record["planId"]) if self.plan_ids == "text" else record["planId"]
        if name == "kpis" and self.kpi_ids != "integer":
            record["kpiId"] = str(record["kpiId"]) if self.kpi_ids == "text" else float(record["kpiId"])
        if name == "listens" and self.listens_modified == "missing":
            del record["modified"]
        elif name == "listens" and self.listens_modified == "empty":
            record["modified"] = ""
        elif name != "calls" or self.calls_tell_modified:
            record[TIME_OF.get(name, "modified")] = row.at
        return [record]

    def question(self, question: Record) -> Record:
        """A scorecard's question."""
        blank = " " if self.question_blank else ""
        rest = {key: value for key, value in question.items() if key != "questionId"}
        return {self.question_key: blank + question["questionId"], **rest}

    def topic(self, topic: Record) -> Record:
        """A topic's definition."""
        return {**topic, "words": ", ".join(topic["words"])} if self.topic_words == "text" else topic

    def json(self, name: str, value: object) -> bytes:
        """The body of an answer, with times as the samples of this feed show them, or mixed."""
        zone: ZoneInfo | timezone = NEW_YORK if name in IN_NEW_YORK else timezone.utc
        write: Callable[[date], str] = _mixed if self.times == "mixed" else partial(_written, zone=zone)
        return json.dumps(value, default=write, ensure_ascii=False).encode()

    def _after(self, last_id: str, feed: Feed, rows: list[Row], floor: datetime) -> list[Row]:
        last = feed.get(last_id)
        if self.last_id == "compared":
            after = [row for row in rows if row.place > (floor, last_id)]
        elif self.last_id == "compared_by_minute":
            after = [row for row in rows if _minute_place(row) > (floor, last_id)]
        elif last:
            after = rows[rows.index(last) + 1 :] if last in rows else rows
        elif self.unknown_last_id == "refused":
            raise HTTPException(400, "last_id is unknown.")
        else:
            after = rows if self.unknown_last_id == "ignored" else []
        return [last, *after] if last and self._repeats(last_id) and last not in after else after

    def _repeats(self, last_id: str) -> bool:
        return self.repeats_last == "always" or (self.repeats_last == "sometimes" and crc32(last_id.encode()) % 2 == 0)

    def _answer(self, answer: Record, modified: datetime) -> Record:
        record = {**answer, "modified": modified if self.modified_of == "result" else answer["modified"]}
        if self.answers == "numbers" and isinstance(record["answer"], str):
            record["answer"] = float([given for given, _ in SCHEMES[record["scheme"]]].index(record["answer"]))
        return record


def since(query: Mapping[str, str]) -> datetime:
    """The query's `since`; the sign of an offset that was not percent-encoded is lost on the way here."""
    found = SINCE.fullmatch(query.get("since", ""))
    if not found:
        raise HTTPException(400, "since is required and must be a timestamp in ISO 8601 format.")
    day, minute, second, fraction, zone = found.groups()
    clock = f"{minute or '00:00'}:{second or '00'}.{(fraction or '0')[:6]:0<6}"
    offset = "+00:00" if zone in {None, "Z"} else zone
    try:
        return datetime.fromisoformat(f"{day}T{clock}{offset}").astimezone(timezone.utc)
    except (ValueError, OverflowError):
        raise HTTPException(400, "since is no moment that there is.") from None


def flag(query: Mapping[str, str], name: str) -> bool:
    """A boolean parameter, false unless given."""
    if query.get(name, "false") not in {"true", "false"}:
        raise HTTPException(400, f"{name} must be true or false.")
    return query.get(name) == "true"


def _minute_place(row: Row) -> tuple[datetime, str]:
    return row.at.replace(second=0, microsecond=0), row.id


def _missed(plan: Record, now: datetime) -> int:
    """Meetings due by now that have not been held; it grows though the plan is not modified."""
    started: datetime = plan["startDate"]
    due = min(int(plan["plannedMeetings"]), (now - started) // timedelta(weeks=1))
    return max(0, due - int(plan["completedMeetings"]))


def _written(value: date, zone: ZoneInfo | timezone, *, padded: bool = False, bare: bool = False) -> str:
    if not isinstance(value, datetime):
        return value.isoformat()
    local = value.astimezone(zone)
    fraction = f".{local.microsecond:06}"
    suffix = "" if bare else "Z" if zone is timezone.utc else f"{local.isoformat()[-6:]}"
    return f"{local:%Y-%m-%dT%H:%M:%S}{fraction if padded else fraction.rstrip('0').rstrip('.')}{suffix}"


def _mixed(value: date) -> str:
    """The same time is written in the same way each time."""
    if not isinstance(value, datetime):
        return value.isoformat()
    return WAYS[int(value.timestamp()) % len(WAYS)](value)


WAYS: tuple[Callable[[datetime], str], ...] = (
    partial(_written, zone=timezone.utc),
    partial(_written, zone=timezone.utc, padded=True),
    partial(_written, zone=timezone.utc, bare=True),
    partial(_written, zone=NEW_YORK),
    partial(_written, zone=timezone(timedelta(hours=5, minutes=30)), padded=True),
)
