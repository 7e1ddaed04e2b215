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
    AssetRole,
    Audience,
    Delivery,
    DeliveryState,
    Issue,
    IssueStatus,
)
from tgiconik.workflows._claim import Lease
from tgiconik.workflows._holds import close_links, held, hold_version
from tgiconik.workflows._issue import link_issue, named_version, round_of, texts_in, version_in
from tgiconik.workflows._links import partner_in
from tgiconik.workflows._place import packages_with
from tgiconik.workflows._reading import read_facts
from tgiconik.workflows._requests import move
from tgiconik.workflows._survey import Survey
from tgiconik.workflows._trail import Trail
from tgiconik.workflows._wording import how_many, named


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
