"""What the streams' schemas have in common."""

from __future__ import annotations

from typing import Any

from singer_sdk import typing as th

STRINGS = th.ArrayType(th.StringType(nullable=True))


def keys(what: str) -> tuple[th.Property[str], th.Property[int]]:
    """Return the key and the cursor of a feed."""
    return (
        th.Property("uuid", th.StringType(nullable=False), required=True, description=f"The id of the {what}."),
        th.Property(
            "sequence_id",
            th.IntegerType(nullable=False),
            required=True,
            description=f"The feed's cursor: a newer version of the {what} has a higher one.",
        ),
    )


def person(*more: th.Property[Any]) -> th.ObjectType:
    """Return the schema of a person, with further fields."""
    return th.ObjectType(
        th.Property("custom_id", th.StringType, description="Your own id of the person."),
        th.Property("email", th.StringType, description="The person's e-mail address."),
        th.Property("first_name", th.StringType, description="The person's first name."),
        th.Property("last_name", th.StringType, description="The person's last name."),
        *more,
    )


PERSON = person()
LED_PERSON = person(th.Property("team_leader", PERSON, description="The person's team leader."))

SCORECARD = th.ObjectType(
    th.Property("name", th.StringType, description="The scorecard's name."),
    th.Property("archived_at", th.DateTimeType, description="When the scorecard was archived."),
)

ANSWERS = th.ArrayType(
    th.ObjectType(
        th.Property(
            "question_key",
            th.StringType,
            description="What identifies the question for good, such as nps or agent_star_rating.",
        ),
        th.Property("question_id", th.StringType, description="The question's id in the vendor's system."),
        th.Property(
            "question_text", th.StringType, description="The question in English, with its {{ placeholders }}."
        ),
        th.Property("comment", th.StringType, description="The customer's comment."),
        th.Property(
            "selected_options",
            th.ArrayType(
                th.ObjectType(
                    th.Property("option_id", th.StringType, description="The option's id."),
                    th.Property("option_text", th.StringType, description="The option's label in English."),
                    th.Property("integer_value", th.IntegerType, description="The option's value, where it has one."),
                )
            ),
            description="What the customer selected; empty when the question was seen but not answered.",
        ),
    )
)

SECTION = (
    th.Property("question_id", th.StringType, description="The question's id."),
    th.Property("question_text", th.StringType, description="The question."),
    th.Property("section", th.StringType, description="The section of the scorecard that it stands in."),
    th.Property("section_weight", th.IntegerType, description="The weight of that section."),
)
OPTION = (
    th.Property("option_text", th.StringType, description="The answer in words."),
    th.Property("score", th.NumberType, description="What the answer scores."),
)
OPTION_ID = th.Property("option_id", th.StringType, description="The answer's id.")

QUESTIONS = th.ArrayType(
    th.ObjectType(
        *SECTION,
        th.Property("comment", th.StringType, description="The comment on it."),
        th.Property(
            "selected_options", th.ArrayType(th.ObjectType(OPTION_ID, *OPTION)), description="The answers selected."
        ),
    )
)

CALIBRATED_QUESTIONS = th.ArrayType(
    th.ObjectType(
        *SECTION,
        th.Property(
            "question_alignment_score", th.NumberType, description="How far the participants agree on the question."
        ),
        th.Property(
            "selected_option",
            th.ObjectType(
                th.Property("qa_option_id", th.StringType, description="The answer's id; empty without an answer."),
                *OPTION,
            ),
            description="The answer agreed on.",
        ),
        th.Property(
            "options",
            th.ArrayType(
                th.ObjectType(
                    OPTION_ID,
                    *OPTION,
                    th.Property(
                        "participants",
                        th.ArrayType(
                            th.ObjectType(
                                th.Property("employee", PERSON, description="Who chose this answer."),
                                th.Property("comment", th.StringType, description="The comment left with it."),
                            )
                        ),
                        description="The participants who chose this answer.",
                    ),
                )
            ),
            description="All answers to choose from.",
        ),
    )
)

ACTION_ITEMS = th.ArrayType(
    th.ObjectType(
        th.Property("text", th.StringType, description="What is to be done."),
        th.Property("category", th.StringType, description="The item's category."),
        th.Property("status", th.StringType, description="open or completed."),
        th.Property("created_at", th.DateTimeType, description="When it was made."),
        th.Property("completed_at", th.DateTimeType, description="When it was completed."),
        th.Property("due_date", th.DateTimeType, description="When it is due."),
        th.Property("owner", PERSON, description="Who is to do it."),
    )
)


def attachments(what: str) -> th.ArrayType[th.ObjectType]:
    """Return the schema of the feedbacks or reviews attached to a coaching session."""
    return th.ArrayType(
        th.ObjectType(
            th.Property("uuid", th.StringType, description=f"The uuid of the {what}."),
            th.Property("interaction_id", th.StringType, description="Your own id of the interaction."),
            th.Property("added_at", th.DateTimeType, description="When it was attached."),
            th.Property("notes", th.StringType, description="The notes on it."),
        )
    )
