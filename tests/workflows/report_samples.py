"""One report of each kind, about partners whose names and titles a test may choose."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import attrs

from tgiconik import errors
from tgiconik.release import Decision, Reason, ReasonCode
from tgiconik.workflows import (
    ComplianceDistribution,
    Distribution,
    ForeignShare,
    Launch,
    Outcome,
    PartnerReadiness,
    Readiness,
    Reconciliation,
    State,
    Step,
    Subject,
    Verb,
    Verification,
    Way,
)
from tgiconik.workflows.audit import AuditRecord, EventKind, Finding, Gap

from .audit.stories import event, record_of

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
FILM = "d7e7cfb5-a9f5-5e20-a9e5-386d00262032"
LOOKBOOK = "2c468084-644a-5e4c-9a94-8bccd5926d83"
PARTNERS: Final = {
    "GC10000401DE": "Nordlicht Handels GmbH",
    "GC10000402US": "Summit Sports Inc.",
    "GC10000403JP": "Yama Retail KK",
    "GC10000404FR": "Maison Rivière SAS",
    "GC10000405GB": "Harbour & Sons Ltd",
    "GC10000406ES": "Oliva Moda SL",
}
DE, US, JP, FR, GB, ES = PARTNERS


def steps() -> tuple[Step, ...]:
    return (
        Step(NOW, Verb.READ, "profiles of 6 partners"),
        Step(NOW + timedelta(minutes=1), Verb.DECIDED, "Spring launch film may go to 3 partners"),
        Step(NOW + timedelta(minutes=4), Verb.WROTE, "share the Spring launch film"),
    )


def outcome(partner: str, state: State, words: str = "", **fields: object) -> Outcome:
    known = {
        "partner": f"{partner}{words}",
        "partner_name": f"{PARTNERS[partner]}{words}",
        "asset_id": f"{FILM}{words}",
        "title": f"Spring launch film{words}",
        "state": state,
        "expires_at": NOW + timedelta(days=14) if state is State.DELIVERED else None,
    }
    return Outcome(**known | fields)  # type: ignore[arg-type]  # fields of an outcome


def outcomes(words: str = "") -> tuple[Outcome, ...]:
    reason = Reason(ReasonCode.REGION, f"Not cleared for JP.{words}", "Region")
    silent = errors.WorkflowError(f"iconik did not answer{words}")
    refusal = Decision(allowed=False, reasons=(reason,), decided_at=NOW)
    return (
        outcome(DE, State.DELIVERED, words),
        outcome(US, State.DELIVERED, words),
        outcome(FR, State.DELIVERED, words),
        outcome(JP, State.REFUSED, words, decision=refusal),
        outcome(GB, State.FAILED, words, error=errors.WorkflowError(f"{GB} has no contact{words}")),
        outcome(ES, State.FAILED, words, error=silent),
    )


def distribution(words: str = "", *, dry_run: bool = False) -> Distribution:
    return Distribution(
        asset_id=FILM,
        outcomes=outcomes(words),
        waiting_on=(f"{GB}: give this partner a contact{words}", "another run of this workflow"),
        timeline=steps(),
        dry_run=dry_run,
    )


def readiness(words: str = "") -> Readiness:
    def one(partner: str, **fields: object) -> PartnerReadiness:
        known = {"partner": f"{partner}{words}", "name": f"{PARTNERS[partner]}{words}"}
        return PartnerReadiness(**known | fields)  # type: ignore[arg-type]  # its fields

    return Readiness(
        at=NOW,
        due_at=NOW + timedelta(days=3),
        title=f"Spring launch{words}",
        own_tasks=(f"Approve the poster{words}",),
        partners=(
            one(DE, delivered=True, previewed=True, downloaded=True, confirmed=True),
            one(US, delivered=True, previewed=True, open_tasks=(f"Dress the windows{words}",)),
            one(JP, refused=(f"Spring launch film{words}",)),
            one(FR, delivered=True, open_exceptions=(f"No screen in Lyon{words}",)),
        ),
    )


def verification(words: str = "") -> Verification:
    def way(number: int, partner: str | None, **fields: object) -> Way:
        known = {
            "share_id": f"790dff2f-b199-4ae4-8126-cc928532b85{number}{words}",
            "object_type": "assets",
            "object_id": f"{FILM}{words}",
            "asset_id": f"{FILM}{words}",
            "title": f"Spring launch film{words}",
            "partner": None if partner is None else f"{partner}{words}",
            "partner_name": None if partner is None else f"{PARTNERS[partner]}{words}",
            "since": NOW - timedelta(days=5),
            "expires_at": NOW + timedelta(days=9),
            "is_recorded": partner is not None,
        }
        return Way(**known | fields)  # type: ignore[arg-type]  # its fields

    cleared = (Reason(ReasonCode.RELEASABLE, f"Approved and cleared for DE.{words}", ""),)
    return Verification(
        asset_id=None,
        ways=(
            way(1, DE, reasons=cleared),
            way(2, US, why_not=f"the version is held back{words}"),
            way(3, None, owner_id=f"mara{words}", why_not=f"it was not approved{words}"),
            way(4, FR, object_type="collections", object_id=f"c-1{words}", reasons=cleared),
        ),
        unread=(f"assets/{LOOKBOOK}: iconik did not answer{words}",),
        timeline=steps(),
    )


def reconciliation(words: str = "") -> Reconciliation:
    return Reconciliation(
        objects=12,
        links=40,
        links_closed=2,
        outcomes=outcomes(words)[3:],
        foreign=(
            ForeignShare(
                share_id=f"s-9{words}",
                object_type="assets",
                object_id=f"{LOOKBOOK}{words}",
                owner_id=f"mara{words}",
            ),
        ),
        failures=(errors.WorkflowError(f"collections/c-1: iconik did not answer{words}"),),
        waiting_on=("another run of reconcile_links",),
        timeline=steps(),
    )


def record(folder: Path, words: str = "") -> AuditRecord:
    """A record of a request that was answered, and of a share that somebody made by hand."""
    film = {"asset_id": f"{FILM}{words}", "title": f"Spring launch film{words}"}
    story = [
        event("request.submitted", 0, partner_id=f"{DE}{words}", actor=f"eva{words}", **film),  # type: ignore[arg-type]  # fields of an event
        event(EventKind.APPROVED, 5, actor=f"mara{words}", **film),  # type: ignore[arg-type]  # the same
        event(
            EventKind.GRANTED,
            10,
            partner_id=f"{DE}{words}",
            share_id="s-1",
            actor=f"mara{words}",
            expires_at=NOW + timedelta(days=14),
            **film,  # type: ignore[arg-type]  # the same
        ),
        event(
            EventKind.USED,
            60 * 30,
            partner_id=f"{DE}{words}",
            actor=f"eva{words}",
            access_count=3,
            download_count=1,
            **film,  # type: ignore[arg-type]  # the same
        ),
        event(
            EventKind.COMMENTED,
            60 * 31,
            partner_id=f"{US}{words}",
            text=f"The logo is last year's.\nPlease change it.{words}",
            **film,  # type: ignore[arg-type]  # the same
        ),
        event(EventKind.GRANTED, 60 * 32, share_id="s-2", actor=f"mara{words}", **film),  # type: ignore[arg-type]  # the same
    ]
    findings = [
        Finding(
            code="share_without_delivery",
            message=f"iconik has a share that no delivery on Trading Grid remembers.{words}",
            entries=(6,),
            asset_id=f"{FILM}{words}",
        ),
        Finding(
            code="access_after_end",
            message=f"It was used after its end.{words}",
            entries=(3, 4),
            partner_id=f"{DE}{words}",
            asset_id=f"{FILM}{words}",
        ),
    ]
    gaps = [Gap("iconik history", f"{LOOKBOOK}{words}", errors.WorkflowError(f"no answer{words}"))]
    names = {f"{id_}{words}": f"{name}{words}" for id_, name in PARTNERS.items()}
    return attrs.evolve(
        record_of(folder, *story, findings=findings, gaps=gaps),
        subject=Subject(assets=(f"{FILM}{words}",), partners=(f"{DE}{words}",)),
        names=names | {f"mara{words}": f"Mara Lindqvist{words}"},
    )


def audit_page(folder: Path, words: str = "") -> str:
    record(folder, words).to_html(folder / "audit.html")
    return (folder / "audit.html").read_text("utf-8")


#: A report's page of each kind, made with words to add to whatever comes from outside.
REPORTS: Final[dict[str, Callable[[Path, str], str]]] = {
    "run": lambda _, words: distribution(words).to_html(),
    "dry-run": lambda _, words: distribution(words, dry_run=True).to_html(),
    "launch": lambda _, words: Launch(
        campaign_key="spring",
        readiness=readiness(words),
        outcomes=outcomes(words),
        waiting_on=readiness(words).blocks,
        timeline=steps(),
    ).to_html(),
    "compliance": lambda _, words: ComplianceDistribution(
        asset_id=FILM,
        outcomes=outcomes(words),
        verification=verification(words),
        timeline=steps(),
    ).to_html(),
    "reconciliation": lambda _, words: reconciliation(words).to_html(),
    "readiness": lambda _, words: readiness(words).to_html(),
    "verification": lambda _, words: verification(words).to_html(),
    "audit": audit_page,
}
