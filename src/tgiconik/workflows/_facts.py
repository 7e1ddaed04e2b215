"""The facts of several assets for many partners: each read once, and again when it gets too old."""

from functools import partial

import attrs

from tgiconik.iconik import IconikClient
from tgiconik.release import AssetFacts, ReleasePolicy
from tgiconik.workflows._reading import read_facts
from tgiconik.workflows._shared_read import SharedRead
from tgiconik.workflows._trail import Trail


@attrs.define
class FreshFacts:
    """What is known of assets, never older than the policy's freshness."""

    iconik: IconikClient
    policy: ReleasePolicy
    trail: Trail
    _latest: dict[str, AssetFacts] = attrs.field(factory=dict, init=False)
    _reads: dict[str, SharedRead[AssetFacts]] = attrs.field(factory=dict, init=False)

    async def of(self, asset_id: str) -> AssetFacts:
        """An asset as it was read last, unless that is too long ago.

        Raises:
            NotFound: the asset is gone, or hidden from these credentials.
        """
        facts = self._latest.get(asset_id)
        if facts is None or self.trail.now() - facts.read_at > self.policy.freshness:
            return await self.again(asset_id)
        return facts

    async def again(self, asset_id: str) -> AssetFacts:
        """An asset by a read that begins after this call, shared by all who wait for one.

        Raises:
            NotFound: the asset is gone, or hidden from these credentials.
        """
        if asset_id not in self._reads:
            read = partial(read_facts, self.iconik, asset_id, policy=self.policy, trail=self.trail)
            self._reads[asset_id] = SharedRead(read)
        self._latest[asset_id] = await self._reads[asset_id]()
        return self._latest[asset_id]
