"""The rows that Care Analytics reports make of what happened, and their columns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from sandbox.caranalytics.history import WORK_QUEUES, in_business_hours

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.caranalytics.history import AgentState, Conversation, Post, Reply
    from sandbox.world import Person, World

Values = dict[str, Any]

ALWAYS = datetime.min.replace(tzinfo=timezone.utc)
# Reports reach back eighteen months, though conversations are kept for longer.
EXPORTABLE = timedelta(days=548)
WEEK = 604_800_000
SMART_VIEWS = {4181: "Negative", 4190: "Positive"}
_POST = """
    external_post_id conversation_id author_uuid author_handle post_content post_provider post_type
    post_published_time post_received_time post_language post_location post_sentiment manual_tag priority
    work_queue post_in_business_hour spam_score
"""
_RESPONSE = """
    conversation_id responding_agent_display_id responding_agent_email responding_agent_name
    agent_response_order bot_response_order response_order assistant_rht expert_rht
    handle_time_responding_agent handle_time_approving_agent handle_time_other_agent
    handle_time_total_response auto_tag manual_tag response_tag date_claimed external_response_id
    lsw_conversation_link lsw_responded_post_in_business_hour lsw_responded_to_external_post_id
    lsw_responded_to_post_author_uuid lsw_responded_to_post_content lsw_responded_to_post_published_time
    lsw_responded_to_post_received_time response_content response_handle response_language
    response_location response_provider response_published_date response_sentiment response_tar response_type
"""
_PERFORMANCE = """
    agent_name agent_email agent_id team_name responses_sent conversations_handled conversations_closed
    average_tar average_handle_time approvals time_available
"""
COLUMNS = {
    report: tuple(dict.fromkeys(names.split()))
    for report, names in {
        "author": """
            author_uuid author_display_number author_handle author_provider author_name profile_url
            follower_count post_count conversation_count
        """,
        "combined": "direction " + _POST + _RESPONSE,
        "conversation": """
            conversation_id conversation_display_number conversation_created_date conversation_closed_date
            conversation_status priority work_queue assigned_agent_name assigned_agent_email author_uuid
            author_handle conversation_provider first_tar handle_time_total post_count response_count
            manual_tag sentiment lsw_conversation_link case_number survey_score
        """,
        "conversation_actions": """
            conversation_id action_type action_date agent_name agent_email from_value to_value work_queue
        """,
        "incoming_post": _POST,
        "raw_agent_states": """
            agent_name agent_email agent_id team_name state_name state_type state_start state_end
            state_duration
        """,
        "raw_expert_help": """
            help_request_id conversation_id requesting_agent_name requesting_agent_email expert_name
            expert_email request_date answer_date help_status request_content
        """,
        "response": _RESPONSE,
        "response_approval": """
            conversation_id external_response_id agent_name agent_email team_name approver_name approver_email
            submitted_date decided_date decision handle_time_approving_agent
        """,
        "team_performance": _PERFORMANCE,
        "team_performance_interval": "interval_start interval_end " + _PERFORMANCE,
    }.items()
}
# Columns that this company has off, or on only for what happened from a day on.
SWITCHED = {
    ("response", "expert_rht"): None,
    ("response", "response_location"): None,
    ("combined", "response_location"): None,
    ("team_performance", "time_available"): None,
    ("conversation", "survey_score"): datetime(2025, 10, 1, tzinfo=timezone.utc),
    ("incoming_post", "spam_score"): datetime(2026, 3, 1, tzinfo=timezone.utc),
}


@dataclass(frozen=True)
class ReportRequest:
    """What a report is asked for."""

    report: str
    start: datetime
    end: datetime
    conversation_report_type: str = "OPEN_AT_END"
    metrics: tuple[str, ...] = ()
    priorities: frozenset[int] = frozenset()
    smart_view: int | None = None
    work_queues: frozenset[int] = frozenset()
    teams: frozenset[int] = frozenset()
    disabled_agents: bool = False
    interval: timedelta = timedelta(0)
    business_hours: bool | None = None

    @property
    def is_snapshot(self) -> bool:
        """Whether it asks how things stood at its end, not what happened up to it."""
        return self.report == "conversation" and self.conversation_report_type == "OPEN_AT_END"

    @property
    def is_aggregate(self) -> bool:
        """Whether its rows sum up a span of time."""
        return self.report in {"team_performance", "team_performance_interval", "author"}

    @property
    def is_about_agents(self) -> bool:
        """Whether it leaves out agents who were disabled."""
        return self.report in {"team_performance", "team_performance_interval", "response_approval"}


@dataclass(frozen=True)
class Row:
    """A report's row with all its columns; `at` is the moment for which a report's times include it."""

    key: str
    at: datetime
    values: Values
    agent: Person | None = None
    conversation: Conversation | None = None
    conversation_report_type: str | None = None


def of_conversation(world: World, about: Conversation, asked: ReportRequest) -> Iterator[Row]:
    """The rows that a report has about a conversation, as it stands now."""
    for row in _of_conversation(world, about, asked):
        if row.at <= world.now:
            yield row


def of_agent_state(world: World, state: AgentState) -> Row:
    """The row of a span of an agent's day; without its end while it lasts."""
    over = state.end <= world.now
    values = {
        "agent_name": state.agent.name,
        "agent_email": state.agent.email,
        "agent_id": state.agent.number,
        "team_name": state.agent.team,
        "state_name": state.name,
        "state_type": state.kind,
        "state_start": state.start,
        "state_end": state.end if over else None,
        "state_duration": millis(state.end - state.start) if over else None,
    }
    return Row(state.key, state.start, values, state.agent)


