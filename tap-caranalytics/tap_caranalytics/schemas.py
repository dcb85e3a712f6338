"""The columns that the vendor documents, or that a public page shows. What a report has beyond them arrives."""

from __future__ import annotations

from typing import Any

from singer_sdk import typing as th

OWN = {
    "_row_key": th.Property(
        "_row_key",
        th.StringType(nullable=False),
        required=True,
        description="The row's identity, made by the tap: reports have none. See README.",
    ),
    "_window_start": th.Property(
        "_window_start",
        th.DateTimeType(nullable=False),
        required=True,
        description="The start of the window that the row was reported for.",
    ),
    "_window_end": th.Property(
        "_window_end",
        th.DateTimeType,
        description="The end of that window, which the next one starts with; it may lie ahead.",
    ),
    "_extracted_at": th.Property(
        "_extracted_at",
        th.DateTimeType,
        description="When the window's report was run: its newest rows are what it holds now.",
    ),
}


WINDOW = th.PropertiesList(
    th.Property(
        "report",
        th.StringType(nullable=False),
        required=True,
        description="The stream that the window was read for, such as response.",
    ),
    th.Property(
        "_window_start",
        th.DateTimeType(nullable=False),
        required=True,
        description="The start of the window, as its rows have it.",
    ),
    th.Property("_window_end", th.DateTimeType, description="The end of the window, which the next one starts with."),
    th.Property(
        "_extracted_at",
        th.DateTimeType,
        description="When the window was last read whole: rows of it that came earlier are no longer in it.",
    ),
    th.Property("row_count", th.IntegerType, description="How many rows that reading brought; 0 for an empty window."),
).to_dict()


def columns(**descriptions: str) -> list[th.Property[Any]]:
    """Return columns of text: the vendor documents no other types, nor how it writes times."""
    return [th.Property(name, th.StringType, description=text) for name, text in descriptions.items()]


def report_schema(documented: list[th.Property[Any]] | None = None) -> dict[str, Any]:
    """Return the schema of a report: the tap's own columns around the documented ones."""
    key, *rest = OWN.values()
    return th.PropertiesList(key, *(documented or []), *rest).to_dict()


RESPONSE = columns(
    conversation_id="The conversation that was answered in.",
    responding_agent_display_id="The id of the agent who answered.",
    responding_agent_email="The agent's e-mail.",
    responding_agent_name="The agent's name.",
    agent_response_order="Its place among the agents' answers in the conversation, counted from 1.",
    bot_response_order="Its place among the bots' answers in the conversation, counted from 1.",
    response_order="Its place among all answers in the conversation, counted from 1.",
    assistant_rht="The assistant's part of the response handle time.",
    expert_rht="The expert's part of the response handle time.",
    handle_time_responding_agent="How long the answering agent worked on it.",
    handle_time_approving_agent="How long the approving agent worked on it.",
    handle_time_other_agent="How long other agents worked on it.",
    handle_time_total_response="How long all worked on it.",
    auto_tag="Tags that were set by rules.",
    manual_tag="Tags that were set by people.",
    response_tag="Tags of the answer.",
    date_claimed="When the conversation was claimed or assigned.",
    external_response_id="The answer's id on the network.",
    lsw_conversation_link="A link to the conversation in Khoros Care.",
    lsw_responded_post_in_business_hour="Whether the post came in business hours.",
    lsw_responded_to_external_post_id="The id, on the network, of the post that was answered.",
    lsw_responded_to_post_author_uuid="The id of the post's author.",
    lsw_responded_to_post_content="The post that was answered.",
    lsw_responded_to_post_published_time="When that post was published.",
    lsw_responded_to_post_received_time="When that post was received.",
    response_content="The answer.",
    response_handle="The brand's handle that was used.",
    response_language="The answer's language.",
    response_location="The answer's location.",
    response_provider="The network, such as Twitter.",
    response_published_date="When the answer was published.",
    response_sentiment="The answer's sentiment.",
    response_tar="The time to the answer.",
    response_type="Whether it was public or private.",
)
