"""What an engineer wants to have seen before production: how a tap behaves when its vendor does not."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.requests import Request

from sandbox.faults import delay, rewrite, status
from sandbox.vendor import Limit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.types import Receive, Scope, Send

    from sandbox.faults import ResponseFault
    from sandbox.server import Sandbox
    from sandbox.vendor import Vendor

NEW_FIELD = "sandbox_new_field"
SLOW = 5  # seconds
REFUSED = 2  # requests
ALWAYS = sys.maxsize


@dataclass(frozen=True)
class Scenario:
    """Something that happens at every vendor: what it is, what is to be seen of it, and how it is done."""

    about: str
    expect: str
    play: Callable[[Sandbox], None]


def _expire(sandbox: Sandbox) -> None:
    for vendor in sandbox.vendors:
        vendor.fail(_as_a_stranger(vendor), times=ALWAYS)


def _as_a_stranger(vendor: Vendor) -> ResponseFault:
    """Refuse as this vendor does whoever brings no credentials."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        refusal = vendor.unauthorised(Request({**scope, "headers": []}, receive))
        if refusal is None:
            message = f"{vendor.name} lets strangers in"
            raise RuntimeError(message)
        await refusal(scope, receive, send)

    return lambda _: app


def slow_down(sandbox: Sandbox, seconds: float = SLOW) -> None:
    """Have every answer of every host wait."""
    for vendor in (*sandbox.vendors, sandbox.caranalytics.downloads):
        vendor.fail(delay(seconds), times=ALWAYS)


def _spend_quota(sandbox: Sandbox) -> None:
    for vendor in sandbox.vendors:
        vendor.fail(_over_limit(vendor), times=REFUSED)


def _over_limit(vendor: Vendor) -> ResponseFault:
    # The words name the limit; where a vendor's own stand elsewhere, a minute's.
    limit = max(vendor.limits or (Limit(60, 60),), key=lambda limit: limit.seconds)
    return lambda _: vendor.too_many(limit)


def _go_down(sandbox: Sandbox) -> None:
    page = "<!doctype html><title>503 Service Unavailable</title><h1>We will be back soon</h1>"
    for vendor in (*sandbox.vendors, sandbox.caranalytics.downloads):
        vendor.fail(status(503, page), times=ALWAYS)


def _add_field(sandbox: Sandbox) -> None:
    for vendor in (*sandbox.vendors, sandbox.caranalytics.downloads):
        vendor.fail(rewrite(_with_new_field), times=ALWAYS)


def _with_new_field(body: bytes) -> bytes:
    """Give each row of an answer the field, in a list by itself or in an envelope; leave what is no JSON."""
    try:
        answer = json.loads(body)
    except ValueError:
        return body
    for rows in answer.values() if isinstance(answer, dict) else [answer]:
        _extend(rows)
    return json.dumps(answer).encode()


def _extend(rows: Any) -> None:
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, dict):
            row[NEW_FIELD] = "new"


SCENARIOS: Mapping[str, Scenario] = {
    "expired-token": Scenario(
        "every request is refused, as after credentials have expired",
        "The run ends at once, in one line that says what to check.",
        _expire,
    ),
    "slow-vendor": Scenario(
        f"every answer comes {SLOW} seconds late",
        "The run takes longer, says how far it is, and brings every row.",
        slow_down,
    ),
    "quota-spent": Scenario(
        f"the first {REFUSED} requests are refused because the quota is spent",
        "The run says how long it waits, up to two minutes, and brings every row.",
        _spend_quota,
    ),
    "vendor-down": Scenario(
        "every request is answered with HTTP 503 and a page of HTML",
        "The run tries six times in a minute, then ends in one line. The next run goes on from there.",
        _go_down,
    ),
    "new-field": Scenario(
        f"every row has an undocumented field, {NEW_FIELD}",
        "A warning names it once. It arrives in `_extra`; in tap-caranalytics, as a column of its own.",
        _add_field,
    ),
}
