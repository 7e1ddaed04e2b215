"""A small world on the Trading Grid side of the sandbox, and a clock that obeys."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import attrs
import httpx

from tgiconik.sandbox.app import application
from tgiconik.sandbox.credentials import CLIENT_ID, CLIENT_SECRET
from tgiconik.sandbox.grid import routes, seed
from tgiconik.sandbox.state import State
from tgiconik.sandbox.store import Store

from .community import COMPANY, Community

TOKENS = "/v1/oauth2/tokens?grant_type=client_credentials"


@attrs.define
class Clock:
    """Time that passes only when it is told to."""

    at: datetime = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def passes(self, **much: float) -> None:
        self.at += timedelta(**much)


def world(clock: Clock) -> State:
    """A company with two partners, a group, a request and an issue."""
    state = State(Store(), now=clock)
    seed.add_company(state, COMPANY, "Northwind Studios", entitlements=["Active Community"])
    seed.add_group(state, COMPANY, "GRP-EMEA", "Retail EMEA", tags=["retail-emea"])
    seed.add_partner(
        state,
        COMPANY,
        "GCPARTNER1",
        "Fabrikam Retail",
        trading_address="ZZ:FABRIKAM",
        contacts=[{"name": "Anna Berg", "email": "anna@fabrikam.test", "role": "media"}],
        regions=["EMEA"],
        languages=["de-DE"],
        groups=["GRP-EMEA"],
    )
    seed.add_partner(state, COMPANY, "GCPARTNER2", "Contoso", trading_address="ZZ:CONTOSO")
    seed.add_request(
        state,
        COMPANY,
        "REQ-1042",
        kind="media_request",
        partner_id="GCPARTNER1",
        subject="Launch video in German",
        requester={"email": "anna@fabrikam.test"},
        criteria={"text": "launch", "language": "de-DE"},
        due_at=clock() + timedelta(days=3),
    )
    seed.add_issue(
        state,
        COMPANY,
        "ISS-7",
        partner_id="GCPARTNER1",
        subject="Wrong subtitles",
        severity="high",
        category="subtitles",
        asset_references=[{"asset_id": "asset-1"}],
    )
    return state


def client(state: State) -> httpx.AsyncClient:
    """A client without a token."""
    transport = httpx.ASGITransport(app=application(routes(state)))
    return httpx.AsyncClient(transport=transport, base_url="http://sandbox.test")


async def log_in(http: httpx.AsyncClient) -> None:
    """Fetch a token and use it from now on."""
    answer = await http.post(TOKENS, auth=(CLIENT_ID, CLIENT_SECRET))
    http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"


@asynccontextmanager
async def fresh_community(clock: Clock) -> AsyncIterator[Community]:
    """The collaboration surface of a world of its own, for each example of a property."""
    async with client(world(clock)) as http:
        await log_in(http)
        yield Community(http)
