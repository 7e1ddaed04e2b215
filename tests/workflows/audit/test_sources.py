"""What the platforms say oddly, or not at all, is told as far as it goes."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from benchmarks.big_story import BigStory
from tgiconik import IconikClient
from tgiconik.sandbox import credentials, world
from tgiconik.sandbox.grid import seed as grid_seed
from tgiconik.tradinggrid.collaboration import (
    ActivityInput,
    AnnouncementInput,
    AssetReference,
    Audience,
    DeliveryInput,
    DocumentInput,
    ProjectInput,
    TaskInput,
)
from tgiconik.workflows import AuditRecord, Subject, build_audit_record, share_key
from tgiconik.workflows.audit import Event
from tgiconik.workflows.audit.events import UNDATED, Pseudonyms
from tgiconik.workflows.audit.from_iconik import partner_in

from .launch import FILM, LOOKBOOK, Launch
from .stories import event

ODD: dict[str, Any] = {
    "assets/a/": {"id": "a", "versions": [{"id": None}, {"id": "v"}], "in_collections": None},
    "approvals/request/": {
        "approvals_by": [
            {"status": "LATER", "user": "u"},
            {"status": None},
            {"status": "APPROVED", "external": "outside@example.invalid"},
        ]
    },
    "current/": {"id": None},
    "shares/": {
        "total": 2,
        "objects": [
            {"id": None},
            {"id": "s", "title": None, "object_type": None, "expires": None},
        ],
    },
    "users/": {"total": 2, "objects": [{"id": None, "download_count": 10**30}, {"id": "quiet"}]},
    "history/": {"objects": [{"id": None, "operation_type": None}, {"operation_type": "NEW_ONE"}]},
    "segments/": {"objects": [{"segment_text": "lone \ud800 half", "share_id": "s"}]},
}


def odd(request: httpx.Request) -> httpx.Response:
    answer = next(told for end, told in ODD.items() if request.url.path.endswith(end))
    return httpx.Response(200, content=json.dumps(answer))


async def told(launch: Launch, subject: str | Subject) -> tuple[AuditRecord, list[Event]]:
    record = await build_audit_record(launch.grid, launch.iconik, subject, now=launch.clock)
    return record, [told for _, told in record.events()]


async def test_an_asset_of_which_little_is_known_is_told_as_far_as_it_goes(launch: Launch) -> None:
    wire = httpx.MockTransport(odd)
    async with IconikClient(
        "https://odd.invalid", "app", "token", rate=None, transport=wire
    ) as iconik:
        record = await build_audit_record(launch.grid, iconik, "a", now=launch.clock)

    events = [each for _, each in record.events()]
    assert record.gaps == ()
    assert {each.at for each in events} == {UNDATED}
    assert record.counts == {
        "access.granted": 1,
        "access.used": 1,
        "approval.approved": 1,
        "asset.new_one": 1,
        "asset.unknown": 1,
        "comment.made": 1,
        "version.created": 2,
    }
    (comment,) = [each for each in events if each.kind == "comment.made"]
    assert comment.text == "lone \ufffd half"
    assert (comment.share_id, comment.partner_id) == ("s", None)
    # Without times nothing is known to be in the wrong order.
    assert set(record.findings_by_code) == {"share_without_delivery", "download_without_request"}


async def test_a_long_story_is_read_page_by_page() -> None:
    grid, iconik = BigStory(events=2_000, assets=4).clients()
    async with grid, iconik:
        record = await build_audit_record(grid, iconik, Subject())

    assert record.findings_by_code == {}
    assert record.counts["access.downloaded"] == record.counts["access.previewed"] == 896
    assert record.clock_difference == timedelta(seconds=1)


async def test_an_open_link_to_what_everybody_may_have_may_stay(launch: Launch) -> None:
    poster = world.asset_id("poster-green")
    await launch.iconik.assets.create_link(
        poster,
        key=share_key(world.SUMMIT),
        title="Poster",
        expires=launch.clock.time + timedelta(days=7),
        allow_download=True,
    )

    record = await build_audit_record(
        launch.grid, launch.iconik, poster, policy=world.policy(), now=launch.clock
    )

    (judged,) = [each for _, each in record.events() if each.kind == "access.judged"]
    assert (judged.allowed, judged.text, judged.partner_id) == (True, None, world.SUMMIT)


async def test_a_request_names_assets_in_its_criteria_too(launch: Launch) -> None:
    _, events = await told(launch, world.asset_id("radio"))

    assert "REQ-1046" in {each.request_id for each in events}


async def test_entries_of_the_log_are_told_by_what_they_are_about(launch: Launch) -> None:
    log = launch.grid.community.activity
    entries: list[dict[str, Any]] = [
        {"subject_type": "assets", "subject_id": FILM, "detail": {"note": "by hand"}},
        {"subject_type": "assets", "subject_id": LOOKBOOK},
        {"subject_type": "documents", "subject_id": "DOC-0"},
        {"subject_type": "issues", "subject_id": "ISS-7"},
        {"subject_type": None, "subject_id": None, "detail": {"access_count": True, "why": 7}},
    ]
    for entry in entries:
        await log.append(ActivityInput(kind="seen", **entry))

    _, events = await told(launch, Subject())
    seen = [each for each in events if each.kind == "seen"]
    assert {(e.asset_id, e.document_id, e.request_id, e.text) for e in seen} == {
        (FILM, None, None, "by hand"),
        (LOOKBOOK, None, None, None),
        (None, "DOC-0", None, None),
        (None, None, "ISS-7", None),
        (None, None, None, None),
    }
    assert {each.access_count for each in seen} == {None}
    _, about_film = await told(launch, FILM)
    assert [each.asset_id for each in about_film if each.kind == "seen"] == [FILM]


async def test_a_delivery_without_a_link_was_recorded_all_the_same(launch: Launch) -> None:
    community = launch.grid.community
    document = await community.documents.create(
        DocumentInput(title="On paper", asset=AssetReference(asset_id=FILM))
    )
    await community.deliveries.put(document.id, world.SUMMIT, DeliveryInput(), if_match=None)

    record, _ = await told(launch, FILM)

    assert record.counts["delivery.recorded"] == 1
    assert "access.granted" not in record.counts


async def test_what_is_of_other_partners_or_assets_stays_out(launch: Launch) -> None:
    community = launch.grid.community
    project = await community.projects.create(ProjectInput(kind="launch", name="Summer"))
    task = TaskInput(
        kind="approval", title="t", assignee_partner_id=world.YAMA, decision="approved"
    )
    await community.tasks.create(project.id, task)
    await community.announcements.create(
        AnnouncementInput(subject="For Japan", body="b", audience=Audience(partners=(world.YAMA,)))
    )

    _, summit = await told(launch, Subject(partners=[world.SUMMIT]))
    record, yama = await told(launch, Subject(partners=[world.YAMA]))

    assert world.YAMA not in {each.partner_id for each in summit}
    assert "For Japan" not in {each.title for each in summit}
    assert {"task.approved", "announcement.sent"} <= record.counts.keys()
    assert {each.partner_id for each in yama} == {world.YAMA, None}


async def test_lens_is_asked_for_the_time_of_the_record_only(launch: Launch) -> None:
    for days in (1, 3):
        grid_seed.add_transaction(
            launch.sandbox.state,
            f"T-{days}",
            senderaddress="ZZ:S",
            arrivaltime=launch.clock.time - timedelta(days=days),
        )

    record = await build_audit_record(
        launch.grid,
        launch.iconik,
        Subject(addresses={"ZZ:S": world.SUMMIT}),
        since=launch.clock.time - timedelta(days=2),
        now=launch.clock,
    )

    assert record.counts["transaction.arrived"] == 1


async def test_a_time_at_the_edge_of_the_calendar_stays_there(launch: Launch) -> None:
    grid_seed.add_request(
        launch.sandbox.state,
        credentials.COMPANY_ID,
        "REQ-0",
        at=datetime(1, 1, 1, tzinfo=UTC),
        kind="media_request",
        partner_id=world.SUMMIT,
        subject="From the beginning",
    )

    record = await build_audit_record(
        launch.grid,
        launch.iconik,
        Subject(partners=[world.SUMMIT]),
        clock_offset=timedelta(hours=1),
        now=launch.clock,
    )

    _, first = next(record.events())
    assert first.at == datetime(1, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("partner", ["GC1", "a b", "ä/%[]", "tgiconik:"])
def test_a_partner_is_known_by_the_title_of_their_share(partner: str) -> None:
    assert partner_in(f"Film [{share_key(partner)}]") == partner


@pytest.mark.parametrize("title", [None, "", "Film", "Film [other]"])
def test_a_share_of_somebody_else_is_nobodys(title: str | None) -> None:
    assert partner_in(title) is None


def test_a_pseudonym_is_the_same_within_a_record_and_another_in_the_next() -> None:
    one, other = Pseudonyms(), Pseudonyms()

    assert one.of("Robin@Example.com") == one.of(" robin@example.com ")
    assert one.of("robin@example.com") != one.of("alex@example.com")
    assert one.of("robin@example.com") != other.of("robin@example.com")
    assert one.of("tgiconik") == "tgiconik"
    assert one.hide(event("x", actor=None, text="t", title="T")).actor is None
    assert "salt" not in repr(one)
