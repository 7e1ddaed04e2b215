"""The operations that OpenText publishes for Cartographer, as one calls them here."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from tgiconik._http import Pages
from tgiconik.tradinggrid import TradingGridClient
from tgiconik.tradinggrid.cartographer import EntryValue, PrexrefEntry

Call = Callable[[TradingGridClient], Awaitable[object] | Pages[Any]]

OPERATIONS: dict[str, dict[str, Any]] = {
    operation["name"]: operation
    for operation in json.loads(
        (Path(__file__).parents[2] / "codegen/facts/tradinggrid/cartographer.json").read_text(
            encoding="utf-8"
        )
    )["operations"]
}
SOLUTION, ENTITY, KEY, MAP, FILE = "DEMO/1", "Article numbers", "ZZ:A/B 100%", 77, 8
IDS = {
    "solutionId": SOLUTION,
    "entityName": ENTITY,
    "key": KEY,
    "mapId": str(MAP),
    "fileId": str(FILE),
}
PREXREF = PrexrefEntry(
    searchDoctype="850",
    searchSender="ZZ:A",
    searchReceiver="ZZ:B",
    profileDoctype="ORDERS",
    profileSender="ZZ:C",
    profileReceiver="ZZ:D",
)
PREXREF_BODY = {
    "searchDoctype": "850",
    "searchSender": "ZZ:A",
    "searchReceiver": "ZZ:B",
    "profileDoctype": "ORDERS",
    "profileSender": "ZZ:C",
    "profileReceiver": "ZZ:D",
}
VALUES = {0: "first", 1: "second"}
ENTRY_BODY = {
    "key": KEY,
    "values": [{"index": 0, "value": "first"}, {"index": 1, "value": "second"}],
}

#: name → (call, query, body)
CALLS: dict[str, tuple[Call, dict[str, str], object]] = {
    "Get solutions": (lambda grid: grid.cartographer.solutions(), {}, None),
    "Get maps": (
        lambda grid: grid.cartographer.maps.list(SOLUTION, sort="asc", page_size=50).resume(
            "3:100"
        ),
        {"pageNo": "3", "pageSize": "50", "sort": "asc"},
        None,
    ),
    "Get trading partners": (
        lambda grid: grid.cartographer.maps.trading_partners(SOLUTION, MAP),
        {},
        None,
    ),
    "Get specification files of the map": (
        lambda grid: grid.cartographer.maps.specifications(SOLUTION, MAP),
        {},
        None,
    ),
    "Download map specification": (
        lambda grid: grid.cartographer.maps.download_specification(SOLUTION, MAP, FILE),
        {},
        None,
    ),
    "Get Map Metadata": (lambda grid: grid.cartographer.maps.get(SOLUTION, MAP), {}, None),
    "Map annotations": (lambda grid: grid.cartographer.maps.annotations(SOLUTION, MAP), {}, None),
    "Get values of an entry": (
        lambda grid: grid.cartographer.entries.get(SOLUTION, ENTITY, KEY),
        {},
        None,
    ),
    "Update values of an entry": (
        lambda grid: grid.cartographer.entries.update(
            SOLUTION,
            ENTITY,
            KEY,
            [EntryValue(index=0, value="first"), EntryValue(index=1, value="second")],
        ),
        {},
        ENTRY_BODY,
    ),
    "Delete an entry": (
        lambda grid: grid.cartographer.entries.delete(SOLUTION, ENTITY, KEY),
        {},
        None,
    ),
    "Add an entry": (
        lambda grid: grid.cartographer.entries.add(SOLUTION, ENTITY, KEY, VALUES),
        {},
        ENTRY_BODY,
    ),
    "Get entities": (
        lambda grid: grid.cartographer.entities.list(SOLUTION, count=20).resume("40"),
        {"offset": "40", "count": "20"},
        None,
    ),
    "Get entity header configuration": (
        lambda grid: grid.cartographer.entities.header_config(SOLUTION, ENTITY),
        {},
        None,
    ),
    "Export entity content": (
        lambda grid: grid.cartographer.entities.export(SOLUTION, ENTITY),
        {},
        None,
    ),
    "Get entity details": (
        lambda grid: grid.cartographer.entries.list(SOLUTION, ENTITY, count=20).resume("40"),
        {"offset": "40", "count": "20"},
        None,
    ),
    "Search entity content": (
        lambda grid: grid.cartographer.entries.search(SOLUTION, ENTITY, "100 %&", count=20).resume(
            "40"
        ),
        {"searchToken": "100 %&", "offset": "40", "count": "20"},
        None,
    ),
    "Reserve/Un-reserve entity": (
        lambda grid: grid.cartographer.entities.reserve(SOLUTION, ENTITY),
        {},
        {"action": "reserve"},
    ),
    "Get prexref entity details": (
        lambda grid: grid.cartographer.prexref.list(SOLUTION, count=20).resume("40"),
        {"offset": "40", "count": "20"},
        None,
    ),
    "Search prexref entity content": (
        lambda grid: grid.cartographer.prexref.search(SOLUTION, "850", count=20).resume("40"),
        {"searchToken": "850", "offset": "40", "count": "20"},
        None,
    ),
    "Add prexref entry": (
        lambda grid: grid.cartographer.prexref.add(SOLUTION, PREXREF),
        {},
        PREXREF_BODY,
    ),
    "Update values of a prexref entry": (
        lambda grid: grid.cartographer.prexref.update(SOLUTION, PREXREF),
        {},
        PREXREF_BODY,
    ),
    "Delete a prexref entry": (
        lambda grid: grid.cartographer.prexref.delete(SOLUTION, PREXREF),
        {},
        PREXREF_BODY,
    ),
}


def example(shape: Any, *, text: str = "t") -> Any:  # noqa: ANN401 - JSON
    """An answer of a published shape: lists with one entry, numbers and texts made up."""
    match shape:
        case dict():
            return {name: example(one, text=text) for name, one in shape.items()}
        case list():
            return [example(one, text=text) for one in shape]
        case "integer" | "long":
            return 7
        case "boolean" | "Boolean":
            return True
        case _:
            return text
