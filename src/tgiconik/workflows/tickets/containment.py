"""The end of a faulty version: nobody shares it any more, nobody has it, everybody is told."""

from functools import partial
from typing import Any

import attrs

from tgiconik.iconik import IconikClient
from tgiconik.iconik.models import assets as m
from tgiconik.release import AssetFacts, ReleasePolicy
from tgiconik.tradinggrid import TradingGridClient
from tgiconik.tradinggrid.collaboration import (
    AnnouncementInput,
    AnnouncementKind,
    AssetReference,
    AssetRole,
    Audience,
    Delivery,
    DeliveryState,
    Issue,
    IssueStatus,
    IssueUpdate,
)
from tgiconik.workflows.distribution.package_store import packages_with
from tgiconik.workflows.run.lease import Lease
from tgiconik.workflows.run.text import fitting, how_many, listed, moment, named
from tgiconik.workflows.run.trail import Trail, utc_now
from tgiconik.workflows.sharing.facts import read_facts
from tgiconik.workflows.sharing.links import partner_in
from tgiconik.workflows.sharing.share import close_links
from tgiconik.workflows.sharing.snapshot import Survey
from tgiconik.workflows.sharing.versions import held, hold_version
from tgiconik.workflows.tickets.media_team import ask_media_team
from tgiconik.workflows.tickets.requests import move


@attrs.frozen(kw_only=True)
class Case:
    """An issue, and what there is of its asset.

    Attributes:
        issue: the issue.
        facts: the asset, as it is now.
        faulty: the version that is not as it should be.
        linked: an earlier run has linked the issue, and remembers the rest.
        had: company ids of the partners who had the faulty version.
        warned: they were told not to use it.
        versions: ids of the versions that there were when the issue was linked.
        packages: partners' packages with the asset in them: whose, by collection id.
        survey: links and deliveries.
    """

    issue: Issue
    facts: AssetFacts
    faulty: str
    linked: bool
    had: tuple[str, ...]
    warned: bool
    versions: tuple[str, ...]
    packages: dict[str, str]
    survey: Survey

    @property
    def affected(self) -> tuple[str, ...]:
        """Company ids of everybody who had it, and of the partner who told."""
        return tuple(sorted({*self.had, self.issue.partner_id}))

    @property
    def shows_faulty(self) -> bool:
        """Whether a share of the asset shows the faulty version."""
        return self.facts.version_id == self.faulty


