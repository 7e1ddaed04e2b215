"""Partners, groups, documents, deliveries, receipts."""

from tgiconik.community.shapes import Json

from .community import Community, problem
from .world import Clock

DELIVERY = {"key": "REQ-1042/asset-1", "link": "http://sandbox.test/s/1", "share_id": "share-1"}
PROFILE = {"name": "Tailspin", "contacts": [{"email": "jo@tailspin.test"}], "regions": ["APAC"]}


async def published(community: Community, **fields: Json) -> Json:
    return await community.write("POST", "/documents", {"title": "Launch video", **fields})


# Partners and groups


async def test_a_profile_is_made_once_and_replaced_by_its_entity_tag(community: Community) -> None:
    path = "/partners/GCPARTNER9"
    assert problem(await community.call("GET", path)) == (404, "not-found")
    bare = await community.call("PUT", path, PROFILE)
    assert problem(bare) == (428, "precondition-required")
    early = await community.call("PUT", path, PROFILE, match='"1"')
    assert problem(early) == (412, "stale")
    made = await community.call("PUT", path, PROFILE, none_match=True)
    assert made.status_code == 201
    assert problem(await community.call("PUT", path, PROFILE, none_match=True)) == (412, "stale")
    renamed = await community.call(
        "PUT", path, {"name": "Tailspin Toys"}, match=made.headers["etag"]
    )
    assert renamed.status_code == 200
    assert renamed.json()["contacts"] == []
    late = await community.call("PUT", path, PROFILE, match=made.headers["etag"])
    assert problem(late) == (412, "stale")


async def test_only_a_star_may_stand_in_if_none_match(community: Community) -> None:
    answer = await community.http.put(
        "/community/v1/companies/GC00000001SB/partners/GCPARTNER9",
        json=PROFILE,
        headers={"If-None-Match": '"1"'},
    )
    assert problem(answer) == (400, "invalid")


async def test_partners_are_found_by_group_region_and_language(community: Community) -> None:
    for query in ({"group_id": "GRP-EMEA"}, {"region": "EMEA"}, {"language": "de-DE"}):
        (partner,) = await community.items("/partners", **query)
        assert partner["company_id"] == "GCPARTNER1"
    assert len(await community.items("/partners")) == 2


async def test_a_member_joins_once_and_leaves_once(community: Community) -> None:
    member = "/groups/GRP-EMEA/members/GCPARTNER2"
    for _ in range(2):
        await community.write("PUT", member)
    members = await community.items("/groups/GRP-EMEA/members")
    assert {one["company_id"] for one in members} == {"GCPARTNER1", "GCPARTNER2"}
    assert (await community.get("/groups/GRP-EMEA"))["member_count"] == 2
    assert (await community.get("/partners/GCPARTNER2"))["groups"] == ["GRP-EMEA"]
    for _ in range(2):
        await community.write("DELETE", member)
    assert (await community.get("/groups/GRP-EMEA"))["member_count"] == 1
    assert (await community.get("/partners/GCPARTNER2"))["groups"] == []


async def test_a_replaced_profile_stays_in_its_groups(community: Community) -> None:
    partner = await community.get("/partners/GCPARTNER1")
    await community.write("PUT", "/partners/GCPARTNER1", {"name": "F"}, match=partner["etag"])
    assert (await community.get("/partners/GCPARTNER1"))["groups"] == ["GRP-EMEA"]


async def test_who_is_not_there_joins_nothing(community: Community) -> None:
    for path in ("/groups/GRP-EMEA/members/GC-NOBODY", "/groups/GRP-0/members/GCPARTNER1"):
        for method in ("PUT", "DELETE"):
            assert problem(await community.call(method, path)) == (404, "not-found")


async def test_a_group_is_found_by_its_tag_and_changed(community: Community) -> None:
    (group,) = await community.items("/groups", tag="retail-emea")
    changed = await community.write(
        "PATCH", "/groups/GRP-EMEA", {"tags": ["retail"]}, match=group["etag"]
    )
    assert changed["tags"] == ["retail"]
    assert await community.items("/groups", tag="retail-emea") == []


# Documents


