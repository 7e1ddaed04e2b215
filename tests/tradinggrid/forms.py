"""The forms of Lens queries that OpenText publishes, and how one writes each with this client."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from tgiconik.tradinggrid.lens import (
    ContentKeyFilter,
    Filter,
    FilterValue,
    Match,
    Query,
    Range,
    Sort,
)

FORMS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "codegen/facts/tradinggrid/lens-forms.json").read_text(
        encoding="utf-8"
    )
)["forms"]


def query_from(arguments: dict[str, Any]) -> Query | None:
    """The arguments of a published form, as one writes them with this client."""
    if "query" not in arguments:
        return None
    said = arguments["query"]
    fields = said.get("fields", {})
    sort = said.get("sortby")
    ranges = said.get("ranges")
    keys = said.get("contentKeyFilters")
    return Query(
        search=said.get("query"),
        count=said.get("count"),
        offset=said.get("offset"),
        scroll=said.get("scroll", False),
        sort=sort and Sort(sort["field"]["enum"], descending=sort["type"]["enum"] == "DESC"),
        content_keys=None if keys is None else [ContentKeyFilter(**one) for one in keys],
        filters=[
            Filter(
                one["field"]["enum"],
                [FilterValue(value["value"], negate=value["not"]) for value in one["values"]],
            )
            for one in said.get("filters", [])
        ],
        must=[Match(one["field"]["enum"], one["query"]) for one in fields.get("must", [])],
        should=[Match(one["field"]["enum"], one["query"]) for one in fields.get("should", [])],
        range=ranges
        and Range(
            field=ranges["field"]["enum"],
            from_=datetime.fromisoformat(ranges["from"]),
            to=datetime.fromisoformat(ranges["to"]),
        ),
    )
