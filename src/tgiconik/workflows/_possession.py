"""What partners have of a project's packages, and what they did with it: three lists for all."""

from collections import defaultdict

from tgiconik.tradinggrid import TradingGridClient
from tgiconik.tradinggrid.collaboration import DeliveryState, Project
from tgiconik.workflows._readiness import Possession
from tgiconik.workflows._trail import Trail


async def read_possessions(
    grid: TradingGridClient, project: Project | None, *, trail: Trail
) -> defaultdict[str, Possession]:
    """By company id, what each partner has; who has nothing has an empty possession.

    Args:
        grid: where to read.
        project: the project that the packages belong to; None when there is none yet.
        trail: where to note it.
    """
    found: defaultdict[str, Possession] = defaultdict(Possession)
    if project is None:
        return found
    listed = grid.community.documents.list(project_id=project.id)
    documents = {document.id async for document in listed}
    receipts: defaultdict[str, set[str]] = defaultdict(set)
    async for receipt in grid.community.receipts.list(updated_since=project.created_at):
        if receipt.document_id in documents:
            receipts[receipt.partner_id].add(receipt.kind)
    async for delivery in grid.community.deliveries.list(updated_since=project.created_at):
        if delivery.document_id in documents:
            partner_id = delivery.partner_id
            found[partner_id] = Possession(
                delivered=found[partner_id].delivered or delivery.state == DeliveryState.ACTIVE,
                receipts=frozenset(receipts[partner_id]),
            )
    trail.read(f"deliveries and receipts of project {project.id}")
    return found
