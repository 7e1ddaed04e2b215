"""Use case 3: an approved asset goes to the partner groups that it is tagged for.

Trigger: an asset was approved and tagged, or any later moment; `distribute_tagged_assets` looks for
all of them, so that a timetable needs nothing else.

Steps, each of which looks before it writes:

1. read the asset, its links and its deliveries once, the groups that its tags are for, and the
   partners in them; judge it for each with `release.decide`;
2. publish a document: version, digest when one is known, restrictions, end of the licence; the
   document of an earlier version is superseded;
3. a few partners at a time: share (`share_with_partner`) and record the delivery, which alone has
   the partner's link; what an earlier run opened for a partner who is refused by now is taken back;
4. announce it to those who have their delivery and were not told yet.

What each platform shows afterwards: iconik one silent link per partner on the asset; Trading Grid
the document, one delivery per partner below it, and an announcement without links. Document and
announcement are for the partners who may have the asset: nobody else learns of it.

The tags are values of a metadata field (`groups_field`) that the policy's view has. It is no part
of the policy, because whom something is meant for never decides whether they may have it.

Running it again changes nothing and gives the same result. After a crash it continues; of two at
once the delivery that was recorded first counts, and the other one's link is revoked. Links are
renewed before they end. Who leaves a group keeps the link until it ends.

It waits for nobody: `waits_for` says who could change the outcome.

What can fail: each partner has an outcome (delivered, refused with reasons, failed with the error),
and one failure stops nobody else; the next run tries those again. A platform that cannot be asked
about the asset or the groups raises its `CallError` before anything was written.

Source: use case 3 of the project's design; the collaboration contract; iconik's OpenAPI documents.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Final

import attrs

from tgiconik import errors
from tgiconik.iconik import IconikClient
from tgiconik.iconik.search import exists, term
from tgiconik.release import AssetFacts, Purpose, ReleasePolicy
from tgiconik.tradinggrid import TradingGridClient
from tgiconik.tradinggrid.collaboration import (
    Receipt,
)
from tgiconik.workflows.distribution.audience import Circle, unreachable
from tgiconik.workflows.distribution.distributor import ToMany
from tgiconik.workflows.run.concurrency import AT_ONCE, both, checked_at_once
from tgiconik.workflows.run.html import as_dict, as_html
from tgiconik.workflows.run.outcome import Outcome, State, raise_for_failures
from tgiconik.workflows.run.trail import Clock, Step, Trail, utc_now
from tgiconik.workflows.sharing.facts import read_facts
from tgiconik.workflows.sharing.snapshot import Survey

#: The metadata field with the tags that groups are found by.
GROUPS_FIELD: Final = "PartnerGroups"


@attrs.frozen(kw_only=True)
class Distribution:
    """What became of an asset that was to go to many. Two runs over the same state are equal.

    Attributes:
        asset_id: the asset.
        version_id: its current version.
        document_id: the document that is published; None when nobody ever could have the asset, and
            in a dry run that would publish it.
        announcement_ids: what the partners were told by: one for all, and one more for those who
            came later.
        outcomes: one for each partner, by company id.
        waits_for: who could change an outcome, one line each.
        error: why nothing could be done about this asset; only ever set among several assets.
        timeline: what was read, decided and written, in order.
        dry_run: nothing was written.
    """

    asset_id: str
    version_id: str | None = None
    document_id: str | None = None
    announcement_ids: tuple[str, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    waits_for: tuple[str, ...] = ()
    error: Exception | None = attrs.field(default=None, eq=type)
    timeline: tuple[Step, ...] = attrs.field(default=(), eq=False, repr=False)
    dry_run: bool = False

    def raise_for_failures(self) -> None:
        """Raise what failed, for those who want that.

        Raises:
            ExceptionGroup: one exception per failed outcome.
        """
        raise_for_failures(self.outcomes)

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain data, ready for JSON; without links."""
        return as_dict(self)

    def _repr_html_(self) -> str:
        return as_html(self)


