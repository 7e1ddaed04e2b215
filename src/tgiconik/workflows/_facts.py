"""The facts of several assets for many partners: each read once, and again when it gets too old."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from datetime import datetime
from functools import partial
from typing import TypeAlias

import attrs

from tgiconik import errors
from tgiconik.iconik import IconikClient
from tgiconik.release import AssetFacts, ReleasePolicy
from tgiconik.workflows._reading import read_facts
from tgiconik.workflows._shared_read import SharedRead
from tgiconik.workflows._trail import Trail
from tgiconik.workflows._turns import Turn

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
