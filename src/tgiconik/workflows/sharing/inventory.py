"""The inventory of what is shared: every object that a delivery, a package or a share names."""

from collections import defaultdict
from collections.abc import Sequence

import anyio
import attrs

from tgiconik.iconik.assets import key_in
from tgiconik.tradinggrid.collaboration import DeliveryState, Document
from tgiconik.workflows.run import GridRun, IconikRun, Run
from tgiconik.workflows.run.concurrency import both
from tgiconik.workflows.sharing.delivery import partner_in


@attrs.frozen(order=True)
class SharedObject:
    """An asset or a collection that is, or was, shared.

    Attributes:
        object_type: `assets` or `collections`.
        object_id: its id in iconik.
    """

    object_type: str
    object_id: str

    def __str__(self) -> str:
        return f"{self.object_type.removesuffix('s')} {self.object_id}"


async def recorded_objects(run: GridRun) -> frozenset[SharedObject]:
    """The assets of all active deliveries, and the collections of all documents.

    The deliveries and documents of the collaboration contract, page by page.
    """
    community = run.grid.community
    active = community.deliveries.list(state=[DeliveryState.ACTIVE])
    assets = {
        SharedObject("assets", one.asset.asset_id) async for one in active if one.asset is not None
    }
    collections = {
        SharedObject("collections", one.collection_id)
        async for one in community.documents.list()
        if one.collection_id is not None
    }
    found = frozenset(assets | collections)
    run.trail.read(f"deliveries and documents: {len(found)} objects")
    return found


async def listed_objects(run: IconikRun, *, ours_only: bool) -> frozenset[SharedObject]:
    """The objects of all shares, by iconik's index, which may be late.

    `GET /API/assets/v1/shares/`, page by page.

    Args:
        run: the run.
        ours_only: only shares that carry a partner's key.
    """
    found = frozenset(
        [
            SharedObject(share.object_type or "assets", share.object_id)
            async for share in run.iconik.assets.list_shares()
            if share.object_id is not None
            and (not ours_only or partner_in(key_in(share.title)) is not None)
        ]
    )
    run.trail.read(f"the index of shares: {len(found)} objects")
    return found


async def shared_objects(run: Run, *, ours_only: bool) -> list[SharedObject]:
    """Every object that either platform names, in the order of type and id."""

    async def recorded() -> frozenset[SharedObject]:
        return await recorded_objects(run)

    async def listed() -> frozenset[SharedObject]:
        return await listed_objects(run, ours_only=ours_only)

    on_grid, on_iconik = await both(recorded, listed)
    return sorted(on_grid | on_iconik)


@attrs.define
class CollectionDocuments:
    """The documents of collections, read once, when the first one is asked for."""

    run: GridRun
    _lock: anyio.Lock = attrs.field(factory=anyio.Lock, init=False)
    _found: dict[str, list[Document]] | None = attrs.field(default=None, init=False)

    async def of(self, collection_id: str) -> Sequence[Document]:
        """The documents of a collection, in any state."""
        async with self._lock:
            if self._found is None:
                found = defaultdict[str, list[Document]](list)
                async for document in self.run.grid.community.documents.list():
                    found[document.collection_id or ""].append(document)
                self._found = found
        return self._found.get(collection_id, ())
