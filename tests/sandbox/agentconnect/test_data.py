"""The data: the same in every run, with the traps of real data and an hour's work."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sandbox.server import Sandbox

from tests.sandbox.agentconnect.client import FEEDS, WORLD, Client, values


def test_every_run_has_the_same_data(reader: Client) -> None:
    with Sandbox(WORLD) as another:
        assert Client(another).rows("/v2/data", limit=50) == reader.rows("/v2/data", limit=50)


def test_the_traps_are_in_the_data(reader: Client) -> None:
    feedbacks = reader.walk("/v2/data", include_recovery="true")
    reviews, audits = reader.walk("/v2/qa"), reader.walk("/v2/qa/audits")
    scores = [row["score"] for row in reviews]
    assert {"100%", "87.5%", None, "", 100} <= set(scores)
    assert {type(row["score"]) for row in audits} >= {int, str}
    assert "" in [row["completed_at"] for row in audits]
    archived = [row["scorecard"]["archived_at"] for row in reviews]
    assert {type(value) for value in archived} == {str, dict, int, type(None)}
    dumped = next(value for value in archived if isinstance(value, dict))
    assert isinstance(dumped["utc"]["^t"], float)
    assert {"null", None, "9001"} <= set(values(reviews, "custom_id"))
    assert {type(value) for value in values(feedbacks, "custom_id")} == {str, int, type(None)}
    assert {type(value) for value in values(feedbacks, "question_id")} == {str, int}
    assert {type(value) for value in values(reviews, "interaction_id")} == {str, int}
    assert any("answers" not in row for row in feedbacks)
    answers = [row["answers"] for row in feedbacks if "answers" in row]
    properties = [row["custom_properties"] for row in feedbacks]
    options = values(feedbacks, "selected_options") + values(reviews, "selected_options")
    empty: dict[str, Any] | None
    for empty in ({}, None):
        assert empty in answers
        assert empty in properties
        assert empty in options
    assert [] in answers
    assert None in [row["customer"] for row in feedbacks]
    assert None in [row["team_leader"] for row in feedbacks]
    assert len({len(row["uuid"]) for row in feedbacks}) == 2


def test_an_hour_of_work_adds_edits_and_removes(client: Client) -> None:
    vendor = client.vendor
    feeds = vendor.feedbacks, vendor.qa_reviews, vendor.coaching_sessions
    before = [max(record.sequence_id for record in feed.values()) for feed in feeds]
    audits = set(vendor.qa_audits)
    vendor.simulate_hour((WORLD.now + timedelta(hours=1)).isoformat())
    changed = [client.rows(path, after=last) for path, last in zip((FEEDS[0], FEEDS[1], FEEDS[4]), before, strict=True)]
    assert [len(rows) for rows in changed] == [3, 2, 2]
    assert len(audits - set(vendor.qa_audits)) == 1
    assert len(set(vendor.qa_audits) - audits) == 1
