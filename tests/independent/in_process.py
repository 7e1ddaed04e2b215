"""Their client, calling a sandbox in this process."""

import asyncio
from typing import Any

import httpx
from pythonik._base.client import AuthenticatedClient, Client
from pythonik.friendly import AUTH_HEADERS, Iconik

from tgiconik.sandbox import Sandbox, credentials


class InProcess(httpx.BaseTransport):
    """Calls an ASGI app, from where no event loop runs.

    Attributes:
        sandbox: whose app it is; another one may take its place.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self._loop = asyncio.new_event_loop()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Call, and read the whole answer."""
        return self._loop.run_until_complete(self._answer(request))

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        transport = httpx.ASGITransport(self.sandbox.app)
        answer = await transport.handle_async_request(
            httpx.Request(
                request.method, request.url, headers=request.headers, content=request.read()
            )
        )
        return httpx.Response(
            answer.status_code, headers=answer.headers, content=await answer.aread()
        )

    def close(self) -> None:
        """End the loop."""
        self._loop.close()


class InProcessIconik(Iconik):
    """Their client as it is, but for the way to the sandbox."""

    def __init__(self, transport: InProcess) -> None:
        make: Any = super().__init__
        make(credentials.APP_ID, credentials.AUTH_TOKEN, base_url="http://localhost/API")
        self._transport = transport

    def _client(self, service: str, auth: tuple[str, ...] = AUTH_HEADERS) -> Any:  # noqa: ANN401 - theirs
        found = self._clients.get((service, auth))
        if found is None:
            options: Any = {
                "base_url": f"{self._base_url}/{service}",
                "headers": {"App-ID": credentials.APP_ID} if "App-ID" in auth else {},
                "httpx_args": {"transport": self._transport},
            }
            if "Auth-Token" in auth:
                token = credentials.AUTH_TOKEN
                options |= {"token": token, "prefix": "", "auth_header_name": "Auth-Token"}
                found = AuthenticatedClient(**options)
            else:
                found = Client(**options)
            self._clients[service, auth] = found
        return found
