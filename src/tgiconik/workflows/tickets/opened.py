"""The links that a request opened: every run evaluates them again.

The documents of a request say what it opened. They are published before anything is shared, so they
name it whatever died, was renamed, or is not found by the search any more.
"""

from collections.abc import Collection

from tgiconik import errors
from tgiconik.release import AssetFacts, decide
from tgiconik.workflows.run import Run
from tgiconik.workflows.run.results import Outcome, State
from tgiconik.workflows.run.text import ruling
from tgiconik.workflows.sharing.share import close_request, keep_recorded
from tgiconik.workflows.sharing.snapshot import Snapshot
from tgiconik.workflows.tickets.requests import Ticket


async def reconcile_opened(
    run: Run, ticket: Ticket, *, delivered: Collection[str | None] = ()
) -> list[Outcome]:
    """Judge what a request opened and this run has not delivered; close what is refused.

    What may stay is brought to one link, the one on record.

    Args:
        run: the run.
        ticket: the request.
        delivered: ids of the assets that this run has delivered.

    Returns:
        One refused outcome for each asset that the partner may not have any more.

    Raises:
        CallError: a platform could not be asked; run it again.
    """
    documents = run.grid.community.documents.list(request_id=ticket.request.id)
    opened = {one.asset.asset_id async for one in documents if one.asset is not None}
    found = [
        await _reconcile_asset(run, ticket, asset_id) for asset_id in sorted(opened - {*delivered})
    ]
    return [outcome for outcome in found if outcome is not None]


async def _reconcile_asset(run: Run, ticket: Ticket, asset_id: str) -> Outcome | None:
    """Judge one asset that the request opened; None when the partner may keep it."""
    request = ticket.request
    snapshot = await _snapshot(run, asset_id, request.partner_id)
    facts = snapshot.latest
    decision = (
        None
        if snapshot.is_gone
        else decide(run.policy, facts, ticket.recipient, ticket.purpose, run.now())
    )
    run.trail.decided(ruling(facts.title or asset_id, request.partner_id, decision))
    await snapshot.refresh()
    if decision is not None and decision.allowed:
        await keep_recorded(run, snapshot, request.partner_id, ticket.purpose)
        return None
    await close_request(run, snapshot, request.partner_id, request.id)
    return Outcome(
        partner=request.partner_id,
        asset_id=asset_id,
        title=facts.title or None,
        state=State.REFUSED,
        version_id=facts.version_id,
        decision=decision,
    )


async def _snapshot(run: Run, asset_id: str, partner_id: str) -> Snapshot:
    """A partner's links to an asset, which may be deleted."""
    try:
        return await Snapshot.of_asset(run, asset_id, partner_id=partner_id)
    except errors.NotFound:
        facts = AssetFacts(asset_id=asset_id, title="", read_at=run.now())
        return await Snapshot.of_asset(
            run, asset_id, facts=facts, is_gone=True, partner_id=partner_id
        )
