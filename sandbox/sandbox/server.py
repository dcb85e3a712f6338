"""One server on loopback with every vendor below its own prefix."""

from __future__ import annotations

import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from sandbox.agentconnect.api import AgentConnect
from sandbox.caranalytics.api import CareAnalytics
from sandbox.execvision.api import ExecVision
from sandbox.maestroqa.api import MaestroQA
from sandbox.vendor import Vendor
from sandbox.world import World

if TYPE_CHECKING:
    from types import TracebackType

    from starlette.types import Receive, Scope, Send
    from typing_extensions import Self


class Sandbox:
    """The vendors of one world, served from a thread while the context is open."""

    def __init__(self, world: World | None = None, port: int = 0) -> None:
        """Listen on this port of 127.0.0.1, or on a free one."""
        self.world = world or World()
        self.maestroqa = MaestroQA(self.world)
        self.execvision = ExecVision(self.world)
        self.caranalytics = CareAnalytics(self.world)
        self.agentconnect = AgentConnect(self.world)
        self._app = Starlette(routes=[Mount(f"/{vendor.name}", vendor) for vendor in self.vendors])
        self._socket = _listen(port)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        # Another host for whoever compares names, and it needs no second address on the machine.
        self._downloads = _listen(0)
        self.caranalytics.downloads.url = f"http://localhost:{self._downloads.getsockname()[1]}"
        self._server = uvicorn.Server(
            uvicorn.Config(
                self,
                log_level="critical",
                lifespan="off",
                http="h11",
                ws="none",
                timeout_keep_alive=600,
                date_header=False,  # each vendor has a clock of its own
            )
        )
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def vendors(self) -> list[Vendor]:
        """Every vendor."""
        return [value for value in vars(self).values() if isinstance(value, Vendor)]

    def __enter__(self) -> Self:
        """Start serving."""
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop serving, without waiting for a tap that holds a connection open, or for the last tenths of a second."""
        self._server.should_exit = self._server.force_exit = True

    def _serve(self) -> None:
        with self._socket, self._downloads:
            self._server.run([self._socket, self._downloads])

    def wait(self) -> None:
        """Serve until interrupted."""
        while self._thread.is_alive():
            self._thread.join(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, with a way for a fault to hang up on it."""

        def hang_up(*, after_all_is_sent: bool = False) -> None:
            connections: set[Any] = self._server.server_state.connections
            for connection in connections:
                if connection.client == scope["client"]:
                    transport = connection.transport
                    (transport.close if after_all_is_sent else transport.abort)()

        other = scope["server"][1] == self._downloads.getsockname()[1]
        app = self.caranalytics.downloads if other else self._app
        await app({**scope, "hang_up": hang_up}, receive, send)


def _listen(port: int) -> socket.socket:
    listening = socket.create_server(("127.0.0.1", port))
    # An answer leaves in two pieces; without this the second waits for 40 ms.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening
