"""What iconik knows of an asset, read by id: the facts that `release.decide` judges.

Search finds, but never decides: an index may lag behind the database, these reads do not.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from datetime import datetime
from functools import partial
from typing import TypeAlias

import attrs

from tgiconik import errors
from tgiconik.iconik import IconikClient
from tgiconik.iconik.assets import current_version
from tgiconik.iconik.models import assets as m
from tgiconik.release import AssetFacts, ReleasePolicy
from tgiconik.workflows.run.concurrency import SharedRead, Turn
from tgiconik.workflows.run.trail import Trail


async def read_facts(
    iconik: IconikClient,
    asset_id: str,
    *,
    policy: ReleasePolicy,
    trail: Trail,
    version_id: str | None = None,
) -> AssetFacts:
    """Read an asset, the approval of a version and its release metadata.

    `GET /API/assets/v1/assets/{id}/`, `GET …/versions/{version_id}/approvals/request/` and
    `GET /API/metadata/v1/assets/{id}/views/{view_id}/`.

    Args:
        iconik: where to read.
        asset_id: the asset.
        policy: says through which view its metadata is read.
        trail: where to note it.
        version_id: the version to judge. It is the current one, when left out: only that one can be
            seen through a share.

    Raises:
        NotFound: the asset is gone, or hidden from these credentials.
    """
    # The facts are as old as the first of the reads: what changes between them is caught by the
    # look after the write.
    read_at = trail.now()
    asset = await iconik.assets.get_asset(asset_id)
    if version_id is None:
        version = current_version(asset)
        version_id = version.id if version is not None else None
    approval = await iconik.assets.approval(asset_id, version_id) if version_id else None
    metadata = (
        await iconik.metadata.values(asset_id, policy.metadata_view) if policy.metadata_view else {}
    )
    trail.read(f"asset {asset_id}: version, approval and release metadata")
    return facts_from(asset, version_id, approval, metadata, read_at=read_at)


def facts_from(
    asset: m.Asset,
    version_id: str | None,
    approval: m.Approval | None,
    metadata: Mapping[str, Sequence[object]],
    *,
    read_at: datetime,
) -> AssetFacts:
    """What was read, as the facts of a release decision."""
    words = (approval.approvals_by or ()) if approval is not None else ()
    return AssetFacts(
        asset_id=asset.id or "",
        title=asset.title or "",
        read_at=read_at,
        status=asset.status,
        version_id=version_id,
        approval_status=approval.status if approval else None,
        # An approval that was asked for by version speaks of that version, unless it says
        # otherwise itself.
        approval_version_id=(approval.version_id or version_id) if approval else None,
        # A word without a name cannot be told from another one, and counts for nobody.
        approved_by=frozenset(
            name
            for word in words
            if word.status == "APPROVED" and (name := word.user or word.external)
        ),
        approved_at=approval.change_date if approval else None,
        metadata=metadata,
    )


#: Reads an asset by its id.
Read: TypeAlias = Callable[[str], Awaitable[AssetFacts]]


@attrs.frozen
class _Known:
    """What an asset was like; that it is gone is as much of an answer."""

    read_at: datetime
    facts: AssetFacts | errors.NotFound

    def told(self) -> AssetFacts:
        """The facts.

        Raises:
            NotFound: there are none.
        """
        if isinstance(self.facts, errors.NotFound):
            raise self.facts.with_traceback(None)
        return self.facts


@attrs.define
class FreshFacts:
    """What is known of assets, never older than the policy's freshness."""

    iconik: IconikClient
    policy: ReleasePolicy
    trail: Trail
    _latest: dict[str, _Known] = attrs.field(factory=dict, init=False)
    _reads: dict[str, SharedRead[_Known]] = attrs.field(factory=dict, init=False)

    async def of(self, asset_id: str) -> AssetFacts:
        """An asset as it was read last, unless that is too long ago.

        Raises:
            NotFound: the asset is gone, or hidden from these credentials.
        """
        known = self._latest.get(asset_id)
        if known is None or self.trail.now() - known.read_at > self.policy.freshness:
            return await self.again(asset_id)
        return known.told()

    async def again(self, asset_id: str) -> AssetFacts:
        """An asset by a read that begins after this call, shared by all who wait for one.

        Raises:
            NotFound: the asset is gone, or hidden from these credentials.
        """
        return await self._read(asset_id)

    @asynccontextmanager
    async def look(self, turn: Turn | None) -> AsyncIterator[Read]:
        """Read assets for the length of a block, by reads that begin after this call.

        With a turn they are shared by all who write at about the same time.
        """
        if turn is None:
            yield self.again
            return
        asked = {asset_id: read.begun for asset_id, read in self._reads.items()}

        async def read(asset_id: str) -> AssetFacts:
            return await self._read(asset_id, asked=asked.get(asset_id, 0), within=turn.slot)

        async with turn.aside():
            yield read

    async def _read(
        self,
        asset_id: str,
        *,
        asked: int | None = None,
        within: Callable[[], AbstractAsyncContextManager[None]] = nullcontext,
    ) -> AssetFacts:
        if asset_id not in self._reads:
            self._reads[asset_id] = SharedRead(partial(self._read_now, asset_id))
        known = await self._reads[asset_id](asked=asked, within=within)
        self._latest[asset_id] = known
        return known.told()

    async def _read_now(self, asset_id: str) -> _Known:
        begun = self.trail.now()
        try:
            facts = await read_facts(self.iconik, asset_id, policy=self.policy, trail=self.trail)
        except errors.NotFound as error:
            return _Known(begun, error)
        return _Known(facts.read_at, facts)
