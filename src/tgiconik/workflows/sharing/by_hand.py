"""Links that people revoked by hand, which workflows restore only when told to.

A share that an active delivery remembers, that is gone before its end, and that the log does not
say we revoked, was revoked by hand. The delivery ends with a note, which the next run finds.
"""

from typing import Final

import attrs

from tgiconik.tradinggrid.collaboration import ActivityInput, Delivery, DeliveryState
from tgiconik.workflows.run import GridRun, Run
from tgiconik.workflows.run.text import key_of
from tgiconik.workflows.sharing.delivery import REVOKED, end_delivery
from tgiconik.workflows.sharing.snapshot import Snapshot

#: The kind of the log's entry for a share that somebody revoked by hand.
REVOKED_BY_HAND: Final = "share.revoked_by_hand"
#: The note of a delivery whose link somebody revoked by hand.
BY_HAND: Final = "the link was revoked by hand"


async def was_taken_by_hand(run: Run, snapshot: Snapshot, partner_id: str) -> bool:
    """Whether somebody took an asset from a partner by hand; records it the first time.

    Raises:
        CallError: Trading Grid could not be asked; run it again.
    """
    if snapshot.links_of(partner_id):
        return False
    await record_revoked_by_hand(run, snapshot, partner_id)
    latest = snapshot.latest_delivery(partner_id)
    return latest is not None and is_ended_by_hand(latest)


async def record_revoked_by_hand(run: Run, snapshot: Snapshot, partner_id: str) -> None:
    """End a partner's deliveries whose share somebody revoked by hand, and log that."""
    for delivery in snapshot.deliveries_of(partner_id):
        if snapshot.was_revoked_by_hand(delivery):
            ended = await end_if_by_hand(run, delivery, "assets", snapshot.asset_id)
            if ended is not None:
                snapshot.record(ended)


def is_ended_by_hand(delivery: Delivery) -> bool:
    """Whether a delivery ended because somebody revoked its link by hand."""
    return (delivery.state, delivery.note) == (DeliveryState.REVOKED, BY_HAND)


async def end_if_by_hand(
    run: Run, delivery: Delivery, object_type: str, object_id: str
) -> Delivery | None:
    """End an active delivery whose share is gone before its end, unless a workflow revoked it.

    Returns:
        The ended delivery; None if a workflow revoked the share.
    """
    if await _was_ours(run, delivery, object_id):
        return None
    run.trail.decided(f"share {delivery.share_id} of {delivery.partner_id} was revoked by hand")
    await _log(run, object_type, object_id, delivery)
    await end_delivery(run, delivery, BY_HAND)
    return attrs.evolve(delivery, state=DeliveryState.REVOKED, note=BY_HAND, updated_at=run.now())


async def _was_ours(run: GridRun, delivery: Delivery, object_id: str) -> bool:
    """Whether the log says that a workflow revoked the share of a delivery."""
    entries = run.grid.community.activity.list(kind=[REVOKED], subject_id=object_id)
    ours = f"{REVOKED}:{delivery.share_id}"
    return any([entry.external_id == ours async for entry in entries])


async def _log(run: GridRun, object_type: str, object_id: str, delivery: Delivery) -> None:
    entry = ActivityInput(
        kind=REVOKED_BY_HAND,
        external_id=key_of(REVOKED_BY_HAND, delivery.share_id),
        actor="tgiconik",
        partner_id=delivery.partner_id,
        subject_type=object_type,
        subject_id=object_id,
        detail={"share_id": delivery.share_id},
    )
    await run.write(
        f"log that share {delivery.share_id} was revoked by hand",
        lambda: run.grid.community.activity.append(entry),
        instead=None,
    )
