"""The streams, as the vendor's page documents them: name, path, keys, schema."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from tap_execvision import schemas
from tap_execvision.client import MOST_RENDERED, SHUT, ExecVisionStream, FeedStream, FollowingStream
from tap_execvision.keys import Twins
from tap_execvision.records import moment_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_execvision.pagination import Ask, Row
    from tap_execvision.transport import RefusedError

# A day may begin as early as this before its midnight in UTC.
EAST = timedelta(hours=14)
FLAGS = ("include_transcripts", "include_crm_matches", "render_templates")


class Users(ExecVisionStream):
    """Active users."""

    name = "users"
    path = "/users"
    primary_keys = ("userId",)
    schema = schemas.USERS


class Teams(ExecVisionStream):
    """Active teams."""

    name = "teams"
    path = "/teams"
    primary_keys = ("id",)
    schema = schemas.TEAMS


class Departments(ExecVisionStream):
    """Active departments."""

    name = "departments"
    path = "/departments"
    primary_keys = ("id",)
    schema = schemas.DEPARTMENTS


class Topics(ExecVisionStream):
    """Active topics, with their words and phrases."""

    name = "topics"
    path = "/topics"
    primary_keys = ("id",)
    schema = schemas.TOPICS

    def shape(self, row: Row) -> Row:
        """Make a list of words that come as one text."""
        words = row.get("words")
        return {**row, "words": [words]} if isinstance(words, str) else row


class Calls(FeedStream):
    """Calls in any state of processing; they come again when it changes."""

    name = "calls"
    path = "/calls"
    primary_keys = ("id",)
    replication_key = "_replication_time"
    last_id = "id"
    on_update = "comes again when its state changes"
    on_delete = "comes in `deleted_calls`"
    schema = schemas.CALLS

    @property
    def page_size(self) -> int:
        """How many calls to ask for at once; fewer while templates are rendered."""
        return min(super().page_size, MOST_RENDERED) if self.config["render_templates"] else super().page_size

    def parameters(self, asked: Ask) -> dict[str, Any]:
        """Ask for the costly parts that are wanted."""
        return {**super().parameters(asked), **{flag: "true" for flag in FLAGS if self.config[flag]}}

    def moment(self, row: Row) -> tuple[datetime | None, bool]:
        """Return when the call changed, which is not documented to be told, or else when it was made."""
        modified = moment_of(row.get("modified"))
        return modified or moment_of(row.get("callTime")), modified is not None

    def shape(self, row: Row) -> Row:
        """Lift the numbers of speakers out of the field names of the statistics."""
        shaped = {**row, "_replication_time": row.get("modified") or row.get("callTime")}
        if isinstance(stats := row.get("stats"), dict):
            shaped["stats"] = {
                **stats,
                "longestSegmentDurations": _listed(stats.get("longestSegmentDurations"), "speaker", "seconds"),
                "talkSpeeds": [
                    {**part, "wordsPerMinute": _listed(part.get("wordsPerMinute"), "speaker", "wordsPerMinute")}
                    if isinstance(part, dict)
                    else part
                    for part in stats["talkSpeeds"]
                ]
                if isinstance(stats.get("talkSpeeds"), list)
                else stats.get("talkSpeeds"),
            }
        return shaped


class DeletedCalls(FeedStream):
    """Calls that were deleted, and when."""

    name = "deleted_calls"
    path = "/calls/deleted"
    primary_keys = ("id",)
    replication_key = modified = "deletedAt"
    last_id = "id"
    schema = schemas.DELETED_CALLS


class CallTopics(FeedStream):
    """The topics that were found in each call's transcript."""

    name = "call_topics"
    path = "/call_topics"
    primary_keys = ("callId",)
    replication_key = "modified"
    last_id = "callId"
    schema = schemas.CALL_TOPICS


class Listens(FeedStream):
    """Who listened to which call, and for how long."""

    name = "listens"
    path = "/listens"
    primary_keys = ("_row_key",)
    replication_key = "_replication_time"
    on_update = "comes again, beside its old version"
    schema = schemas.LISTENS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._twins = Twins()

    def moment(self, row: Row) -> tuple[datetime | None, bool]:
        """Return when the listen was modified, which the vendor may leave empty, or else where its day begins."""
        modified, day = moment_of(row.get("modified")), moment_of(row.get("date"))
        return modified or (day and day - EAST), modified is not None

    def shape(self, row: Row) -> Row:
        """Give the row a key."""
        moment = row.get("modified") or row.get("date")
        return {**row, "_row_key": self._twins.key(row, str(moment)), "_replication_time": moment}


class Scores(FeedStream):
    """Answers on scorecards: one row a question."""

    name = "scores"
    path = "/scores"
    primary_keys = ("resultId", "questionId")
    replication_key = "modified"
    unit = "resultId"
    schema = schemas.SCORES

    def shape(self, row: Row) -> Row:
        """Trim the question's id, as the definitions have it."""
        return _with_question_id(row)


