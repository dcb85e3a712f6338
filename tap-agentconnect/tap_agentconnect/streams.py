"""The six streams, as the vendor's API collection documents them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_sdk import typing as th

from .base.records import EXTRA
from .employees import EmployeeStream
from .feeds import FeedbackStream, SequenceStream
from .schemas import (
    ACTION_ITEMS,
    ANSWERS,
    CALIBRATED_QUESTIONS,
    LED_PERSON,
    PERSON,
    QUESTIONS,
    SCORECARD,
    STRINGS,
    attachments,
    keys,
)

if TYPE_CHECKING:
    from .client import AgentConnectStream

INTERACTION_ID = th.Property("interaction_id", th.StringType, description="Your own id of the interaction.")
INTERACTION_URL = th.Property("interaction_url", th.StringType, description="The address of the interaction.")
SCORECARD_USED = th.Property("scorecard", SCORECARD, description="The scorecard used.")
COUNTED = (
    th.Property("count_toward_score", th.BooleanType, description="Whether it counts toward a score."),
    th.Property("score", th.NumberType, description="The score in percentage points: 87.5 for 87.5%."),
    th.Property("autofailed", th.BooleanType, description="Whether it failed on a single answer."),
)

REVIEW = (
    INTERACTION_ID,
    INTERACTION_URL,
    th.Property("completed_at", th.DateTimeType, description="When the review was completed."),
    th.Property("created_at", th.DateTimeType, description="When the review was created."),
    th.Property("started_at", th.DateTimeType, description="When the review was started."),
    *COUNTED,
    th.Property("solicitation_id", th.StringType, description="The id of the feedback request that goes with it."),
    SCORECARD_USED,
    th.Property("employee", LED_PERSON, description="Whose work was reviewed."),
    th.Property("groups", STRINGS, description="The employee's groups when the review was created."),
    th.Property("reviewer", PERSON, description="Who reviewed it."),
    th.Property("questions", QUESTIONS, description="The scorecard's questions and their answers."),
)


class Feedbacks(FeedbackStream):
    """Interactions, with the survey sent about each and the customer's answers."""

    name = "feedbacks"
    path = "/v2/data"
    schema = th.PropertiesList(
        *keys("interaction"),
        th.Property("parent_uuid", th.StringType, description="For a service recovery: the survey that led to it."),
        th.Property("is_recovery", th.BooleanType, description="Whether it is a service recovery."),
        th.Property("branding", th.StringType, description="The subdomain of its branding."),
        th.Property("channel", th.StringType, description="The service channel: phone, chat, email or your own."),
        th.Property("ext_interaction_id", th.StringType, description="Your own id of the interaction; may repeat."),
        th.Property("external_url", th.StringType, description="The address of the interaction in your own system."),
        th.Property("language", th.StringType, description="The survey's language, such as en or en-US."),
        th.Property("survey_id", th.IntegerType, description="The id of the survey template."),
        th.Property("survey_name", th.StringType, description="The name of the survey template."),
        th.Property("tags", STRINGS, description="The tags that you gave the interaction."),
        th.Property("request_created_at", th.DateTimeType, description="When the interaction was entered."),
        th.Property("request_delivery_status", th.StringType, description="How the delivery of the survey went."),
        th.Property("request_sent_at", th.DateTimeType, description="When the survey was sent."),
        th.Property("delivered_at", th.DateTimeType, description="When the survey was delivered. Not documented."),
        th.Property("requested_via", th.StringType, description="How it was requested: manual or API."),
        th.Property("response_received_at", th.DateTimeType, description="When the customer first answered."),
        th.Property("reward_eligible", th.BooleanType, description="Whether the employee could be rewarded."),
        th.Property("reward_name", th.StringType, description="The reward that the customer chose."),
        th.Property(
            "marketing",
            th.ObjectType(
                *(
                    th.Property(f"{name}_{what}", th.BooleanType, description=f"Whether the {words} was {done}.")
                    for name, words in (
                        ("custom_link", "custom link"),
                        ("facebook_follow", "invitation to follow on Facebook"),
                        ("facebook_share", "invitation to share on Facebook"),
                        ("twitter_follow", "invitation to follow on Twitter"),
                        ("twitter_share", "invitation to share on Twitter"),
                    )
                    for what, done in (("eligible", "to be offered"), ("initiated", "taken up"))
                )
            ),
            description="What else the survey offered, and what the customer took up.",
        ),
        th.Property("employee", PERSON, description="The employee whose interaction it was."),
        th.Property(
            "team_leader",
            th.ObjectType(
                th.Property("custom_id", th.StringType, description="Your own id of the team leader."),
                th.Property("full_name", th.StringType, description="The team leader's name."),
            ),
            description="The employee's team leader.",
        ),
        th.Property(
            "customer",
            th.ObjectType(
                th.Property("custom_id", th.StringType, description="Your own id of the customer."),
                th.Property("email", th.StringType, description="The customer's e-mail address."),
                th.Property("full_name", th.StringType, description="The customer's name."),
            ),
            description="The customer.",
        ),
        th.Property(
            "custom_properties",
            th.ArrayType(
                th.ObjectType(
                    th.Property("name", th.StringType, description="The property's name."),
                    th.Property("value", th.StringType, description="Its value."),
                )
            ),
            description="Your own properties of the interaction, and mapped ones.",
        ),
        th.Property("answers", ANSWERS, description="The questions that the customer saw, with the answers."),
        EXTRA,
    ).to_dict()


