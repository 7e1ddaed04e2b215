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
renewed before they end. Who leaves a group keeps the link as long as `release.decide` allows it,
unless the policy says otherwise. A link that somebody revoked by hand is not made again, and a
document that somebody withdrew is not published again, but with `restore=True`.

It waits for nobody: `waiting_on` says who could change the outcome.

What can fail: each partner has an outcome (delivered, refused with reasons, failed with the error),
and one failure stops nobody else; the next run tries those again. A platform that cannot be asked
about the asset or the groups raises its `CallError` before anything was written.

Source: use case 3 of the project's design; the collaboration contract; iconik's OpenAPI documents.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

import attrs

from tgiconik import errors
from tgiconik.iconik import IconikClient
from tgiconik.iconik.search import exists, term
from tgiconik.release import Purpose, ReleasePolicy, marked_version
from tgiconik.tradinggrid import TradingGridClient
from tgiconik.tradinggrid.collaboration import Receipt
from tgiconik.workflows.distribution.audience import AudienceResolver, unreachable
from tgiconik.workflows.distribution.distributor import Distributor, by_hand
from tgiconik.workflows.run import Run
from tgiconik.workflows.run.concurrency import MAX_CONCURRENCY, both, checked_concurrency
from tgiconik.workflows.run.results import Outcome, Result, State, raise_for_failures
from tgiconik.workflows.run.text import named
from tgiconik.workflows.run.trail import Clock, Step, Trail, utc_now
from tgiconik.workflows.sharing.delivery import outcome_of
from tgiconik.workflows.sharing.facts import check_view
from tgiconik.workflows.sharing.share import reconcile_asset
from tgiconik.workflows.sharing.snapshot import Snapshot

#: The metadata field with the tags that groups are found by.
GROUPS_FIELD: Final = "PartnerGroups"


