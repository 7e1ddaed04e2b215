"""Seeding: a world is checked as if it came over the wire."""

from datetime import UTC, datetime

import pytest

from tgiconik.community.shapes import Json
from tgiconik.sandbox.grid import seed
from tgiconik.sandbox.state import State

from .community import COMPANY, Community

REQUEST: dict[str, Json] = {
    "kind": "media_request",
    "partner_id": "GCPARTNER1",
    "subject": "Poster",
}


async def test_a_seeded_request_has_its_past(community: Community, state: State) -> None:
    seed.add_request(
        state,
        COMPANY,
        "REQ-1001",
        at=datetime(2026, 2, 1, tzinfo=UTC),
        moves=["in_review", "declined"],
        **REQUEST,
    )
    request = await community.get("/requests/REQ-1001")
    assert request["created_at"] == "2026-02-01T00:00:00.000000Z"
    assert [entry["to"] for entry in request["history"]] == ["submitted", "in_review", "declined"]
    assert request["status"] == "declined"


async def test_a_seeded_partner_is_in_the_directory_in_the_community_and_in_its_groups(
    community: Community,
) -> None:
    assert (await community.get("/partners/GCPARTNER1"))["groups"] == ["GRP-EMEA"]
    assert (await community.get("/groups/GRP-EMEA"))["member_count"] == 1
    directory = f"/TGCommunityServices/v1/companies/{COMPANY}/partnerDirectory"
    list_response = (await community.http.get(directory)).json()
    assert [one["companyId"] for one in list_response] == ["GCPARTNER1", "GCPARTNER2"]


async def test_a_new_id_is_never_a_seeded_one(community: Community, state: State) -> None:
    seed.add_request(state, COMPANY, "REQ-100001", **REQUEST)
    made = [(await community.write("POST", "/requests", REQUEST))["id"] for _ in range(2)]
    assert made == ["REQ-100002", "REQ-100003"]


def test_what_does_not_fit_is_refused(state: State) -> None:
    with pytest.raises(ValueError, match="/kind must be one of"):
        seed.add_request(state, COMPANY, "REQ-1", **{**REQUEST, "kind": "song"})
    with pytest.raises(ValueError, match="/colour is not a known field"):
        seed.add_partner(state, COMPANY, "GCPARTNER3", "Tailspin", colour="red")
    with pytest.raises(ValueError, match="there is no group GRP-0"):
        seed.add_partner(state, COMPANY, "GCPARTNER3", "Tailspin", groups=["GRP-0"])
    with pytest.raises(ValueError, match="a transaction has no colour"):
        seed.add_transaction(state, "T-1", colour="red")
    with pytest.raises(ValueError, match="there is no user"):
        seed.change_login_id(state, "GCPUSER0", "a@b")
    with pytest.raises(ValueError, match="REQ-1 cannot become fulfilled"):
        seed.add_request(state, COMPANY, "REQ-1", moves=["fulfilled"], **REQUEST)
