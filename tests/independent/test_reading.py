"""Whatever can be read of the sandbox's world, the independent client can read and parse."""

from typing import Final

import pytest

from tgiconik.sandbox import world
from tgiconik.sandbox.iconik import seed

from .theirs import Operation, Theirs, operations, unparsed

FILM: Final = world.asset_id("film-de")
#: What path ids stand for in the sandbox's world.
IDS: Final = {
    "asset_id": FILM,
    "id": FILM,
    "object_id": FILM,
    "object_key": FILM,
    "object_type": "assets",
    "index_type": "assets",
    "version_id": seed.version_id(FILM, 2),
    "collection_id": seed.fixed_id("collection spring launch"),
    "view_id": world.RELEASE_VIEW,
    "field_name": "Regions",
    "user_id": seed.CURRENT_USER,
    "storage_id": seed.STORAGE,
    "format_id": seed.fixed_id(f"{FILM} format 2"),
    "file_set_id": seed.fixed_id(f"{FILM} file set 2"),
    "file_id": seed.fixed_id(f"{FILM} file 2"),
    "permission": "read",
}
#: What is not there in this world.
ABSENT: Final = {
    "get_asset_version_view_metadata",
    "get_collection_metadata",
    "get_mapping_fields_metadata_by_field_name",
    "get_user_acl_object_by_object_key",
    "get_user_acl_object_by_object_key_by_permission",
    "get_view",
}
#: What the independent client cannot read, and why.
EXCEPTIONS: Final = {
    "get_collection_full_path": "it reads a text; the published facts name no answer at all",
}

READABLE: Final = [
    operation
    for operation in operations().values()
    if operation.method == "GET"
    and set(operation.required) <= IDS.keys()
    and operation.name not in ABSENT | EXCEPTIONS.keys()
]


@pytest.mark.parametrize("operation", READABLE, ids=str)
def test_what_is_read_is_parsed(operation: Operation, theirs: Theirs) -> None:
    theirs(operation.name, **{name: IDS[name] for name in operation.required})


@pytest.mark.parametrize("name", EXCEPTIONS)
def test_an_exception_is_still_needed(name: str, theirs: Theirs) -> None:
    operation = operations()[name]

    with pytest.raises(ValueError, match="Expecting value"):
        theirs(name, **{each: IDS[each] for each in operation.required})


@pytest.mark.parametrize("name", sorted(ABSENT))
def test_what_is_not_there_is_a_404(name: str, theirs: Theirs) -> None:
    operation = operations()[name]

    with pytest.raises(AssertionError, match=": 404 "):
        theirs(name, **{each: IDS[each] for each in operation.required})


def test_all_fifteen_services_are_read() -> None:
    assert len(READABLE) >= 150
    assert len({operation.service for operation in READABLE}) == 15


def test_plain_data_where_a_model_was_promised_would_be_noticed(theirs: Theirs) -> None:
    asset = theirs("get_asset", FILM)
    assert unparsed(asset) == []

    asset.versions[0] = {"id": "left as it came"}

    assert unparsed(asset) == ["answer.versions"]
