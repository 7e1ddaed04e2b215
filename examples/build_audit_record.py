"""Build an audit record and verify it.

    python examples/build_audit_record.py

Builds one record of requests, approvals and access from both platforms, and detects an altered
entry. Runs on the embedded sandbox, after three workflows.

Guide: docs/audit.md
"""

import asyncio
import json
import tempfile
from pathlib import Path

from _story import chapter, tell

from tgiconik import IconikClient, TradingGridClient
from tgiconik.sandbox import Sandbox, world
from tgiconik.tradinggrid.collaboration import (
    AssetReference,
    Contact,
    ReceiptInput,
    RequestInput,
)
from tgiconik.workflows import (
    AuditRecord,
    Subject,
    build_audit_record,
    distribute_approved_asset,
    fulfill_media_request,
    process_enhancement_request,
    verify_audit_record,
)

FILM, LOOKBOOK = world.asset_id("film-de"), world.asset_id("lookbook")


async def work(grid: TradingGridClient, iconik: IconikClient) -> None:
    """Run three workflows and a partner's download."""
    fulfilled = await fulfill_media_request(grid, iconik, "REQ-1042", policy=world.policy())
    tell(f"REQ-1042 is {fulfilled.status}")
    given = await distribute_approved_asset(grid, iconik, LOOKBOOK, policy=world.policy())
    tell(f"The lookbook was offered to {len(given.outcomes)} partners")
    wish = await grid.community.requests.create(
        RequestInput(
            kind="enhancement",
            partner_id=world.NORDLICHT,
            subject="Please show this year's logo",
            asset_references=[AssetReference(asset_id=FILM)],
        )
    )
    improved = await process_enhancement_request(grid, iconik, wish.id, policy=world.policy())
    tell(f"{wish.id} is {improved.status}, and waits for {improved.waiting_on[0]}")
    receipt = ReceiptInput(
        kind="downloaded", contact=Contact(name="Alex Reed", email="assets@summit.example")
    )
    await grid.community.receipts.create(str(given.document_id), world.SUMMIT, receipt)
    tell(f"{world.SUMMIT} downloads the lookbook")


async def withdraw(grid: TradingGridClient) -> None:
    """Withdraw the film's document by hand without revoking the link."""
    (document,) = [d async for d in grid.community.documents.list(asset_id=FILM)]
    await grid.community.documents.set_state(document.id, "withdrawn", if_match=document.etag)
    tell("The film's document is withdrawn by hand; its link is forgotten")


def tell_record(record: AuditRecord) -> None:
    """Print the contents of the record."""
    tell(f"{len(record)} events from {len(record.sources)} sources, {len(record.gaps)} gaps")
    for finding in record.findings():
        entries = ", ".join(map(str, finding.entries))
        tell(f"! {finding.partner_id}: {finding.message} (entries {entries})")


def alter(record: AuditRecord) -> int:
    """Alter the entry of a download, and return its number."""
    lines = list(record)
    number = next(n for n, event in record.events() if event.kind == "access.downloaded")
    entry = json.loads(lines[number])
    entry["body"]["event"]["kind"] = "access.previewed"
    # With the record's own JSON formatting, so that only the text differs.
    lines[number] = json.dumps(entry, sort_keys=True, separators=(",", ":")) + "\n"
    record.path.write_text("".join(lines), encoding="ascii")
    return number


async def main() -> None:
    """Run the example."""
    folder = Path(tempfile.mkdtemp(prefix="tgiconik-audit-"))
    sandbox = Sandbox()
    async with sandbox.clients() as (grid, iconik):
        chapter("Monday to Thursday: work")
        await work(grid, iconik)
        await withdraw(grid)
        sandbox.writes.clear()

        chapter("Friday: the auditor asks")
        record = await build_audit_record(
            grid,
            iconik,
            Subject(),
            policy=world.policy(),
            pseudonymise=True,
            into=folder / "record.jsonl",
        )
        record.raise_for_failures()
        tell_record(record)
        tell(f"{len(sandbox.writes)} things were written to the platforms")
        page = folder / "record.html"
        record.to_html(page)
        tell(f"To look at: {page}")
        tell(f"Its seal, to be written down elsewhere: {record.head[:16]}…")

        chapter("Later: is it still what it was?")
        whole = verify_audit_record(record.path, head=record.head)
        tell(f"{whole.entries} entries, as they were sealed: {'yes' if whole.ok else 'no'}")
        tell(f"Somebody alters entry {alter(record)}")
        problem = verify_audit_record(record.path, head=record.head).problem
        tell(f"! {problem.message}" if problem else "nobody notices")
    sandbox.close()


if __name__ == "__main__":
    asyncio.run(main())
