"""Assets whose approvals, marks and rights change by chance between runs of what distributes them.

After every run, every link that is open shows only what `decide` allows its partner, on facts that
are read straight from the sandbox's database. The same run once more writes nothing.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import Any, Protocol

import anyio
import attrs
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tgiconik import IconikClient, TradingGridClient
from tgiconik.release import Purpose, Recipient, decide
from tgiconik.sandbox import Sandbox, credentials, media, world
from tgiconik.sandbox.grid import seed as grid_seed
from tgiconik.sandbox.iconik import metadata, seed
from tgiconik.sandbox.iconik.kinds import (
    ASSETS,
    COLLECTIONS,
    CONTENTS,
    SHARES,
)
from tgiconik.workflows import (
    Campaign,
    Outcome,
    State,
    coordinate_campaign_launch,
    distribute_approved_asset,
    distribute_compliant_version,
)

from .judge import facts_of

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
POLICY = world.policy()
#: The first partner is where the asset is mostly cleared for, the second one mostly not.
PARTNERS: Mapping[str, str] = {"GC10000401DE": "DE", "GC10000402US": "US"}
PICTURES = [media.png("picture.png", f"Version {number}") for number in (1, 2, 3)]
DIGESTS = [sha256(picture.content).hexdigest() for picture in PICTURES]
ANY = Purpose(download=POLICY.allow_download)
COMPLIANT = attrs.evolve(ANY, compliance=True)
_LIVES, _OFTEN = 50, 3


@attrs.frozen
class Moment:
    """How an asset stands; versions by their number, from 1.

    Attributes:
        current: the version that is current.
        approvals: how each version stands.
        marked: the versions that are marked as compliant.
        digest: of which version the marked digest is.
        held: the versions that are held.
        regions: what it is cleared for.
        status: of the asset.
    """

    current: int
    approvals: Sequence[str]
    marked: Sequence[int]
    digest: int
    held: Sequence[int]
    regions: Sequence[str]
    status: str


def mostly(good: object, *others: object) -> st.SearchStrategy[Any]:
    """The good value about as often as all others together: a yes needs all of them good."""
    return st.one_of(st.just(good), st.just(good), st.sampled_from([good, *others]))


MOMENTS = st.builds(
    Moment,
    current=mostly(2, 1, 3),
    approvals=st.tuples(*[mostly("APPROVED", "NOT_APPROVED", "MIXED", "REQUESTED")] * 3),
    marked=mostly((2,), (1,), (), (1, 2)),
    digest=mostly(2, 1, 3),
    held=mostly((), (2,), (1, 3)),
    regions=mostly(("DE",), ("DE", "US"), ("US",), ()),
    status=mostly("ACTIVE", "CLOSED"),
)
#: Two assets, three times.
LIVES = st.lists(st.tuples(MOMENTS, MOMENTS), min_size=2, max_size=3)
Life = Sequence[tuple[Moment, Moment]]
ASSETS_OF_OURS = [seed.fixed_id("living 1"), seed.fixed_id("living 2")]


def begin() -> Sandbox:
    """Two assets with three versions each, and two partners."""
    sandbox = Sandbox(now=lambda: NOW)
    for id_ in ASSETS_OF_OURS:
        seed.add_asset(sandbox.state, id_=id_, title="Living", media=PICTURES, approval=None)
    for partner_id, region in PARTNERS.items():
        grid_seed.add_partner(
            sandbox.state,
            credentials.COMPANY_ID,
            partner_id,
            "Partner",
            contacts=[{"email": "media@partner.example"}],
            regions=[region],
        )
    return sandbox


def become(sandbox: Sandbox, id_: str, moment: Moment) -> None:
    """The asset is now as the moment says."""
    state = sandbox.state
    version = partial(seed.version_id, id_)
    document = state.store.get(ASSETS, id_)
    assert document is not None
    document |= {"default_version_id": version(moment.current), "status": moment.status}
    state.store.put(ASSETS, id_, document)
    for number, approval in enumerate(moment.approvals, start=1):
        seed.set_approval(state, id_, approval, version=version(number))
    values: dict[str, list[str]] = {
        "Regions": list(moment.regions),
        "CompliantVersion": [version(number) for number in moment.marked],
        "CompliantSHA256": [DIGESTS[moment.digest - 1]],
        "HeldVersions": [version(number) for number in moment.held],
    }
    metadata.put_values(
        state,
        "assets",
        id_,
        {name: {"field_values": [{"value": v} for v in vs]} for name, vs in values.items()},
    )


class Result(Protocol):
    """What they all answer."""

    @property
    def outcomes(self) -> Sequence[Outcome]:
        """One for each partner and asset."""
        ...


Run = Callable[[TradingGridClient, IconikClient], Awaitable[Result]]


def distribute(grid: TradingGridClient, iconik: IconikClient) -> Awaitable[Result]:
    return distribute_approved_asset(
        grid, iconik, ASSETS_OF_OURS[0], partners=[*PARTNERS], policy=POLICY, now=lambda: NOW
    )


def comply(grid: TradingGridClient, iconik: IconikClient, *, pin: bool = True) -> Awaitable[Result]:
    return distribute_compliant_version(
        grid,
        iconik,
        ASSETS_OF_OURS[0],
        partners=[*PARTNERS],
        policy=POLICY,
        pin=pin,
        now=lambda: NOW,
    )


def launch(grid: TradingGridClient, iconik: IconikClient) -> Awaitable[Result]:
    campaign = Campaign(
        key="living",
        title="Living",
        launch_at=NOW + timedelta(days=9),
        asset_ids=ASSETS_OF_OURS,
        partners=tuple(PARTNERS),
    )
    return coordinate_campaign_launch(grid, iconik, campaign, policy=POLICY, now=lambda: NOW)


# The judge: nothing below calls a workflow, or a client


def shown(sandbox: Sandbox, share: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What a share shows: assets of ours, each with the version."""
    store = sandbox.state.store
    collection = store.get(COLLECTIONS, share["object_id"])
    members = [share["object_id"]]
    if collection is not None:
        contents = store.list(CONTENTS, parent=collection["id"])
        members = [content["object_id"] for content in contents]
    found = []
    for member in members:
        asset = store.get(ASSETS, member)
        assert asset is not None
        if asset["status"] != "ACTIVE" and collection is not None:
            # Collections do not show what is closed or deleted.
            continue
        if member in ASSETS_OF_OURS:
            found.append((member, asset["default_version_id"]))
            continue
        # A release asset: it holds one version, and is named after the one that it was made of.
        assert len(asset["versions"]) == 1
        _, source, version, _ = asset["external_id"].split(":")
        found.append((source, version))
    return found


