"""The table of searchable fields is what hits have and what the sandbox understands."""

from datetime import UTC, datetime

import pytest

from codegen.website.search_fields import MARK, on_page_markdown
from tgiconik.iconik import search
from tgiconik.iconik.models.search import SearchDocument
from tgiconik.iconik.search_fields import SEARCH_FIELDS, SearchField
from tgiconik.sandbox import Sandbox

#: Searched, but no field of a hit.
NOT_IN_HITS = {
    "file_names",
    "segment_text",
    "segment_type",
    "time_end_milliseconds",
    "time_start_milliseconds",
    "transcription_text",
}
GIVEN = {
    "since": datetime(2026, 1, 1, tzinfo=UTC),
    "ids": ["a", "b"],
    **dict.fromkeys(("user_id", "asset_id", "version_id", "collection_id"), "a"),
}


def test_each_field_is_listed_once() -> None:
    names = [each.name for each in SEARCH_FIELDS]
    assert len(names) == len(set(names))


def test_the_fields_are_those_of_hits() -> None:
    names = {each.name.partition(".")[0] for each in SEARCH_FIELDS}
    assert names - SearchDocument.__annotations__.keys() == NOT_IN_HITS


@pytest.mark.parametrize("field", SEARCH_FIELDS, ids=lambda field: field.name)
async def test_the_example_of_a_field_is_a_search(field: SearchField) -> None:
    condition = eval(field.example, vars(search) | GIVEN)  # noqa: S307 - of our own table
    assert isinstance(condition, search.Condition)
    async with Sandbox().clients() as (_, iconik):
        pages = iconik.search.documents(field.doc_types, where=[condition])
        for hit in await pages.first(10):
            assert hit.object_type in field.doc_types


def test_a_page_shows_every_field() -> None:
    shown = on_page_markdown(f"# Fields\n\n{MARK}\n")
    assert all(f"| `{each.name}`" in shown for each in SEARCH_FIELDS)
