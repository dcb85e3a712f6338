"""Objects as the document's samples show them, and values as it leaves them open."""

from __future__ import annotations

import re

from tests.sandbox.agentconnect.client import Client, values

PERSON = {"custom_id", "email", "first_name", "last_name"}


def test_feedbacks_are_shaped_as_the_sample(reader: Client) -> None:
    rows = reader.rows("/v2/data")
    assert len(rows) == 1000
    answered = next(row for row in rows if row["response_received_at"] and row["customer"] and row["team_leader"])
    assert set(answered) == {
        "uuid", "sequence_id", "parent_uuid", "is_recovery", "branding", "channel", "ext_interaction_id",
        "external_url", "language", "survey_id", "survey_name", "tags", "request_created_at",
        "request_delivery_status", "request_sent_at", "requested_via", "response_received_at",
        "reward_eligible", "reward_name", "marketing", "employee", "team_leader", "customer",
        "custom_properties", "answers",
    }  # fmt: skip
    assert len(answered["marketing"]) == 10
    assert set(answered["employee"]) == PERSON
    assert set(answered["team_leader"]) == {"custom_id", "full_name"}
    assert set(answered["customer"]) == {"custom_id", "email", "full_name"}
    stars = answered["answers"]["agent_star_rating"]
    assert set(stars) == {"question_id", "question_text", "comment", "selected_options"}
    ((key, option),) = stars["selected_options"].items()
    assert set(option) == {"option_id", "option_text", "integer_value"}
    assert key == str(option["option_id"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", answered["request_created_at"])


def test_quality_and_coaching_are_shaped_as_the_samples(reader: Client) -> None:
    common = {"uuid", "sequence_id", "scorecard", "questions", "interaction_id", "interaction_url"}
    scored = common | {"completed_at", "count_toward_score", "score", "autofailed", "reviewer", "groups"}
    review_keys = scored | {"solicitation_id", "employee", "created_at", "started_at"}
    for row in reader.walk("/v2/qa"):
        assert set(row) == review_keys
        assert set(row["employee"]) == PERSON | {"team_leader"}
        assert set(row["scorecard"]) == {"name", "archived_at"}
        for question in row["questions"].values():
            assert set(question) == {
                "question_text", "section", "section_weight", "comment", "selected_options",
            }  # fmt: skip
    for row in reader.walk("/v2/qa/audits"):
        assert set(row) == scored | {"audit_type", "auditor", "qa_review"}
        assert set(row["reviewer"]) == PERSON | {"team_leader"}
        assert set(row["qa_review"]) == review_keys
    for row in reader.walk("/v2/qa/calibrations"):
        assert set(row) == common | {
            "alignment_score", "started_by", "meeting_date", "participants", "notes", "completed_at",
            "created_at",
        }  # fmt: skip
        for question in row["questions"].values():
            assert set(question["selected_option"] or {}) <= {"qa_option_id", "option_text", "score"}
            for option in question["options"].values():
                assert set(option) == {"option_text", "score", "participants"}
    for row in reader.walk("/v2/coaching/sessions"):
        assert set(row) == {
            "uuid", "created_at", "shared_at", "reshared_at", "archived", "sequence_id", "coach", "employee",
            "title", "private", "created_action_items", "completed_action_items", "kudos",
            "metric_attachments", "feedback_attachments", "qa_review_attachments",
        }  # fmt: skip
        assert row["coach"]["custom_id"] == "null"
        assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", row["created_at"])


def test_the_readings_of_values(client: Client) -> None:
    vendor = client.vendor
    vendor.ids, vendor.unset_keys = "text", "missing"
    vendor.new_fields = {
        "": {"region": {"name": "EMEA"}},
        "employee": {"pronouns": "they"},
        "questions": {"order": 1},
    }
    rows = client.rows("/v2/qa")
    assert {type(value) for value in values(rows, "interaction_id") + values(rows, "custom_id")} == {str}
    assert all(row["region"] == {"name": "EMEA"} and row["employee"]["pronouns"] == "they" for row in rows)
    assert all(question["order"] == 1 for row in rows for question in row["questions"].values())
    assert not any(value is None for row in rows for value in row.values())
    vendor.ids = "integer"
    assert {type(value) for value in values(client.rows("/v2/qa"), "interaction_id")} == {int}
