"""The doctor names the reading that the vendor follows."""

from datetime import timedelta

import pytest
from sandbox.agentconnect.api import AgentConnect
from sandbox.server import Sandbox

from tests.contract.agentconnect import AGENTCONNECT
from tests.contract.test_doctor import examine, line

ALL_FEEDS = "(coaching_sessions, feedbacks, qa_audits, qa_calibrations, qa_reviews)"


@pytest.mark.parametrize(("inclusive", "told"), [(False, "exclusive, as documented"), (True, "inclusive")])
@pytest.mark.parametrize("ties", [1, 3])
def test_after(inclusive: bool, told: str, ties: int, sandbox: Sandbox, vendor: AgentConnect) -> None:
    vendor.after_inclusive, vendor.ties = inclusive, ties
    result = examine(AGENTCONNECT, sandbox)
    assert result.exit_code == 0, result.log
    assert line(result, "after") == f"reading {told} {ALL_FEEDS}"


def test_order(sandbox: Sandbox, vendor: AgentConnect) -> None:
    assert line(examine(AGENTCONNECT, sandbox), "order") == f"reading by sequence id, as documented {ALL_FEEDS}"
    vendor.out_of_order = True
    result = examine(AGENTCONNECT, sandbox)
    assert line(result, "order") == f"FAIL not by sequence id: a run stops {ALL_FEEDS}"
    assert result.exit_code == 1


@pytest.mark.parametrize(("inclusive", "told"), [(False, "exclusive, as documented"), (True, "inclusive")])
def test_a_single_row_shows_after_but_no_order(
    inclusive: bool, told: str, sandbox: Sandbox, vendor: AgentConnect
) -> None:
    vendor.after_inclusive = inclusive
    vendor.qa_audits.clear()
    for key in list(vendor.qa_calibrations)[1:]:
        del vendor.qa_calibrations[key]
    result = examine(AGENTCONNECT, sandbox, start_date="2000-01-01")
    assert line(result, "after") == (
        f"reading {told} (coaching_sessions, feedbacks, qa_calibrations, qa_reviews); not known: no rows (qa_audits)"
    )
    assert "not known: less than two sequence ids (qa_audits, qa_calibrations)" in line(result, "order")


def test_a_fast_clock_that_is_let_pass(sandbox: Sandbox, vendor: AgentConnect) -> None:
    vendor.clock_offset, vendor.iat_leeway = timedelta(seconds=-90), 300
    result = examine(AGENTCONNECT, sandbox)
    assert result.exit_code == 0, result.log
    assert line(result, "clock").startswith("note this machine's is ")