async def test_documents_are_found_by_whom_they_are_for(community: Community) -> None:
    direct = await published(community, audience={"partners": ["GCPARTNER1"]})
    by_group = await published(community, audience={"groups": ["GRP-EMEA"]})
    await published(community)
    mine = await community.items("/documents", partner_id="GCPARTNER1")
    assert {one["id"] for one in mine} == {direct["id"], by_group["id"]}
    (theirs,) = await community.items("/documents", group_id="GRP-EMEA")
    assert theirs == by_group
    assert await community.items("/documents", partner_id="GCPARTNER2") == []


async def test_documents_are_found_by_what_they_are_and_answer(community: Community) -> None:
    of_asset = {"asset": {"asset_id": "asset-1", "version_id": "v-1"}, "request_id": "REQ-1042"}
    document = await published(community, **of_asset)
    await published(community)
    for query in (
        {"asset_id": "asset-1"},
        {"request_id": "REQ-1042"},
        {"asset_id": "asset-1", "state": ["published", "superseded"]},
    ):
        assert await community.items("/documents", **query) == [document]
    assert await community.items("/documents", asset_id="asset-2") == []


async def test_a_document_is_changed_by_its_entity_tag(community: Community) -> None:
    document = await published(community, restrictions=["In-store only"])
    path = f"/documents/{document['id']}"
    change = {"restrictions": ["In-store only", "Not before May"], "expires_at": None}
    changed = await community.write("PATCH", path, change, match=document["etag"])
    assert changed["restrictions"] == change["restrictions"]
    assert problem(await community.call("PATCH", path, change, match=document["etag"])) == (
        412,
        "stale",
    )


async def test_a_new_document_supersedes_the_earlier_one_in_the_same_step(
    community: Community,
) -> None:
    old = await published(community)
    new = await published(community, supersedes=old["id"])
    replaced = await community.get(f"/documents/{old['id']}")
    assert (replaced["state"], replaced["superseded_by"]) == ("superseded", new["id"])
    (entry,) = await community.items("/activity", kind="document.superseded")
    assert entry["subject_id"] == old["id"]


async def test_nothing_is_published_that_cannot_supersede(community: Community) -> None:
    old = await published(community)
    await published(community, supersedes=old["id"])
    body = {"title": "Third", "supersedes": old["id"]}
    assert problem(await community.call("POST", "/documents", body)) == (409, "illegal-move")
    body = {"title": "Third", "supersedes": "DOC-0"}
    assert problem(await community.call("POST", "/documents", body)) == (422, "invalid")
    assert len(await community.items("/documents")) == 2


async def test_a_document_is_withdrawn_once_and_the_log_says_why(community: Community) -> None:
    document = await published(community)
    path = f"/documents/{document['id']}/state"
    body = {"state": "withdrawn", "note": "Licence ended"}
    withdrawn = await community.write("PUT", path, body, match=document["etag"])
    assert withdrawn["state"] == "withdrawn"
    (entry,) = await community.items("/activity", subject_id=document["id"])
    assert (entry["kind"], entry["detail"]) == ("document.withdrawn", {"note": "Licence ended"})
    again = await community.call("PUT", path, body, match=withdrawn["etag"])
    assert problem(again) == (409, "illegal-move")


async def test_a_document_of_a_request_is_written_only_under_the_live_lease_that_is_named(
    community: Community, clock: Clock
) -> None:
    await community.claim("/requests/REQ-1042", "run-1")
    body = {"title": "Launch video", "request_id": "REQ-1042"}
    document = await community.write("POST", "/documents", body, holder="run-1")
    clock.passes(minutes=1)
    path, etag = f"/documents/{document['id']}", document["etag"]
    partner = f"{path}/deliveries/GCPARTNER1"
    for answer in (
        await community.call("POST", "/documents", body, holder="run-1"),
        await community.call("PATCH", path, {"title": "Other"}, match=etag, holder="run-1"),
        await community.call(
            "PUT", f"{path}/state", {"state": "withdrawn"}, match=etag, holder="run-1"
        ),
        await community.call("PUT", partner, DELIVERY, none_match=True, holder="run-1"),
    ):
        assert problem(answer) == (412, "claim-lost")
    assert await community.items("/documents") == [document]
    assert await community.items("/deliveries") == []


