"""Versions are promoted explicitly and read back; approvals belong to one version."""

from typing import Any

import httpx
import pytest
from sandbox.iconik.world import FILM, POSTER

from tgiconik import IconikClient
from tgiconik.errors import ConfigurationError, Inconsistent, NotFound
from tgiconik.iconik.assets import current_version
from tgiconik.iconik.models.assets import Asset, AssetVersion, CreateAssetVersionInput
from tgiconik.sandbox import Sandbox
from tgiconik.sandbox.iconik import seed

from .conftest import Canned, canned, client_of

FIRST, SECOND = (seed.version_id(FILM, number) for number in (1, 2))
REVIEWER = seed.CURRENT_USER


def asset(default: str | None, **numbers: int | None) -> Asset:
    versions = [AssetVersion(id=id_, version_number=number) for id_, number in numbers.items()]
    return Asset(id="a", default_version_id=default, versions=versions)


@pytest.mark.parametrize(
    ("record", "current"),
    [
        (asset("v1", v1=1, v2=2), "v1"),
        (asset(None, v1=1, v3=3, v2=2), "v3"),
        (asset(None, v1=None, v2=1), "v2"),
        (asset("v9", v1=1), "v9"),
        (asset("v9"), "v9"),
        (asset(None), None),
        (Asset(id="a", versions=[AssetVersion(version_number=7)]), None),
        (Asset(id="a"), None),
    ],
)
def test_the_current_version_is_named_or_has_the_highest_number(
    record: Asset, current: str | None
) -> None:
    version = current_version(record)

    assert (version.id if version else None) == current


async def test_a_promoted_version_is_current_and_read_back(iconik: IconikClient) -> None:
    promoted = await iconik.assets.promote_version(FILM, FIRST)

    assert promoted.default_version_id == FIRST
    assert (await iconik.assets.get_asset(FILM)).default_version_id == FIRST


async def test_a_promotion_that_did_not_happen_is_an_error() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "PUT":
            return httpx.Response(200, json={"asset_id": "a", "versions": []})
        return httpx.Response(200, json={"id": "a", "default_version_id": "v1"})

    async with client_of(Canned(answer)) as iconik:
        with pytest.raises(Inconsistent, match="version v2 was promoted, but v1 is current"):
            await iconik.assets.promote_version("a", "v2")


async def test_an_added_version_is_told_from_those_that_were_there(iconik: IconikClient) -> None:
    added = await iconik.assets.add_version(FILM, CreateAssetVersionInput())

    there = (await iconik.assets.get_asset(FILM)).versions or ()
    assert [version.id for version in there] == [FIRST, SECOND, added.id]
    assert added.version_number == 3


async def test_a_version_that_was_added_unseen_is_an_error() -> None:
    async with client_of(canned({"id": "a", "versions": [{"id": "v1"}]})) as iconik:
        with pytest.raises(Inconsistent, match="0 new versions where one was added"):
            await iconik.assets.add_version("a", CreateAssetVersionInput())


async def test_a_version_is_copied_from_another_asset(iconik: IconikClient) -> None:
    await iconik.assets.add_version_from(FILM, seed.version_id(POSTER, 1))

    there = (await iconik.assets.get_asset(FILM)).versions or ()
    assert len(there) == 3


async def test_an_asset_that_is_gone_is_not_found(iconik: IconikClient) -> None:
    with pytest.raises(NotFound):
        await iconik.assets.promote_version("22222222-2222-4222-8222-222222222222", FIRST)


async def test_an_approval_is_of_the_version_that_was_asked_for(
    iconik: IconikClient, sandbox: Sandbox
) -> None:
    new = await iconik.assets.add_version(FILM, CreateAssetVersionInput())
    version_id = str(new.id)
    assert await iconik.assets.approval(FILM, version_id) is None

    await iconik.assets.request_approval(FILM, version_id, users=[REVIEWER])
    asked = await iconik.assets.approval(FILM, version_id)
    await iconik.assets.set_approval(FILM, version_id, "APPROVED")
    given = await iconik.assets.approval(FILM, version_id)

    assert asked is not None
    assert (asked.status, asked.users) == ("REQUESTED", [REVIEWER])
    assert given is not None
    assert (given.status, given.version_id) == ("APPROVED", version_id)
    assert [(by.user, by.status) for by in given.approvals_by or ()] == [(REVIEWER, "APPROVED")]
    assert sandbox.writes


@pytest.mark.parametrize(
    ("words", "overall"),
    [
        (["APPROVED", "APPROVED"], "APPROVED"),
        (["APPROVED"], "REQUESTED"),
        (["NOT_APPROVED"], "NOT_APPROVED"),
        (["APPROVED", "NOT_APPROVED"], "MIXED"),
    ],
)
async def test_what_reviewers_say_together_is_the_platforms_word(
    iconik: IconikClient, words: list[str], overall: str
) -> None:
    new = str((await iconik.assets.add_version(FILM, CreateAssetVersionInput())).id)
    users = [seed.fixed_id(f"reviewer {number}") for number in range(2)]

    await iconik.assets.request_approval(FILM, new, users=users, min_number=2)
    for user, status in zip(users, words, strict=False):
        body: dict[str, Any] = {"version_id": new, "user": user, "status": status}
        await iconik.assets.set_object_approval("assets", FILM, body=body)

    approval = await iconik.assets.approval(FILM, new)
    assert approval is not None
    assert approval.status == overall


async def test_a_request_for_approval_asks_somebody(iconik: IconikClient) -> None:
    with pytest.raises(ConfigurationError, match="needs users or groups"):
        await iconik.assets.request_approval(FILM, SECOND)


async def test_an_approval_noted_for_another_version_is_an_error() -> None:
    async with client_of(canned({"version_id": "v1", "status": "APPROVED"})) as iconik:
        with pytest.raises(Inconsistent, match="v2 was to be APPROVED, and iconik noted it for v1"):
            await iconik.assets.set_approval("a", "v2", "APPROVED")


async def test_an_approval_requested_for_another_version_is_an_error() -> None:
    async with client_of(canned({"version_id": "v1", "status": "REQUESTED"})) as iconik:
        with pytest.raises(Inconsistent, match="v2 was to be requested, and iconik requested it"):
            await iconik.assets.request_approval("a", "v2", users=[REVIEWER])


@pytest.mark.parametrize(
    "odd", [{}, {"status": "BRAND_NEW"}, {"status": None, "approvals_by": None, "extra": 1}]
)
async def test_an_odd_approval_is_read_as_it_is(odd: dict[str, Any]) -> None:
    async with client_of(canned(odd)) as iconik:
        approval = await iconik.assets.approval("a", "v")

    assert approval is not None
    assert approval.status == odd.get("status")
