"""A record of what three workflows and the people around them did."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from iconik.test_check import roles_of

from tgiconik import errors
from tgiconik.iconik.check import WORKFLOW_ROLES
from tgiconik.sandbox import credentials, world
from tgiconik.sandbox.faults import Fault, Refuse
from tgiconik.sandbox.grid import seed as grid_seed
from tgiconik.sandbox.iconik import seed
from tgiconik.tradinggrid.collaboration import (
    ActivityInput,
    AssetReference,
    DeliveryInput,
    DocumentInput,
    RequestInput,
)
from tgiconik.workflows import AuditRecord, Step, Subject, build_audit_record, verify_audit_record
from tgiconik.workflows.audit import Event, Gap
from tgiconik.workflows.audit.record import NOTES
from workflows.conftest import Wire

from .launch import FILM, LOOKBOOK, PERSON, REQUEST, SECRET, Launch

ORDERS = {f"ZZ:{world.SUMMIT}": world.SUMMIT}
EVERYTHING = Subject()


async def build(launch: Launch, subject: str | Subject = EVERYTHING) -> AuditRecord:
    return await build_audit_record(
        launch.grid, launch.iconik, subject, policy=world.policy(), now=launch.clock
    )


def events(record: AuditRecord, kind: str = "") -> list[Event]:
    return [event for _, event in record.events() if event.kind.startswith(kind)]


def names_in(folder: Path) -> list[str]:
    return [each.name for each in folder.iterdir()]


def sources(event: Event) -> list[str]:
    return [sighting.source for sighting in event.seen]


async def test_the_record_tells_the_whole_story_and_finds_nothing_wrong(launch: Launch) -> None:
    await launch.whole()

    record = await build(launch, Subject(addresses=ORDERS))

    assert launch.sandbox.writes == []
    record.raise_for_failures()
    assert list(record.findings()) == []
    assert verify_audit_record(record, head=record.head).ok
    assert len(record) == len(events(record)) == sum(record.counts.values())
    assert Counter(event.kind for event in events(record)) == record.counts
    happened = list(dict.fromkeys(event.kind for event in events(record)))
    assert happened == [
        "version.created",
        "issue.open",
        "request.submitted",
        "approval.requested",
        "approval.approved",
        "approval.rejected",
        "request.in_review",
        "document.published",
        "access.granted",
        "comment.made",
        "request.fulfilled",
        "access.used",
        "access.downloaded",
        "enhancement.asked",
        "version.promoted",
        "announcement.sent",
        "access.previewed",
        "delivery.acknowledged",
        "announcement.acknowledged",
        "exception.open",
        "exception.resolved",
        "project.confirmed",
        "task.approved",
        "transaction.arrived",
        "access.revoked",
        "asset.metadata",
        "access.judged",
    ]


async def test_what_both_platforms_saw_is_told_once(launch: Launch) -> None:
    await launch.whole()

    record = await build(launch)

    (download,) = events(record, "access.downloaded")
    assert sources(download) == ["history", "receipts"]
    assert [s.at.minute for s in download.seen] == [3, 7]
    assert download.at.minute == 3
    assert download.actor == PERSON.email
    first, again, *_ = events(record, "access.granted")
    assert sources(first) == ["shares", "deliveries"]
    # The same link was delivered again, when there was a new version.
    assert sources(again) == ["deliveries"]
    assert first.share_id == again.share_id
    assert first.version_id != again.version_id
    assert {tuple(sources(e)) for e in events(record, "access.revoked")} == {
        ("activity", "deliveries")
    }
    assert record.clock_difference == timedelta(0)


async def test_two_records_of_the_same_state_are_equal(launch: Launch) -> None:
    await launch.whole()

    one, other = await build(launch), await build(launch)

    assert one == other
    assert list(one) == list(other)
    await launch.fulfill()
    launch.clock.advance(minutes=1)
    assert await build(launch) != one


async def test_the_record_of_an_asset_is_about_it_alone(launch: Launch) -> None:
    await launch.whole()

    record = await build(launch, LOOKBOOK)

    assert {event.asset_id for event in events(record)} <= {LOOKBOOK, None}
    assert {event.request_id for event in events(record)} == {None}
    assert record.counts["announcement.acknowledged"] == 1
    assert record.counts["project.confirmed"] == 1
    film = await build(launch, FILM)
    assert {e.request_id for e in events(film, "request")} == {REQUEST, "REQ-2001"}
    assert "task.approved" not in film.counts
    assert "project.confirmed" not in film.counts


async def test_the_record_of_a_partner_leaves_the_others_out(launch: Launch) -> None:
    await launch.whole()

    record = await build(launch, Subject(partners=(world.SUMMIT,)))

    assert {event.partner_id for event in events(record)} == {world.SUMMIT, None}
    assert record.counts["access.granted"] == 1
    assert record.counts["announcement.sent"] == 1
    nobody = await build(launch, Subject(partners=(world.YAMA,)))
    assert {event.partner_id for event in events(nobody)} == {world.YAMA}
    assert "announcement.sent" not in nobody.counts


async def test_a_partners_record_has_none_of_what_others_did(launch: Launch) -> None:
    await launch.whole()

    record = await build(launch, Subject(partners=[world.NORDLICHT]))

    did = {"access.previewed", "announcement.acknowledged", "project.confirmed", "exception.open"}
    assert did.isdisjoint(record.counts)
    assert {event.partner_id for event in events(record)} == {world.NORDLICHT, None}


async def test_a_partners_record_has_none_of_the_others_shares(launch: Launch) -> None:
    await launch.distribute()

    record = await build(launch, Subject(partners=[world.SUMMIT]))

    assert [e.partner_id for e in events(record, "access.granted")] == [world.SUMMIT]


async def test_an_asset_that_is_shared_in_a_collection_brings_its_deliveries(
    launch: Launch,
) -> None:
    share_id = await share_collection(launch)

    record = await build(launch, FILM)

    iconik, grid = events(record, "access.granted")
    assert (iconik.share_id, grid.share_id) == (share_id, share_id)
    assert [f.code for f in record.findings()] == []
    assert [e.kind for e in events(record, "package")] == ["package.filled"]


async def test_everything_reads_the_assets_in_delivered_collections_too(launch: Launch) -> None:
    share_id = await share_collection(launch)

    record = await build(launch)

    shown = {e.asset_id for e in events(record, "access.granted") if e.share_id == share_id}
    names = ("film-de", "film-us", "film-jp")
    assert shown == {None, *(world.asset_id(name) for name in names)}


async def share_collection(launch: Launch) -> str:
    """A collection that a partner gets as a whole, and a note of that in the log."""
    collection = seed.fixed_id("collection spring launch")
    link = await launch.iconik.assets.create_link(
        collection,
        key=f"tgiconik:{world.NORDLICHT}",
        title="Spring launch",
        expires=launch.clock.time + timedelta(days=7),
        allow_download=True,
        object_type="collections",
    )
    grid = launch.grid.community
    document = await grid.documents.create(
        DocumentInput(title="Spring launch", collection_id=collection)
    )
    delivery = DeliveryInput(share_id=link.share_id, link=link.url)
    await grid.deliveries.put(document.id, world.NORDLICHT, delivery, if_match=None)
    await grid.activity.append(
        ActivityInput(kind="package.filled", subject_type="collections", subject_id=collection)
    )
    await grid.activity.append(
        ActivityInput(kind="other", subject_type="collections", subject_id="another")
    )
    launch.sandbox.writes.clear()
    return link.share_id


@pytest.mark.parametrize(
    ("path", "gap"),
    [
        (r"/documents\?", "Trading Grid documents could not be read: "),
        (r"/requests\?", "Trading Grid requests could not be read: "),
        (r"/history/", f"iconik history of {LOOKBOOK} could not be read: "),
        (rf"/assets/{LOOKBOOK}/(\?|$)", f"iconik asset of {LOOKBOOK} could not be read: "),
        (r"/segments/", f"iconik comments of {LOOKBOOK} could not be read: "),
        (r"/metadata/", f"release policy of {LOOKBOOK} could not be read: "),
    ],
)
async def test_a_source_that_breaks_off_is_a_gap_and_stops_nothing(
    launch: Launch, path: str, gap: str
) -> None:
    await launch.distribute()
    launch.clock.advance(minutes=1)
    launch.sandbox.faults.append(Fault(Refuse(403, SECRET), path=path))

    record = await build(launch, LOOKBOOK)

    (found,) = record.gaps
    assert str(found).startswith(gap)
    assert verify_audit_record(record).ok
    told = [json.loads(line)["body"] for line in record]
    assert {"type": "gap", "gap": str(found)} in told
    assert any(step.what == " ".join(str(found).split()) for step in record.timeline)
    with pytest.raises(ExceptionGroup, match="1 sources could not be read") as raised:
        record.raise_for_failures()
    assert raised.group_contains(errors.Forbidden)


async def test_a_collection_that_cannot_be_read_is_a_gap(launch: Launch) -> None:
    await share_collection(launch)
    launch.sandbox.faults.append(Fault(Refuse(403), path="/contents/"))

    record = await build(launch)

    assert [gap.source for gap in record.gaps] == ["iconik collection"]


@pytest.mark.parametrize("asset_id", ["gone", "", "../x", "a/b", "\0", "%2e%2e"])
async def test_an_asset_that_is_gone_or_cannot_be_one_is_a_gap(
    launch: Launch, asset_id: str
) -> None:
    record = await build(launch, asset_id)

    (gap,) = record.gaps
    assert (gap.source, gap.about) == ("iconik asset", asset_id)
    assert len(record) == 0


async def test_an_asset_that_only_an_issue_names_and_that_is_gone_is_a_gap(launch: Launch) -> None:
    grid_seed.add_issue(
        launch.sandbox.state,
        credentials.COMPANY_ID,
        "ISS-9",
        partner_id=world.SUMMIT,
        subject="Of another system domain",
        severity="low",
        category="other",
        asset_references=[{"asset_id": "../../elsewhere"}],
    )

    record = await build(launch)

    assert [gap.about for gap in record.gaps] == ["../../elsewhere"]
    assert record.counts["issue.open"] == 2


@pytest.mark.parametrize(
    "subject",
    [
        Subject(partners=("NOPE",)),
        Subject(partners=("NOPE", world.SUMMIT)),
        Subject(assets=(LOOKBOOK,), partners=("NOPE",)),
        Subject(addresses={"ZZ:NOPE": "NOPE"}),
    ],
)
async def test_a_partner_of_whom_nothing_is_known_is_a_gap(
    launch: Launch, subject: Subject
) -> None:
    record = await build(launch, subject)

    (gap,) = record.gaps
    assert (gap.source, gap.about) == ("Trading Grid partner", "NOPE")
    assert str(gap).endswith("no profile and no event has the company id 'NOPE'")
    with pytest.raises(ExceptionGroup) as raised:
        record.raise_for_failures()
    assert raised.group_contains(errors.UnknownPartner)


async def test_a_partners_name_in_place_of_the_company_id_is_a_gap_that_gives_the_id(
    launch: Launch,
) -> None:
    record = await build(launch, Subject(partners=("nordlicht",)))

    (gap,) = record.gaps
    assert f"the name is that of {world.NORDLICHT} (Nordlicht" in str(gap)


async def test_a_gap_about_a_partner_tells_no_names_where_people_have_other_names(
    launch: Launch,
) -> None:
    record = await build_audit_record(
        launch.grid,
        launch.iconik,
        Subject(partners=("Nordlicht",)),
        pseudonymise=True,
        now=launch.clock,
    )

    (gap,) = record.gaps
    assert str(gap) == "Trading Grid partner of Nordlicht could not be read: UnknownPartner"


async def test_a_partner_without_events_or_without_a_profile_is_no_gap(launch: Launch) -> None:
    grid_seed.add_issue(
        launch.sandbox.state,
        credentials.COMPANY_ID,
        "ISS-9",
        partner_id="LEFT",
        subject="Of a partner whose profile is gone",
        severity="low",
        category="other",
    )

    quiet = await build(launch, Subject(assets=(FILM,), partners=(world.SUMMIT,)))
    gone = await build(launch, Subject(partners=("LEFT",)))

    assert quiet.gaps == gone.gaps == ()
    assert gone.counts["issue.open"] == 1


async def test_partners_who_cannot_be_looked_for_are_a_gap(launch: Launch) -> None:
    launch.sandbox.faults.append(Fault(Refuse(403), path=r"/partners\?"))

    record = await build(launch, Subject(partners=("NOPE",)))

    (gap,) = record.gaps
    assert (gap.source, gap.about) == ("Trading Grid partner", "NOPE")
    assert isinstance(gap.error, errors.Forbidden)


async def test_a_share_that_is_revoked_while_it_is_read_is_no_gap(launch: Launch) -> None:
    await launch.distribute()
    launch.sandbox.faults.append(Fault(Refuse(404), path=r"/shares/[^/]+/users/"))

    record = await build(launch, LOOKBOOK)

    assert record.gaps == ()
    assert record.counts["access.granted"] == 2


async def test_a_share_that_has_run_out_has_ended(launch: Launch) -> None:
    await launch.distribute()
    launch.clock.advance(days=300)

    record = await build(launch, LOOKBOOK)

    assert record.counts["access.ended"] == 2
    assert "access.judged" not in record.counts
    assert list(record.findings()) == []


async def test_without_a_policy_nothing_is_judged(launch: Launch) -> None:
    await launch.distribute()

    record = await build_audit_record(launch.grid, launch.iconik, LOOKBOOK, now=launch.clock)

    assert "access.judged" not in record.counts


async def test_open_links_are_judged_by_the_version_and_not_by_what_was_asked_for(
    launch: Launch,
) -> None:
    await launch.distribute()
    cleared = {"Regions": ["JP"], "HeldVersions": []}
    await launch.iconik.metadata.merge_values(LOOKBOOK, world.RELEASE_VIEW, cleared)

    record = await build(launch, LOOKBOOK)

    assert [event.allowed for event in events(record, "access.judged")] == [True, True]


async def test_what_is_open_and_held_back_is_found(launch: Launch) -> None:
    await launch.distribute()
    asset = await launch.iconik.assets.get_asset(LOOKBOOK)
    held = {"HeldVersions": [str(asset.default_version_id)]}
    await launch.iconik.metadata.merge_values(LOOKBOOK, world.RELEASE_VIEW, held)

    record = await build(launch, LOOKBOOK)

    assert record.findings_by_code == {"still_open": 2}
    assert {f.partner_id for f in record.findings()} == {world.NORDLICHT, world.SUMMIT}
    entries = dict(record.events())
    for finding in record.findings():
        assert "The version is held back." in finding.message
        assert [entries[n].kind for n in finding.entries] == ["access.granted", "access.judged"]


async def test_a_link_that_outlives_its_document_is_found(launch: Launch) -> None:
    await launch.distribute()
    (document,) = [d async for d in launch.grid.community.documents.list()]
    await launch.grid.community.documents.set_state(
        document.id, "withdrawn", if_match=document.etag
    )

    record = await build(launch, LOOKBOOK)

    assert record.findings_by_code == {"open_after_withdrawal": 2}
    assert record.counts["document.withdrawn"] == 1


async def test_a_link_made_by_hand_is_found(launch: Launch) -> None:
    await launch.iconik.assets.create_link(
        LOOKBOOK,
        key="somebody",
        title="By hand",
        expires=launch.clock.time + timedelta(days=7),
        allow_download=False,
    )
    record = await build(launch, LOOKBOOK)

    assert record.findings_by_code == {"share_without_delivery": 1}
    (grant,) = events(record, "access.granted")
    assert grant.partner_id is None


async def test_clocks_that_are_five_minutes_apart_are_told_and_set_right(
    launch: Launch, wire: Wire
) -> None:
    ahead = timedelta(minutes=5)

    async def before(request: httpx.Request) -> None:
        launch.clock.time += ahead * request.url.path.startswith("/community/")

    async def after(request: httpx.Request) -> None:
        launch.clock.time -= ahead * request.url.path.startswith("/community/")

    wire.before.append(before)
    wire.after.append(after)
    await launch.fulfill()
    await launch.download(minutes=0)

    record = await build(launch, FILM)

    assert record.clock_difference == ahead
    assert list(record.findings()) == []
    (download,) = events(record, "access.downloaded")
    assert [s.at for s in download.seen] == [download.at, download.at + ahead]
    right = await build_audit_record(
        launch.grid, launch.iconik, FILM, clock_offset=ahead, now=launch.clock
    )
    (published,) = events(right, "document.published")
    (grant,) = events(right, "access.granted")
    assert published.at == published.seen[0].at - ahead == grant.at


async def test_a_span_of_time_leaves_the_rest_out(launch: Launch) -> None:
    await launch.whole()
    since = datetime(2026, 3, 2, 9, 3, tzinfo=UTC)
    until = since + timedelta(minutes=7)

    record = await build_audit_record(
        launch.grid, launch.iconik, FILM, since=since, until=until, now=launch.clock
    )

    assert (record.since, record.until) == (since, until)
    times = [event.at for event in events(record)]
    assert min(times) >= since
    assert max(times) < until
    assert "access.downloaded" in record.counts
    assert list(record.findings()) == []
    assert verify_audit_record(record).ok


@pytest.mark.parametrize(
    ("since", "until"),
    [
        (datetime(2026, 3, 2), None),  # noqa: DTZ001 - this is what is refused
        (None, datetime(2026, 3, 2)),  # noqa: DTZ001 - this is what is refused
        (datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC)),
        ("2026-01-01", None),
        (None, "2026-01-01"),
    ],
)
async def test_a_span_that_is_none_is_refused(
    launch: Launch, since: datetime | None, until: datetime | None
) -> None:
    with pytest.raises(errors.ConfigurationError, match=r"^(since|until) "):
        await build_audit_record(launch.grid, launch.iconik, FILM, since=since, until=until)


async def test_clocks_cannot_be_less_than_no_time_apart(launch: Launch) -> None:
    with pytest.raises(errors.ConfigurationError, match="tolerance"):
        await build_audit_record(launch.grid, launch.iconik, FILM, tolerance=timedelta(seconds=-1))


async def test_one_subject_where_several_are_meant_is_refused() -> None:
    with pytest.raises(errors.ConfigurationError, match="must be a list of texts"):
        Subject(assets="abc")
    assert Subject(assets=["a", "b", "a"]).assets == ("a", "b")


async def test_nobody_is_named_when_people_are_to_have_other_names(launch: Launch) -> None:
    await launch.whole()
    await launch.grid.community.requests.create(
        RequestInput(
            kind="media_request",
            partner_id=world.SUMMIT,
            subject=SECRET,
            description=SECRET,
            requester=PERSON,
            asset_references=[AssetReference(asset_id=FILM, title=SECRET)],
        )
    )
    launch.sandbox.faults.append(Fault(Refuse(403, SECRET), path=f"{LOOKBOOK}/history/"))
    people = [user.id async for user in launch.iconik.users.list_users()]

    record = await build_audit_record(
        launch.grid,
        launch.iconik,
        Subject(addresses=ORDERS),
        policy=world.policy(),
        pseudonymise=True,
        now=launch.clock,
    )

    shown = record._repr_html_().replace("@media", "")
    told = "".join(record) + json.dumps(record.to_dict()) + shown
    assert record.pseudonymised
    assert len(record.gaps) == 1
    for name in (PERSON.name, PERSON.email, "robin", "@", *filter(None, people)):
        assert str(name).casefold() not in told.casefold()
    assert "Summer lookbook" in told
    by = {event.kind: event.actor or "" for event in events(record)}
    assert by["access.previewed"] == by["announcement.acknowledged"]
    assert by["access.previewed"].startswith("person-")
    assert by["access.revoked"] == "tgiconik"


async def test_the_record_is_kept_where_it_is_asked_for(launch: Launch, tmp_path: Path) -> None:
    path = tmp_path / "record.jsonl"
    steps: list[Step] = []

    record = await build_audit_record(
        launch.grid, launch.iconik, FILM, into=path, now=launch.clock, progress=steps.append
    )

    assert record.path == path
    assert names_in(tmp_path) == ["record.jsonl"]
    assert verify_audit_record(path, head=record.head).ok
    assert tuple(steps) == record.timeline
    first = json.loads(path.read_text("ascii").splitlines()[0])["body"]
    assert first["notes"] == list(NOTES)


async def test_a_record_that_was_not_asked_for_in_a_file_vanishes(launch: Launch) -> None:
    record = await build(launch, FILM)
    path = record.path
    assert path.exists()

    del record

    assert not path.exists()


async def test_nothing_is_left_behind_where_the_record_cannot_be_written(
    launch: Launch, tmp_path: Path
) -> None:
    (tmp_path / "taken").mkdir()

    with pytest.raises(OSError, match="taken"):
        await build_audit_record(launch.grid, launch.iconik, FILM, into=tmp_path / "taken")

    assert names_in(tmp_path) == ["taken"]


def test_gaps_are_equal_by_what_kind_of_error_they_had() -> None:
    assert Gap("a", "b", OSError("1")) == Gap("a", "b", OSError("2"))
    assert str(Gap("a", "", OSError("1"))) == "a could not be read: 1"


async def test_its_roles_are_those_of_the_calls_it_makes(launch: Launch, wire: Wire) -> None:
    await launch.whole()
    await share_collection(launch)
    called: set[str] = set()

    async def note(request: httpx.Request) -> None:
        if request.url.path.startswith("/API/"):
            called.update(roles_of(request))

    wire.before.append(note)
    await build(launch)

    assert called == WORKFLOW_ROLES["build_audit_record"]
