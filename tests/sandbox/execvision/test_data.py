"""The data: made by the calendar alone, with an hour's work in every feed."""

from __future__ import annotations

from datetime import timedelta

from sandbox.execvision.data import FEEDS
from sandbox.server import Sandbox
from sandbox.world import World

from tests.sandbox.execvision.client import NOW, Client


def test_the_data_hangs_on_the_calendar_alone(served: Client) -> None:
    with Sandbox(World(NOW + timedelta(days=30))) as sandbox:
        later = Client(sandbox)
        shares = later.get("shares", since="2026-01-01T00:00Z", limit=1000)
    expected = served.get("shares", since="2026-01-01T00:00Z", limit=1000)
    assert expected
    assert shares[: len(expected)] == expected


def test_work_shows_in_every_feed(world: World) -> None:
    with Sandbox(world) as sandbox:
        sandbox.execvision.lift_limits()
        sandbox.execvision.listens_modified = "filled"
        client = Client(sandbox)
        sandbox.execvision.simulate_hour("2026-03-02T16:00:00+00:00")
        for feed in FEEDS:
            fresh = client.get(feed, since="2026-03-02T16:00Z")
            assert fresh, feed
            assert sandbox.execvision.contents(feed)[-len(fresh) :] == fresh
        assert {call["state"] for call in client.get("calls", since="2026-03-02T16:00Z")} == {
            "PROCESSING",
            "COMPLETE",
        }