@attrs.frozen(kw_only=True)
class Distribution(Result):
    """The distribution of one asset to many partners. Two runs over the same state are equal.

    Attributes:
        asset_id: the asset.
        version_id: its current version.
        document_id: the document that is published; None when nobody ever could have the asset, and
            in a dry run that would publish it.
        announcement_ids: the announcements to the partners: one for all, and one more for those who
            came later.
        outcomes: one for each partner, by company id.
        closed: one for each other partner whose access this run closed, or could not close.
        waiting_on: who could change an outcome, one line each.
        error: why nothing could be done about this asset; only ever set among several assets.
        timeline: every read, decision and write, in order.
        dry_run: nothing was written.
    """

    asset_id: str
    version_id: str | None = None
    document_id: str | None = None
    announcement_ids: tuple[str, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    closed: tuple[Outcome, ...] = attrs.field(default=(), eq=False)
    waiting_on: tuple[str, ...] = ()
    error: Exception | None = attrs.field(default=None, eq=type)
    timeline: tuple[Step, ...] = attrs.field(default=(), eq=False, repr=False)
    dry_run: bool = False


@attrs.frozen(kw_only=True)
class Distributions(Result):
    """The distribution of all assets that are tagged for partner groups.

    Attributes:
        distributions: one for each asset, in the order of their ids.
        timeline: every read, decision and write, in order.
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
    def waiting_on(self) -> tuple[str, ...]:
        """Who could change an outcome, one line each."""
        return tuple(dict.fromkeys(line for one in self.distributions for line in one.waiting_on))

    def raise_for_failures(self) -> None:
        """Raise the failures, all of them together.

        Raises:
            ExceptionGroup: one exception per failed outcome, and per asset that failed as a whole.
        """
        whole = [one.error for one in self.distributions if one.error is not None]
        if whole:
            parts = [o.error for o in self.outcomes if o.error is not None]
            raise ExceptionGroup(f"{len(whole)} assets were not distributed", [*whole, *parts])
        raise_for_failures(self.outcomes)


async def distribute_approved_asset(
    grid: TradingGridClient,
    iconik: IconikClient,
    asset_id: str,
    *,
    policy: ReleasePolicy,
    groups: Iterable[str] | None = None,
    partners: Iterable[str] | None = None,
    groups_field: str = GROUPS_FIELD,
    purpose: Purpose | None = None,
    restore: bool = False,
    max_concurrency: int = MAX_CONCURRENCY,
    dry_run: bool = False,
    now: Clock = utc_now,
    progress: Callable[[Step], object] | None = None,
) -> Distribution:
    """Bring about that partners have an asset that is approved for them, and know of it.

    Args:
        grid: where the partners are.
        iconik: where the asset is.
        asset_id: the asset whose current version they shall see.
        policy: the release rules.
        groups: ids of partner groups, instead of those that the asset is tagged for.
        partners: company ids of partners, beside `groups` or instead of any group.
        groups_field: the metadata field with the tags, in the policy's view.
        purpose: what for; by default for no certain usage, with download as the policy allows.
        restore: share and publish again what somebody revoked or withdrew by hand.
        max_concurrency: how many partners are served at the same time; 1 serves one after the
            other. Partners who wait for a check that a batch shares do not count.
        dry_run: write nothing, and say what would be written.
        now: the clock, timezone-aware UTC.
        progress: called with each step as it happens.

    Raises:
        NotFound: there is no such asset, or no such group.
        CallError: a platform could not be asked; nothing is lost, run it again.
    """
    trail = Trail(now=now, dry_run=dry_run, progress=progress)
    run = Run(grid=grid, iconik=iconik, policy=policy, trail=trail)
    await check_view(run)
    distributing = _Distributing(
        run=run,
        purpose=purpose or Purpose(download=run.policy.allow_download),
        restore=restore,
        groups_field=groups_field,
        max_concurrency=max_concurrency,
    )
    result = await distributing.distribute(asset_id, groups=groups, partners=partners)
    return attrs.evolve(result, timeline=tuple(trail.steps))


async def distribute_tagged_assets(
    grid: TradingGridClient,
    iconik: IconikClient,
    *,
    policy: ReleasePolicy,
    groups_field: str = GROUPS_FIELD,
    purpose: Purpose | None = None,
    restore: bool = False,
    max_concurrency: int = MAX_CONCURRENCY,
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
        policy: the release rules.
        groups_field: the metadata field with the tags, in the policy's view.
        purpose: what for; by default for no certain usage, with download as the policy allows.
        restore: share and publish again what somebody revoked or withdrew by hand.
        max_concurrency: how many partners are served at the same time; 1 serves one after the
            other. Partners who wait for a check that a batch shares do not count.
        dry_run: write nothing, and say what would be written.
        now: the clock, timezone-aware UTC.
        progress: called with each step as it happens.

    Raises:
        CallError: iconik could not be searched. What fails about one asset is in its result.
    """
    trail = Trail(now=now, dry_run=dry_run, progress=progress)
    run = Run(grid=grid, iconik=iconik, policy=policy, trail=trail)
    await check_view(run)
    distributing = _Distributing(
        run=run,
        purpose=purpose or Purpose(download=run.policy.allow_download),
        restore=restore,
        groups_field=groups_field,
        max_concurrency=max_concurrency,
    )
    done = await distributing.distribute_tagged()
    return Distributions(
        distributions=tuple(done[id_] for id_ in sorted(done)),
        timeline=tuple(trail.steps),
        dry_run=dry_run,
    )


async def read_receipts(
    grid: TradingGridClient, distribution: Distribution
) -> dict[str, tuple[Receipt, ...]]:
    """The receipts for each partner's delivery, by company id; a partner may have none.

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
class _Distributing:
    """One run over one asset, or over many; groups and profiles are read once for all."""

    run: Run
    purpose: Purpose
    restore: bool
    groups_field: str
    max_concurrency: int = attrs.field(converter=checked_concurrency)
    resolver: AudienceResolver = attrs.field(init=False)

    @resolver.default
    def _resolver(self) -> AudienceResolver:
        return AudienceResolver(self.run)

    async def distribute(
        self,
        asset_id: str,
        *,
        groups: Iterable[str] | None = None,
        partners: Iterable[str] | None = None,
    ) -> Distribution:
        """From the asset's id to the result."""
        run = self.run
        snapshot, _ = await both(
            partial(Snapshot.of_asset, run, asset_id), self.resolver.read_groups
        )
        if marked_version(run.policy, snapshot.latest) is not None:
            return await self._leave_to_compliance(snapshot)
        resolve = partial(
            self.resolver.resolve,
            snapshot.latest,
            groups=groups,
            partners=partners,
            groups_field=self.groups_field,
        )
        (wanted, waiting_on), _ = await both(resolve, snapshot.refresh)
        distributed = await Distributor(
            run=run,
            purpose=self.purpose,
            snapshot=snapshot,
            max_concurrency=self.max_concurrency,
            profiles=self.resolver.profile,
            restore=self.restore,
        ).distribute(wanted)
        waiting_on += [*unreachable(wanted), *dict.fromkeys(by_hand(distributed.outcomes))]
        if any(o.state is State.FAILED for o in (*distributed.outcomes, *distributed.closed)):
            waiting_on.append("another run of this workflow")
        run.conclude(waiting_on)
        return Distribution(
            asset_id=asset_id,
            version_id=distributed.version_id,
            document_id=distributed.document_id,
            announcement_ids=distributed.announcement_ids,
            outcomes=distributed.outcomes,
            closed=distributed.closed,
            waiting_on=tuple(waiting_on),
            dry_run=run.dry_run,
        )

    async def distribute_tagged(self) -> dict[str, Distribution]:
        """Every asset that has a tag, by id; one that fails stops no other."""
        run = self.run
        tagged = run.iconik.search.assets(
            where=[term("status", "ACTIVE"), exists(f"metadata.{self.groups_field}")],
            include_fields=["id"],
        )
        done: dict[str, Distribution] = {}
        async for hit in tagged:
            if hit.id is None or hit.id in done:
                continue
            try:
                done[hit.id] = await self.distribute(hit.id)
            except errors.TgIconikError as error:
                run.trail.decided(f"asset {hit.id} could not be distributed: {error}")
                done[hit.id] = Distribution(asset_id=hit.id, error=error, dry_run=run.dry_run)
        return done

    async def _leave_to_compliance(self, snapshot: Snapshot) -> Distribution:
        """Two ways for one asset would undo each other: one that is marked has its own.

        What partners have by this way is judged all the same.
        """
        run, facts = self.run, snapshot.latest
        title = named(facts.title)
        run.trail.decided(f"{title} has a version that is marked as compliant")
        await snapshot.refresh()
        closed = await reconcile_asset(run, snapshot, self.resolver.profile)
        kept = [
            outcome_of(one)
            for partner_id in sorted(snapshot.holders)
            for one in snapshot.deliveries_of(partner_id)
        ]
        waiting_on = (f"distribute_compliant_version to distribute {title}",)
        run.conclude(waiting_on)
        return Distribution(
            asset_id=facts.asset_id,
            version_id=facts.version_id,
            outcomes=tuple(outcome for outcome in kept if outcome is not None),
            closed=closed,
            waiting_on=waiting_on,
            dry_run=run.dry_run,
        )
