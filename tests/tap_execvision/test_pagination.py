"""The way through a feed, against a model of the vendor under every reading of its page: all rows, or an error."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tap_execvision.base.http import RefusedError
from tap_execvision.details import DetailPaginator
from tap_execvision.pagination import DEFAULT_LIMIT, StalledError

from tests.tap_execvision.model import BEGIN, MINUTE, NOW, Model, at, models, shown

if TYPE_CHECKING:
    from tap_execvision.pages import Row

ALL = ("sparse", "dense", "crowded")
HOURS = timedelta(hours=1)
LIMITS = st.integers(25, 40)
FEW = settings(max_examples=25)


def all_or_error(model: Model, limit: int) -> Counter[str] | None:
    """Read a feed; nothing that was there and stayed may be missing, unless an error names feed and minute."""
    try:
        found = Counter(map(shown, model.read(limit)[0]))
    except StalledError as error:
        if "/feed, minute 2026-" not in str(error):
            raise
        return None
    assert not model.kept() - found, "rows are missing"
    return found


def fewest(rows: int, page: int) -> int:
    return max(1, -(-rows // page))


@settings(max_examples=50)
@given(models(shows=True), LIMITS)
def test_whole_and_once_in_few_requests(model: Model, limit: int) -> None:
    expected = model.kept()
    found, _ = model.read(limit)
    assert Counter(map(shown, found)) == expected
    assert len(model.requests) <= fewest(len(model.rows), limit) + 2


@settings(max_examples=50)
@given(models(gaps=ALL, shows=True), st.sampled_from([25, 30, 50]))
def test_a_limit_that_is_cut_silently(model: Model, most: int) -> None:
    model.most = most
    found = all_or_error(model, 1000)
    assert found is None or not found - model.kept(), "rows came twice"


READINGS: dict[str, dict[str, Any]] = {
    "by the page": {},
    "exclusive": {"exclusive": True},
    "New York in summer": {"shift": 4 * HOURS},
    "New York in winter": {"shift": 5 * HOURS},
    "west of New York": {"shift": 8 * HOURS},
    "exclusive in New York": {"shift": 5 * HOURS, "exclusive": True},
    "earlier than asked": {"shift": -5 * HOURS},
    "by id": {"order": "id", "paged_by_id": True},
    "by something else": {"order": "id", "paged_by_id": False, "kinds": 0},
    "newest first": {"order": "newest first"},
    "ties in any order": {"ties": "any", "paged_by_id": False},
    "times to the second": {"coarse": "second", "shows": True},
    "times to the hour": {"coarse": "hour", "shows": True},
    "days only": {"coarse": "day", "shows": True},
    "no times": {"shows": False},
    "cut silently, no times": {"shows": False, "most": 30},
    "no times, ties in any order": {"shows": False, "ties": "any", "paged_by_id": False},
    "each page cut anew": {"jitter": True, "paged_by_id": False},
    "each page cut anew, ties in any order": {"jitter": True, "ties": "any", "shows": False, "paged_by_id": False},
}


@pytest.mark.parametrize("reading", READINGS)
def test_all_rows_or_an_error(reading: str) -> None:
    came = []

    @FEW
    @given(models(gaps=ALL, **READINGS[reading]), LIMITS)
    def read(model: Model, limit: int) -> None:
        came.append(all_or_error(model, limit) is not None)

    read()
    # The property would hold for whoever gives up at once.
    assert sum(came) > (2 if reading == "newest first" else len(came) / 2)


@pytest.mark.parametrize("reading", [name for name in READINGS if "New York" in name or name == "exclusive"])
def test_a_since_that_is_read_otherwise_costs_no_row_and_no_error(reading: str) -> None:
    @FEW
    @given(models(gaps=("sparse",), shows=True, **READINGS[reading]), LIMITS)
    def read(model: Model, limit: int) -> None:
        assert all_or_error(model, limit) is not None

    read()


TOUCHES = st.lists(st.tuples(st.integers(0, 200), st.sampled_from(["modified", "unseen", "deleted"])), max_size=40)


@settings(max_examples=60)
@given(models(gaps=ALL), LIMITS, TOUCHES)
def test_rows_that_are_touched_on_the_way(model: Model, limit: int, touches: list[tuple[int, str]]) -> None:
    model.touches = touches
    all_or_error(model, limit)


@settings(max_examples=40)
@given(models(gaps=("sparse", "dense")), LIMITS, st.integers(1, 40), st.sampled_from([0, 5]))
def test_the_next_run_goes_on_from_the_bookmark(model: Model, limit: int, more: int, hours: int) -> None:
    model.shift = hours * HOURS
    try:
        _, bookmark = model.read(limit)
    except StalledError:
        return
    last = max((row["k"] for row in model.rows), default=BEGIN)
    since = max(bookmark, BEGIN)
    for number in range(more):
        moment = last + timedelta(seconds=1 + 40 * number)
        model.rows.append({**at(0), "k": moment, "t": moment.isoformat(), "id": f"new-{number}"})
    try:
        found, _ = model.read(limit, since)
    except StalledError:
        return
    assert {f"new-{number}" for number in range(more)} <= {row.get("id") for row in found}


# A crowd where the feed begins

CLAMPS = [30, 50, 200, 250, 500]


def crowd(count: int, seconds: float = 60, **more: Any) -> list[Row]:
    return [at(seconds * number / count, id=f"{number:04}", **more) for number in range(count)]


@pytest.mark.parametrize("most", CLAMPS)
@pytest.mark.parametrize("later", [0, 100])
def test_a_crowded_minute_where_the_feed_begins_and_limit_is_cut(most: int, later: int) -> None:
    rows = crowd(900) + [at(600 + 60 * number, id=f"later-{number}") for number in range(later)]
    assert len(Model(rows, most=most).read(1000)[0]) == 900 + later
    with pytest.raises(StalledError, match="/feed, minute 2026-03-01T12:00Z"):
        Model(rows, most=most, paged_by_id=False).read(1000)


@pytest.mark.parametrize("before", [0, 1, 200])
@pytest.mark.parametrize("later", [0, 1, 200])
@pytest.mark.parametrize("limit", [100, 250, 1000])
def test_exactly_a_hundred_rows_in_a_minute(before: int, later: int, limit: int) -> None:
    rows = crowd(100) + [at(600 + 60 * number) for number in range(later)]
    rows += [at(-3 * 86400 - 60 * number) for number in range(before)]
    model = Model(rows, paged_by_id=False)
    if before or later:
        assert len(model.read(limit)[0]) == 100 + later
    else:
        # Nobody can tell these from the first hundred of more.
        with pytest.raises(StalledError, match="minute 2026-03-01T12:00Z"):
            model.read(limit)


@pytest.mark.parametrize("before", [0, 1000])
def test_a_hundred_rows_are_whole_only_where_more_have_come(before: int) -> None:
    rows = crowd(250) + [at(-3 * 86400 - 60 * number) for number in range(before)]
    with pytest.raises(StalledError, match="minute 2026-03-01T12:00Z"):
        Model(rows, most=100, paged_by_id=False).read(1000)


def test_few_rows_in_one_minute_are_all_there_are() -> None:
    model = Model(crowd(20), paged_by_id=False)
    assert len(model.read(1000)[0]) == 20
    assert len(model.requests) == 2


def test_a_crowded_minute_is_read_by_a_larger_page() -> None:
    model = Model(crowd(800), paged_by_id=False)
    model.rows += [at(600 + 60 * number) for number in range(300)]
    assert len(model.read(100)[0]) == 1100


def test_a_crowded_minute_is_skipped_on_request(caplog: pytest.LogCaptureFixture) -> None:
    rows = [at(-60), *crowd(300), *(at(600 + 60 * number) for number in range(300))]
    found, _ = Model(rows, most=100, paged_by_id=False).read(1000, skip=True)
    assert {shown(row) for row in rows[301:]} <= {shown(row) for row in found}
    assert "/feed, minute 2026-03-01T12:00Z" in caplog.text


@pytest.mark.parametrize(
    "reading",
    [
        {},
        {"repeats_last": "always"},
        {"last_id": "compared", "since_counts_to": "microsecond"},
        {"last_id": "compared", "order": "minute and id"},
    ],
)
@pytest.mark.parametrize("seconds", [0, 50])
def test_a_crowd_is_read_by_last_id(reading: dict[str, Any], seconds: float) -> None:
    model = Model(crowd(950, seconds), **reading)
    assert len(model.read(100)[0]) == 950
    assert len(model.requests) <= 26


def test_an_anchor_that_moves_and_one_that_is_deleted() -> None:
    model = Model(crowd(600), paged_by_id=True)
    model.touches = [(150, "modified"), (90, "deleted"), (90, "modified"), (0, "unseen"), (0, "unseen")]
    found = Counter(row["id"] for row in model.read(100)[0])
    assert {row["id"] for row in model.rows if "touched" not in row} <= found.keys()
    assert max(found.values()) <= 2


# Feeds that show no time


def listens(count: int, kinds: int = 0) -> list[Row]:
    rows = [at(600 * number) for number in range(count)]
    return [
        {**row, "t": f"{row['k']:%Y-%m-%d}", "value": number % kinds if kinds else number}
        for number, row in enumerate(rows)
    ]


def test_a_feed_without_times_bookmarks_where_its_last_page_began() -> None:
    model = Model(listens(700), shows=False, paged_by_id=False)
    found, bookmark = model.read(100)
    assert len(found) == 700
    # Its newest row, and never the moment of the run: what came between would be lost.
    assert model.rows[-1]["k"] - timedelta(days=3) < bookmark <= model.rows[-1]["k"]


@pytest.mark.parametrize("kinds", [2, 7, 500])
def test_equal_rows_on_pages_that_show_no_time(kinds: int) -> None:
    all_or_error(Model(listens(1500, kinds), shows=False, paged_by_id=False), 100)


@pytest.mark.parametrize("ties", ["steady", "any"])
def test_equal_rows_at_a_feeds_end_cost_no_search(ties: str) -> None:
    rows = [{**row, "k": BEGIN + timedelta(hours=5) * number} for number, row in enumerate(listens(100))]
    rows = [{**row, "t": f"{row['k']:%Y-%m-%d}"} for row in rows]
    rows[-20:] = [dict(row) for row in rows[-10:] for _ in range(2)]
    model = Model(rows, shows=False, paged_by_id=False, ties=ties)
    found, _ = model.read(1000)
    assert Counter(map(shown, found)) == model.kept()
    assert len(model.requests) == 2


def test_rows_that_come_in_another_order_each_time_are_not_asked_for_without_end() -> None:
    chance, moment = random.Random(0), BEGIN
    rows: list[Row] = []
    for _ in range(40):
        moment += timedelta(seconds=chance.choice([0, 1, 20, 60, 600]))
        row = {"k": moment, "t": "2026-03-01", "value": chance.randrange(30)}
        rows += [row] * chance.choice([1, 1, 2])
    model = Model(rows, shows=False, paged_by_id=False, ties="any")
    all_or_error(model, 100)
    assert len(model.requests) < 200


def test_equal_rows_on_neighbouring_pages_are_many() -> None:
    rows = [at(number // 40 * 60, value=0) for number in range(1500)]
    found, _ = Model(rows, paged_by_id=False).read(100)
    assert len(found) == 1500


@pytest.mark.parametrize("how", ["unseen", "modified", "deleted"])
def test_calls_without_times_one_late_and_one_touched(how: str) -> None:
    rows = [at(300 * number, id=f"{number}") for number in range(2000)]
    rows[1200]["t"] = (rows[1200]["k"] + timedelta(days=3)).isoformat()
    for paged_by_id in (True, False):
        model = Model([dict(row) for row in rows], shows=False, paged_by_id=paged_by_id)
        model.touches = [(700, how)]
        assert all_or_error(model, 1000) is not None


def test_a_time_to_come_moves_no_bookmark() -> None:
    model = Model([at(60 * number) for number in range(50)], paged_by_id=False)
    model.rows.append({"k": NOW + timedelta(days=400), "t": "2222-01-01T00:00:00Z"})
    found, bookmark = model.read(1000)
    assert len(found) == 51
    assert bookmark == BEGIN + 49 * MINUTE


def test_the_edges_of_the_calendar() -> None:
    rows = [{"k": BEGIN, "t": "0001-01-01T00:00:00Z"}, at(5), {"k": NOW, "t": "9999-12-31T23:59:59Z"}]
    assert len(Model(rows, paged_by_id=False).read(1000)[0]) == 3
    only = [{"k": NOW, "t": "9999-12-31T23:59:59Z"}]
    assert len(Model(only, paged_by_id=False).read(1000)[0]) == 1


def test_newest_first_is_refused_where_rows_are_out_of_reach() -> None:
    rows = [at(60 * number) for number in range(300)]
    with pytest.raises(StalledError, match=r"/feed, minute 2026-.*newest rows first"):
        Model(rows, order="newest first", paged_by_id=False).read(100)
    earlier = [at(-9 * 86400 - 60 * number) for number in range(300)]
    assert len(Model(rows + earlier, order="newest first", paged_by_id=False).read(1000)[0]) == 300


@pytest.mark.parametrize("by_result", [True, False])
def test_limit_counts_results_or_answers(by_result: bool) -> None:
    rows = [at(n // 9 * 40, id=n, result=f"r{n // 9}") for n in range(900)]
    model = Model(rows, limit_counts="result", counts_rows=not by_result, paged_by_id=False)
    assert Counter(row["id"] for row in model.read(100)[0]) == Counter(range(900))


# What one incremental run costs, and a limit that is refused


@pytest.mark.parametrize("shows", [True, False])
def test_a_run_that_finds_nothing_asks_twice(shows: bool) -> None:
    model = Model([at(600 * number, id=str(number)) for number in range(3000)], shows=shows)
    _, bookmark = model.read(1000)
    model.requests.clear()
    model.read(1000, bookmark - 10 * MINUTE)
    assert len(model.requests) <= 2


def test_a_first_page_that_is_empty_is_asked_from_earlier_on() -> None:
    model = Model([at(3 * 3600, id="1")], shift=5 * HOURS)
    assert len(model.read(1000)[0]) == 1
    assert len(Model([]).read(1000)[0]) == 0


@pytest.mark.parametrize("status", [400, 404, 413, 422])
def test_a_limit_that_is_refused(status: int, caplog: pytest.LogCaptureFixture) -> None:
    model = Model([at(60 * number, id=str(number)) for number in range(250)])
    paginator = model.paginator(1000)
    paginator.advance(RefusedError("no", status, ""))
    assert paginator.current_value.limit == DEFAULT_LIMIT
    paginator.advance(model(paginator.current_value))
    assert "going on with 100" in caplog.text
    assert paginator.current_value.limit == DEFAULT_LIMIT


@pytest.mark.parametrize(("status", "tries"), [(400, 2), (422, 2), (401, 1), (403, 1)])
def test_what_is_refused_whatever_the_limit_is_the_first_refusal(status: int, tries: int) -> None:
    paginator = Model([]).paginator(1000)
    first = RefusedError("the first", status, "")
    refusals = [first, RefusedError("the second", 400, "")][:tries]
    for refusal in refusals[:-1]:
        paginator.advance(refusal)
    with pytest.raises(RefusedError) as raised:
        paginator.advance(refusals[-1])
    assert raised.value is first


def test_details_are_asked_for_one_by_one() -> None:
    class Access:
        is_denied = False
        skipped: tuple[str, ...] = ()

        def note_refusal(self, _: RefusedError, id_: str) -> None:
            self.skipped += (id_,)

        def note_success(self) -> None:
            self.is_denied = self.skipped != ()

    access = Access()
    paginator = DetailPaginator(["1", "2", "3", "4"], access)  # type: ignore[arg-type]
    asked = []
    while not paginator.finished:
        asked.append(paginator.current_value)
        answer: Any = RefusedError("no", 404, "") if asked[-1] == "2" else [{"id": asked[-1]}]
        paginator.advance(answer)
    assert asked == ["1", "2", "3"]
    assert access.skipped == ("2",)
    assert [row["id"] for batch in paginator.take() for row in batch.rows] == ["1", "3"]
