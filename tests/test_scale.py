"""The arithmetic of docs/scale.md: the vendors' pace, and workers that are enough and no more than that."""

import pytest

from tools.scale import ACCOUNTS, FRESHNESS, STARTING, Account, late, seconds, workers


@pytest.mark.parametrize("account", ACCOUNTS, ids=lambda account: account.vendor)
def test_no_span_of_the_vendors_has_more_requests_than_its_rates(account: Account) -> None:
    for rate in account.rates:
        assert seconds(account, rate.limit + 1) * 1000 >= rate.interval
        assert seconds(account, 10 * rate.limit + 1) * 1000 >= 10 * rate.interval


def test_care_analytics_waits_for_its_minute() -> None:
    (care,) = (account for account in ACCOUNTS if account.vendor == "Care Analytics")
    assert seconds(care, 20) < 20
    assert 61 <= seconds(care, 21) < 62


@pytest.mark.parametrize("every", FRESHNESS.values(), ids=FRESHNESS)
def test_one_worker_less_is_too_few(every: int) -> None:
    runs = [STARTING + seconds(account, account.new) for account in ACCOUNTS] * 100
    needed = workers(100, every)
    assert late(needed, runs, every) <= 0
    assert needed == 1 or late(needed - 1, runs, every, rounds=40) > 0
