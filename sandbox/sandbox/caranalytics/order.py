"""The parameters of a Care Analytics report: what each report takes, and what is refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo
from typing import TYPE_CHECKING, Literal, NoReturn
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sandbox.caranalytics.data import LONGEST_INTERVAL, SMART_VIEWS, UNIX_EPOCH
from sandbox.caranalytics.files import LOCALISED
from sandbox.caranalytics.history import TEAM_IDS, WORK_QUEUES
from sandbox.caranalytics.rows import ReportRequest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.datastructures import MultiDict

    from sandbox.caranalytics.data import Reports

MINUTE = 60_000
INTERVALS = frozenset(minutes * MINUTE for minutes in (5, 10, 15, 30, 60, 120, 240, 480, 720, 1440, 7 * 1440))
EVERY_REPORT = frozenset(
    {
        "companyKey", "startTime", "endTime", "reportFormat", "reportMetrics", "locale", "priorities",
        "smartViewId", "workqueueIds", "timezone", "timezoneOffset", "businessHourType", "enableBusinessHour",
    }
)  # fmt: skip
ALSO = {
    "conversation": {"conversationReportType"},
    "raw_agent_states": {"teamIds"},
    "response_approval": {"includeDisabled", "teamIds"},
    "team_performance": {"includeDisabled", "teamIds"},
    "team_performance_interval": {"includeDisabled", "teamIds", "timeInterval"},
}


class RefusedError(Exception):
    """What a report cannot be run with."""


@dataclass(frozen=True)
class Order:
    """A report's request, and the language and zone that it is to be written in."""

    asked: ReportRequest
    locale: str
    zone: tzinfo


@dataclass
class Rules:
    """What is refused. The fields are readings of what the page leaves open."""

    # A parameter that the report does not document.
    undocumented: Literal["ignored", "refused"] = "ignored"
    unknown_metric: Literal["refused", "ignored"] = "refused"
    # A month's 31 days are allowed and a week's 42 spans of four hours refused; where between is not told.
    intervals_most: int = 40
    days_most: int | None = None
    refuses_future: bool = False

    def order(self, report: str, given: MultiDict, reports: Reports) -> Order:
        """The parameters, once they are found to make sense; names and values are case-sensitive."""
        known = EVERY_REPORT | ALSO.get(report, set())
        if self.undocumented == "refused" and (strange := sorted(set(given) - known)):
            _refuse(f"Unsupported parameter {strange[0]} for {report}")
        own = {name: value for name, value in given.multi_items() if name in known}
        metrics = tuple(given.getlist("reportMetrics"))
        if self.unknown_metric == "refused" and (strange := sorted({*metrics} - {*reports.columns[report]})):
            _refuse(f"Unknown metric {strange[0]} for {report}")
        start, end = _time(own, "startTime"), _time(own, "endTime")
        if end < start:
            _refuse("endTime is before startTime")
        if self.days_most is not None and end - start > timedelta(days=self.days_most):
            _refuse(f"The time range must not exceed {self.days_most} days")
        if self.refuses_future and end > datetime.now(timezone.utc):
            _refuse("endTime is in the future")
        smart_view = _ids(own, "smartViewId", SMART_VIEWS)
        if len(smart_view) > 1:
            _refuse("Only one smartViewId is supported")
        business = _flag(own, "businessHourType") if "businessHourType" in own else None
        asked = ReportRequest(
            report,
            start,
            end,
            _one_of(own, "conversationReportType", "OPEN_AT_END", "CLOSED", "CREATED"),
            metrics,
            _ids(own, "priorities", range(6)),
            next(iter(smart_view), None),
            _ids(own, "workqueueIds", WORK_QUEUES),
            _ids(own, "teamIds", TEAM_IDS.values()),
            _flag(own, "includeDisabled"),
            self._interval(report, own),
            business if _flag(own, "enableBusinessHour") else None,
        )
        if asked.interval and (number := reports.interval_count(asked)) > self.intervals_most:
            _refuse(f"HydrationException: Too many buckets ({number}) requested. Select a larger interval?")
        # `en_US` is in samples though the page's list does not have it.
        locale = _one_of({"locale": own.get("locale", "en").removesuffix("_US")}, "locale", *LOCALISED)
        # CSV is documented as well; nobody here asks for it.
        _one_of(own, "reportFormat", "json")
        return Order(asked, locale, _zone(own))

    @staticmethod
    def _interval(report: str, own: dict[str, str]) -> timedelta:
        if report != "team_performance_interval":
            return timedelta(0)
        millis = _number(own, "timeInterval")
        longest = LONGEST_INTERVAL // timedelta(milliseconds=1)
        if millis <= longest and millis not in INTERVALS:
            _refuse(f"Unsupported timeInterval {millis}")
        # Whatever is longer than a week means months.
        return timedelta(milliseconds=millis) if millis <= longest else 2 * LONGEST_INTERVAL


def _refuse(text: str) -> NoReturn:
    raise RefusedError(text)


def _number(own: dict[str, str], name: str) -> int:
    try:
        return int(own[name])
    except KeyError:
        _refuse(f"Required parameter '{name}' is not present")
    except ValueError:
        _refuse(f"{name} is not a number: {own[name]}")


def _time(own: dict[str, str], name: str) -> datetime:
    try:
        return UNIX_EPOCH + timedelta(milliseconds=_number(own, name))
    except OverflowError:
        _refuse(f"{name} is out of range")


def _one_of(own: dict[str, str], name: str, *values: str) -> str:
    value = own.get(name, values[0])
    if value not in values:
        _refuse(f"Unsupported {name} {value}")
    return value


def _flag(own: dict[str, str], name: str) -> bool:
    return _one_of(own, name, "false", "true") == "true"


def _ids(own: dict[str, str], name: str, known: Iterable[int]) -> frozenset[int]:
    listed = [part for part in own.get(name, "").split(",") if part]
    ids = frozenset(_number({name: part}, name) for part in listed)
    if strange := sorted(ids - {*known}):
        _refuse(f"Unknown {name} {strange[0]}")
    return ids


def _zone(own: dict[str, str]) -> tzinfo:
    if "timezone" in own:
        try:
            return ZoneInfo(own["timezone"])
        except (ValueError, ZoneInfoNotFoundError):
            _refuse(f"Unknown timezone {own['timezone']}")
    try:
        return timezone(timedelta(milliseconds=_number({"timezoneOffset": "0", **own}, "timezoneOffset")))
    except (OverflowError, ValueError):
        _refuse("timezoneOffset is out of range")
