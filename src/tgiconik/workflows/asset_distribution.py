"""Use case 3: distribute an approved asset to the partner groups that its tags name.

Trigger: an asset was approved and tagged, or a schedule: `distribute_tagged_assets` finds all
tagged assets.

Steps. Each one reads the current state before it writes:

1. Read the asset, its links and deliveries, and the groups and partners of its tags; evaluate
   `release.decide` for each partner.
2. Publish a document with version, digest if known, restrictions and the end of the license. It
   supersedes the document of an earlier version.
3. Process several partners concurrently: share the asset (`share_with_partner`) and record the
   delivery, which holds the partner's link. Revoke what an earlier run opened for a partner who is
   refused now.
4. Announce the document to partners who have their delivery and have not been notified.

Afterwards, iconik has one share per partner on the asset, created without a notification. Trading
Grid has the document, one delivery per partner below it, and an announcement without links.
Document and announcement are visible only to partners who may have the asset.

The tags are values of a metadata field (`groups_field`) in the policy's view. The field is not part
of the policy, because the audience of an asset never decides whether a partner may have it.

Idempotent: another run changes nothing and returns the same result. After a crash, the next run
continues. Of two concurrent runs, the delivery that is recorded first counts, and the other run's
link is revoked. Links are renewed before they expire. A partner who leaves a group keeps the link
as long as `release.decide` allows it, unless the policy says otherwise. A link that somebody
revoked by hand is not created again, and a document that somebody withdrew is not published again,
except with `restore=True`.

The workflow does not wait for people; `waiting_on` says who has to act next.

Failures: each partner has an outcome (delivered, refused with reasons, failed with the error), and
one failure does not affect other partners. The next run retries failed ones. A failed call about
the asset or the groups raises its `CallError` before anything is written.

Source: use case 3 of the project's design; the collaboration contract; iconik's OpenAPI documents.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Final

import attrs

from tgiconik import errors
from tgiconik._failures import failure_group
from tgiconik._frames import without_locals
from tgiconik._report import first_items
from tgiconik.iconik import IconikClient
from tgiconik.iconik.search import exists, term
from tgiconik.release import Purpose, ReleasePolicy, has_compliant_mark
from tgiconik.telemetry.observed import observed
from tgiconik.tradinggrid import TradingGridClient
from tgiconik.tradinggrid.collaboration import Receipt
from tgiconik.workflows.distribution.audience import AudienceResolver, unreachable
from tgiconik.workflows.distribution.distributor import Distributor
from tgiconik.workflows.run import Run
from tgiconik.workflows.run.concurrency import MAX_CONCURRENCY, both, checked_concurrency
from tgiconik.workflows.run.results import (
    Outcome,
    Result,
    State,
    another_run,
    asset_named,
    by_hand,
    failures_of,
    raise_for_failures,
    with_names,
)
from tgiconik.workflows.run.text import named
from tgiconik.workflows.run.trail import Clock, Step, Trail, utc_now
from tgiconik.workflows.sharing.delivery import outcome_of
from tgiconik.workflows.sharing.facts import check_view
from tgiconik.workflows.sharing.share import reconcile_asset
from tgiconik.workflows.sharing.snapshot import Snapshot

#: The default metadata field with the tags that select partner groups.
GROUPS_FIELD: Final = "PartnerGroups"


@attrs.frozen(kw_only=True)
class Distribution(Result):
    """The distribution of one asset to many partners. Two runs over the same state are equal.

    Attributes:
        asset_id: the asset.
        version_id: its current version.
        document_id: the published document; None if no partner was ever allowed the asset, and in a
            dry run that would publish it.
        announcement_ids: the announcements: one for all partners, and further ones for partners who
            were added later.
        outcomes: one for each partner, by company id.
        closed: one for each other partner whose access this run closed, or could not close.
        waiting_on: who could change an outcome, one line each.
        error: why nothing could be done about this asset; only ever set among several assets.
        timeline: every read, decision and write, in order.
        dry_run: whether this was a dry run, which writes nothing.
    """

    asset_id: str
    version_id: str | None = None
    document_id: str | None = None
    announcement_ids: tuple[str, ...] = ()
    outcomes: tuple[Outcome, ...] = attrs.field(default=(), repr=first_items)
    closed: tuple[Outcome, ...] = attrs.field(default=(), eq=False, repr=first_items)
    waiting_on: tuple[str, ...] = attrs.field(default=(), repr=first_items)
    error: Exception | None = attrs.field(default=None, eq=type)
    timeline: tuple[Step, ...] = attrs.field(default=(), eq=False, repr=False)
    dry_run: bool = False

    def _subject(self) -> str:
        return f"distribution of {asset_named(self.asset_id, self.outcomes)}"

    def _failures(self) -> Sequence[tuple[str, Exception]]:
        return () if self.error is None else ((self.asset_id, self.error),)


@attrs.frozen(kw_only=True)
class Distributions(Result):
    """The distribution of all assets that are tagged for partner groups.

    Attributes:
        distributions: one per asset, ordered by asset id.
        timeline: every read, decision and write, in order.
        dry_run: whether this was a dry run, which writes nothing.
    """

    distributions: tuple[Distribution, ...] = attrs.field(default=(), repr=first_items)
    timeline: tuple[Step, ...] = attrs.field(default=(), eq=False, repr=False)
    dry_run: bool = False

    def _subject(self) -> str:
        count = len(self.distributions)
        return f"distribution of {count:,} tagged asset{'' if count == 1 else 's'}"

    def _failures(self) -> Sequence[tuple[str, Exception]]:
        return [(one.asset_id, one.error) for one in self.distributions if one.error is not None]

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """The outcomes of all assets."""
        return tuple(outcome for one in self.distributions for outcome in one.outcomes)

    @property
    def waiting_on(self) -> tuple[str, ...]:
        """Who has to act next, one line each."""
        return tuple(dict.fromkeys(line for one in self.distributions for line in one.waiting_on))

    def raise_for_failures(self) -> None:
        """Raise all failures as one exception group.

        Raises:
            ExceptionGroup: one exception per failed outcome, and per asset that failed as a whole.
        """
        if whole := self._failures():
            raise failure_group(
                f"{len(whole)} assets were not distributed", [*whole, *failures_of(self.outcomes)]
            )
        raise_for_failures(self.outcomes)


@without_locals
@observed("asset_id")
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
    """Distribute an approved asset to the partners that it is meant for, and notify them.

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
        CallError: a call to a platform failed; run the workflow again.
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
    result = attrs.evolve(result, timeline=tuple(trail.steps))
    return with_names(result, trail.partner_names)


