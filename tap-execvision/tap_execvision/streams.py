"""The streams, as the vendor's page documents them: name, path, keys, schema."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from . import schemas
from .client import ExecVisionStream
from .feeds import CallFeedStream, DetailStream, FeedStream, TranscriptStream
from .keys import RowKeys

if TYPE_CHECKING:
    from .pages import Row

# A day may begin as early as this before its midnight in UTC.
EASTERNMOST = timedelta(hours=14)


class Users(ExecVisionStream):
    """Active users."""

    name = "users"
    path = "/users"
    primary_keys = ("userId",)
    is_whole_list = True
    schema = schemas.USERS


class Teams(ExecVisionStream):
    """Active teams."""

    name = "teams"
    path = "/teams"
    primary_keys = ("id",)
    is_whole_list = True
    schema = schemas.TEAMS


class Departments(ExecVisionStream):
    """Active departments."""

    name = "departments"
    path = "/departments"
    primary_keys = ("id",)
    is_whole_list = True
    schema = schemas.DEPARTMENTS


class Topics(ExecVisionStream):
    """Active topics, with their words and phrases."""

    name = "topics"
    path = "/topics"
    primary_keys = ("id",)
    is_whole_list = True
    schema = schemas.TOPICS

    @override
    def shape(self, row: Row) -> Row:
        """Make a list of words that come as one text."""
        words = row.get("words")
        return {**row, "words": [words]} if isinstance(words, str) else row


class Calls(CallFeedStream):
    """Calls in any state of processing; they come again when it changes."""

    name = "calls"
    path = "/calls"
    primary_keys = ("id",)
    replication_key = "_replication_time"
    earlier = ("callTime", timedelta())
    last_id = "id"
    on_update = "comes again when its state changes"
    on_delete = "comes in `deleted_calls`"
    schema = schemas.CALLS

    @override
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
    earlier = ("date", EASTERNMOST)
    on_update = "comes again, beside its old version"
    schema = schemas.LISTENS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Begin with no key."""
        super().__init__(*args, **kwargs)
        self._row_keys = RowKeys()

    @override
    def shape(self, row: Row) -> Row:
        """Give the row a key."""
        moment = row.get("modified") or row.get("date")
        return {**row, "_row_key": self._row_keys.key(row, str(moment)), "_replication_time": moment}


class Scores(FeedStream):
    """Answers on scorecards: one row a question."""

    name = "scores"
    path = "/scores"
    primary_keys = ("resultId", "questionId")
    replication_key = "modified"
    limit_counts = "resultId"
    schema = schemas.SCORES

    @override
    def shape(self, row: Row) -> Row:
        """Trim the question's id, as the definitions have it."""
        return _with_question_id(row)


class ScorecardQuestions(DetailStream):
    """The questions of each scorecard that shows in the scores of a run."""

    name = "scorecard_questions"
    path = "/scorecard/{id}"
    parent_stream_type = Scores
    id_name = "scorecardId"
    primary_keys = ("scorecardId", "questionId")
    schema = schemas.SCORECARD_QUESTIONS

    @override
    def rows_of(self, body: Any, request: str) -> list[Row] | None:
        rows = super().rows_of(body, request)
        return rows and [{**row, "scorecardId": row.get("scorecardId") or request} for row in rows]

    @override
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
    on_update = "is not reported"
    schema = schemas.SHARES

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Begin with no key."""
        super().__init__(*args, **kwargs)
        self._row_keys = RowKeys()

    @override
    def shape(self, row: Row) -> Row:
        """Give the row a key."""
        return {**row, "_row_key": self._row_keys.key(row, str(row.get("sharedAt")))}


class Meetings(FeedStream):
    """Coaching meetings, with the calls and questions reviewed in them."""

    name = "meetings"
    path = "/meetings"
    primary_keys = ("meetingId",)
    replication_key = "modified"
    schema = schemas.MEETINGS

    @override
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


class KpiDefinitions(DetailStream):
    """The definition of each KPI that shows in the observations of a run."""

    name = "kpi_definitions"
    path = "/kpi/{id}"
    parent_stream_type = KpiObservations
    id_name = "kpiId"
    id_is_number = True
    primary_keys = ("kpiId",)
    schema = schemas.KPI_DEFINITIONS

    @override
    def rows_of(self, body: Any, request: str) -> list[Row] | None:
        return [body] if isinstance(body, dict) and "kpiId" in body else None


class Transcripts(TranscriptStream):
    """Who said what in each completed call, by speaker; one request a call, only with `fetch_transcripts`."""

    name = "transcripts"
    path = "/transcript/{id}"
    parent_stream_type = Calls
    id_name = "id"
    primary_keys = ("callId",)
    on_update = "comes with its call"
    schema = schemas.TRANSCRIPTS

    @override
    def rows_of(self, body: Any, request: str) -> list[Row] | None:
        return [{**body, "callId": request}] if isinstance(body, dict) and "transcript" in body else None


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
    given = row["questionId"] if row.get("questionId") is not None else row.get("questionID")
    shaped = {**row, "questionId": None if given is None else str(given).strip()}
    shaped.pop("questionID", None)
    return shaped
