"""Pages by limit, since and last_id, under each understanding of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sandbox.execvision.data import FEEDS

from tests.sandbox.execvision.client import LONG_AGO, MINUTE, NOW, Client, moment


def test_a_page_has_100_rows_unless_asked_for_and_1000_at_most(served: Client) -> None:
    assert len(served.get("calls", since=LONG_AGO)) == 100
    assert len(served.get("calls", since=LONG_AGO, limit=0)) == 0
    assert len(served.get("calls", since=LONG_AGO, limit=5000)) == 1000


def test_a_limit_too_high_may_be_refused(client: Client) -> None:
    client.vendor.above_most = "refused"
    assert client.ask("calls", since=LONG_AGO, limit=1001).status_code == 400
    assert client.ask("calls", since=LONG_AGO, limit=101, render_templates="true").status_code == 400


def test_the_limit_on_scores_counts_results(client: Client) -> None:
    client.vendor.account.crowd("scores", 8, MINUTE)
    answers = client.get("scores", since=LONG_AGO, limit=3)
    assert len(answers) > 3
    assert len({answer["resultId"] for answer in answers}) == 3
    client.vendor.scores_counted_in = "answers"
    assert len(client.get("scores", since=LONG_AGO, limit=3)) == 3


@pytest.mark.parametrize("path", [path for path in FEEDS if path not in {"calls", "listens"}])
def test_feeds_ascend(served: Client, path: str) -> None:
    key = {"calls/deleted": "deletedAt", "shares": "sharedAt"}.get(path, "modified")
    times = [moment(record[key]) for record in served.get(path, since=LONG_AGO, limit=1000)]
    assert times == sorted(times)
    assert times[-1] <= NOW


def test_rows_may_come_by_id(client: Client) -> None:
    client.vendor.order = "by_id"
    ids = [row.id for row in client.vendor.account.crowd("calls", 20, MINUTE)]
    assert client.ids("calls", since=LONG_AGO) == sorted(ids) != ids


def test_identical_rows_are_all_served(client: Client) -> None:
    for feed in ("listens", "shares"):
        row = client.vendor.account.add(feed, MINUTE)
        client.vendor.account.twin(feed, row.id)
        first, second = client.get(feed, since=LONG_AGO)
        assert first == second


def test_seconds_of_since_are_ignored(client: Client) -> None:
    late = client.vendor.account.add_call(MINUTE + timedelta(seconds=40)).id
    since = "2026-03-02T10:00:50Z"
    assert client.ids("calls", since=since) == [late]
    assert client.ids("calls", since="2026-03-02T05:00:50-05:00") == [late]
    assert client.ids("calls", since="2026-03-02T10:01Z") == []
    client.vendor.since_counts_to = "second"
    assert client.ids("calls", since=since) == []


def test_since_may_be_exclusive(client: Client) -> None:
    client.vendor.since_is = "exclusive"
    first, second = (client.vendor.account.add_call(MINUTE + timedelta(minutes=number)).id for number in range(2))
    assert client.ids("calls", since="2026-03-02T09:59Z") == [first, second]
    assert client.ids("calls", since="2026-03-02T10:00:00Z") == [second]


def test_since_may_be_read_in_new_york(client: Client) -> None:
    client.vendor.since_zone = "new_york"
    call = client.vendor.account.add_call(MINUTE).id
    assert client.ids("calls", since="2026-03-02T05:00Z") == [call]
    assert client.ids("calls", since="2026-03-02T05:01Z") == []


def test_a_touch_moves_a_row_and_does_not_show(client: Client) -> None:
    rows = client.vendor.account.crowd("kpis", 3, MINUTE)
    client.vendor.kpi_ids = "decimal"
    before = client.get("kpis", since=LONG_AGO)
    client.vendor.account.touch("kpis", rows[0].id, MINUTE + timedelta(hours=1))
    after = client.get("kpis", since=LONG_AGO)
    assert {**after[2], "modified": None} == {**before[0], "modified": None}
    assert isinstance(after[2]["kpiId"], float)


def test_a_row_modified_while_paging_moves_to_the_end(client: Client) -> None:
    account = client.vendor.account
    first, *rest = (row.id for row in account.crowd("calls", 4, MINUTE))
    client.vendor.repeats_last = "never"
    assert client.ids("calls", since=LONG_AGO, limit=2) == [first, rest[0]]
    client.vendor.before_page = lambda feed: account.modify(feed, first, NOW)
    assert client.ids("calls", since=LONG_AGO, limit=5, last_id=rest[0]) == [*rest[1:], first]


@pytest.mark.parametrize("last_id", ["looked_up", "compared", "compared_by_minute"])
def test_the_pages_own_procedure_reads_all(client: Client, last_id: Any) -> None:
    client.vendor.last_id, client.vendor.repeats_last = last_id, "always"
    for minutes in range(30):
        client.vendor.account.crowd("call_topics", 5, MINUTE + timedelta(minutes=minutes))
    found: list[Any] = []
    page = client.get("call_topics", since=LONG_AGO, limit=20)
    while any(row not in found for row in page):
        found += page
        page = client.get("call_topics", since=page[-1]["modified"], last_id=page[-1]["callId"], limit=20)
    assert {row["callId"] for row in found} == {row["callId"] for row in client.vendor.contents("call_topics")}


def test_last_id_is_looked_up(client: Client) -> None:
    client.vendor.repeats_last = "never"
    client.vendor.account.crowd("calls", 10, MINUTE)
    first = client.ids("calls", since="2026-03-02T10:00Z", limit=6)
    second = client.ids("calls", since="2026-03-02T10:00:30Z", limit=6, last_id=first[-1])
    assert len({*first, *second}) == 10
    assert client.ids("calls", since="2026-03-02T10:00Z", limit=6, last_id=second[-1]) == []


def test_last_id_is_compared(client: Client) -> None:
    client.vendor.repeats_last = "never"
    client.vendor.last_id = "compared"
    instant = sorted(row.id for row in client.vendor.account.crowd("calls", 4, MINUTE, instant=True))
    later = [row.id for row in client.vendor.account.crowd("calls", 3, MINUTE + timedelta(seconds=10))]
    assert client.ids("calls", since="2026-03-02T10:00Z", last_id=instant[1]) == [*instant[2:], *later]
    assert client.ids("calls", since="2026-03-02T10:00:40Z", last_id=later[1])[-3:] == later


def test_last_id_is_compared_by_minute(client: Client) -> None:
    client.vendor.repeats_last = "never"
    client.vendor.last_id = "compared_by_minute"
    ids = sorted(row.id for row in client.vendor.account.crowd("calls", 9, MINUTE))
    assert client.ids("calls", since="2026-03-02T10:00:30Z", limit=5) == ids[:5]
    assert client.ids("calls", since="2026-03-02T10:00:30Z", limit=5, last_id=ids[4]) == ids[5:]


def test_a_last_id_that_is_gone(client: Client) -> None:
    account = client.vendor.account
    gone, stays = (row.id for row in account.crowd("calls", 2, MINUTE))
    account.delete_call(gone, NOW)
    assert client.ids("calls", since=LONG_AGO, last_id=gone) == [stays]
    assert client.ids("calls/deleted", since=LONG_AGO) == [gone]
    client.vendor.unknown_last_id = "nothing"
    assert client.ids("calls", since=LONG_AGO, last_id=gone) == []
    client.vendor.unknown_last_id = "refused"
    assert client.ask("calls", since=LONG_AGO, last_id=gone).status_code == 400


def test_the_last_row_is_repeated(client: Client) -> None:
    rows = [row.id for row in client.vendor.account.crowd("calls", 20, MINUTE)]

    def repeated(reading: Any) -> int:
        client.vendor.repeats_last = reading
        return sum(row in client.ids("calls", since=LONG_AGO, last_id=row) for row in rows)

    assert repeated("never") == 0
    assert 0 < repeated("sometimes") < len(rows)
    assert repeated("always") == len(rows)


def test_feeds_without_ids_ignore_last_id(client: Client) -> None:
    client.vendor.account.crowd("kpis", 30, MINUTE)
    page = client.get("kpis", since="2026-03-02T10:00Z", limit=10)
    assert client.get("kpis", since="2026-03-02T10:00:20Z", limit=10, last_id="000000009") == page
