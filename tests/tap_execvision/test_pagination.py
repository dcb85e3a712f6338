"""The way through a feed, against a model of the vendor under every reading of its page."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tap_execvision.pagination import MINUTE, Ask, Feed, Row, StalledError, Walk
from tap_execvision.records import moment_of
from tap_execvision.transport import RefusedError

BEGIN = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
NOW = BEGIN + timedelta(days=2)
RESOLUTIONS = {"minute": {"second": 0, "microsecond": 0}, "second": {"microsecond": 0}, "microsecond": {}}


@dataclass
class Model:
    """A vendor's feed. A row's `k` is the time it is in order of, `t` the time it shows."""

    rows: list[Row]
    since_counts_to: str = "minute"
    last_id: str = "looked_up"
    unknown_last_id: str = "ignored"
    repeats_last: str = "never"
    most: int = 1000
    above_most: str = "clamped"
    paged_by_id: bool = True
    shows: bool = True  # False: the time shown is one that is not after `k`
    moves: list[int] = field(default_factory=list)  # before page n, the n-th of these rows is modified
    asked: list[Ask] = field(default_factory=list)
    chance: random.Random = field(default_factory=lambda: random.Random(1))

    def moment(self, row: Row) -> tuple[datetime | None, bool]:
        return moment_of(row["t"]), self.shows

    def at(self, moment: datetime) -> datetime:
        return moment.replace(**RESOLUTIONS[self.since_counts_to])  # type: ignore[arg-type]

    def place(self, row: Row) -> tuple[Any, ...]:
        by_minute = self.last_id == "compared_by_minute"
        return (row["k"].replace(second=0, microsecond=0) if by_minute else row["k"], str(row.get("id", "")))

    def __call__(self, ask: Ask) -> list[Row]:
        if self.moves and self.rows:
            self.modify(self.rows[self.moves.pop() % len(self.rows)])
        self.asked.append(ask)
        if ask.limit > self.most and self.above_most == "refused":
            message = "limit"
            raise RefusedError(message, 400, "The limit is too high.")
        rows = sorted((row for row in self.rows if row["k"] >= self.at(ask.since)), key=self.place)
        if ask.last_id is not None:
            rows = self.after(rows, ask)
        return [{name: row[name] for name in row if name != "k"} for row in rows[: min(ask.limit, self.most)]]

    def after(self, rows: list[Row], ask: Ask) -> list[Row]:
        again = self.repeats_last == "always" or (self.repeats_last == "sometimes" and self.chance.random() < 0.5)
        if self.last_id == "looked_up":
            ids = [str(row["id"]) for row in rows]
            if ask.last_id not in ids:
                if self.unknown_last_id == "refused":
                    message = "no such id"
                    raise RefusedError(message, 404, "Unknown id.")
                return rows if self.unknown_last_id == "ignored" else []
            return rows[ids.index(ask.last_id) + (not again) :]
        since = self.at(ask.since)
        if self.last_id == "compared_by_minute":
            since = since.replace(second=0, microsecond=0)
        place = (since, ask.last_id)
        return [row for row in rows if self.place(row) > place or (again and self.place(row) == place)]

    def modify(self, row: Row) -> None:
        row["k"] = max(row["k"], NOW) + timedelta(microseconds=7)
        row["version"] = row.get("version", 0) + 1
        if self.shows:
            row["t"] = row["k"].isoformat()

    def walk(self, limit: int, *, skip: bool = False, told: list[str] | None = None) -> list[Row]:
        feed = Feed("/feed", self.moment, "id" if self.paged_by_id else None)
        tell = (told if told is not None else []).append
        walk = Walk(feed, self, Ask(BEGIN, limit), NOW, tell, skip=skip)
        found: list[Row] = []
        bookmark = BEGIN
        for leg in walk.legs():
            found += leg.rows
            assert len(self.asked) < 3000, "no end"
            if leg.bookmark and not told:
                bookmark = max(bookmark, leg.bookmark)
                before = [row for row in self.rows if row["k"] < bookmark.replace(second=0, microsecond=0)]
                assert not Counter(map(shown, before)) - Counter(map(str, found)), (
                    "the bookmark is ahead of what is out"
                )
        return found


def shown(row: Row) -> str:
    return str({name: row[name] for name in row if name != "k"})


@st.composite
def models(draw: st.DrawFn, *, crowded: bool = False) -> Model:
    by_id = draw(st.booleans())
    shows = draw(st.booleans())
    gaps = st.sampled_from([0, 0, 1e-6, 0.4, 1, 20, 61, 3600, 9000] if crowded else [3, 20, 61, 200, 3600, 9000])
    at, rows = BEGIN, []
    offset = timezone(timedelta(hours=draw(st.sampled_from([0, -4, -5]))))
    for number in range(draw(st.integers(0, 60))):
        at += timedelta(seconds=draw(gaps))
        told = at if shows else at - timedelta(seconds=draw(st.sampled_from([0, 30, 500, 90_000])))
        row: Row = {"k": at, "t": told.astimezone(offset if number % 3 else timezone.utc).isoformat()}
        if by_id:
            row["id"] = f"{draw(st.integers(0, 99))}-{number}"
        elif draw(st.booleans()):
            row["value"] = number
        rows.append(row)
    return Model(
        rows,
        since_counts_to=draw(st.sampled_from(list(RESOLUTIONS))),
        last_id=draw(st.sampled_from(["looked_up", "compared", "compared_by_minute"])),
        unknown_last_id=draw(st.sampled_from(["ignored", "nothing", "refused"])),
        repeats_last=draw(st.sampled_from(["never", "sometimes", "always"])),
        paged_by_id=by_id,
        shows=shows,
    )


def fewest(rows: int, page: int) -> int:
    return max(1, -(-rows // page))


@settings(max_examples=60, deadline=None)
@given(models(), st.integers(21, 30))
def test_whole_and_once_in_few_requests(model: Model, limit: int) -> None:
    expected = Counter(map(shown, model.rows))
    found = model.walk(limit)
    assert Counter(map(str, found)) == expected
    if model.shows:
        assert len(model.asked) <= 2 * fewest(len(model.rows), limit) + 1


@settings(max_examples=60, deadline=None)
@given(models(), st.integers(21, 30))
def test_a_limit_that_is_cut_silently(model: Model, most: int) -> None:
    model.most = most
    expected = Counter(map(shown, model.rows))
    assert Counter(map(str, model.walk(1000))) == expected
    if model.shows:
        assert len(model.asked) <= 2 * fewest(len(model.rows), most) + 1


def test_a_limit_that_is_refused() -> None:
    rows = [{"k": BEGIN + n * MINUTE, "t": (BEGIN + n * MINUTE).isoformat(), "id": str(n)} for n in range(250)]
    model = Model(rows, most=100, above_most="refused")
    told: list[str] = []
    assert len(model.walk(1000, told=told)) == 250
    assert "100" in told[0]


@settings(max_examples=60, deadline=None)
@given(models(crowded=True), st.integers(5, 12), st.booleans())
def test_crowds_come_whole_or_are_named(model: Model, limit: int, skip: bool) -> None:
    expected = Counter(map(shown, model.rows))
    told: list[str] = []
    try:
        found = Counter(map(str, model.walk(limit, skip=skip, told=told)))
    except StalledError as error:
        assert not skip
        told.append(str(error))
        found = None
    assert len(model.asked) < 300
    by_minute = Counter(row["k"].strftime("%Y-%m-%dT%H:%MZ") for row in model.rows)
    for text in told:
        assert "/feed" in text
        (minute,) = [minute for minute in by_minute if minute in text]
        assert by_minute[minute] >= limit
        assert model.last_id != "looked_up" or not model.paged_by_id or not model.rows
    if found is not None:
        named = [row for row in model.rows if any(row["k"].strftime("%Y-%m-%dT%H:%MZ") in text for text in told)]
        assert not found - expected
        assert not expected - found - Counter(map(shown, named))


@settings(max_examples=60, deadline=None)
@given(models(crowded=True), st.integers(5, 12), st.lists(st.integers(0, 99), max_size=40))
def test_rows_that_are_modified_on_the_way(model: Model, limit: int, moves: list[int]) -> None:
    model.moves = moves
    try:
        found = model.walk(limit)
    except StalledError:
        return
    # What changes after the walk began may be left to the next one; what did not change is out, once.
    kept = Counter(shown(row) for row in model.rows if "version" not in row)
    out = Counter(map(str, found))
    assert not kept - out
    if model.last_id != "compared_by_minute":  # there, a modified row may take a place before what is out
        assert all(count == 1 for row, count in out.items() if "'id'" in row)


@pytest.mark.parametrize("last_id", ["looked_up", "compared"])
def test_a_crowd_in_one_instant(last_id: str) -> None:
    moment = BEGIN + timedelta(seconds=90, microseconds=5)
    rows: list[Row] = [{"k": moment, "t": moment.isoformat(), "id": f"{n:04}"} for n in range(950)]
    model = Model(rows, last_id=last_id, since_counts_to="microsecond")
    assert len(model.walk(100)) == 950
    assert len(model.asked) <= 21


@pytest.mark.parametrize("paged_by_id", [True, False])
def test_a_crowd_under_a_limit_that_is_cut_silently(paged_by_id: bool) -> None:
    crowd = [BEGIN + MINUTE + timedelta(seconds=n / 10) for n in range(250)]
    times = [BEGIN, *crowd, *(BEGIN + (3 + n) * MINUTE for n in range(30))]
    rows: list[Row] = [{"k": moment, "t": moment.isoformat(), "id": f"{n:04}"} for n, moment in enumerate(times)]
    model = Model(rows, most=100, paged_by_id=paged_by_id)
    if paged_by_id:
        assert len(model.walk(1000)) == len(rows)
    else:
        with pytest.raises(StalledError, match="2026-03-01T12:01Z"):
            model.walk(1000)


def test_newest_first_is_refused_where_rows_are_out_of_reach() -> None:
    rows = [{"t": (BEGIN + n * MINUTE).isoformat()} for n in range(300)]

    def ask(asked: Ask) -> list[Row]:
        return [row for row in reversed(rows) if moment_of(row["t"]) >= asked.since][: asked.limit]  # type: ignore[operator]

    def walk(limit: int) -> list[Row]:
        feed = Feed("/feed", lambda row: (moment_of(row["t"]), True))
        return [row for leg in Walk(feed, ask, Ask(BEGIN, limit), NOW, print).legs() for row in leg.rows]

    with pytest.raises(StalledError, match="newest first"):
        walk(100)
    assert len(walk(1000)) == 300


def test_limit_counts_results_or_answers() -> None:
    rows = [
        {"t": (BEGIN + n // 9 * timedelta(seconds=40)).isoformat(), "id": n, "result": f"r{n // 9}"} for n in range(900)
    ]
    for by_result in (True, False):

        def ask(asked: Ask, *, by_result: bool = by_result) -> list[Row]:
            since = asked.since.replace(second=0)
            later = [row for row in rows if (moment_of(row["t"]) or NOW) >= since]
            kept = list(dict.fromkeys(row["result"] for row in later))[: asked.limit]
            return [row for row in later if row["result"] in kept] if by_result else later[: asked.limit]

        feed = Feed("/scores", lambda row: (moment_of(row["t"]), True), unit="result")
        legs = Walk(feed, ask, Ask(BEGIN, 100), NOW, print).legs()
        assert Counter(row["id"] for leg in legs for row in leg.rows) == Counter(range(900))
