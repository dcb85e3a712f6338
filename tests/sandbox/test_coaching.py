"""Coaching moves quality in the sandbox by as much as the world says, and not at all where it says so."""

from __future__ import annotations

from datetime import timedelta
from statistics import fmean

import pytest
from sandbox.server import Sandbox
from sandbox.world import World

from tests import counted
from tests.effect import Estimate, within_agents


def measured(coaching_effect: float) -> Estimate:
    """Set each week's scores against the sessions of the four weeks before, as far as the vendors show both."""
    with Sandbox(World(coaching_effect=coaching_effect)) as sandbox:
        held = counted.sessions(sandbox, sandbox.world.now)
        scores = counted.evaluations(sandbox)
        first = counted.monday(sandbox.world.start) + timedelta(weeks=5)
    sessions = {
        (number, week): sum(
            held[vendor, number, week - timedelta(weeks=ago)]
            for vendor in ("agentconnect", "execvision", "maestroqa")
            for ago in range(1, 5)
        )
        for _, number, week in scores
    }
    return within_agents(
        [
            (str(number), sessions[number, week], fmean(values), len(values))
            for (_, number, week), values in scores.items()
            if week >= first
        ]
    )


@pytest.mark.parametrize("planted", [0.0, World().coaching_effect])
def test_the_effect_is_as_large_as_planted(planted: float) -> None:
    found = measured(planted)
    assert abs(found.slope - planted) < 4 * found.error
    assert found.error < 0.5
    assert planted == 0 or found.slope > 2 * found.error


@pytest.mark.parametrize("address", ["user9008", "user9020"])
def test_some_change_their_address_every_year(address: str) -> None:
    with Sandbox() as sandbox:
        feedbacks = sandbox.agentconnect.feedbacks.values()
        (agent,) = [agent for agent in sandbox.world.agents if agent.email.startswith(address)]
        sent = {record.row["employee"]["email"] for record in feedbacks}
        assert len({email for email in sent if email.startswith(address)}) >= 2
        assert sandbox.world.known_as(agent, sandbox.world.now).email in {
            employee.row["email"] for employee in sandbox.agentconnect.employees.values()
        }
