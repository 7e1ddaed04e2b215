"""A page of another site can neither reach the served sandbox nor run on its origin."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from starlette.responses import PlainTextResponse

from tgiconik import IconikClient
from tgiconik.sandbox import Sandbox, credentials, world
from tgiconik.sandbox.host import HostMiddleware

HEADERS = {"App-ID": credentials.APP_ID, "Auth-Token": credentials.AUTH_TOKEN}


async def answered(host: str, served_at: str, *names: str) -> bool:
    app = HostMiddleware(PlainTextResponse("ours"), served_at, names)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as http:
        answer = await http.get("/", headers={"Host": host})
    assert answer.status_code in {200, 421}
    assert ("ours" in answer.text) is (answer.status_code == 200)
    return answer.status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.0.0.1:8765",
        "localhost",
        "LOCALHOST:1",
        "localhost.",
        "[::1]:80",
        "127.8.8.8",
    ],
)
async def test_this_machine_may(host: str) -> None:
    assert await answered(host, "127.0.0.1")


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:80",
        "169.254.169.254",
        "10.0.0.1",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "evil.example@127.0.0.1",
        "",
        "[",
        "2130706433",
    ],
)
async def test_other_names_may_not(host: str) -> None:
    assert not await answered(host, "127.0.0.1")


async def test_other_machines_may_by_address_or_by_a_name_that_is_told() -> None:
    assert await answered("10.0.0.1:80", "0.0.0.0")  # noqa: S104 - a sandbox for others
    assert not await answered("sandbox", "0.0.0.0")  # noqa: S104
    assert await answered("Sandbox:80", "0.0.0.0", "sandbox")  # noqa: S104
    assert await answered("sandbox.test", "sandbox.test")


@pytest.fixture
async def served() -> AsyncIterator[tuple[str, IconikClient]]:
    sandbox = Sandbox()
    with sandbox.serve() as url:
        async with IconikClient.from_env(environ=sandbox.environment()) as iconik:
            yield url, iconik
    sandbox.close()


@pytest.mark.parametrize(
    "path", ["/", "/sandbox/now", "/API/assets/v1/assets/", "/v1/oauth2/tokens"]
)
async def test_everything_that_is_served_checks_it(
    served: tuple[str, IconikClient], path: str
) -> None:
    async with httpx.AsyncClient(base_url=served[0], headers=HEADERS) as http:
        assert (await http.get(path, headers={"Host": "evil.example"})).status_code == 421
        assert (await http.get(path)).status_code != 421


@pytest.mark.parametrize("as_attachment", [False, True])
async def test_stored_content_is_inert_in_a_browser(
    served: tuple[str, IconikClient], *, as_attachment: bool
) -> None:
    _, iconik = served
    link = await iconik.assets.create_link(
        world.asset_id("lookbook"),
        key="k",
        title="t",
        expires=datetime.now(UTC) + timedelta(days=1),
        allow_download=True,
    )
    async with httpx.AsyncClient() as http:
        answer = await http.get(f"{link.url}{'?download=1' if as_attachment else ''}")

    assert answer.headers["Content-Security-Policy"] == "sandbox allow-same-origin"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