def millis(span: timedelta) -> int:
    """A span of time as the vendor counts it."""
    return span // timedelta(milliseconds=1)


def _of_conversation(world: World, about: Conversation, asked: ReportRequest) -> Iterator[Row]:
    if asked.report == "conversation":
        yield from _conversation(world, about, asked)
    if asked.report in {"incoming_post", "combined"}:
        for post in about.posts:
            yield _row(post.key, post.at, _post(about, post), about, asked)
    if asked.report in {"response", "combined"}:
        for reply in about.replies:
            yield _row(reply.key, reply.at, _response(world, about, reply), about, asked)
    if asked.report == "response_approval":
        yield from _approvals(world, about)
    if asked.report == "conversation_actions":
        yield from _actions(about)
    if asked.report == "raw_expert_help":
        yield from _help(world, about)


def _row(key: str, at: datetime, values: Values, about: Conversation, asked: ReportRequest) -> Row:
    if asked.report == "combined":
        direction = "RESPONSE" if "response_type" in values else "INCOMING"
        values = {**dict.fromkeys(COLUMNS["combined"]), **values, "direction": direction}
    return Row(key, at, values, about.agent, about)


def _conversation(world: World, about: Conversation, asked: ReportRequest) -> Iterator[Row]:
    closings = [closed for _, closed in about.spells if closed <= world.now]
    at = about.at
    if asked.conversation_report_type == "OPEN_AT_END" and not about.open_at(min(asked.end, world.now)):
        return
    if asked.conversation_report_type == "CLOSED":
        at = max((moment for moment in closings if asked.start <= moment <= asked.end), default=ALWAYS)
    over = not about.open_at(world.now)
    replies = [reply for reply in about.replies if reply.at <= world.now]
    values = {
        "conversation_id": about.uuid,
        "conversation_display_number": about.number,
        "conversation_created_date": about.at,
        "conversation_closed_date": closings[-1] if over and closings else None,
        "conversation_status": "CLOSED" if over else "OPEN",
        "priority": about.priority,
        "work_queue": WORK_QUEUES[about.work_queue],
        "assigned_agent_name": about.agent.name,
        "assigned_agent_email": about.agent.email,
        "author_uuid": about.author_uuid,
        "author_handle": f"@customer_{about.author}",
        "conversation_provider": about.provider,
        "first_tar": millis(replies[0].at - replies[0].post.at) if replies else None,
        "handle_time_total": sum(reply.handling for reply in replies),
        "post_count": sum(post.at <= world.now for post in about.posts),
        "response_count": len(replies),
        "manual_tag": [about.topic],
        "sentiment": about.sentiment,
        "lsw_conversation_link": _link(about),
        "case_number": about.ticket,
        "survey_score": about.survey_score if over else None,
    }
    yield Row(f"conversation/{about.number}", at, values, about.agent, about)


def _post(about: Conversation, post: Post) -> Values:
    return {
        "external_post_id": post.key.replace("post/", "").replace("/", ""),
        "conversation_id": about.uuid,
        "author_uuid": about.author_uuid,
        "author_handle": f"@customer_{about.author}",
        "post_content": post.text,
        "post_provider": about.provider,
        "post_type": "PRIVATE" if post.private else "PUBLIC",
        "post_published_time": post.published,
        "post_received_time": post.at,
        "post_language": about.language,
        "post_location": None,
        "post_sentiment": about.sentiment,
        "manual_tag": [about.topic],
        "priority": about.priority,
        "work_queue": WORK_QUEUES[about.work_queue],
        "post_in_business_hour": in_business_hours(post.at),
        "spam_score": (about.number * 37 % 100) / 100,
    }


