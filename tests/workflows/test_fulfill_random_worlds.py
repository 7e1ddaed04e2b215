"""Use case 1 in worlds that nobody thought of: whatever they hold, no link that may not be.

Worlds and requests come by chance; the judge is `decide` on facts that this module reads straight
from the sandbox's database, on a way of its own.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tgiconik import errors
from tgiconik.release import Decision, Purpose, Recipient, ReleasePolicy, decide
from tgiconik.sandbox import Sandbox, credentials
from tgiconik.sandbox.grid import seed as grid_seed
from tgiconik.sandbox.iconik import seed as iconik_seed
from tgiconik.sandbox.iconik import shares
from tgiconik.sandbox.iconik.kinds import ASSETS, SHARES
from tgiconik.tradinggrid.collaboration import Comment, RequestStatus
from tgiconik.workflows import Fulfillment, State, fulfill_media_request, share_key

from .judge import facts_of

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PARTNER = "GC10000401DE"
REQUEST = "REQ-5000"
VIEW = iconik_seed.fixed_id("view random")
FIELDS = ("Regions", "Languages", "Usages", "EmbargoUntil", "LicenceEnd", "HeldVersions")
_WORLDS, _OFTEN = 300, 3
#: Titles that carry a partner's key, ours and others, and what looks like one.
OURS, OTHERS = share_key(PARTNER), (share_key("GC10000402US"), "tgiconik", "tgiconik:GC1")


@attrs.frozen
class Share:
    key: str
    ends_in_days: int
    download: bool


@attrs.frozen
class Asset:
    title: str
    status: str
    approvals: Sequence[str | None]
    default: int | None
    held: int | None
    values: Mapping[str, Sequence[object]]
    shares: Sequence[Share]


@attrs.frozen
class World:
    assets: Sequence[Asset]
    policy: ReleasePolicy
    criteria: Mapping[str, Any]
    regions: Sequence[str]
    has_contact: bool


def mostly(good: object, *others: object) -> st.SearchStrategy[Any]:
    """The good value about as often as all others together: a yes needs all of them good."""
    return st.one_of(st.just(good), st.just(good), st.sampled_from([good, *others]))


def day(days: int) -> str:
    return f"{NOW + timedelta(days=days):%Y-%m-%d}"


ASSET = st.builds(
    Asset,
    title=st.sampled_from(["Spring film", "Spring film, cut", "The film of the spring"]),
    status=mostly("ACTIVE", "DELETED", "CLOSED", "NEW"),
    approvals=st.lists(
        mostly("APPROVED", None, "NOT_APPROVED", "MIXED", "REQUESTED", "SOMETHING_NEW"),
        min_size=1,
        max_size=3,
    ),
    # Which version is current: the last, an earlier one, one that is not listed, or not said.
    default=mostly(-1, 0, None, 99),
    held=mostly(None, 0, -1),
    values=st.fixed_dictionaries(
        {},
        optional={
            "Regions": mostly(["DE", "US"], ["US"], ["worldwide"], [7], ["DE", {"x": 1}], [""]),
            "Languages": mostly(["de", "en"], ["ja"], [True], []),
            "Usages": mostly(["social"], ["print"], ["Global"], [None, "social"]),
            "EmbargoUntil": mostly([day(-1)], [day(3)], ["soon"], [day(-9), day(9)], [17]),
            "LicenceEnd": mostly([day(90)], [day(-2)], [day(1)], ["never"], [[]]),
            "UsageRestrictions": mostly(["Not for television."], [3], [" ", "b"]),
        },
    ),
    shares=st.lists(
        st.builds(
            Share,
            key=mostly(OURS, *OTHERS),
            ends_in_days=st.sampled_from([-3, 1, 5, 14, 40]),
            download=st.booleans(),
        ),
        max_size=3,
    ),
)
ANY_FIELD = ("regions", "languages", "usages")
WORLDS = st.builds(
    World,
    assets=st.lists(ASSET, min_size=1, max_size=4),
    policy=st.builds(
        lambda view, download: ReleasePolicy(
            metadata_view=view[0], unrestricted_when_missing=view[1], allow_download=download
        ),
        mostly((VIEW, ANY_FIELD), (VIEW, ()), (VIEW, ("languages",)), (None, ())),
        st.booleans(),
    ),
    criteria=st.one_of(
        st.fixed_dictionaries(
            {"text": mostly("spring film", "winter")},
            optional={
                "region": mostly("DE", "FR"),
                "language": mostly("de", "fr"),
                "usage": mostly("social", "television"),
            },
        ),
        st.fixed_dictionaries(
            {"asset_ids": st.lists(st.sampled_from(range(5)), min_size=2, max_size=4)},
            optional={"region": mostly("DE", "FR")},
        ),
    ),
    regions=mostly(("DE",), (), ("DE", "US")),
    has_contact=mostly(True, False),
)


def asset_id(number: int) -> str:
    return iconik_seed.fixed_id(f"random {number}")


def build(world: World) -> Sandbox:
    sandbox = Sandbox(now=lambda: NOW, world=False)
    with sandbox.state.store.transaction():
        # Whatever a policy names has to be in the view.
        names = {
            *FIELDS,
            "UsageRestrictions",
            "LicenceStart",
            "CompliantVersion",
            "CompliantSHA256",
        }
        fields = [{"name": name, "field_type": "text"} for name in sorted(names)]
        iconik_seed.add_metadata_view(sandbox.state, id_=VIEW, name="Release", fields=fields)
        for number, asset in enumerate(world.assets):
            _add_asset(sandbox, asset_id(number), asset)
        grid_seed.add_partner(
            sandbox.state,
            credentials.COMPANY_ID,
            PARTNER,
            "Partner",
            contacts=[{"email": "media@partner.example"}] if world.has_contact else [],
            regions=list(world.regions),
        )
        named = [asset_id(number) for number in world.criteria.get("asset_ids", ())]
        grid_seed.add_request(
            sandbox.state,
            credentials.COMPANY_ID,
            REQUEST,
            kind="media_request",
            partner_id=PARTNER,
            subject="Media, please",
            criteria={**world.criteria, **({"asset_ids": named} if named else {})},
        )
    return sandbox


def _add_asset(sandbox: Sandbox, id_: str, asset: Asset) -> None:
    state = sandbox.state
    versions = [iconik_seed.version_id(id_, n) for n in range(len(asset.approvals))]
    held = {"HeldVersions": [versions[asset.held]]} if asset.held is not None else {}
    iconik_seed.add_asset(
        state, id_=id_, title=asset.title, values={**asset.values, **held}, approval=None
    )
    document = state.store.get(ASSETS, id_)
    assert document is not None
    (pattern,) = document["versions"]
    document["versions"] = [
        {**pattern, "id": version, "version_number": number}
        for number, version in enumerate(versions)
    ]
    document["status"] = asset.status
    numbers = dict(enumerate(versions)) | {-1: versions[-1], 99: iconik_seed.fixed_id("unlisted")}
    document["default_version_id"] = None if asset.default is None else numbers[asset.default]
    state.store.put(ASSETS, id_, document)
    for version, approval in zip(versions, asset.approvals, strict=True):
        if approval is not None:
            iconik_seed.set_approval(state, id_, approval, version=version)
    for share in asset.shares:
        title = f"{asset.title} [{share.key}]"
        made = shares.make(
            state,
            "assets",
            id_,
            {"title": title, "allow_download": share.download},
            owner_id=iconik_seed.CURRENT_USER,
        )
        made["expires"] = (NOW + timedelta(days=share.ends_in_days)).isoformat()
        state.store.put(SHARES, made["id"], made, parent=f"assets/{id_}")


# The judge: nothing below calls a workflow, or a client


def judged(sandbox: Sandbox, world: World, number: int) -> Decision:
    """What `decide` says of an asset, on facts straight from the database."""
    facts = facts_of(
        sandbox, asset_id(number), at=NOW, has_view=world.policy.metadata_view is not None
    )
    region, language = world.criteria.get("region"), world.criteria.get("language")
    recipient = Recipient(
        company_id=PARTNER,
        regions=[region] if region else world.regions,
        languages=[language] if language else [],
    )
    purpose = Purpose(usage=world.criteria.get("usage"), download=world.policy.allow_download)
    return decide(world.policy, facts, recipient, purpose, NOW)


def all_shares(sandbox: Sandbox) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in sandbox.state.store.list(SHARES)}


def open_ours(rows: Mapping[str, Mapping[str, Any]], number: int) -> list[Mapping[str, Any]]:
    return [
        row
        for row in rows.values()
        if row["object_id"] == asset_id(number)
        and row["title"].endswith(f"[{OURS}]")
        and datetime.fromisoformat(row["expires"]) > NOW
    ]


def check_links(
    world: World,
    sandbox: Sandbox,
    result: Fulfillment,
    before: Mapping[str, Mapping[str, Any]],
) -> None:
    after = all_shares(sandbox)
    delivered = {o.asset_id: o for o in result.outcomes if o.state is State.DELIVERED}
    # Nothing was made that is not delivered, and nobody else's link was touched.
    assert after.keys() - before.keys() <= {o.share_id for o in delivered.values()}
    for id_, row in before.items():
        if not row["title"].endswith(f"[{OURS}]"):
            assert after[id_] == row
    for number in range(len(world.assets)):
        outcome = delivered.get(asset_id(number))
        if outcome is None:
            assert open_ours(after, number) == open_ours(before, number)
            continue
        (link,) = open_ours(after, number)
        decision = judged(sandbox, world, number)
        assert decision.allowed, decision.reasons
        assert decision.expires_at is not None
        assert link["id"] == outcome.share_id
        assert datetime.fromisoformat(link["expires"]) <= decision.expires_at
        assert link["allow_download"] <= world.policy.allow_download
        assert not link["allow_view_versions"]
        assert outcome.link == f"{sandbox.state.base_url}/share/{link['id']}"
        assert outcome.restrictions == tuple(r for r in decision.restrictions if r)


def check_answer(
    world: World, sandbox: Sandbox, result: Fulfillment, comments: Sequence[Comment]
) -> None:
    """Every status is one that the world explains."""
    delivered = {o.asset_id for o in result.outcomes}
    candidates = result.candidates
    assert candidates is not None
    ids = [asset_id(number) for number in range(len(world.assets))]
    verdicts = {id_: judged(sandbox, world, number).allowed for number, id_ in enumerate(ids)}
    for candidate in candidates.judged:
        assert candidate.decision.allowed == verdicts[candidate.facts.asset_id]
    named = {asset_id(number) for number in world.criteria.get("asset_ids", ())}
    allowed = {id_ for id_ in named if verdicts.get(id_)}
    assert [c for c in comments if c.visibility == "partner"]
    assert all(o.state is State.DELIVERED for o in result.outcomes)
    match result.status:
        case RequestStatus.FULFILLED:
            assert delivered == named if named else len(delivered) == 1
        case RequestStatus.PARTIALLY_FULFILLED:
            assert set() < delivered == allowed < named
        case RequestStatus.DECLINED:
            assert not delivered
            assert not allowed
            assert not any(verdicts[c.facts.asset_id] for c in candidates.judged)
            assert len(comments) == len({"to the partner", "why, on our side"})
        case RequestStatus.NEEDS_INFORMATION:
            assert not delivered
            assert not world.has_contact or len(candidates.best) > 1
        case _:
            pytest.fail(f"{result.status} is no answer")


def deeds(
    before: Mapping[str, Mapping[str, Any]], after: Mapping[str, Mapping[str, Any]]
) -> set[str]:
    """What was done about links, so that the worlds can be seen to ask for all of it."""
    found = {"made" for _ in after.keys() - before.keys()}
    found |= {"revoked" for _ in before.keys() - after.keys()}
    return found | {"changed" for id_ in before.keys() & after.keys() if before[id_] != after[id_]}


async def answer(world: World) -> list[str]:
    sandbox = build(world)
    before = all_shares(sandbox)
    async with sandbox.clients() as (grid, iconik):

        async def run() -> Fulfillment:
            return await fulfill_media_request(
                grid, iconik, REQUEST, policy=world.policy, now=lambda: NOW
            )

        if world.policy.metadata_view is None:
            # Missing configuration is an error, never an answer.
            with pytest.raises(errors.ConfigurationError, match="metadata_view"):
                await run()
            assert sandbox.writes == []
            sandbox.close()
            return []
        first = await run()
        writes = len(sandbox.writes)
        comments = [c async for c in grid.community.requests.comments(REQUEST)]
        there = await grid.community.requests.get(REQUEST)

        check_links(world, sandbox, first, before)
        check_answer(world, sandbox, first, comments)
        assert there.status == first.status
        assert there.claim.holder is None
        second = await run()
        assert second == first
        assert sandbox.writes[writes:] == []
        done = deeds(before, all_shares(sandbox))
    sandbox.close()
    return [first.status, *done]


def test_no_world_and_no_request_bring_about_a_link_that_may_not_be() -> None:
    seen: Counter[str] = Counter()

    # The same worlds every time: the counts below are a promise, not luck.
    @settings(
        max_examples=_WORLDS,
        derandomize=True,
        database=None,
    )
    @given(WORLDS)
    def holds(world: World) -> None:
        seen.update(anyio.run(answer, world))

    holds()

    ends = ("fulfilled", "partially_fulfilled", "declined", "needs_information")
    rare = {end for end in (*ends, "made", "changed", "revoked") if seen[end] < _OFTEN}
    assert rare == set(), seen
