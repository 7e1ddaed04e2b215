"""Reconcile links: revoke every open link that `release.decide` does not allow.

Trigger: a schedule, such as every hour, or a call by hand.

Every workflow reconciles its own subject before it ends. This one reconciles any subject, or the
whole tenant: every object that an active delivery or a document on Trading Grid names, and every
object with a share that has a partner's key. `release.decide` evaluates each open link for the
partner who has it, including former recipients:

- An asset: every share, and every share that a delivery records, read by id. If the asset's
  compliant version is published, links may show no other version.
- A release asset: the same, for compliance, by the facts of the version that it holds.
- A partner's package: every member. Refused members are removed, and a link that shows nothing else
  is revoked. Any other collection with a partner's link is allowed or refused as a whole.

A refused link is revoked, its counts are logged, and its delivery ends with a note for the partner.
An allowed link without a record is revoked too, once it is five minutes old: a crashed run left it.
Former recipients keep what they may have, unless the policy says otherwise
(`keep_former_recipients`). Shares that others created are revoked or reported, as the policy says
(`foreign_shares`).

The workflow creates, renews and announces nothing.

Idempotent: another run changes nothing. After a crash, it continues from the last cursor, which is
in the result and in the progress.

Failures: an object or a partner that fails is named in `waiting_on`; the others continue.

Source: rules 8 to 12 of the project's design; the collaboration contract; iconik's OpenAPI
documents.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import attrs

from tgiconik import errors
from tgiconik._failures import failure_group
from tgiconik._page.report import Part, Tone, prose, section
from tgiconik._report import first_items
from tgiconik.iconik import IconikClient
from tgiconik.release import ReleasePolicy
from tgiconik.telemetry.observed import observed
from tgiconik.tradinggrid import TradingGridClient
from tgiconik.workflows.distribution.audience import AudienceResolver
from tgiconik.workflows.distribution.reconciliation import ForeignShare, Reconciled, Reconciler
from tgiconik.workflows.run import Run
from tgiconik.workflows.run.concurrency import MAX_CONCURRENCY, checked_concurrency, fan_out
from tgiconik.workflows.run.results import Outcome, Result, State, concluded, failures_of
from tgiconik.workflows.run.text import moment
from tgiconik.workflows.run.trail import Clock, Step, Trail, utc_now
from tgiconik.workflows.sharing.facts import check_view
from tgiconik.workflows.sharing.inventory import CollectionDocuments, SharedObject, shared_objects
from tgiconik.workflows.sharing.snapshot import FactsCache
from tgiconik.workflows.sharing.versions import sources_of_release_assets

#: How many objects are judged between two reports of progress.
_BATCH: Final = 100


@attrs.frozen(kw_only=True)
class Reconciliation(Result):
    """The reconciliation of some objects, or of all.

    Attributes:
        objects: how many assets and collections were judged.
        links: how many open links were judged.
        links_closed: how many of them were closed, strays included.
        outcomes: one for each partner and asset that was refused and closed, or could not be.
        foreign: the shares that others made and that stay.
        failures: why objects could not be judged at all, one error each.
        cursor: where to go on; None when all objects were judged.
        waiting_on: what another run has to do, one line each.
        timeline: every read, decision and write, in order.
        dry_run: nothing was written.
    """

    objects: int = 0
    links: int = 0
    links_closed: int = 0
    outcomes: tuple[Outcome, ...] = attrs.field(default=(), repr=first_items)
    foreign: tuple[ForeignShare, ...] = attrs.field(default=(), repr=first_items)
    failures: tuple[Exception, ...] = attrs.field(default=(), eq=len, repr=first_items)
    cursor: str | None = None
    waiting_on: tuple[str, ...] = attrs.field(default=(), repr=first_items)
    timeline: tuple[Step, ...] = attrs.field(default=(), eq=False, repr=False)
    dry_run: bool = False

    def _subject(self) -> str:
        closed = "would be closed" if self.dry_run else "closed"
        return (
            f"reconciliation of {self.objects:,} objects, {self.links:,} links, "
            f"{self.links_closed:,} {closed}"
        )

    def _failures(self) -> Sequence[tuple[str, Exception]]:
        return [("", error) for error in self.failures]

    def _parts(self) -> Sequence[Part]:
        heading = f"Made by hand, and left open: {len(self.foreign):,}"
        shares = [
            prose(
                f"{share.object_type.removesuffix('s')} {share.object_id}: share {share.share_id} "
                f"of user {share.owner_id or 'unknown'}, "
                + (f"until {moment(share.expires_at)}" if share.expires_at else "without an end")
            )
            for share in self.foreign
        ]
        return (Part("", "".join(section(heading, shares, Tone.WAIT))),)

    def raise_for_failures(self) -> None:
        """Raise the failures, all of them together; refusals are answers, not failures.

        Raises:
            ExceptionGroup: one exception per failed outcome, and per object that was not judged.
        """
        if every := [*self._failures(), *failures_of(self.outcomes)]:
            raise failure_group(f"{len(every)} links or objects were not reconciled", every)


@observed()
async def reconcile_links(
    grid: TradingGridClient,
    iconik: IconikClient,
    *,
    policy: ReleasePolicy,
    asset_ids: Iterable[str] | None = None,
    collection_ids: Iterable[str] | None = None,
    cursor: str | None = None,
    max_objects: int | None = None,
    digest: bool = False,
    max_concurrency: int = MAX_CONCURRENCY,
    dry_run: bool = False,
    now: Clock = utc_now,
    progress: Callable[[Step], object] | None = None,
) -> Reconciliation:
    """Judge everything that is open, for whoever holds it, and close what is refused.

    Without `asset_ids` and `collection_ids`, that is everything in the tenant. An asset comes with
    the release assets that were made of its versions.

    Args:
        grid: where deliveries are remembered.
        iconik: where the shares are.
        policy: the release rules.
        asset_ids: only these assets.
        collection_ids: only these collections, such as partners' packages.
        cursor: go on after an earlier run; from its `Reconciliation.cursor`, or its progress.
        max_objects: stop after so many objects.
        digest: fetch the originals of release assets and digest them anew; else the digest on
            record counts, as long as nobody changed the asset.
        max_concurrency: how many objects are judged at the same time.
        dry_run: write nothing, and say what would be written.
        now: the clock, timezone-aware UTC.
        progress: called with each step as it happens; every 100 objects with counts and a cursor.

    Raises:
        ConfigurationError: the policy's view or fields do not exist; or `cursor` is none of ours,
            or `max_objects` or `max_concurrency` is below 1.
        CallError: the objects could not be listed; nothing is lost, run it again.
    """
    if max_objects is not None and max_objects < 1:
        raise errors.ConfigurationError("max_objects must be at least 1")
    after = _after(cursor)
    trail = Trail(now=now, dry_run=dry_run, progress=progress)
    run = Run(grid=grid, iconik=iconik, policy=policy, trail=trail)
    reconciling = _Reconciling(run=run, digest=digest, max_concurrency=max_concurrency)
    await check_view(run)
    subjects = None
    if asset_ids is not None or collection_ids is not None:
        assets = {SharedObject("assets", id_) for id_ in asset_ids or ()}
        collections = {SharedObject("collections", id_) for id_ in collection_ids or ()}
        subjects = assets | collections
    result = await reconciling.reconcile(subjects, after=after, max_objects=max_objects)
    return concluded(result, run)


@attrs.frozen(kw_only=True)
class _Reconciling:
    """One reconciliation of many objects."""

    run: Run
    digest: bool
    max_concurrency: int = attrs.field(converter=checked_concurrency)

    async def reconcile(
        self,
        subjects: set[SharedObject] | None,
        *,
        after: SharedObject | None,
        max_objects: int | None,
    ) -> Reconciliation:
        """From the subjects to the result."""
        run = self.run
        releases = await sources_of_release_assets(run)
        if subjects is None:
            found = await shared_objects(run, ours_only=True)
        else:
            made_of_them = {
                SharedObject("assets", id_)
                for id_, (source_id, _) in releases.items()
                if SharedObject("assets", source_id) in subjects
            }
            found = sorted(subjects | made_of_them)
        ahead = [one for one in found if after is None or one > after]
        todo = ahead[:max_objects]
        resolver = AudienceResolver(run)
        await resolver.read_profiles()
        reconciler = Reconciler(
            run=run,
            resolver=resolver,
            releases=releases,
            digest=self.digest,
            facts=FactsCache(run),
            collection_documents=CollectionDocuments(run),
        )
        done: dict[SharedObject, Reconciled] = {}
        run.trail.expect(len(todo))
        for begin in range(0, len(todo), _BATCH):
            done |= await self._reconcile_batch(reconciler, todo[begin : begin + _BATCH])
            self._report(done, len(todo), _cursor(todo[: begin + _BATCH][-1]))
        return _result(done, _cursor(todo[-1]) if len(todo) < len(ahead) else None)

    async def _reconcile_batch(
        self, reconciler: Reconciler, batch: Sequence[SharedObject]
    ) -> dict[SharedObject, Reconciled]:
        named = {str(one): one for one in batch}

        async def reconcile(name: str) -> Reconciled:
            return await reconciler.reconcile(named[name])

        def failed(name: str, error: errors.TgIconikError) -> Reconciled:
            self.run.trail.decided(f"{name} could not be judged: {error}")
            return Reconciled(error=error)

        found = await fan_out(
            list(named),
            reconcile,
            failed=failed,
            max_concurrency=self.max_concurrency,
            trail=self.run.trail,
        )
        return {named[name]: one for name, one in found.items()}

    def _report(self, done: dict[SharedObject, Reconciled], total: int, cursor: str) -> None:
        links = sum(one.links for one in done.values())
        closed = sum(one.links_closed for one in done.values())
        self.run.trail.decided(
            f"{len(done)} of {total} objects judged: {links} links, {closed} closed; "
            f"cursor {cursor}"
        )


def _result(done: dict[SharedObject, Reconciled], cursor: str | None) -> Reconciliation:
    outcomes = [outcome for one in done.values() for outcome in one.outcomes]
    waiting_on = [
        f"another run of reconcile_links: {shared} could not be judged"
        for shared, one in done.items()
        if one.error is not None
    ]
    if any(outcome.state is State.FAILED for outcome in outcomes):
        waiting_on.append("another run of reconcile_links")
    if cursor is not None:
        waiting_on.append(f"another run of reconcile_links from cursor {cursor}")
    return Reconciliation(
        objects=len(done),
        links=sum(one.links for one in done.values()),
        links_closed=sum(one.links_closed for one in done.values()),
        outcomes=tuple(outcomes),
        foreign=tuple(share for one in done.values() for share in one.foreign),
        failures=tuple(one.error for one in done.values() if one.error is not None),
        cursor=cursor,
        waiting_on=tuple(waiting_on),
    )


def _cursor(last: SharedObject) -> str:
    text = f"{last.object_type}/{last.object_id}"
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _after(cursor: str | None) -> SharedObject | None:
    """The last object that was judged before a cursor.

    Raises:
        ConfigurationError: it is none of ours.
    """
    if cursor is None:
        return None
    try:
        text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except ValueError:
        text = ""
    object_type, slash, object_id = text.partition("/")
    if not slash or object_type not in {"assets", "collections"}:
        raise errors.ConfigurationError("cursor must come from a result of reconcile_links")
    return SharedObject(object_type, object_id)
