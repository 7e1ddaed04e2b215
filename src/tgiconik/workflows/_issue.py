"""What an issue remembers of an asset: which version is faulty, and which one corrects it.

Every time that a partner reopens an issue, a new round begins with a faulty and a corrected version
of its own. They stand in the issue's asset references, in the order of the rounds.
"""

from typing import Any

from tgiconik.iconik import IconikClient
from tgiconik.release import AssetFacts
from tgiconik.tradinggrid import TradingGridClient
from tgiconik.tradinggrid.collaboration import (
    AssetReference,
    AssetRole,
    Issue,
    IssueStatus,
    IssueUpdate,
)
from tgiconik.workflows._claim import Lease
from tgiconik.workflows._media_team import ask_media_team
from tgiconik.workflows._trail import Trail, utc_now
from tgiconik.workflows._wording import fitting, listed, moment, named


def round_of(issue: Issue) -> int:
    """How often it was reopened: every round has its own faulty and corrected version."""
    return sum(step.to == IssueStatus.REOPENED for step in issue.history)


def version_in(issue: Issue, role: AssetRole) -> str | None:
    """The version that plays a part in this round."""
    versions = [r.version_id for r in issue.asset_references if r.role == role and r.version_id]
    return versions[round_of(issue)] if len(versions) > round_of(issue) else None


def named_version(issue: Issue) -> str | None:
    """The version that the partner complains of, in the first round."""
    if round_of(issue) > 0:
        return None
    return next((r.version_id for r in issue.asset_references if r.version_id), None)


def texts_in(value: object) -> tuple[str, ...]:
    return tuple(str(one) for one in value) if isinstance(value, list | tuple) else ()


async def link_issue(
    grid: TradingGridClient,
    iconik: IconikClient,
    issue: Issue,
    facts: AssetFacts,
    faulty_version_id: str,
    *,
    metadata: dict[str, Any],
    lease: Lease | None = None,
    trail: Trail | None = None,
) -> None:
    """Tell the issue of the asset, and the asset of the issue.

    Args:
        grid: where the issue is.
        iconik: where the asset is.
        issue: the issue.
        facts: what was read of the asset.
        faulty_version_id: the version that is not as it should be.
        metadata: what the issue is to know of the asset.
        lease: the claim to write under.
        trail: where to record it; a trail with `dry_run` writes nothing.

    Raises:
        CallError: a platform could not be asked; run it again.
    """
    trail = trail or Trail(now=utc_now)
    faulty = AssetReference(
        asset_id=facts.asset_id,
        version_id=faulty_version_id,
        title=named(facts.title) or facts.asset_id,
        role=AssetRole.FAULTY,
    )
    known = [r for r in issue.asset_references if r.role != AssetRole.FAULTY or r.version_id]
    references = known if faulty in known else [*known, faulty]
    await update_issue(
        grid,
        issue,
        IssueUpdate(asset_references=references, metadata=metadata),
        f"link {issue.id} to version {faulty_version_id} of {named(facts.title)}",
        lease=lease,
        trail=trail,
    )
    await ask_media_team(
        iconik,
        facts.asset_id,
        faulty_version_id,
        _complaint(issue),
        key=f"tgiconik:{issue.id}:{round_of(issue)}",
        queue=None,
        trail=trail,
    )


async def update_issue(
    grid: TradingGridClient,
    issue: Issue,
    changes: IssueUpdate,
    what: str,
    *,
    lease: Lease | None,
    trail: Trail,
) -> None:
    """Change an issue, whatever was said on it meanwhile."""

    async def update() -> None:
        # A comment may have changed the entity tag; the claim keeps everybody else away.
        fresh = await grid.community.issues.get(issue.id)
        await grid.community.issues.update(
            issue.id, changes, if_match=fresh.etag, holder=lease.holder if lease else None
        )

    await trail.write(what, update, instead=None)


def _complaint(issue: Issue) -> str:
    """What the media team reads. Every line of the partner's stays one that is quoted."""
    kind = f"{named(issue.category)}, {named(issue.severity)}"
    lines = [f"{issue.partner_id} reports in {issue.id}, {kind}: {named(issue.subject)}"]
    if issue.due_at is not None:
        lines.append(f"Wanted by {moment(issue.due_at)}.")
    said = (issue.description or "").splitlines()
    return fitting("\n".join([*lines, listed(line for line in said if line.strip())]).strip())
