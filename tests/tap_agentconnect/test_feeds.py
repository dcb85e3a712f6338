"""Every row of every feed, or an error, whatever the vendor means and however it changes on the way."""

from typing import Any

import pytest
from sandbox.agentconnect.api import AgentConnect
from sandbox.server import Sandbox

from sandbox import faults
from tests.contract.contract import day
from tests.tap_agentconnect.runs import attempt, error_line, expected_feedbacks, newest, newest_versions, only, sync

NEW: dict[str, dict[str, object]] = {"": {"brand_new": {"a": 1}}, "*": {"anywhere": ["x"]}}


@pytest.mark.parametrize(
    "reading",
    [
        {"after_inclusive": True, "ties": 3, "rows_most": 40},
        {"ties": 7, "rows_most": 40, "sequence": "counted"},
        {"ids": "text", "unset_keys": "missing", "new_fields": NEW, "order_without_after": "newest"},
        {"ids": "integer", "empty_page": "null", "iat_age": 60},
        {"ties": 2, "bytes_most": 60_000, "empty_page": ""},
    ],
    ids=str,
)
def test_every_reading(reading: dict[str, Any], sandbox: Sandbox, vendor: AgentConnect) -> None:
    for name, value in reading.items():
        setattr(vendor, name, value)
    result = sync(sandbox)
    assert newest(result) == newest_versions(vendor, day(50))
    if "new_fields" in reading:
        new = {"brand_new": {"a": 1, "anywhere": ["x"]}, "anywhere": ["x"]}
        assert all(record["_extra"] == new for record in result.records("feedbacks"))
        assert all(record["employee"]["anywhere"] == ["x"] for record in result.records("qa_reviews"))


def test_rows_that_change_while_pages_are_read(sandbox: Sandbox, vendor: AgentConnect) -> None:
    vendor.rows_most = 30
    recent = [r for r in vendor.feedbacks.values() if r.created.isoformat() >= day(50)]

    def change(_: object) -> None:
        if touched := [record for record in recent[::-25] if record.row["tags"] != ["touched"]][:1]:
            vendor.touch(touched[0], tags=["touched"])
            vendor.add_session()
        if len(recent) > 150 and recent[100].uuid in vendor.feedbacks:
            del vendor.feedbacks[recent[100].uuid]

    vendor.on_page = change
    result = sync(sandbox, catalog=only("feedbacks"))
    assert expected_feedbacks(vendor, day(50)).items() <= newest(result).items()


@pytest.mark.parametrize("page_size", [3, 10, 1000])
def test_a_feed_that_changes_with_every_request_ends(page_size: int, sandbox: Sandbox, vendor: AgentConnect) -> None:
    def change(_: object) -> None:
        vendor.touch(next(iter(vendor.feedbacks.values())))
        vendor.add_feedback()

    vendor.on_page = change
    narrow = {"catalog": only("feedbacks"), "start_date": day(2), "page_size": page_size}
    first = sync(sandbox, **narrow)
    assert len(vendor.seen) < 250
    vendor.on_page = None
    second = sync(sandbox, first.state, **narrow)
    assert newest(first, second).items() >= expected_feedbacks(vendor, day(2)).items()


def test_pages_of_one_row(sandbox: Sandbox, vendor: AgentConnect) -> None:
    recent = sorted(vendor.feedbacks.values(), key=lambda record: record.sequence_id)[-12:]
    vendor.tie(*recent[3:8])
    result = sync(sandbox, catalog=only("feedbacks"), start_date=day(3), page_size=1)
    assert newest(result) == expected_feedbacks(vendor, day(3))


def test_more_equal_ids_than_a_page_holds(sandbox: Sandbox, vendor: AgentConnect) -> None:
    reviews = sorted(vendor.qa_reviews.values(), key=lambda record: record.sequence_id)[-20:-5]
    tied = vendor.tie(*reviews)
    vendor.rows_most = 10
    result = attempt(sandbox, catalog=only("qa_reviews"))
    assert result.exit_code == 1
    (line,) = [line for line in result.log.splitlines() if line.startswith("Error:")]
    assert str(tied) in line
    vendor.rows_most = 1000
    again = sync(sandbox, result.state, catalog=only("qa_reviews"))
    assert {record.uuid for record in vendor.qa_reviews.values() if record.created.isoformat() >= day(50)} == set(
        newest(result, again)
    )


@pytest.mark.parametrize("place", [5, -15])
def test_bytes_that_cut_a_group_of_equal_ids(place: int, sandbox: Sandbox, vendor: AgentConnect) -> None:
    recent = [r for r in vendor.qa_reviews.values() if r.created.isoformat() >= day(50)]
    reviews = sorted(recent, key=lambda record: record.sequence_id)
    tied = vendor.tie(*reviews[place:][:15])
    vendor.bytes_most = 12_000
    state = None
    for _ in range(2):
        result = attempt(sandbox, state, catalog=only("qa_reviews"))
        assert result.exit_code == 1
        assert str(tied) in error_line(result)
        state = result.state
    vendor.bytes_most = None
    again = sync(sandbox, state, catalog=only("qa_reviews"))
    assert newest(result, again).items() >= {r.uuid: r.sequence_id for r in reviews if r.sequence_id >= tied}.items()


def test_out_of_order_is_an_error(sandbox: Sandbox, vendor: AgentConnect) -> None:
    vendor.out_of_order = True
    result = attempt(sandbox, catalog=only("feedbacks"))
    assert result.exit_code == 1
    assert "sequence id" in result.log
    assert "Traceback" not in result.log
    assert not result.of("RECORD")


def test_a_row_without_a_key_stops_the_run(sandbox: Sandbox, vendor: AgentConnect) -> None:
    vendor.fail(faults.edit(lambda rows: [{**rows[0], "uuid": None}, *rows[1:]]), times=9)
    result = attempt(sandbox)
    assert result.exit_code == 1
    assert "uuid" in result.log
    assert "Traceback" not in result.log


def test_a_sequence_id_beyond_64_bits_stops_the_run(sandbox: Sandbox, vendor: AgentConnect) -> None:
    for number in (2**63, str(10**30), 10**40):

        def beyond(rows: list[dict[str, object]], number: object = number) -> list[dict[str, object]]:
            return [*rows[:-1], {**rows[-1], "sequence_id": number}]

        vendor.fail(faults.edit(beyond))
        result = attempt(sandbox, catalog=only("qa_reviews"))
        assert result.exit_code == 1
        assert "64 bits" in error_line(result)


def test_what_is_left_out_inside_an_object_stays_out(sandbox: Sandbox, vendor: AgentConnect) -> None:
    catalog = only("qa_reviews")
    (entry,) = [entry for entry in catalog["streams"] if entry["tap_stream_id"] == "qa_reviews"]
    left_out = (["properties", "reviewer", "properties", "email"], ["properties", "score"])
    for metadata in entry["metadata"]:
        if list(metadata["breadcrumb"]) in map(list, left_out):
            metadata["metadata"]["selected"] = False
    vendor.fail(
        faults.edit(
            lambda rows: [{**row, "score": "secret words", "reviewer": {"email": ["secret@x.example"]}} for row in rows]
        ),
        times=99,
    )
    result = sync(sandbox, catalog=catalog)
    assert result.counts()["qa_reviews"]
    assert "secret" not in result.output