def _response(world: World, about: Conversation, reply: Reply) -> Values:
    agent, retagged = about.agent, reply.retagged is not None and reply.retagged <= world.now
    post = _post(about, reply.post)
    approving = reply.handling // 5 if reply.submitted else 0
    return {
        "conversation_id": about.uuid,
        "responding_agent_display_id": None if reply.bot else agent.number,
        "responding_agent_email": None if reply.bot else agent.email,
        "responding_agent_name": "Welcome bot" if reply.bot else agent.name,
        "agent_response_order": None if reply.bot else reply.order,
        "bot_response_order": reply.order if reply.bot else None,
        "response_order": reply.order,
        "assistant_rht": 0,
        "expert_rht": reply.handling // 7,
        "handle_time_responding_agent": reply.handling,
        "handle_time_approving_agent": approving,
        "handle_time_other_agent": 0,
        "handle_time_total_response": reply.handling + approving,
        "auto_tag": ["bot"] if reply.bot else [],
        "manual_tag": [about.topic, "follow-up"] if retagged else [about.topic],
        "response_tag": [],
        "date_claimed": reply.claimed,
        "external_response_id": reply.external_id,
        "lsw_conversation_link": _link(about),
        "lsw_responded_post_in_business_hour": in_business_hours(reply.post.at),
        "lsw_responded_to_external_post_id": post["external_post_id"],
        "lsw_responded_to_post_author_uuid": about.author_uuid,
        "lsw_responded_to_post_content": reply.post.text,
        "lsw_responded_to_post_published_time": reply.post.published,
        "lsw_responded_to_post_received_time": reply.post.at,
        "response_content": reply.text,
        "response_handle": "@contact_centre",
        "response_language": about.language,
        "response_location": None,
        "response_provider": about.provider,
        "response_published_date": reply.at,
        "response_sentiment": "Positive" if retagged else "Neutral",
        "response_tar": millis(reply.at - reply.post.at),
        "response_type": post["post_type"],
    }


def _approvals(world: World, about: Conversation) -> Iterator[Row]:
    coach = world.coach_of(about.agent)
    for reply in about.replies:
        if reply.submitted is None:
            continue
        decided = reply.at <= world.now
        values = {
            "conversation_id": about.uuid,
            "external_response_id": reply.external_id if decided else None,
            "agent_name": about.agent.name,
            "agent_email": about.agent.email,
            "team_name": about.agent.team,
            "approver_name": coach.name,
            "approver_email": coach.email,
            "submitted_date": reply.submitted,
            "decided_date": reply.at if decided else None,
            "decision": "APPROVED" if decided else None,
            "handle_time_approving_agent": reply.handling // 5 if decided else None,
        }
        yield Row(f"approval of {reply.key}", reply.submitted, values, about.agent, about)


def _actions(about: Conversation) -> Iterator[Row]:
    for action in about.actions:
        values = {
            "conversation_id": about.uuid,
            "action_type": action.kind,
            "action_date": action.at,
            "agent_name": about.agent.name,
            "agent_email": about.agent.email,
            "from_value": action.before,
            "to_value": action.after,
            "work_queue": WORK_QUEUES[about.work_queue],
        }
        yield Row(action.key, action.at, values, about.agent, about)


def _help(world: World, about: Conversation) -> Iterator[Row]:
    expert = world.coach_of(about.agent)
    for request in about.help_requests:
        answered = request.answered <= world.now
        values = {
            "help_request_id": request.key.removeprefix("help/").replace("/", "-"),
            "conversation_id": about.uuid,
            "requesting_agent_name": about.agent.name,
            "requesting_agent_email": about.agent.email,
            "expert_name": expert.name,
            "expert_email": expert.email,
            "request_date": request.at,
            "answer_date": request.answered if answered else None,
            "help_status": "ANSWERED" if answered else "PENDING",
            "request_content": f"Is there a known problem with {about.topic}?",
        }
        yield Row(request.key, request.at, values, about.agent, about)


def _link(about: Conversation) -> str:
    return f"https://contact-centre.response.example/agent/conversation/{about.number}"
