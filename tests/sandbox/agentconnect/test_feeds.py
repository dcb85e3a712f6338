"""The feeds by sequence id: their pages, order, dates and recoveries."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.sandbox.agentconnect.client import FEEDS, WORLD, Client, values


@pytest.mark.parametrize("path", FEEDS)
def test_paging_by_sequence_id_reads_everything_once(client: Client, path: str) -> None:
    feed = {
        "/v2/data": client.vendor.feedbacks,
        "/v2/qa": client.vendor.qa_reviews,
        "/v2/qa/audits": client.vendor.qa_audits,
        "/v2/qa/calibrations": client.vendor.qa_calibrations,
        "/v2/coaching/sessions": client.vendor.coaching_sessions,
    }[path]
    client.vendor.rows_most = min(1000, len(feed) // 3)
    rows = client.walk(path, include_recovery="true")
    ids = [row["sequence_id"] for row in rows]
    assert ids == sorted(set(ids))
    assert [row["uuid"] for row in rows] == list(feed)
    assert len(rows) > (4000 if path == "/v2/data" else 50)


def test_recoveries_limit_and_stream(reader: Client) -> None:
    without = reader.walk("/v2/data")
    parents = {row["uuid"] for row in without}
    recoveries = [row for row in reader.walk("/v2/data", include_recovery="true") if row["uuid"] not in parents]
    assert recoveries
    assert all(row["is_recovery"] and row["parent_uuid"] in parents for row in recoveries)
    assert not any(row["is_recovery"] for row in without)
    assert len(reader.rows("/v2/data", limit=5)) == 5
    assert len(reader.rows("/v2/data", limit=5000)) == 1000
    assert len(reader.rows("/v2/data", stream="true", limit=5000)) == len(without)
    assert len(reader.rows("/v2/coaching/sessions", limit=5)) > 5


def test_short_pages_from_left_out_recoveries(client: Client) -> None:
    client.vendor.limit_skips_recoveries, client.vendor.recovery_flag = False, "when included"
    pages, after = [], 0
    while page := client.rows("/v2/data", after=after):
        pages.append(len(page))
        after = page[-1]["sequence_id"]
    assert pages[0] < 1000
    assert sum(pages) == sum(not row["is_recovery"] for row in client.walk("/v2/data", include_recovery="true"))
    assert not values(client.rows("/v2/data"), "is_recovery")


def test_dates_are_inclusive_and_need_an_offset(reader: Client) -> None:
    rows = reader.walk("/v2/data")
    first = min(row["response_received_at"] for row in rows if row["response_received_at"])
    (found,) = reader.rows("/v2/data", responded_at_gte="1970-01-01T00:00:00Z", responded_at_lte=first)
    assert found["response_received_at"] == first
    some = rows[700]["request_created_at"]
    bounds = {"created_at_gte": some, "created_at_lte": some.replace("Z", "+00:00")}
    assert rows[700]["uuid"] in [row["uuid"] for row in reader.rows("/v2/data", **bounds)]
    assert reader.rows("/v2/data", **bounds, after=rows[700]["sequence_id"]) == []
    completed = reader.rows("/v2/qa/audits", completed_at_gte="1970-01-01T00:00:00+00:00")
    assert 0 < len(completed) < len(reader.rows("/v2/qa/audits"))
    shared = reader.rows("/v2/coaching/sessions", shared_at_gte="2025-10-01T00:00:00-05:00")
    assert min(row["shared_at"] for row in shared) >= "2025-10-01 05:00:00 UTC"
    for wrong in (
        {"created_at_gte": "yesterday"},
        {"created_at_lte": "2025-01-01T00:00:00"},
        {"after": "x"},
        {"limit": 0},
    ):
        answer = reader.get("/v2/data", **wrong)
        assert answer.status_code == 400
        assert answer.json()["validation_errors"]


def test_a_page_may_be_cut_by_its_bytes(client: Client) -> None:
    vendor, path = client.vendor, "/v2/qa"
    vendor.lift_limits()
    vendor.bytes_most = 40_000
    pages, after = [], 0
    while page := client.rows(path, after=after):
        pages.append(page)
        after = page[-1]["sequence_id"]
    assert {len(page) for page in pages[:-1]} > {len(pages[0])}
    assert [row["uuid"] for page in pages for row in page] == list(vendor.qa_reviews)
    vendor.bytes_most = 1
    assert len(client.rows(path)) == 1
    vendor.empty_page = ""
    assert client.get(path, after=10**15).status_code == 204


def test_a_row_updated_while_pages_are_read_comes_again(client: Client) -> None:
    vendor, path = client.vendor, "/v2/coaching/sessions"
    vendor.rows_most = 100
    whole = len(vendor.coaching_sessions)
    first = next(iter(vendor.coaching_sessions.values()))
    asked: list[object] = []

    def archive(request: object) -> None:
        asked.append(request)
        if len(asked) == 3:
            vendor.touch(first, archived=True)

    vendor.on_page = archive
    rows = client.walk(path)
    assert len(rows) == whole + 1
    assert [rows[0]["uuid"], rows[0]["archived"]] == [first.uuid, False]
    assert [rows[-1]["uuid"], rows[-1]["archived"]] == [first.uuid, True]


def test_the_readings_of_ids_and_order(client: Client) -> None:
    vendor, path = client.vendor, "/v2/coaching/sessions"
    vendor.sequence, vendor.ties = "counted", 4
    vendor.rows_most = 6
    page = client.rows(path)
    assert [row["sequence_id"] for row in page] == [4, 4, 4, 4, 8, 8]
    assert [row["sequence_id"] for row in client.rows(path, after=8)] == [12, 12, 12, 12, 16, 16]
    vendor.after_inclusive = True
    assert client.rows(path, after=4) == page
    vendor.out_of_order = True
    assert client.rows(path, after=4) != page
    vendor.out_of_order, vendor.order_without_after = False, "newest"
    created = [row["created_at"] for row in client.rows(path)]
    assert created == sorted(created, reverse=True)
    assert client.rows(path, after=0) == page
    vendor.empty_page = "null"
    assert client.get(path, after=10**15).text == "null"
    late = vendor.add_session(WORLD.now - timedelta(days=400))
    assert late.sequence_id > len(vendor.coaching_sessions) - 1
    assert vendor.tie(late, next(iter(vendor.coaching_sessions.values()))) == late.sequence_id
