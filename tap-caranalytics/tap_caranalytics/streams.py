"""The streams: one for each report that the vendor documents, and the teams."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk import typing as th

from tap_caranalytics.cells import Grid
from tap_caranalytics.client import CareStream, ReportStream, SnapshotStream
from tap_caranalytics.jobs import Call
from tap_caranalytics.rows import text_of
from tap_caranalytics.schemas import RESPONSE, columns, report_schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    from singer_sdk.helpers.types import Context


class Author(ReportStream):
    """Raw Author Export: authors with activity in the window."""

    name = report = "author"
    path = "/reports/report/author"
    schema = report_schema()


class Combined(ReportStream):
    """Raw Combined Export: incoming posts and responses in one table."""

    name = report = "combined"
    path = "/reports/report/combined"
    schema = report_schema()


class ConversationActions(ReportStream):
    """Conversation Actions Export: what was done to conversations."""

    name = report = "conversation_actions"
    path = "/reports/report/conversation_actions"
    http_method = "GET"  # its POST takes a body, in a form that the pages contradict each other on
    schema = report_schema()


CONVERSATION = report_schema(columns(conversation_id="The conversation's id; join responses on it."))


class ConversationCreated(ReportStream):
    """Raw Conversations: those that were created in the window."""

    name = "conversation_created"
    report = "conversation"
    path = "/reports/report/conversation"
    fixed_params: ClassVar = {"conversationReportType": "CREATED"}
    schema = CONVERSATION


class ConversationClosed(ReportStream):
    """Raw Conversations: those that were closed in the window."""

    name = "conversation_closed"
    report = "conversation"
    path = "/reports/report/conversation"
    fixed_params: ClassVar = {"conversationReportType": "CLOSED"}
    schema = CONVERSATION


class ConversationOpen(SnapshotStream):
    """Raw Conversations: those that are open at the moment of the run, one snapshot a window."""

    name = "conversation_open"
    report = "conversation"
    path = "/reports/report/conversation"
    fixed_params: ClassVar = {"conversationReportType": "OPEN_AT_END"}
    schema = CONVERSATION


class IncomingPost(ReportStream):
    """Raw Incoming Post Export: what customers wrote."""

    name = report = "incoming_post"
    path = "/reports/report/incoming_post"
    schema = report_schema()


class RawAgentStates(ReportStream):
    """Agent State Export: which state an agent was in, and when."""

    name = report = "raw_agent_states"
    path = "/reports/report/raw_agent_states"
    extra_settings: ClassVar = {"team_ids": "teamIds"}
    schema = report_schema(
        columns(agent_name="The agent's name.", agent_email="The agent's e-mail.", agent_id="The agent's id.")
    )


class RawExpertHelp(ReportStream):
    """Raw Help Request Export: questions that agents asked experts."""

    name = report = "raw_expert_help"
    path = "/reports/report/raw_expert_help"
    schema = report_schema()


class Response(ReportStream):
    """Raw Response Export: what agents and bots answered."""

    name = report = "response"
    path = "/reports/report/response"
    aliases: ClassVar = {
        "date_claimed_or_assigned": "date_claimed",
        "post_responded_to_content": "lsw_responded_to_post_content",
        "post_responded_to_published_time": "lsw_responded_to_post_published_time",
    }
    schema = report_schema(RESPONSE)


class ResponseApproval(ReportStream):
    """Raw Response Approval: responses that had to be approved."""

    name = report = "response_approval"
    path = "/reports/report/response_approval"
    extra_settings: ClassVar = {"team_ids": "teamIds", "include_disabled_agents": "includeDisabled"}
    schema = report_schema()


class TeamPerformance(ReportStream):
    """Raw Team Performance: each agent's figures over the window."""

    name = report = "team_performance"
    path = "/reports/report/team_performance"
    extra_settings: ClassVar = {"team_ids": "teamIds", "include_disabled_agents": "includeDisabled"}
    of_team = True
    on_update = "comes within `lookback_days`, in its old version's place"
    can_be_halved = False  # the averages of two halves are not the whole's
    schema = report_schema()


class TeamPerformanceInterval(ReportStream):
    """Team Performance Interval: each agent's figures by the hour, or as time_interval says."""

    name = report = "team_performance_interval"
    path = "/reports/report/team_performance_interval"
    extra_settings: ClassVar = {
        "team_ids": "teamIds",
        "include_disabled_agents": "includeDisabled",
        "time_interval": "timeInterval",
    }
    of_team = True
    on_update = "comes within `lookback_days`, in its old version's place"
    schema = report_schema()

    @cached_property
    def grid(self) -> Grid:
        """Cells of whole buckets."""
        return Grid(int(self.config["window_days"]), timedelta(milliseconds=int(self.config["time_interval"])))


class Teams(CareStream):
    """The teams that agents are in."""

    name = "teams"
    path = "/teams"
    primary_keys = ("teamId",)
    schema = th.PropertiesList(
        th.Property(
            "teamId",
            th.StringType(nullable=False),
            required=True,
            description="The team's id, as text like the ids in reports; what team_ids takes.",
        ),
        th.Property("uuid", th.StringType, description="The team's other id."),
        th.Property("name", th.StringType, description="The team's name."),
        th.Property("description", th.StringType, description="What the team is for."),
        th.Property("numberOfMembers", th.IntegerType, description="How many agents are in it."),
    ).to_dict()

    def get_records(self, context: Context | None) -> Iterator[dict[str, Any]]:  # noqa: ARG002
        """Read all teams, which come in one answer."""
        for team in self.fetch(Call(f"{self.url_base}/teams", "/teams", _are_teams, params=self.key)):
            record: dict[str, Any] = {name: text_of(value) for name, value in team.items()}
            members = team.get("numberOfMembers")
            if isinstance(members, int):
                record["numberOfMembers"] = members
            elif members is not None:
                record["numberOfMembers_text"] = record.pop("numberOfMembers")
            if new := self.unknown(record):
                self.add_columns(new)
            yield record


def _are_teams(result: Any) -> bool:
    return isinstance(result, list) and all(isinstance(team, dict) and text_of(team.get("teamId")) for team in result)


STREAMS: tuple[type[CareStream], ...] = (
    Author,
    Combined,
    ConversationActions,
    ConversationClosed,
    ConversationCreated,
    ConversationOpen,
    IncomingPost,
    RawAgentStates,
    RawExpertHelp,
    Response,
    ResponseApproval,
    TeamPerformance,
    TeamPerformanceInterval,
    Teams,
)