class QaReviews(SequenceStream):
    """Quality reviews of interactions, question by question."""

    name = "qa_reviews"
    path = "/v2/qa"
    schema = th.PropertiesList(*keys("review"), *REVIEW, EXTRA).to_dict()


class QaAudits(SequenceStream):
    """Audits of reviews, each with the review that it is about."""

    name = "qa_audits"
    path = "/v2/qa/audits"
    schema = th.PropertiesList(
        *keys("audit"),
        th.Property("audit_type", th.StringType, description="Audit or Calibration Audit."),
        INTERACTION_ID,
        INTERACTION_URL,
        th.Property("completed_at", th.DateTimeType, description="When the audit was completed."),
        *COUNTED,
        SCORECARD_USED,
        th.Property("reviewer", LED_PERSON, description="Whose review was audited."),
        th.Property("groups", STRINGS, description="The reviewer's groups when the audit was created."),
        th.Property("auditor", PERSON, description="Who audited it."),
        th.Property("questions", QUESTIONS, description="The audit's questions and their answers."),
        th.Property(
            "qa_review",
            th.ObjectType(
                th.Property("uuid", th.StringType, description="The id of the review."),
                th.Property("sequence_id", th.IntegerType, description="The review's sequence id at that time."),
                *REVIEW,
            ),
            description="The audited review as it was seen then; qa_reviews has its newest version.",
        ),
        EXTRA,
    ).to_dict()


class QaCalibrations(SequenceStream):
    """Calibrations: one interaction scored by several people, to align their standards."""

    name = "qa_calibrations"
    path = "/v2/qa/calibrations"
    schema = th.PropertiesList(
        *keys("calibration"),
        th.Property("alignment_score", th.NumberType, description="How far the participants agree, in percent."),
        th.Property("started_by", PERSON, description="Who started it."),
        th.Property("meeting_date", th.DateTimeType, description="When it takes place; may lie ahead."),
        INTERACTION_ID,
        INTERACTION_URL,
        th.Property("participants", th.ArrayType(PERSON), description="Who takes part."),
        th.Property("notes", th.StringType, description="Notes on it."),
        SCORECARD_USED,
        th.Property("completed_at", th.DateTimeType, description="When it was completed."),
        th.Property("created_at", th.DateTimeType, description="When it was created."),
        th.Property("questions", CALIBRATED_QUESTIONS, description="The questions, and who chose which answer."),
        EXTRA,
    ).to_dict()