# Deliveries and receipts


async def test_of_two_who_deliver_one_delivers(community: Community) -> None:
    document = await published(community, request_id="REQ-1042")
    path = f"/documents/{document['id']}/deliveries/GCPARTNER1"
    first = await community.call("PUT", path, DELIVERY, none_match=True)
    other = {**DELIVERY, "link": "http://sandbox.test/s/2"}
    second = await community.call("PUT", path, other, none_match=True)
    assert first.status_code == 201
    assert problem(second) == (412, "stale")
    assert (await community.get(path))["link"] == DELIVERY["link"]
    assert first.json()["request_id"] == "REQ-1042"
    assert first.json()["state"] == "active"


async def test_a_delivery_is_replaced_whole_by_its_entity_tag(community: Community) -> None:
    document = await published(community)
    path = f"/documents/{document['id']}/deliveries/GCPARTNER1"
    made = await community.write("PUT", path, DELIVERY, none_match=True)
    revoked = await community.write(
        "PUT", path, {"state": "revoked", "note": "Recalled"}, match=made["etag"]
    )
    assert (revoked["link"], revoked["state"], revoked["note"]) == (None, "revoked", "Recalled")
    assert problem(await community.call("PUT", path, DELIVERY, match=made["etag"])) == (
        412,
        "stale",
    )


async def test_a_delivery_is_found_by_everything_that_is_known_of_it(community: Community) -> None:
    document = await published(community, request_id="REQ-1042")
    path = f"/documents/{document['id']}/deliveries"
    asset = {"asset": {"asset_id": "asset-1"}}
    made = await community.write(
        "PUT", f"{path}/GCPARTNER1", {**DELIVERY, **asset}, none_match=True
    )
    await community.write("PUT", f"{path}/GCPARTNER2", {"state": "revoked"}, none_match=True)
    for query in (
        {"partner_id": "GCPARTNER1", "document_id": document["id"]},
        {"key": DELIVERY["key"]},
        {"share_id": "share-1"},
        {"asset_id": "asset-1"},
        {"state": "active", "request_id": "REQ-1042"},
    ):
        assert await community.items("/deliveries", **query) == [made]


async def test_a_delivery_needs_a_document_and_a_partner(community: Community) -> None:
    document = await published(community)
    for path in (
        "/documents/DOC-0/deliveries/GCPARTNER1",
        f"/documents/{document['id']}/deliveries/GC-NOBODY",
    ):
        answer = await community.call("PUT", path, DELIVERY, none_match=True)
        assert problem(answer) == (404, "not-found")
        assert problem(await community.call("GET", path)) == (404, "not-found")


async def test_receipts_say_what_a_partner_did_and_when(community: Community) -> None:
    document = await published(community)
    deliveries = f"/documents/{document['id']}/deliveries"
    early = await community.call("POST", f"{deliveries}/GCPARTNER1/receipts", {"kind": "previewed"})
    assert problem(early) == (404, "not-found")
    for partner in ("GCPARTNER1", "GCPARTNER2"):
        await community.write("PUT", f"{deliveries}/{partner}", DELIVERY, none_match=True)

    body = {"kind": "downloaded", "external_id": "d-1", "at": "2026-02-28T09:00:00Z"}
    codes = [
        (await community.call("POST", f"{deliveries}/{partner}/receipts", body)).status_code
        for partner in ("GCPARTNER1", "GCPARTNER1", "GCPARTNER2")
    ]
    assert codes == [201, 200, 201]
    seen = await community.write("POST", f"{deliveries}/GCPARTNER1/receipts", {"kind": "previewed"})
    assert seen["at"] == "2026-03-01T12:00:00.000000Z"
    assert [r["kind"] for r in await community.items("/receipts", partner_id="GCPARTNER1")] == [
        "downloaded",
        "previewed",
    ]
    kinds = await community.items("/receipts", kind=["downloaded"], document_id=document["id"])
    assert {r["partner_id"] for r in kinds} == {"GCPARTNER1", "GCPARTNER2"}
