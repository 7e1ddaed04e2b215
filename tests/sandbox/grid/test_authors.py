"""Who wrote what: set by the server from the caller, and by nobody else."""

from typing import Any

import pytest
from tradinggrid import contract

from .community import Community, problem
from .parties import PARTNER, Parties

REQUEST, ISSUE = "/requests/REQ-1042", "/issues/ISS-7"
_BODIES = {
    operation.id: contract.resolved(operation.body)
    for operation in contract.operations()
    if operation.body is not None
}


@pytest.mark.parametrize("name", _BODIES)
def test_no_body_takes_an_author(name: str) -> None:
    schema = _BODIES[name]
    assert "written_by" not in schema["properties"]
    assert schema["additionalProperties"] is False


async def test_an_author_in_a_body_is_refused(community: Community) -> None:
    answer = await community.call(
        "POST", f"{REQUEST}/comments", {"body": "Hello", "written_by": "operator"}
    )
    assert problem(answer) == (422, "invalid")


async def test_what_is_written_has_its_author(parties: Parties) -> None:
    assert (await parties.operator.get(REQUEST))["written_by"] == PARTNER
    assert (await parties.operator.get(f"/partners/{PARTNER}"))["written_by"] == "operator"
    path = f"/projects/{parties.own['projectId']}"
    assert (await parties.operator.get(path))["written_by"] == "operator"
    confirmation = await parties.partner.write("PUT", f"{path}/confirmations/{PARTNER}", {})
    assert confirmation["written_by"] == PARTNER
    delivery = f"/documents/{parties.own['documentId']}/deliveries/{PARTNER}"
    receipt = await parties.partner.write("POST", f"{delivery}/receipts", {"kind": "downloaded"})
    assert receipt["written_by"] == PARTNER


async def test_each_move_has_its_author(parties: Parties) -> None:
    await parties.operator.move(REQUEST, "in_review", "fulfilled")
    moved = await parties.partner.move(REQUEST, "reopened")
    assert [(one["to"], one["written_by"]) for one in moved["history"]] == [
        ("submitted", PARTNER),
        ("in_review", "operator"),
        ("fulfilled", "operator"),
        ("reopened", PARTNER),
    ]


async def written(by: Community, path: str, *references: dict[str, Any]) -> list[dict[str, Any]]:
    """The references after an update."""
    etag = (await by.get(path))["etag"]
    changed = await by.write("PATCH", path, {"asset_references": list(references)}, match=etag)
    found: list[dict[str, Any]] = changed["asset_references"]
    return found


def authors(references: list[dict[str, Any]]) -> list[tuple[str, str | None, str]]:
    return [(one["asset_id"], one["role"], one["written_by"]) for one in references]


async def test_a_repeated_reference_keeps_its_author(parties: Parties) -> None:
    there = (await parties.operator.get(ISSUE))["asset_references"]
    assert authors(there) == [("asset-1", None, PARTNER)]

    ours = {"asset_id": "asset-1", "role": "faulty"}
    references = await written(parties.operator, ISSUE, *there, ours)
    assert authors(references) == [
        ("asset-1", None, PARTNER),
        ("asset-1", "faulty", "operator"),
    ]
    assert await written(parties.operator, ISSUE, *references) == references


async def test_operators_may_say_the_same_as_a_partner(parties: Parties) -> None:
    claimed = {"asset_id": "asset-1", "role": "faulty"}
    references = await written(parties.partner, ISSUE, claimed)
    references = await written(parties.operator, ISSUE, *references, claimed)
    assert authors(references) == [
        ("asset-1", "faulty", PARTNER),
        ("asset-1", "faulty", "operator"),
    ]
    assert await written(parties.operator, ISSUE, *references) == references


async def test_an_author_in_a_reference_is_ignored(parties: Parties) -> None:
    planted = {"asset_id": "asset-2", "role": "corrected", "written_by": "operator"}
    references = await written(parties.partner, ISSUE, planted)
    assert authors(references) == [("asset-2", "corrected", PARTNER)]
    references = await written(parties.operator, ISSUE, {**references[0], "title": "Film"})
    assert authors(references) == [("asset-2", "corrected", PARTNER)]


async def test_a_partner_neither_removes_nor_rewords_a_reference_of_an_operator(
    parties: Parties,
) -> None:
    ours = {"asset_id": "asset-1", "role": "faulty", "title": "Film"}
    await written(parties.operator, ISSUE, ours)
    references = await written(parties.partner, ISSUE, {**ours, "title": "Another film"})
    assert [(one["title"], one["written_by"]) for one in references] == [
        ("Film", "operator"),
        ("Another film", PARTNER),
    ]
    assert authors(await written(parties.operator, ISSUE, *references)) == authors(references)


async def test_the_asset_of_a_document_has_its_author(community: Community) -> None:
    document = await community.write(
        "POST", "/documents", {"title": "Film", "asset": {"asset_id": "a", "written_by": PARTNER}}
    )
    assert document["asset"]["written_by"] == "operator"