class CoachingSessions(SequenceStream):
    """One-to-one coaching sessions, with action items, kudos and what was attached."""

    name = "coaching_sessions"
    path = "/v2/coaching/sessions"
    on_delete = "comes again, `archived`"
    schema = th.PropertiesList(
        *keys("session"),
        th.Property("created_at", th.DateTimeType, description="When the session was created."),
        th.Property("shared_at", th.DateTimeType, description="When the coach shared it."),
        th.Property("reshared_at", th.DateTimeType, description="When the coach sent its recap."),
        th.Property("archived", th.BooleanType, description="Whether it has been archived; it is still sent."),
        th.Property("coach", PERSON, description="Who started the session."),
        th.Property("employee", LED_PERSON, description="Who is coached."),
        th.Property("title", th.StringType, description="The session's title."),
        th.Property("private", th.BooleanType, description="Whether it is marked as private."),
        th.Property("created_action_items", ACTION_ITEMS, description="The action items made in it."),
        th.Property(
            "completed_action_items",
            ACTION_ITEMS,
            description="The action items completed in it; empty for sessions before October 2025.",
        ),
        th.Property(
            "kudos",
            th.ArrayType(
                th.ObjectType(
                    th.Property("text", th.StringType, description="The praise."),
                    th.Property("created_at", th.DateTimeType, description="When it was given."),
                )
            ),
            description="Praise given in it.",
        ),
        th.Property(
            "metric_attachments",
            th.ArrayType(
                th.ObjectType(
                    th.Property("name", th.StringType, description="The metric's name."),
                    th.Property("score", th.NumberType, description="The metric's value."),
                    th.Property("start_date", th.DateTimeType, description="Where the span it is about begins."),
                    th.Property("end_date", th.DateTimeType, description="Where that span ends."),
                    th.Property("added_at", th.DateTimeType, description="When it was attached."),
                    th.Property("notes", th.StringType, description="The notes on it."),
                )
            ),
            description="The metrics attached.",
        ),
        th.Property("feedback_attachments", attachments("feedback"), description="The feedbacks attached."),
        th.Property("qa_review_attachments", attachments("review"), description="The reviews attached."),
        EXTRA,
    ).to_dict()


class Employees(EmployeeStream):
    """All employees as they are now."""

    name = "employees"
    path = "/v2/employees"
    schema = th.PropertiesList(
        th.Property(
            "employee_key",
            th.StringType(nullable=False),
            required=True,
            description="Made by the tap: the e-mail address, else the custom id, else a hash of the row.",
        ),
        th.Property("email", th.StringType, description="The e-mail address."),
        th.Property("custom_employee_id", th.StringType, description="Your own id of the employee."),
        th.Property("first_name", th.StringType, description="The first name."),
        th.Property("last_name", th.StringType, description="The last name."),
        th.Property("team_leader_id", th.StringType, description="The vendor's id of the team leader."),
        th.Property("team_leader_email", th.StringType, description="The team leader's e-mail address."),
        th.Property("role", th.StringType, description="The name of the employee's role."),
        th.Property("license_type", th.StringType, description="standard or flexible."),
        th.Property("channels", STRINGS, description="The channels assigned."),
        th.Property("employment_status", th.StringType, description="full-time, part-time or temp."),
        th.Property("start_date", th.DateType, description="The first day of work."),
        th.Property("hometown", th.StringType, description="The home town."),
        th.Property("state_or_country", th.StringType, description="The state or country."),
        th.Property("profile_text", th.StringType, description="What the employee's profile says."),
        th.Property("image", th.StringType, description="The address of the profile's picture."),
        th.Property("groups", STRINGS, description="The names of the employee's groups."),
        th.Property("manage_team", th.BooleanType, description="Whether the employee has a team."),
        th.Property("last_active", th.DateTimeType, description="When the employee was last active."),
        EXTRA,
    ).to_dict()


STREAMS: tuple[type[AgentConnectStream[Any, Any]], ...] = (
    Feedbacks,
    QaReviews,
    QaAudits,
    QaCalibrations,
    CoachingSessions,
    Employees,
)
