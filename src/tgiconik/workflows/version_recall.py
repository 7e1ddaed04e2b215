"""Use case 5, recall: revoke a version from every partner who has it.

Trigger: a version must no longer be available.

Steps. Revoking comes first, and depends on as few other calls as possible:

1. Find open links on both platforms: the asset's shares, the shares that deliveries record, release
   assets that hold the version, and partners' packages. If one platform lacks a link, the other may
   have it.
2. Revoke them concurrently: every share that shows the version, whoever created it. Remove the
   asset from partners' packages. End the deliveries.
3. Hold the version, in Trading Grid's activity log and in the asset's metadata view.
   `release.decide` refuses it from then on.
4. Notify everyone who ever got the version, with the reason, and ask them to acknowledge.
5. Withdraw the documents that published it.
6. Check again, and revoke what was opened meanwhile, until two checks in a row find nothing.

Afterwards, iconik has the hold, and no open share of the version. Trading Grid has the
announcement, revoked deliveries and withdrawn documents.

A recall only revokes, so it does not call `release.decide`. It works even if the asset cannot be
evaluated or was deleted.

Idempotent: another run only retries what failed before, and reports who has acknowledged since.

Failures: each step fails alone and is named in `failures` and in `waiting_on`; the others continue.
A link that cannot be revoked is that partner's failed outcome.

Source: use case 5 of the project's design; the collaboration contract; iconik's OpenAPI documents.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Final, TypeVar

import attrs

from tgiconik import errors
from tgiconik._failures import failure_group
from tgiconik._frames import without_locals
from tgiconik._report import first_items
from tgiconik.iconik import IconikClient
from tgiconik.iconik.assets import ShareLink, current_version
from tgiconik.iconik.models import assets as m
from tgiconik.release import AssetFacts, ReleasePolicy
from tgiconik.telemetry.observed import observed
from tgiconik.tradinggrid import TradingGridClient
from tgiconik.tradinggrid.collaboration import (
    AnnouncementInput,
    AnnouncementKind,
    Audience,
    Delivery,
    DocumentState,
)
from tgiconik.workflows.distribution.audience import read_names
from tgiconik.workflows.distribution.package_store import (
    packages_with,
    partners_packed_with,
    remove_from_packages,
)
from tgiconik.workflows.distribution.publication import tell_once
from tgiconik.workflows.run import Run
from tgiconik.workflows.run.concurrency import MAX_CONCURRENCY, checked_concurrency, fan_out
from tgiconik.workflows.run.results import (
    Outcome,
    Result,
    State,
    asset_named,
    concluded,
    failures_of,
    raise_for_failures,
)
from tgiconik.workflows.run.text import fitting, how_many, key_of, listed, named
from tgiconik.workflows.run.trail import Clock, Step, Trail, utc_now
from tgiconik.workflows.sharing.delivery import end_delivery, log_revocation, revoke_share
from tgiconik.workflows.sharing.facts import logged_holds
from tgiconik.workflows.sharing.snapshot import Snapshot
from tgiconik.workflows.sharing.versions import (
    ReleaseAsset,
    is_marked,
    log_hold,
    mark_held,
    release_assets_of,
)

T = TypeVar("T")

#: How often it is looked again at the most, when others open links all the time.
_MAX_LOOKS: Final = 6
_AGREEING_LOOKS: Final = 2
_WHY: Final = "the version is recalled"


@attrs.frozen(kw_only=True)
class Recall(Result):
    """The result of a recall. Two runs over the same state are equal.

    Attributes:
        asset_id: the asset.
        version_id: the version that is recalled.
        announcement_ids: the announcements to the partners.
        outcomes: one for each partner who ever had the version: refused if no link of theirs opens
            it, failed if a link could not be revoked.
        acknowledged: company ids of partners who have acknowledged.
        failures: what failed beside closing links: the hold, the log, the announcement.
        waiting_on: who has to do what, one line each.
        timeline: every read, decision and write, in order.
        dry_run: whether this was a dry run, which writes nothing.
    """

    asset_id: str
    version_id: str
    announcement_ids: tuple[str, ...] = ()
    outcomes: tuple[Outcome, ...] = attrs.field(default=(), repr=first_items)
    acknowledged: tuple[str, ...] = attrs.field(default=(), repr=first_items)
    failures: tuple[Exception, ...] = attrs.field(default=(), eq=False, repr=first_items)
    waiting_on: tuple[str, ...] = attrs.field(default=(), repr=first_items)
    timeline: tuple[Step, ...] = attrs.field(default=(), eq=False, repr=False)
    dry_run: bool = False

    def _subject(self) -> str:
        asset = asset_named(self.asset_id, self.outcomes)
        return f"recall of version {named(self.version_id)} of {asset}"

    def _failures(self) -> Sequence[tuple[str, Exception]]:
        return [("", error) for error in self.failures]

    def raise_for_failures(self) -> None:
        """Raise the failures, all of them together.

        Raises:
            ExceptionGroup: one exception per step and per outcome that failed.
        """
        if whole := self._failures():
            raise failure_group(
                f"{len(whole)} steps of the recall failed", [*whole, *failures_of(self.outcomes)]
            )
        raise_for_failures(self.outcomes)


@without_locals
@observed("asset_id")
async def recall_version(
    grid: TradingGridClient,
    iconik: IconikClient,
    asset_id: str,
    version_id: str,
    *,
    reason: str,
    policy: ReleasePolicy,
    max_concurrency: int = MAX_CONCURRENCY,
    dry_run: bool = False,
    now: Clock = utc_now,
    progress: Callable[[Step], object] | None = None,
) -> Recall:
    """Recall a version from every partner who has it.

    Args:
        grid: where the partners are.
        iconik: where the asset is.
        asset_id: the asset; it may have been deleted.
        version_id: the version.
        reason: the reason, as partners read it; may have several lines.
        policy: the release rules; needs a metadata view for the hold.
        max_concurrency: the number of partners to process concurrently.
        dry_run: write nothing; report what would be written.
        now: the clock; returns the current time in UTC.
        progress: called with each step as it happens.

    Raises:
        ConfigurationError: the policy has no metadata view, or there is no reason.
    """
    if policy.metadata_view is None:
        raise errors.ConfigurationError("holding a version needs a metadata_view in the policy")
    if not reason.strip():
        raise errors.ConfigurationError("reason is blank; partners are told the reason of a recall")
    trail = Trail(now=now, dry_run=dry_run, progress=progress)
    run = Run(grid=grid, iconik=iconik, policy=policy, trail=trail)
    recalling = _Recalling(
        run=run,
        asset_id=asset_id,
        version_id=version_id,
        reason=reason,
        max_concurrency=max_concurrency,
    )
    result = await recalling.recall()
    if result.outcomes:
        await read_names(run)
    return concluded(result, run)


@attrs.frozen(kw_only=True)
class _Exposure:
    """The open ways to the version now, and everybody who ever had it.

    Attributes:
        title: the asset's title.
        links: the open shares that show the version, whoever made them.
        holders: whose a link is, by share id; nobody's for shares made by hand.
        deliveries: the active deliveries of the version.
        packages: partners' packages with the asset in them, by collection id.
        had: company ids of everybody who ever had it.
    """

    title: str
    links: tuple[ShareLink, ...] = ()
    holders: Mapping[str, str] = attrs.field(factory=dict)
    deliveries: tuple[Delivery, ...] = ()
    packages: Mapping[str, str] = attrs.field(factory=dict)
    had: frozenset[str] = frozenset()

    @property
    def is_open(self) -> bool:
        """Whether anything shows the version."""
        return bool(self.links or self.packages)

    def of(self, holder: str) -> "_Exposure":
        """One holder's part of it; the empty name's are the shares made by hand."""
        return attrs.evolve(
            self,
            links=tuple(one for one in self.links if self.holders.get(one.share_id, "") == holder),
            deliveries=tuple(one for one in self.deliveries if one.partner_id == holder),
            packages={id_: owner for id_, owner in self.packages.items() if owner == holder},
        )


@attrs.frozen(kw_only=True)
class _Recalling:
    """Recalls one version."""

    run: Run
    asset_id: str
    version_id: str
    reason: str
    max_concurrency: int = attrs.field(converter=checked_concurrency)
    failures: dict[str, Exception] = attrs.field(factory=dict)

    async def recall(self) -> Recall:
        """From the version to the result."""
        found = await self._find()
        outcomes = await self._close(found)
        await self._hold(found.title)
        outcomes |= await self._close_until_nothing_is_open(found)
        had = sorted(found.had | outcomes.keys() - {""})
        none: tuple[str, ...] = ()
        told = await self._try("announce the recall", partial(self._tell, found.title, had), none)
        await self._try("withdraw the documents", self._withdraw, None)
        acknowledged = await self._try(
            "read the acknowledgements", partial(self._acknowledged, told), frozenset[str]()
        )
        failed = any(outcome.state is State.FAILED for outcome in outcomes.values())
        again = [f"another run of recall_version: {what}" for what in self.failures]
        if failed and not again:
            again = ["another run of recall_version"]
        return Recall(
            asset_id=self.asset_id,
            version_id=self.version_id,
            announcement_ids=told,
            outcomes=tuple(outcomes[id_] for id_ in sorted(outcomes) if id_),
            acknowledged=tuple(sorted(acknowledged)),
            failures=tuple(self.failures.values()),
            waiting_on=(
                *again,
                *(f"{one} to acknowledge the recall" for one in had if one not in acknowledged),
            ),
        )

    async def _try(self, what: str, act: Callable[[], Awaitable[T]], otherwise: T) -> T:
        """Do one step; a failure is kept, and the other steps go on."""
        try:
            return await act()
        except errors.ClientClosed:
            raise
        except errors.TgIconikError as error:
            self.run.trail.decided(f"could not {what}: {error}")
            self.failures[what] = error
            return otherwise

    async def _find(self) -> _Exposure:
        """Everything that shows the version, by whatever can be read."""
        run = self.run
        nothing: list[ReleaseAsset] = []
        releases = await self._try(
            "read the release assets", partial(release_assets_of, run, self.asset_id), nothing
        )
        asset = await self._try("read the asset", self._asset, m.Asset())
        current = current_version(asset)
        is_shown = current is None or current.id == self.version_id
        shown = [one.asset_id for one in releases if one.source_version_id == self.version_id]
        snapshots = [
            await self._snapshot(asset_id, is_gone=asset.id is None)
            for asset_id in (self.asset_id, *shown)
        ]
        links = [
            link
            for snapshot in snapshots
            for link in snapshot.open_links()
            # A link that permits more may show other versions, too.
            if snapshot.asset_id != self.asset_id or is_shown or link.permits_more
        ]
        holders = {
            link.share_id: partner
            for snapshot in snapshots
            for link in links
            if (partner := snapshot.partner_of(link)) is not None
        }
        recorded = [
            one
            for snapshot in snapshots
            for one in snapshot.all_deliveries
            if one.asset is not None and one.asset.version_id in self._versions(releases)
        ]
        active = [one for one in recorded if one.state == "active"]
        packages: dict[str, str] = {}
        if is_shown:
            packages = await self._try(
                "read the packages",
                partial(packages_with, run.iconik, asset.in_collections or ()),
                {},
            )
        told = await self._try("read earlier announcements", self._told, frozenset[str]())
        packed = await self._try(
            "read the packages' log",
            partial(partners_packed_with, run, self.asset_id, self.version_id),
            frozenset[str](),
        )
        had = (
            {one.partner_id for one in recorded} | {*holders.values(), *packages.values()} | packed
        )
        return _Exposure(
            title=asset.title or self.asset_id,
            links=tuple(links),
            holders=holders,
            deliveries=tuple(active),
            packages=packages,
            had=frozenset(had) | told,
        )

    def _versions(self, releases: Sequence[ReleaseAsset]) -> frozenset[str]:
        """The version, and its copies in release assets."""
        copies = (one.version_id for one in releases if one.source_version_id == self.version_id)
        return frozenset({self.version_id, *copies})

    async def _asset(self) -> m.Asset:
        try:
            return await self.run.iconik.assets.get_asset(self.asset_id)
        except errors.NotFound:
            # Deleted: whatever was shared of it opens again when it is restored.
            self.run.trail.read(f"asset {self.asset_id} is gone, or hidden from us")
            return m.Asset()

    async def _snapshot(self, asset_id: str, *, is_gone: bool) -> Snapshot:
        """The shares and deliveries of an asset, as far as either platform tells."""
        facts = AssetFacts(asset_id=asset_id, title="", read_at=self.run.now())
        snapshot = Snapshot(
            self.run, asset_id, latest=facts, read=partial(_unread, facts), is_gone=is_gone
        )
        await self._try("list the deliveries", snapshot.refresh_deliveries, None)
        await self._try("list the shares", snapshot.refresh_links, None)
        return snapshot

    async def _told(self) -> frozenset[str]:
        """The partners that an earlier run told: they had it, whatever is left of that."""
        key = f"{self._key}:"
        recalls = self.run.grid.community.announcements.list(kind=AnnouncementKind.RECALL)
        return frozenset(
            [
                partner_id
                async for one in recalls
                if (one.external_id or "").startswith(key)
                for partner_id in one.audience.partners
            ]
        )

    async def _close(self, found: _Exposure) -> dict[str, Outcome]:
        """Close every holder's part; one that cannot be closed stops no other."""
        trail = self.run.trail
        by_hand = {""} if any(one.share_id not in found.holders for one in found.links) else set()
        trail.decided(f"{named(found.title)} is recalled from {how_many(found.had)}")

        async def serve(holder: str) -> Outcome:
            await self._close_for(holder, found.of(holder), found.title)
            return self._outcome(holder, found.title, State.REFUSED)

        def failed(holder: str, error: errors.TgIconikError) -> Outcome:
            who = holder or "somebody whose share was made by hand"
            trail.decided(f"{who} still has a way to it: {error}")
            if not holder:
                self.failures["close a share that was made by hand"] = error
            return self._outcome(holder, found.title, State.FAILED, error)

        return await fan_out(
            sorted(found.had | by_hand),
            serve,
            failed=failed,
            max_concurrency=self.max_concurrency,
            trail=trail,
        )

    async def _close_for(self, holder: str, part: _Exposure, title: str) -> None:
        """Close first; what is to be recorded of it comes after, and stops nothing."""
        run = self.run
        for link in part.links:
            counts = await revoke_share(run, link, _WHY)
            log = partial(log_revocation, run, link, holder, _WHY, counts)
            await self._try(f"log the end of share {link.share_id}", log, None)
        await remove_from_packages(run, self.asset_id, title, part.packages)
        for delivery in part.deliveries:
            end = partial(end_delivery, run, delivery, _WHY)
            await self._try(f"end the delivery of {delivery.partner_id}", end, None)

    async def _close_until_nothing_is_open(self, before: _Exposure) -> dict[str, Outcome]:
        """Look again until two looks find nothing: lists are late, and others may be opening."""
        outcomes: dict[str, Outcome] = {}
        agreeing = 0
        closed = {link.share_id for link in before.links}
        for _ in range(_MAX_LOOKS):
            if agreeing == _AGREEING_LOOKS or self.run.dry_run:
                break
            found = await self._find()
            # A list that is late still has what was just closed.
            left = tuple(link for link in found.links if link.share_id not in closed)
            found = attrs.evolve(found, links=left)
            if not found.is_open:
                agreeing += 1
                continue
            agreeing = 0
            closed |= {link.share_id for link in left}
            outcomes |= await self._close(found)
        return outcomes

    async def _hold(self, title: str) -> None:
        """Hold the version where `decide` reads it: in the log, and in the metadata view."""
        run, ids = self.run, (self.asset_id, self.version_id)
        if await self._try("read the hold", partial(is_marked, run, *ids), otherwise=False):
            return
        nothing: dict[str, bool] = {}
        logged = await self._try(
            "read the logged holds", partial(logged_holds, run, self.asset_id), nothing
        )
        is_in_view = logged.get(self.version_id)
        if is_in_view is None:
            await self._log_hold(in_view=True)
            is_in_view = True
        what = "hold the version in the metadata view"
        await self._try(what, partial(mark_held, run, *ids, title=title), None)
        is_marked_now = what not in self.failures
        if is_marked_now != is_in_view:
            await self._log_hold(in_view=is_marked_now)

    async def _log_hold(self, *, in_view: bool) -> None:
        log = partial(log_hold, self.run, self.asset_id, self.version_id, in_view=in_view)
        await self._try("log the hold", log, None)

    async def _tell(self, title: str, partners: Iterable[str]) -> tuple[str, ...]:
        """Everybody who had it hears of it once."""
        title = named(title)
        reason = listed(line for line in self.reason.splitlines() if line.strip())
        draft = AnnouncementInput(
            subject=f"Recall: {title}",
            body=fitting(
                f"{title} is recalled. Please stop using it and delete your copies, then "
                f"acknowledge this.\n{reason}"
            ),
            audience=Audience(),
            external_id=self._key,
            kind=AnnouncementKind.RECALL,
            requires_acknowledgement=True,
        )
        return await tell_once(
            self.run, draft, what=f"announce the recall of {title}", partners=tuple(partners)
        )

    async def _acknowledged(self, announcement_ids: Iterable[str]) -> frozenset[str]:
        announcements = self.run.grid.community.announcements
        return frozenset(
            [
                one.partner_id
                for id_ in announcement_ids
                async for one in announcements.acknowledgements(id_)
            ]
        )

    async def _withdraw(self) -> None:
        """Withdraw the documents that published the version."""
        documents = self.run.grid.community.documents
        published = [
            one
            async for one in documents.list(asset_id=self.asset_id)
            if one.state in {DocumentState.PUBLISHED, DocumentState.SUPERSEDED}
            and one.asset is not None
            and one.asset.version_id == self.version_id
        ]
        for document in published:
            await self.run.write(
                f"withdraw document {document.id}",
                partial(
                    documents.set_state,
                    document.id,
                    DocumentState.WITHDRAWN,
                    if_match=document.etag,
                    note="recalled",
                ),
                instead=document,
            )

    @property
    def _key(self) -> str:
        return key_of("recall", self.asset_id, self.version_id)

    def _outcome(
        self, partner_id: str, title: str, state: State, error: Exception | None = None
    ) -> Outcome:
        return Outcome(
            partner=partner_id,
            asset_id=self.asset_id,
            title=title,
            state=state,
            version_id=self.version_id,
            error=error,
        )


async def _unread(facts: AssetFacts) -> AssetFacts:
    """A recall decides nothing, so it reads no facts."""
    return facts