@without_locals
@observed()
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
    """Distribute every asset that is tagged for partner groups, sequentially.

    `POST /API/search/v1/search/` finds the assets. `release.decide` refuses those that are not
    approved or not due yet. Groups and partners are read once for all assets.

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
        CallError: the search failed. Errors of single assets are in the result.
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
        distributions=tuple(with_names(done[id_], trail.partner_names) for id_ in sorted(done)),
        timeline=tuple(trail.steps),
        dry_run=dry_run,
    )


@without_locals
@observed("distribution")
async def read_receipts(
    grid: TradingGridClient, distribution: Distribution
) -> dict[str, tuple[Receipt, ...]]:
    """The receipts for each partner's delivery, by company id; a partner may have none.

    Args:
        grid: the Trading Grid client.
        distribution: the result of a distribution.

    Raises:
        CallError: a call to Trading Grid failed.
    """
    found: dict[str, tuple[Receipt, ...]] = {
        outcome.partner: ()
        for outcome in distribution.outcomes
        if outcome.state in {State.DELIVERED, State.WOULD_BE_DELIVERED}
    }
    if distribution.document_id is not None:
        async for receipt in grid.community.receipts.list(document_id=distribution.document_id):
            found[receipt.partner_id] = (*found.get(receipt.partner_id, ()), receipt)
    return found


@attrs.frozen(kw_only=True)
class _Distributing:
    """Distributes one or many assets; reads groups and profiles once for all."""

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
        """Run the workflow for an asset and return its result."""
        run = self.run
        snapshot, _ = await both(
            partial(Snapshot.of_asset, run, asset_id), self.resolver.read_groups
        )
        if has_compliant_mark(run.policy, snapshot.latest):
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
        waiting_on += [
            *unreachable(wanted),
            *by_hand(distributed.outcomes),
            *another_run((*distributed.outcomes, *distributed.closed)),
        ]
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
        # All ids first: the total is known, and no search stays open while assets are distributed.
        found = dict.fromkeys([hit.id async for hit in tagged if hit.id is not None])
        done: dict[str, Distribution] = {}
        with run.trail.counting(len(found)) as finished:
            for asset_id in found:
                try:
                    done[asset_id] = await self.distribute(asset_id)
                except errors.TgIconikError as error:
                    run.trail.decided(f"asset {asset_id} could not be distributed: {error}")
                    done[asset_id] = Distribution(
                        asset_id=asset_id, error=error, dry_run=run.dry_run
                    )
                finished()
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