@attrs.frozen(kw_only=True)
class Stop:
    """What it takes to end a faulty version."""

    grid: TradingGridClient
    iconik: IconikClient
    policy: ReleasePolicy
    trail: Trail

    async def look(self, issue: Issue, asset: m.Asset) -> Case:
        """What there is, before anything is written."""
        asset_id = asset.id or ""
        facts = await read_facts(self.iconik, asset_id, policy=self.policy, trail=self.trail)
        survey = Survey(
            self.grid,
            self.iconik,
            asset_id,
            self.trail,
            latest=facts,
            read=partial(read_facts, self.iconik, asset_id, policy=self.policy, trail=self.trail),
        )
        await survey.refresh()
        told = version_in(issue, AssetRole.FAULTY)
        faulty = told or named_version(issue) or facts.version_id or ""
        packages = await packages_with(self.iconik, asset.in_collections or ())
        linked = issue.status == IssueStatus.IN_PROGRESS and told is not None
        shown = facts.version_id == faulty
        links = survey.all_links if shown else []
        holders = {
            *(one.partner_id for one in survey.all_deliveries if _version_of(one) == faulty),
            *(partner for link in links if (partner := partner_in(link.key)) is not None),
            *(packages.values() if shown else ()),
        }
        had = texts_in(issue.metadata.get("partners")) if linked else tuple(sorted(holders))
        warnings = self.grid.community.announcements.list(external_id=_warning_key(issue))
        return Case(
            issue=issue,
            facts=facts,
            faulty=faulty,
            linked=linked,
            had=had,
            warned=not had or bool(await warnings.first(1)),
            versions=texts_in(issue.metadata.get("versions"))
            if linked
            else tuple(version.id for version in asset.versions or () if version.id),
            packages=packages,
            survey=survey,
        )

    def must_stop(self, case: Case) -> bool:
        """Whether the faulty version can still be had."""
        return (
            not case.linked
            or not case.warned
            or not held(case.facts, self.policy, case.faulty)
            or (case.shows_faulty and bool(case.survey.all_links or case.packages))
            or (case.shows_faulty and bool(_open_deliveries(case)))
        )

    async def stop(self, case: Case, lease: Lease) -> None:
        """Link the issue, hold the faulty version, close its ways, and say so."""
        issue, facts = case.issue, case.facts
        if not case.linked:
            if issue.status == IssueStatus.OPEN:
                await self._move(issue, IssueStatus.ACKNOWLEDGED, lease)
            await link_issue(
                self.grid,
                self.iconik,
                issue,
                facts,
                case.faulty,
                metadata=_what_is_known(case),
                lease=lease,
                trail=self.trail,
            )
            await self._move(issue, IssueStatus.IN_PROGRESS, lease)
        await hold_version(
            self.iconik, facts, case.faulty, policy=self.policy, lease=lease, trail=self.trail
        )
        if case.shows_faulty:
            await self._close(case, lease)
        await self._warn(case)

    async def _close(self, case: Case, lease: Lease) -> None:
        links = case.survey.all_links
        deliveries = _open_deliveries(case)
        await close_links(
            self.grid,
            self.iconik,
            links,
            deliveries,
            f"{case.issue.id}: the version is faulty",
            lease=lease,
            trail=self.trail,
        )
        case.survey.forget(links, deliveries)
        for collection_id, partner_id in case.packages.items():
            await self.trail.write(
                f"take {named(case.facts.title)} out of the package of {partner_id}",
                partial(
                    self.iconik.assets.remove_collection_content,
                    collection_id,
                    "assets",
                    case.facts.asset_id,
                ),
                instead=None,
            )

    async def _warn(self, case: Case) -> None:
        """Everybody who had it hears that it must not be used."""
        if case.warned:
            return
        title = named(case.facts.title)
        new = AnnouncementInput(
            subject=f"Please do not use: {title}",
            body=f"There is an issue with {title}. Please do not use what you have of it; "
            "you will hear of the corrected version.",
            audience=Audience(partners=case.had),
            external_id=_warning_key(case.issue),
            kind=AnnouncementKind.NOTICE,
        )
        await self.trail.write(
            f"tell {how_many(case.had)} not to use {title}",
            lambda: self.grid.community.announcements.create(new),
            instead=None,
        )

    async def _move(self, issue: Issue, to: IssueStatus, lease: Lease) -> None:
        await move(self.grid.community.issues, issue.id, to, lease=lease, trail=self.trail)


def _what_is_known(case: Case) -> dict[str, Any]:
    """What the issue is to know: for people, and for the next run."""
    return {
        "asset_id": case.facts.asset_id,
        "title": named(case.facts.title),
        "version_id": case.faulty,
        "approval_status": case.facts.approval_status,
        "fields": {name: list(values) for name, values in case.facts.metadata.items()},
        "partners": list(case.had),
        "versions": list(case.versions),
    }


def _version_of(delivery: Delivery) -> str | None:
    return delivery.asset.version_id if delivery.asset else None


def _open_deliveries(case: Case) -> list[Delivery]:
    return [
        one
        for one in case.survey.all_deliveries
        if _version_of(one) == case.faulty and one.state == DeliveryState.ACTIVE
    ]


def _warning_key(issue: Issue) -> str:
    return f"{issue.id}:{round_of(issue)}:stop"


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
    """The entries of a list in JSON as text; nothing when it is no list."""
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