def may_see(sandbox: Sandbox, partner_id: str, id_: str, version: str, purpose: Purpose) -> bool:
    number = [seed.version_id(id_, one) for one in (1, 2, 3)].index(version)
    facts = facts_of(sandbox, id_, at=NOW, version=version, sha256=DIGESTS[number])
    recipient = Recipient(company_id=partner_id, regions=[PARTNERS[partner_id]])
    return decide(POLICY, facts, recipient, purpose, NOW).allowed


def check(sandbox: Sandbox, result: Result, purpose: Purpose) -> Counter[str]:
    """Every open link is somebody's who may see all of it; who was delivered has exactly one."""
    links: Counter[str] = Counter()
    for share in sandbox.state.store.list(SHARES):
        if datetime.fromisoformat(share["expires"]) <= NOW:
            continue
        partner_id = str(share["title"]).rpartition(":")[2].rstrip("]")
        assert partner_id in PARTNERS, share["title"]
        everything = shown(sandbox, share)
        assert everything
        for id_, version in everything:
            assert may_see(sandbox, partner_id, id_, version, purpose)
        links[partner_id] += 1
    delivered = {o.partner for o in result.outcomes if o.state is State.DELIVERED}
    assert links == Counter(delivered)
    assert not [outcome.error for outcome in result.outcomes if outcome.error]
    return Counter(str(outcome.state) for outcome in result.outcomes)


async def live(life: Life, run: Run, purpose: Purpose) -> Counter[str]:
    sandbox = begin()
    seen: Counter[str] = Counter()
    async with sandbox.clients() as (grid, iconik):
        for moments in life:
            for id_, moment in zip(ASSETS_OF_OURS, moments, strict=True):
                become(sandbox, id_, moment)
            before = {share["id"] for share in sandbox.state.store.list(SHARES)}
            result = await run(grid, iconik)
            seen += check(sandbox, result, purpose)
            after = {share["id"] for share in sandbox.state.store.list(SHARES)}
            seen["revoked"] += len(before - after)
            writes = len(sandbox.writes)
            assert await run(grid, iconik) == result
            assert sandbox.writes[writes:] == []
    sandbox.close()
    return seen


@pytest.mark.parametrize(
    ("run", "purpose"),
    [
        pytest.param(distribute, ANY, id="distribute"),
        pytest.param(comply, COMPLIANT, id="comply", marks=pytest.mark.enumeration),
        pytest.param(
            partial(comply, pin=False),
            COMPLIANT,
            id="comply unpinned",
            marks=pytest.mark.enumeration,
        ),
        pytest.param(launch, ANY, id="launch", marks=pytest.mark.enumeration),
    ],
)
def test_no_life_of_an_asset_brings_about_a_link_that_may_not_be(
    run: Run, purpose: Purpose
) -> None:
    seen: Counter[str] = Counter()

    # The same lives every time: the counts below are a promise, not luck.
    @settings(
        max_examples=_LIVES, derandomize=True, database=None, deadline=None, phases=[Phase.generate]
    )
    @given(LIVES)
    def holds(life: Life) -> None:
        seen.update(anyio.run(live, life, run, purpose))

    holds()

    rare = {end for end in ("delivered", "refused", "revoked") if seen[end] < _OFTEN}
    assert rare == set(), seen
