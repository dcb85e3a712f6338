"""One server on loopback with every vendor below its own prefix."""

from __future__ import annotations

import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from sandbox.agentconnect import AgentConnect
from sandbox.execvision import ExecVision
from sandbox.maestroqa import MaestroQA
from sandbox.world import World

if TYPE_CHECKING:
    from types import TracebackType

    from starlette.types import Receive, Scope, Send
    from typing_extensions import Self

    from sandbox.vendor import Vendor


class Sandbox:
    """The vendors of one world, served from a thread while the context is open."""

    def __init__(self, world: World | None = None, port: int = 0) -> None:
        """Listen on this port of 127.0.0.1, or on a free one."""
        self.world = world or World()
        self.maestroqa = MaestroQA(self.world)
        self.execvision = ExecVision(self.world)
        self.agentconnect = AgentConnect(self.world)
        self._app = Starlette(routes=[Mount(f"/{vendor.name}", vendor) for vendor in self.vendors])
        self._socket = socket.create_server(("127.0.0.1", port))
        # Or every small answer waits 40 ms for the acknowledgement of the one before.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._server = uvicorn.Server(
            uvicorn.Config(self, log_level="critical", lifespan="off", http="h11", ws="none", timeout_keep_alive=600)
        )
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), daemon=True)

    @property
    def vendors(self) -> list[Vendor]:
        """Every vendor, in the order of the README."""
        return [self.maestroqa, self.execvision, self.agentconnect]

    def __enter__(self) -> Self:
        """Start serving."""
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop serving, without waiting for a tap that holds a connection open."""
        self._server.should_exit = self._server.force_exit = True
        self._thread.join()
        self._socket.close()

    def wait(self) -> None:
        """Serve until interrupted."""
        while self._thread.is_alive():
            self._thread.join(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, with a way for a fault to hang up on it."""

        def hang_up() -> None:
            connections: set[Any] = self._server.server_state.connections
            for connection in connections:
                if connection.client == scope["client"]:
                    connection.transport.abort()

        await self._app({**scope, "hang_up": hang_up}, receive, send)
