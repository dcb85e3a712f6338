"""The streams: one for each report that the vendor documents, the teams, and the windows that were read."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from singer_sdk import typing as th

from .reports import WINDOWS, ListStream, ReportStream, SnapshotStream, WindowsStream
from .schemas import RESPONSE, WINDOW, columns, report_schema
from .windows import Grid

if TYPE_CHECKING:
    from .client import CareStream


class Author(ReportStream):
    """Raw Author Export: authors with activity in the window."""

    name = "author"
    schema = report_schema()


class Combined(ReportStream):
    """Raw Combined Export: incoming posts and responses in one table."""

    name = "combined"
    schema = report_schema()


class ConversationActions(ReportStream):
    """Conversation Actions Export: what was done to conversations."""

    name = "conversation_actions"
    http_method = "GET"  # its POST takes a body, in a form that the pages contradict each other on
    schema = report_schema()


CONVERSATION = report_schema(columns(conversation_id="The conversation's id; join responses on it."))


class ConversationCreated(ReportStream):
    """Raw Conversations: those that were created in the window."""

    name = "conversation_created"
    report = "conversation"
    fixed_params: ClassVar = {"conversationReportType": "CREATED"}
    can_be_halved = True
    schema = CONVERSATION


class ConversationClosed(ReportStream):
    """Raw Conversations: those that were closed in the window."""

    name = "conversation_closed"
    report = "conversation"
    fixed_params: ClassVar = {"conversationReportType": "CLOSED"}
    schema = CONVERSATION


class ConversationOpen(SnapshotStream):
    """Raw Conversations: those that are open at the moment of the run, one snapshot a window."""

    name = "conversation_open"
    report = "conversation"
    fixed_params: ClassVar = {"conversationReportType": "OPEN_AT_END"}
    schema = CONVERSATION


class IncomingPost(ReportStream):
    """Raw Incoming Post Export: what customers wrote."""

    name = "incoming_post"
    can_be_halved = True
    schema = report_schema()


class RawAgentStates(ReportStream):
    """Agent State Export: which state an agent was in, and when."""

    name = "raw_agent_states"
    extra_settings: ClassVar = {"team_ids": "teamIds"}
    schema = report_schema(
        columns(agent_name="The agent's name.", agent_email="The agent's e-mail.", agent_id="The agent's id.")
    )


class RawExpertHelp(ReportStream):
    """Raw Help Request Export: questions that agents asked experts."""

    name = "raw_expert_help"
    can_be_halved = True
    schema = report_schema()


class Response(ReportStream):
    """Raw Response Export: what agents and bots answered."""

    name = "response"
    aliases: ClassVar = {
        "date_claimed_or_assigned": "date_claimed",
        "post_responded_to_content": "lsw_responded_to_post_content",
        "post_responded_to_published_time": "lsw_responded_to_post_published_time",
    }
    can_be_halved = True
    schema = report_schema(RESPONSE)


class ResponseApproval(ReportStream):
    """Raw Response Approval: responses that had to be approved."""

    name = "response_approval"
    extra_settings: ClassVar = {"team_ids": "teamIds", "include_disabled_agents": "includeDisabled"}
    can_be_halved = True
    schema = report_schema()


class TeamPerformance(ReportStream):
    """Raw Team Performance: each agent's figures over the window."""

    name = "team_performance"
    extra_settings: ClassVar = {"team_ids": "teamIds", "include_disabled_agents": "includeDisabled"}
    keyed_by_agent = True
    on_update = "comes within `lookback_days`, in its old version's place"
    schema = report_schema()


class TeamPerformanceInterval(ReportStream):
    """Team Performance Interval: each agent's figures by the hour, or as time_interval says."""

    name = "team_performance_interval"
    extra_settings: ClassVar = {
        "team_ids": "teamIds",
        "include_disabled_agents": "includeDisabled",
        "time_interval": "timeInterval",
    }
    keyed_by_agent = True
    can_be_halved = True  # between two buckets, as longer windows are cut anyway
    on_update = "comes within `lookback_days`, in its old version's place"
    schema = report_schema()

    @cached_property
    def grid(self) -> Grid:
        """Windows of whole buckets."""
        return Grid(int(self.config["window_days"]), timedelta(milliseconds=int(self.config["time_interval"])))


class Teams(ListStream):
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


class Windows(WindowsStream):
    """The windows that were read, one row each: which rows of a report hold now, also where a window has none left."""

    name = WINDOWS
    path = "/reports/report/{report_type}"
    http_method = "POST"
    primary_keys = ("report", "_window_start")
    replication_key = "_extracted_at"
    on_update = "comes with every reading of its window, in its old version's place"
    on_delete = "never happens"
    schema = WINDOW


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
    Windows,
)
