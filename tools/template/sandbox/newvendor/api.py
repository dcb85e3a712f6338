"""NewVendor's API, from its documents: tickets updated since a moment, oldest first, in pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from starlette.responses import JSONResponse
from starlette.routing import Route

from sandbox.vendor import Limit, Vendor

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute


@dataclass
class NewVendor(Vendor):
    """Tickets about calls. Where the documents are vague, each reading becomes a field that a test may switch."""

    name: ClassVar[str] = "newvendor"
    limits: tuple[Limit, ...] = (Limit(5, 1),)

    token: str = "sandbox-token-newvendor"  # noqa: S105

    @cached_property
    def tickets(self) -> dict[str, dict[str, Any]]:
        """Every ticket by its id."""
        tickets = {}
        for call in self.world.calls[::4]:
            agent = {"email": call.agent.email, "name": call.agent.name}
            row = {"id": call.ticket, "subject": call.topic, "seconds": call.seconds, "agent": agent}
            tickets[call.ticket] = {**row, "updated_at": call.started.isoformat()}
        return tickets

    def routes(self) -> list[BaseRoute]:
        return [Route("/v1/tickets", self.list_tickets)]

    def unauthorised(self, request: Request) -> Response | None:
        if request.headers.get("Authorization") == f"Bearer {self.token}":
            return None
        return JSONResponse({"error": "Wrong token."}, 401)

    def too_many(self, limit: Limit) -> Response:
        return JSONResponse({"error": f"More than {limit.requests} requests."}, 429)

    async def list_tickets(self, request: Request) -> Response:
        """Tickets updated at or after a moment, oldest first, 100 at most."""
        since = datetime.fromisoformat(request.query_params["updated_since"].replace("Z", "+00:00"))
        found = [row for row in self.tickets.values() if datetime.fromisoformat(row["updated_at"]) >= since]
        found.sort(key=lambda row: str(row["updated_at"]))
        return JSONResponse({"tickets": found[: min(int(request.query_params.get("limit", 100)), 100)]})

    def simulate_hour(self, at: str) -> None:
        ticket = self.world.chance("work", at).choice(list(self.tickets.values()))
        ticket["updated_at"] = at