@attrs.frozen(kw_only=True)
class Distributions:
    """What became of all assets that are tagged for partner groups.

    Attributes:
        distributions: one for each asset, in the order of their ids.
        timeline: what was read, decided and written, in order.
        dry_run: nothing was written.
    """

    distributions: tuple[Distribution, ...] = ()
    timeline: tuple[Step, ...] = attrs.field(default=(), eq=False, repr=False)
    dry_run: bool = False

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """Every partner's outcome for every asset."""
        return tuple(outcome for one in self.distributions for outcome in one.outcomes)

    @property
    def waits_for(self) -> tuple[str, ...]:
        """Who could change an outcome, one line each."""
        return tuple(dict.fromkeys(line for one in self.distributions for line in one.waits_for))

    def raise_for_failures(self) -> None:
        """Raise what failed, for those who want that.

        Raises:
            ExceptionGroup: one exception per failed outcome, and per asset that failed as a whole.
        """
        whole = [one.error for one in self.distributions if one.error is not None]
        if whole:
            parts = [o.error for o in self.outcomes if o.error is not None]
            raise ExceptionGroup(f"{len(whole)} assets were not distributed", [*whole, *parts])
        raise_for_failures(self.outcomes)

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain data, ready for JSON; without links."""
        return as_dict(self)

    def _repr_html_(self) -> str:
        return as_html(self)


async def distribute_approved_asset(
    grid: TradingGridClient,
    iconik: IconikClient,
    asset_id: str,
    *,
    policy: ReleasePolicy | None = None,
    groups: Iterable[str] | None = None,
    partners: Iterable[str] | None = None,
    groups_field: str = GROUPS_FIELD,
    purpose: Purpose | None = None,
    at_once: int = AT_ONCE,
    dry_run: bool = False,
    now: Clock = utc_now,
    progress: Callable[[Step], object] | None = None,
) -> Distribution:
    """Bring about that partners have an asset that is approved for them, and know of it.

    Args:
        grid: where the partners are.
        iconik: where the asset is.
        asset_id: the asset whose current version they shall see.
        policy: the release rules; the default policy when left out.
        groups: ids of partner groups, instead of those that the asset is tagged for.
        partners: company ids of partners, beside `groups` or instead of any group.
        groups_field: the metadata field with the tags, in the policy's view.
        purpose: what for; by default for no certain usage, with download as the policy allows.
        at_once: how many partners are served at the same time; those who wait for a look that
            all share are not counted. 1 serves one after the other, each with a look of their own.
        dry_run: write nothing, and say what would be written.
        now: the clock, timezone-aware UTC.
        progress: called with each step as it happens.

    Raises:
        NotFound: there is no such asset, or no such group.
        CallError: a platform could not be asked; nothing is lost, run it again.
    """
    trail = Trail(now=now, dry_run=dry_run, progress=progress)
    work = _Work(
        grid=grid,
        iconik=iconik,
        policy=policy or ReleasePolicy(),
        purpose=purpose,
        groups_field=groups_field,
        at_once=at_once,
        trail=trail,
    )
    result = await work.run(asset_id, groups=groups, partners=partners)
    return attrs.evolve(result, timeline=tuple(trail.steps))


async def distribute_tagged_assets(
    grid: TradingGridClient,
    iconik: IconikClient,
    *,
    policy: ReleasePolicy | None = None,
    groups_field: str = GROUPS_FIELD,
    purpose: Purpose | None = None,
    at_once: int = AT_ONCE,
    dry_run: bool = False,
    now: Clock = utc_now,
    progress: Callable[[Step], object] | None = None,
) -> Distributions:
    """Distribute every asset that is tagged for partner groups, one after the other.

    `POST /API/search/v1/search/` finds them; what is not approved or not due yet is refused by
    `release.decide`, with its reasons. Groups and partners are read once for all of them.

    Args:
        grid: where the partners are.
        iconik: where the assets are.
        policy: the release rules; the default policy when left out.
        groups_field: the metadata field with the tags, in the policy's view.
        purpose: what for; by default for no certain usage, with download as the policy allows.
        at_once: how many partners are served at the same time; those who wait for a look that
            all share are not counted. 1 serves one after the other, each with a look of their own.
        dry_run: write nothing, and say what would be written.
        now: the clock, timezone-aware UTC.
        progress: called with each step as it happens.

    Raises:
        CallError: iconik could not be searched. What fails about one asset is in its result.
    """
    trail = Trail(now=now, dry_run=dry_run, progress=progress)
    work = _Work(
        grid=grid,
        iconik=iconik,
        policy=policy or ReleasePolicy(),
        purpose=purpose,
        groups_field=groups_field,
        at_once=at_once,
        trail=trail,
    )
    tagged = iconik.search.assets(
        where=[term("status", "ACTIVE"), exists(f"metadata.{groups_field}")], include_fields=["id"]
    )
    done: dict[str, Distribution] = {}
    async for hit in tagged:
        if hit.id is None or hit.id in done:
            continue
        try:
            done[hit.id] = await work.run(hit.id)
        except errors.TgIconikError as error:
            trail.decided(f"asset {hit.id} could not be distributed: {error}")
            done[hit.id] = Distribution(asset_id=hit.id, error=error, dry_run=dry_run)
    return Distributions(
        distributions=tuple(done[id_] for id_ in sorted(done)),
        timeline=tuple(trail.steps),
        dry_run=dry_run,
    )


async def read_receipts(
    grid: TradingGridClient, distribution: Distribution
) -> dict[str, tuple[Receipt, ...]]:
    """What each partner did with their delivery, by company id; who did nothing has none.

    Args:
        grid: Trading Grid.
        distribution: the result: who got it, and by which document.

    Raises:
        CallError: Trading Grid could not be asked.
    """
    found: dict[str, tuple[Receipt, ...]] = {
        outcome.partner: () for outcome in distribution.outcomes if outcome.state is State.DELIVERED
    }
    if distribution.document_id is not None:
        async for receipt in grid.community.receipts.list(document_id=distribution.document_id):
            found[receipt.partner_id] = (*found.get(receipt.partner_id, ()), receipt)
    return found


@attrs.frozen(kw_only=True)
class _Work:
    """One run over one asset, or over many: what they have in common."""

    grid: TradingGridClient
    iconik: IconikClient
    policy: ReleasePolicy
    purpose: Purpose | None
    groups_field: str
    at_once: int = attrs.field(converter=checked_at_once)
    trail: Trail
    circle: Circle = attrs.field(init=False)

    @circle.default
    def _circle(self) -> Circle:
        return Circle(self.grid, self.trail)

    async def run(
        self,
        asset_id: str,
        *,
        groups: Iterable[str] | None = None,
        partners: Iterable[str] | None = None,
    ) -> Distribution:
        """From the asset's id to the result."""
        facts, _ = await both(partial(self._facts, asset_id), self.circle.read_groups)
        survey = Survey(
            self.grid,
            self.iconik,
            asset_id,
            self.trail,
            latest=facts,
            read=partial(self._facts, asset_id),
        )
        (wanted, waits_for), _ = await both(
            partial(
                self.circle.meant_for,
                facts,
                groups=groups,
                partners=partners,
                groups_field=self.groups_field,
            ),
            survey.refresh,
        )
        arrival = await ToMany(
            grid=self.grid,
            iconik=self.iconik,
            asset_id=asset_id,
            policy=self.policy,
            purpose=self.purpose or Purpose(download=self.policy.allow_download),
            survey=survey,
            at_once=self.at_once,
            trail=self.trail,
        ).run(wanted)
        waits_for += unreachable(wanted)
        if any(outcome.state is State.FAILED for outcome in arrival.outcomes):
            waits_for.append("another run of this workflow")
        for line in waits_for:
            self.trail.waits(line)
        return Distribution(
            asset_id=asset_id,
            version_id=arrival.version_id,
            document_id=arrival.document_id,
            announcement_ids=arrival.announcement_ids,
            outcomes=arrival.outcomes,
            waits_for=tuple(waits_for),
            dry_run=self.trail.dry_run,
        )

    async def _facts(self, asset_id: str) -> AssetFacts:
        return await read_facts(self.iconik, asset_id, policy=self.policy, trail=self.trail)
