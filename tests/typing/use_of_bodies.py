"""Which bodies type checkers take, complete and refuse. Read by pyright and mypy, never run.

A line that is refused says so for both: each complains about a comment that excuses nothing.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from tgiconik import IconikClient
from tgiconik.iconik.models.assets import AssetInput, AssetVersionInput
from tgiconik.iconik.models.dicts.acls import ACLTemplateInputDict
from tgiconik.iconik.models.dicts.assets import AssetInputDict
from tgiconik.tradinggrid.collaboration import GroupInput, RequestInput, RequestUpdate
from tgiconik.tradinggrid.collaboration.dicts import RequestInputDict, RequestUpdateDict


async def bodies_that_are_documented(iconik: IconikClient, words: list[str]) -> None:
    update = iconik.assets.update_asset
    await update("a", body=AssetInput(title="New"))
    await update("a", body={"title": "New", "status": "ACTIVE", "custom_poster": None})
    await update("a", body={"date_created": datetime(2026, 1, 1, tzinfo=UTC)})
    await update("a", body={"limit_download_to_groups": words, "person_ids": ("p",)})
    body: AssetInputDict = {"title": "New"}
    await update("a", body=body)
    # Platforms know values that their documents lack.
    await update("a", body={"status": "AN_UNKNOWN_ONE"})
    # A change needs no field, whatever a new object needs.
    await update("a", body={"custom_poster": "f"})
    iconik.search.search(body={"query": "launch", "doc_types": ["assets"]})
    iconik.search.search(
        body={"filter": {"operator": "AND", "terms": [{"name": "status", "value": "ACTIVE"}]}}
    )


async def bodies_that_are_not_typed(
    iconik: IconikClient, some: dict[str, Any], others: Mapping[str, Any]
) -> None:
    await iconik.assets.update_asset("a", body=some)
    await iconik.assets.update_asset("a", body=others)
    await iconik.assets.update_asset("a", body={**some})
    iconik.search.search(body={"filter": some})


async def bodies_that_are_wrong(iconik: IconikClient, words: dict[str, str]) -> None:
    update = iconik.assets.update_asset
    await update("a", body={"titel": "New"})  # type: ignore[dict-item]  # pyright: ignore[reportArgumentType]
    await update("a", body={"title": 7})  # type: ignore[dict-item]  # pyright: ignore[reportArgumentType]
    # Read-only.
    await update("a", body={"date_imported": "2026-01-01"})  # type: ignore[dict-item]  # pyright: ignore[reportArgumentType]
    # A text would be sent letter by letter.
    await update("a", body={"person_ids": "p"})  # type: ignore[dict-item]  # pyright: ignore[reportArgumentType]
    await update("a", body=words)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await update("a", body=AssetVersionInput())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    # It needs a title.
    await iconik.assets.create_asset(body={"status": "ACTIVE"})  # type: ignore[dict-item]  # pyright: ignore[reportArgumentType]
    iconik.search.search(body={"filter": {"term": []}})  # type: ignore[dict-item]  # pyright: ignore[reportArgumentType]


def inputs_of_the_contract(fields: RequestInputDict, changes: RequestUpdateDict) -> None:
    RequestInput(**fields)
    RequestUpdate(**changes)
    GroupInput(**fields)  # type: ignore[misc]  # pyright: ignore[reportCallIssue]


def a_dictionary_of_its_own() -> ACLTemplateInputDict:
    return {"name": "Editors"}
