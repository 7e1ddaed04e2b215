# ruff: noqa: PLC0415 - each is imported in the process that measures it, and nowhere else
"""The measured clients, each in idiomatic use and with its defaults.

Each reads one asset and searches for a page of hits. Clients of iconik decode models; HTTP
libraries parse the JSON.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import attrs

from benchmarks.bodies import PER_PAGE
from benchmarks.worker import AbsentError, Task

if TYPE_CHECKING:
    from tgiconik import IconikClient

_ASSET: Final = "10000000-0000-4000-8000-000000000001"
_BODY: Final[Mapping[str, Any]] = {"doc_types": ["assets"], "sort": [{"name": "id"}]}
_QUERY: Final = f"per_page={PER_PAGE}&save_search_history=false"
_SECRETS: Final = {"App-ID": "app", "Auth-Token": "token"}
#: The packages of the extra `fast`, and those that only other clients need.
FAST_PACKAGES: Final = ("msgspec", "orjson", "aiohttp", "httpx_aiohttp")

Engine: TypeAlias = Literal["httpx", "aiohttp"]

PLAIN: Final = "tgiconik"
FAST: Final = "tgiconik[fast]"
PYTHONIK: Final = "nsa-pythonik, async"
PYTHONIK_SYNC: Final = "nsa-pythonik, threads"
HTTPX: Final = "httpx"
HTTPX_AIOHTTP: Final = "httpx on aiohttp"
AIOHTTP: Final = "aiohttp"


@attrs.frozen
class Calls:
    """A connected client.

    Attributes:
        get: reads an asset.
        search: reads the hits of a page.
        kind: the types of an asset and a hit.
    """

    get: Callable[[], Awaitable[Any]]
    search: Callable[[], Awaitable[Sequence[Any]]]
    kind: tuple[type, type]


@attrs.frozen
class BlockingCalls:
    """A connected blocking client."""

    get: Callable[[], Any]
    search: Callable[[], Sequence[Any]]
    kind: tuple[type, type]


def client(origin: str, engine: Engine) -> "IconikClient":
    """Our client, with the settings of all benchmarks.

    Raises:
        AbsentError: the engine's library is not installed.
    """
    from tgiconik import IconikClient
    from tgiconik.errors import ConfigurationError

    try:
        return IconikClient(origin, "app", "token", rate=None, engine=engine)
    except ConfigurationError as error:
        raise AbsentError(str(error)) from error


@asynccontextmanager
async def ours(origin: str, engine: Engine) -> AsyncIterator[Calls]:
    """Our client; without the packages of `fast`, or with all of them."""
    from tgiconik.iconik.models.assets import Asset
    from tgiconik.iconik.models.search import SearchDocument

    async with client(origin, engine) as iconik:
        yield Calls(
            lambda: iconik.assets.get_asset(_ASSET),
            lambda: iconik.search.assets(per_page=PER_PAGE).first(PER_PAGE),
            (Asset, SearchDocument),
        )


@asynccontextmanager
async def pythonik(origin: str) -> AsyncIterator[Calls]:
    """nsa-pythonik: its asynchronous functions."""
    from pythonik.assets.api.assets import get_assets_by_asset_id
    from pythonik.assets.client import AuthenticatedClient
    from pythonik.assets.models.asset_schema import AssetSchema
    from pythonik.search.api.search import post_search
    from pythonik.search.client import AuthenticatedClient as SearchClient
    from pythonik.search.models.search_criteria_schema import SearchCriteriaSchema
    from pythonik.search.models.search_document_schema import SearchDocumentSchema

    body = SearchCriteriaSchema.from_dict(_BODY)
    async with (
        AuthenticatedClient(base_url=f"{origin}/API/assets", **_pythonik_options()) as assets,
        SearchClient(base_url=f"{origin}/API/search", **_pythonik_options()) as searching,
    ):

        async def search() -> Sequence[Any]:
            found: Any = await post_search.asyncio(
                client=searching, body=body, per_page=PER_PAGE, save_search_history=False
            )
            hits: Sequence[Any] = found.objects
            return hits

        yield Calls(
            lambda: get_assets_by_asset_id.asyncio(_ASSET, client=assets),
            search,
            (AssetSchema, SearchDocumentSchema),
        )


@contextmanager
def pythonik_sync(origin: str) -> Iterator[BlockingCalls]:
    """nsa-pythonik: its blocking methods, as in its guide."""
    from pythonik.assets.models.asset_schema import AssetSchema
    from pythonik.friendly import Iconik
    from pythonik.search.models.search_criteria_schema import SearchCriteriaSchema
    from pythonik.search.models.search_document_schema import SearchDocumentSchema

    make: Any = Iconik
    body = SearchCriteriaSchema.from_dict(_BODY)
    with make("app", "token", base_url=f"{origin}/API") as iconik:
        options = {"body": body, "per_page": PER_PAGE, "save_search_history": False}
        yield BlockingCalls(
            lambda: iconik.get_asset(_ASSET).parsed,
            lambda: iconik.post_search(**options).parsed.objects,
            (AssetSchema, SearchDocumentSchema),
        )


def _pythonik_options() -> dict[str, Any]:
    return {
        "token": "token",
        "prefix": "",
        "auth_header_name": "Auth-Token",
        "headers": {"App-ID": "app"},
    }


@asynccontextmanager
async def httpx(origin: str, transport: str) -> AsyncIterator[Calls]:
    """Only httpx, with its own transport or that of aiohttp."""
    from httpx import AsyncClient

    options: dict[str, Any] = {"headers": _SECRETS, "base_url": f"{origin}/API"}
    if transport == "http2":
        options |= {"http1": False, "http2": True}
    elif transport == "aiohttp":
        from httpx_aiohttp import AiohttpTransport

        options["transport"] = AiohttpTransport()
    async with AsyncClient(**options) as client:

        async def get() -> Any:  # noqa: ANN401 - JSON
            return (await client.get(f"/assets/v1/assets/{_ASSET}/")).json()

        async def search() -> Sequence[Any]:
            answer = await client.post(f"/search/v1/search/?{_QUERY}", json=_BODY)
            hits: Sequence[Any] = answer.json()["objects"]
            return hits

        yield Calls(get, search, (dict, dict))


@asynccontextmanager
async def aiohttp(origin: str) -> AsyncIterator[Calls]:
    """Only aiohttp."""
    from aiohttp import ClientSession

    async with ClientSession(headers=_SECRETS) as session:

        async def get() -> Any:  # noqa: ANN401 - JSON
            async with session.get(f"{origin}/API/assets/v1/assets/{_ASSET}/") as answer:
                return await answer.json()

        async def search() -> Sequence[Any]:
            url = f"{origin}/API/search/v1/search/?{_QUERY}"
            async with session.post(url, json=_BODY) as answer:
                hits: Sequence[Any] = (await answer.json())["objects"]
                return hits

        yield Calls(get, search, (dict, dict))


def tasks(origin: str, names: Sequence[str] | None = None) -> list[Task]:
    """The workers' tasks for some clients, or for all."""

    def load(name: str, peer: str, *arguments: str, refused: Sequence[str] = ()) -> Task:
        return Task(name, "benchmarks.load:Load", (peer, origin, *arguments), refused)

    every = [
        load(PLAIN, "ours", "httpx", refused=FAST_PACKAGES),
        load(FAST, "ours", "aiohttp"),
        load(PYTHONIK, "pythonik"),
        load(HTTPX, "httpx", "own"),
        load(HTTPX_AIOHTTP, "httpx", "aiohttp"),
        load(AIOHTTP, "aiohttp"),
        Task(PYTHONIK_SYNC, "benchmarks.load:ThreadedLoad", ("pythonik_sync", origin)),
    ]
    return [task for task in every if names is None or task.name in names]
