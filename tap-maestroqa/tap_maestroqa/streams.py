"""The stream of coaching sessions, as the vendor's export article documents it."""

from __future__ import annotations

from singer_sdk import typing as th

from .base.records import EXTRA
from .client import MaestroQAStream

DELETED = th.Property("isDeleted", th.BooleanType, description="Whether it has been deleted; it is still sent.")

ACTIVITY = th.ObjectType(
    th.Property("userId", th.StringType, description="Who acted."),
    th.Property("userEmail", th.StringType, description="The e-mail of who acted."),
    th.Property("actionType", th.StringType, description="What was done."),
    th.Property("descriptions", th.ArrayType(th.StringType(nullable=True)), description="What was done, in words."),
    th.Property("timestamp", th.DateTimeType, description="When it was done."),
    th.Property("ipAddress", th.StringType, description="The address it was done from."),
)

COACHING_POINT = th.ObjectType(
    th.Property("_id", th.StringType, description="The point's id."),
    th.Property(
        "coachingFormIds",
        th.ArrayType(th.StringType(nullable=True)),
        description="The sessions that the point belongs to: one point may stand in several.",
    ),
    th.Property("type", th.StringType, description="strength, opportunity or n/a."),
    th.Property("classification", th.StringType, description="general, qa, csat or productivity."),
    th.Property("ticketId", th.StringType, description="The helpdesk ticket that the point is about."),
    th.Property("subject", th.StringType, description="The point's subject."),
    th.Property("rubricName", th.StringType, description="The grading rubric, if it concerns one."),
    th.Property("criteriaName", th.StringType, description="The rubric's criterion, if it concerns one."),
    th.Property("kpiName", th.StringType, description="The KPI it is tied to, such as average handle time."),
    th.Property("score", th.StringType, description="The score of that rubric, criterion, KPI or CSAT, as text."),
    th.Property("agentNotes", th.StringType, description="The agent's notes."),
    th.Property("coachNotes", th.StringType, description="The coach's notes."),
    th.Property("createdAt", th.DateTimeType, description="When the point was made."),
    th.Property("updatedAt", th.DateTimeType, description="When the point was last changed."),
    DELETED,
)

TODO = th.ObjectType(
    th.Property("_id", th.StringType, description="The to-do's id."),
    th.Property("actionString", th.StringType, description="What is to be done."),
    th.Property(
        "coachingFormIds",
        th.ArrayType(th.StringType(nullable=True)),
        description="The sessions that the to-do belongs to.",
    ),
    th.Property("completedAt", th.DateTimeType, description="When it was completed."),
    th.Property("createdAt", th.DateTimeType, description="When it was made."),
    th.Property("creatorId", th.StringType, description="Who made it."),
    th.Property("creatorName", th.StringType, description="The name of who made it."),
    th.Property("description", th.StringType, description="The to-do in words."),
    th.Property("link", th.StringType, description="A link that goes with it."),
    th.Property("status", th.StringType, description="Its status."),
    th.Property("title", th.StringType, description="Its title."),
    th.Property("type", th.StringType, description="Its type."),
    th.Property("updatedAt", th.DateTimeType, description="When it was last changed."),
    DELETED,
)


class CoachingSessions(MaestroQAStream):
    """Coaching sessions with their points, to-dos and activity log."""

    name = "coaching_sessions"
    path = "/coaching-sessions"
    primary_keys = ("_id",)
    replication_key = "updatedAt"
    on_update = "comes again"
    on_delete = "comes again, with `isDeleted`"
    schema = th.PropertiesList(
        th.Property("_id", th.StringType(nullable=False), required=True, description="The id of the coaching session."),
        th.Property("coachingFormName", th.StringType, description="The session's name."),
        th.Property("coachingTemplateId", th.StringType, description="The id of the template it was made from."),
        th.Property("coachingTemplateName", th.StringType, description="The template's name."),
        th.Property("meetingFormat", th.StringType, description="How coach and agent meet."),
        th.Property("formCreatorId", th.StringType, description="Who made the session."),
        th.Property("formCreatorName", th.StringType, description="The name of who made it."),
        th.Property("coachName", th.StringType, description="The coach's name."),
        th.Property("coachId", th.StringType, description="The coach's user id."),
        th.Property("agentId", th.StringType, description="The agent's id."),
        th.Property("agentName", th.StringType, description="The agent's name."),
        th.Property("createdAt", th.DateTimeType, description="When the session was created."),
        th.Property(
            "updatedAt",
            th.DateTimeType,
            description="When the session itself was last changed; its points and to-dos have their own.",
        ),
        th.Property("sharedWithAgent", th.BooleanType, description="Whether the agent can see it."),
        th.Property("meetingDate", th.DateTimeType, description="When it takes place; may lie ahead."),
        th.Property("agentConfirmed", th.BooleanType, description="Whether the agent has confirmed it."),
        th.Property("coachConfirmed", th.BooleanType, description="Whether the coach has confirmed it."),
        th.Property("coachNotes", th.StringType, description="The coach's notes."),
        th.Property("agentNotes", th.StringType, description="The agent's notes."),
        DELETED,
        th.Property(
            "activityLog",
            th.ArrayType(ACTIVITY),
            description="What was done to the session, with e-mails and addresses.",
        ),
        th.Property(
            "coachingPoints",
            th.ArrayType(COACHING_POINT),
            description="The coaching points, those shared with other sessions too.",
        ),
        th.Property("todos", th.ArrayType(TODO), description="The to-dos."),
        th.Property(
            "_changed_at",
            th.DateTimeType,
            description="The newest change in the session, its points, to-dos or log: order versions by it.",
        ),
        EXTRA,
    ).to_dict()


STREAMS: tuple[type[MaestroQAStream], ...] = (CoachingSessions,)
