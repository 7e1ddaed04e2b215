"""Both platforms with a large history, generated on demand and not stored.

Each asset has one version, approved, one document, shares for 50 partners, a download in its
history and a preview in its document's receipts for every turn. Responses are generated in the
calling process with little overhead, so that the benchmark measures reading them.
"""

import json
import math
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qs

import attrs
import httpx

from tgiconik import IconikClient, TradingGridClient

_START: Final = datetime(2025, 1, 1, tzinfo=UTC)
_PARTNERS: Final = 50
#: Events of an asset besides its use: a version, its approval and document, and the shares.
_BESIDE: Final = _PARTNERS + 3
_PAGE: Final = {"iconik": 100, "grid": 200}

_Row = dict[str, Any]


def _at(seconds: float) -> str:
    return (_START + timedelta(seconds=seconds)).isoformat()


@attrs.frozen
class BigStory(httpx.AsyncBaseTransport):
    """A transport to both platforms.

    Attributes:
        events: the minimum number of events in its record.
        assets: the number of assets.
    """

    events: int
    assets: int

    @property
    def turns(self) -> int:
        """The number of downloads and of previews of each asset."""
        return max(1, math.ceil((self.events / self.assets - _BESIDE) / 2))

    def clients(self) -> tuple[TradingGridClient, IconikClient]:
        """Clients that use this transport only."""
        origin = "https://example.invalid"
        return (
            TradingGridClient(origin, "client", "secret", "GC1", transport=self),
            IconikClient(origin, "app", "token", rate=None, transport=self),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Respond to any read."""
        path = request.url.path.strip("/").split("/")
        query = {name: values[-1] for name, values in parse_qs(request.url.query.decode()).items()}
        if path[-1] == "tokens":
            answer: object = {"access_token": "t", "token_type": "Bearer", "expires_in": 36000}
        elif path[0] == "API":
            answer = self._iconik(path[3:], query)
        else:
            answer = self._grid(path[-1], query)
        return httpx.Response(200, content=json.dumps(answer))

    def _iconik(self, path: list[str], query: dict[str, str]) -> object:
        match path:
            case ["assets", asset_id]:
                return _asset(asset_id)
            case ["assets", asset_id, "versions", version_id, *_]:
                word = {"status": "APPROVED", "user": "u", "change_date": _at(1)}
                return {"version_id": version_id, "object_id": asset_id, "approvals_by": [word]}
            case ["assets", asset_id, "shares"]:
                return {
                    "objects": [_share(asset_id, n) for n in range(_PARTNERS)],
                    "total": _PARTNERS,
                }
            case ["assets", asset_id, "history"]:
                page = int(query.get("page", "1"))
                rows = self._page(page - 1, _PAGE["iconik"], lambda n: _download(asset_id, n))
                pages = -(-self.turns // _PAGE["iconik"])
                return {"objects": rows, "page": page, "pages": pages, "next_url": None} | (
                    {"next_url": f"/API/assets/v1/assets/{asset_id}/history/?page={page + 1}"}
                    if page < pages
                    else {}
                )
            case _:
                return {"objects": []}

    def _grid(self, noun: str, query: dict[str, str]) -> object:
        page = int(query.get("cursor", "0"))
        match noun:
            case "documents":
                rows, total = [_document(f"asset-{n}") for n in range(self.assets)], 1
            case "deliveries":
                asset_id = query["document_id"].removeprefix("DOC-")
                rows, total = [_delivery(asset_id, n) for n in range(_PARTNERS)], 1
            case "receipts":
                asset_id = query["document_id"].removeprefix("DOC-")
                rows = self._page(page, _PAGE["grid"], lambda n: _preview(asset_id, n))
                total = -(-self.turns // _PAGE["grid"])
            case _:
                rows, total = [], 1
        return {"items": rows, "next_cursor": str(page + 1) if page + 1 < total else None}

    def _page(self, page: int, size: int, row: Callable[[int], _Row]) -> list[_Row]:
        return [row(n) for n in _numbers(page, size, self.turns)]


def _numbers(page: int, size: int, end: int) -> Iterator[int]:
    yield from range(page * size, min((page + 1) * size, end))


def _asset(asset_id: str) -> _Row:
    version = {"id": f"{asset_id}-v1", "date_created": _at(0), "created_by_user": "u"}
    return {"id": asset_id, "title": f"Film {asset_id}", "versions": [version]}


def _share(asset_id: str, n: int) -> _Row:
    return {
        "id": f"{asset_id}-s{n}",
        "object_type": "assets",
        "object_id": asset_id,
        "title": f"Film [tgiconik:P{n}]",
        "owner_id": "u",
        "date_created": _at(100 + n),
    }


def _download(asset_id: str, n: int) -> _Row:
    return {
        "id": f"{asset_id}-h{n}",
        "operation_type": "DOWNLOAD",
        "share_id": f"{asset_id}-s{n % _PARTNERS}",
        "date_created": _at(1000 + 60 * n),
    }


def _reference(asset_id: str) -> _Row:
    return {"asset_id": asset_id, "version_id": f"{asset_id}-v1"}


def _record(seconds: float) -> _Row:
    return {
        "written_by": "operator",
        "created_at": _at(seconds),
        "updated_at": _at(seconds),
        "etag": '"1"',
    }


def _document(asset_id: str) -> _Row:
    told = {"id": f"DOC-{asset_id}", "title": f"Film {asset_id}", "state": "published"}
    return {**told, "asset": _reference(asset_id), **_record(90)}


def _delivery(asset_id: str, n: int) -> _Row:
    whose = {"document_id": f"DOC-{asset_id}", "partner_id": f"P{n}", "state": "active"}
    return {**whose, "share_id": f"{asset_id}-s{n}", **_record(101 + n)}


def _preview(asset_id: str, n: int) -> _Row:
    return {
        "id": f"{asset_id}-r{n}",
        "document_id": f"DOC-{asset_id}",
        "partner_id": f"P{n % _PARTNERS}",
        "kind": "previewed",
        "at": _at(1030 + 60 * n),
        "contact": {"name": f"Person {n % 97}", "email": f"p{n % 97}@example.invalid"},
        "written_by": "operator",
    }
