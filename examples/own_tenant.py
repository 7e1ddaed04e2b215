"""Keep the community in your own database.

    python examples/own_tenant.py

Keeps requests, documents and confirmations in a SQLite file, and serves them to a partner with
`python -m tgiconik.community serve`. The sandbox replaces iconik and Trading Grid's own services.

Guide: docs/own-community.md
"""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
from _story import chapter, tell, tell_steps

from tgiconik import IconikClient, TradingGridClient
from tgiconik.sandbox import Sandbox, world
from tgiconik.tradinggrid.collaboration import Contact, PartnerInput
from tgiconik.workflows import fulfill_media_request

BRAND, PARTNER = "GC22698817YV", world.NORDLICHT
COMMAND = (sys.executable, "-m", "tgiconik.community")


@asynccontextmanager
async def clients(
    sandbox: Sandbox, database: str
) -> AsyncIterator[tuple[TradingGridClient, IconikClient]]:
    """Clients of the brand: iconik is the sandbox's, the community is the database."""
    environ = {**sandbox.environment(), "TRADING_GRID_COMMUNITY_URL": database}
    async with (
        TradingGridClient.from_env(environ=environ, transport=sandbox.transport()) as grid,
        IconikClient.from_env(environ=environ, transport=sandbox.transport()) as iconik,
    ):
        yield grid, iconik


async def add_partner(grid: TradingGridClient) -> None:
    """Write the partner's profile."""
    profile = PartnerInput(
        name="Nordlicht Handels GmbH",
        contacts=[Contact(name="Jana Vogt", email="media@nordlicht.example", role="media")],
        regions=["DE"],
        languages=["de"],
    )
    await grid.community.partners.put(PARTNER, profile, if_match=None)
    tell("Nordlicht has a profile: a contact, Germany, German")


def key_of_partner(database: str) -> str:
    """Make a key for the partner, as a person does on the command line."""
    arguments = ("keys", "add", "--database", database, "--company", BRAND, "--partner", PARTNER)
    made = subprocess.check_output([*COMMAND, *arguments], text=True)  # noqa: S603 - our command
    return made.partition("TRADING_GRID_COMMUNITY_KEY=")[2].strip()


@contextmanager
def portal(database: str, key: str) -> Iterator[httpx.Client]:
    """The partner's portal: it speaks HTTP, in whatever language, with the partner's key."""
    arguments = ("serve", "--database", database, "--port", "0")
    with subprocess.Popen(  # noqa: S603 - our command
        [*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        try:
            if server.stdout is None:
                raise RuntimeError("the server has no output")
            url = next(line for line in server.stdout if line.startswith("export"))
            base = f"{url.partition('=')[2].strip()}/community/v1/companies/{BRAND}"
            with httpx.Client(base_url=base, headers={"Authorization": f"Bearer {key}"}) as client:
                yield client
        finally:
            server.terminate()


def ask(client: httpx.Client) -> str:
    """Ask for a film, as the partner."""
    body = {
        "kind": "media_request",
        "partner_id": PARTNER,
        "subject": "Launch film for our stores",
        "criteria": {"text": "spring launch film", "media_type": "video", "usage": "in-store"},
    }
    request = client.post("/requests", json=body).raise_for_status().json()
    tell(f"Nordlicht asks in {request['id']}: “{request['subject']}”")
    return str(request["id"])


def confirm(client: httpx.Client, request_id: str) -> None:
    """Read the answer and confirm it, as the partner."""
    deliveries = client.get("/deliveries", params={"request_id": request_id}).json()["items"]
    tell(f"Nordlicht sees {len(deliveries)} delivery with a link, and nobody else's")
    request = client.get(f"/requests/{request_id}").json()
    client.put(
        f"/requests/{request_id}/status",
        json={"status": "confirmed", "actor": "Jana Vogt"},
        headers={"If-Match": request["etag"]},
    ).raise_for_status()
    tell(f"Nordlicht confirms {request_id}")


async def main() -> None:
    """Run the example."""
    sandbox = Sandbox()
    with TemporaryDirectory() as folder:
        database = f"sqlite:///{Path(folder) / 'community.db'}"

        async def run(request_id: str) -> None:
            async with clients(sandbox, database) as (grid, iconik):
                policy = world.policy()
                result = await fulfill_media_request(grid, iconik, request_id, policy=policy)
                tell_steps(result.timeline)

        chapter("The brand opens its community")
        async with clients(sandbox, database) as (grid, _):
            await add_partner(grid)
        key = key_of_partner(database)
        chapter("The partner asks")
        with portal(database, key) as client:
            request_id = await asyncio.to_thread(ask, client)
        chapter("The brand answers")
        await run(request_id)
        chapter("Everything is started anew, from the file")
        with portal(database, key) as client:
            await asyncio.to_thread(confirm, client, request_id)
        await run(request_id)
    sandbox.close()


if __name__ == "__main__":
    asyncio.run(main())