class ScorecardQuestions(FollowingStream):
    """The questions of each scorecard that shows in the scores of a run."""

    name = "scorecard_questions"
    path = "/scorecard/{id}"
    parent_stream_type = Scores
    id_name = "scorecardId"
    primary_keys = ("scorecardId", "questionId")
    schema = schemas.SCORECARD_QUESTIONS

    def rows_of(self, body: Any, id_: str) -> Iterable[Row]:
        """Return the questions, each with the scorecard's id."""
        return [{**row, "scorecardId": row.get("scorecardId") or id_} for row in body]

    def shape(self, row: Row) -> Row:
        """Write the question's id one way: the vendor has two, and a blank at times."""
        return _with_question_id(row)


class Feedback(FeedStream):
    """Comments and highlights on calls."""

    name = "feedback"
    path = "/feedback"
    primary_keys = ("callId", "feedbackBy", "feedbackAt", "isComment", "isHighlight")
    replication_key = "modified"
    schema = schemas.FEEDBACK


class Shares(FeedStream):
    """Calls that were shared, by whom and with whom."""

    name = "shares"
    path = "/shares"
    primary_keys = ("_row_key",)
    replication_key = modified = "sharedAt"
    on_update = "is not told"
    schema = schemas.SHARES

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._twins = Twins()

    def shape(self, row: Row) -> Row:
        """Give the row a key."""
        return {**row, "_row_key": self._twins.key(row, str(row.get("sharedAt")))}


class Meetings(FeedStream):
    """Coaching meetings, with the calls and questions reviewed in them."""

    name = "meetings"
    path = "/meetings"
    primary_keys = ("meetingId",)
    replication_key = "modified"
    schema = schemas.MEETINGS

    def shape(self, row: Row) -> Row:
        """Lift the names of skills out of the field names of the scores."""
        return {**row, "scores": _listed(row["scores"], "skill", "score")} if "scores" in row else row


class Plans(FeedStream):
    """Coaching plans and how far they are."""

    name = "plans"
    path = "/plans"
    primary_keys = ("planId",)
    replication_key = "modified"
    schema = schemas.PLANS


class KpiObservations(FeedStream):
    """Values of KPIs that were observed."""

    name = "kpi_observations"
    path = "/kpis"
    primary_keys = ("kpiId", "observedId", "observerId", "observedAt")
    replication_key = "modified"
    schema = schemas.KPI_OBSERVATIONS


class KpiDefinitions(FollowingStream):
    """The definition of each KPI that shows in the observations of a run."""

    name = "kpi_definitions"
    path = "/kpi/{id}"
    parent_stream_type = KpiObservations
    id_name = "kpiId"
    primary_keys = ("kpiId",)
    schema = schemas.KPI_DEFINITIONS

    def is_right(self, value: Any) -> bool:
        """Tell whether the body is one object."""
        return isinstance(value, dict) and "kpiId" in value


class Transcripts(FollowingStream):
    """Who said what in each completed call, by speaker; one request a call, off by default."""

    name = "transcripts"
    path = "/transcript/{id}"
    parent_stream_type = Calls
    id_name = "id"
    primary_keys = ("callId",)
    selected_by_default = False
    on_update = "comes with its call"
    schema = schemas.TRANSCRIPTS
    _shut: ClassVar[str] = (
        "The account may not read transcripts (HTTP 403): none are read in this run. ExecVision switches them on; "
        "then remove this stream's bookmark from the state, and all are read"
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._open: bool | None = None

    def is_right(self, value: Any) -> bool:
        """Tell whether the body is one object."""
        return isinstance(value, dict) and "transcript" in value

    def is_worth(self, row: Row) -> bool:
        """Tell whether the call is complete, and transcripts may be read."""
        return self._open is not False and super().is_worth(row) and str(row.get("state")).upper() == "COMPLETE"

    def take(self, rows: list[Row]) -> bool:
        """Forget the ids of earlier pages: a call that comes again has changed."""
        self._had.clear()
        return super().take(rows)

    def may_miss(self, refusal: RefusedError, id_: str) -> bool:  # noqa: ARG002
        """Go on without transcripts that are not there, and without all where the account has no right to them."""
        if self._open is False:
            return True
        if refusal.status == SHUT[0] and self._open is None:
            self._open = False
            self._waiting.clear()
            self.logger.warning(self._shut)
        return refusal.status in SHUT

    def rows_of(self, body: Any, id_: str) -> Iterable[Row]:
        """Return the transcript with its call's id."""
        self._open = True
        return [{**body, "callId": id_}]


STREAMS: tuple[type[ExecVisionStream], ...] = (
    Users,
    Teams,
    Departments,
    Topics,
    Calls,
    DeletedCalls,
    CallTopics,
    Listens,
    Scores,
    ScorecardQuestions,
    Feedback,
    Shares,
    Meetings,
    Plans,
    KpiObservations,
    KpiDefinitions,
    Transcripts,
)


def _listed(value: Any, key: str, content: str) -> Any:
    """Return a map keyed by data as an array of objects."""
    return [{key: name, content: item} for name, item in value.items()] if isinstance(value, dict) else value


def _with_question_id(row: Row) -> Row:
    ids = [row[name] for name in ("questionId", "questionID") if row.get(name) is not None]
    rest = {name: value for name, value in row.items() if name not in {"questionId", "questionID"}}
    return {**rest, "questionId": str(ids[0]).strip() if ids else None}
