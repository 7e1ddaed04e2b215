"""The partner's side, against the company's channel, on real sockets."""

import json
import random
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest

from tgiconik import errors
from tgiconik.community.post import LetterKind
from tgiconik.community.post.channel import Act, SendState
from tgiconik.community.post.intent import IntentKind
from tgiconik.community.post.mailbox.collecting import Collector
from tgiconik.partner import Partner
from tgiconik.partner.letters import read_letter
from tgiconik.partner.store import PartnerStore
from tgiconik.sandbox import Sandbox
from tgiconik.sandbox.mailboxes import Fault, MailboxServer
from tgiconik.testing import Clock
from tgiconik.tradinggrid.collaboration import Contact

from .boxes import COMPANY, NORDLICHT, SUMMIT, Mailboxes
from .letters import outgoing

JANA = Contact(email="media@nordlicht.example", name="Jana Vogt")


def letter_data(number: int = 1, **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    about = {"noun": "requests", "id": "REQ-1042", "above": None, "revision": number}
    return {
        "format": "tgiconik-letter",
        "version": "1.0",
        "id": f"LTR-{number:032x}",
        "kind": "status",
        "company_id": COMPANY,
        "partner_id": NORDLICHT,
        "about": about,
        "at": f"2026-03-01T12:00:{number % 60:02}.000000Z",
        "language": "en",
        "subject": f"Your film, {number}",
        "text": "…",
        "actions": ["confirm"],
        "details": {"status": "fulfilled"},
        **changes,
    }


def partner_of(server: MailboxServer, clock: Clock, store: Path, **options: Any) -> Partner:  # noqa: ANN401
    addresses = server.network.addresses
    given = {
        "sftp": server.settings(NORDLICHT),
        "folders": server.folders(),
        "store": store,
        "company_id": COMPANY,
        "company_address": addresses[COMPANY],
        "partner_id": NORDLICHT,
        "address": addresses[NORDLICHT],
        "contact": JANA,
        "now": clock,
    }
    return Partner(**{**given, **options})


@pytest.fixture
async def partner(mailboxes: Mailboxes, clock: Clock, tmp_path: Path) -> AsyncIterator[Partner]:
    async with partner_of(mailboxes.server, clock, tmp_path / "partner.db") as one:
        yield one


async def test_every_act_of_a_partner_arrives_as_one_call(
    partner: Partner, mailboxes: Mailboxes
) -> None:
    asked = await partner.submit_request("Launch film")
    await partner.raise_issue("Wrong logo", severity="high", category="branding")
    await partner.comment("requests", "REQ-1", "Thanks", links=["https://a.test"])
    await partner.confirm("requests", "REQ-1", note="Well done")
    await partner.confirm("issues", "ISS-1")
    await partner.confirm("projects", "PRJ-1")
    await partner.reopen("requests", "REQ-1")
    await partner.withdraw("issues", "ISS-1")
    await partner.acknowledge("ANN-1")
    await partner.record_receipt("DOC-1", kind="downloaded")
    await partner.update_task("PRJ-1", "TSK-1", status="done")
    await partner.report_exception("PRJ-1", "Store is closed")

    run = await partner.run_once()
    acts = [one for one in await mailboxes.judged() if isinstance(one, Act)]

    assert len(run.sent) == 12
    assert [one.intent.kind for one in acts] == [
        IntentKind.REQUEST,
        IntentKind.ISSUE,
        IntentKind.COMMENT,
        IntentKind.MOVE,
        IntentKind.MOVE,
        IntentKind.CONFIRM,
        IntentKind.MOVE,
        IntentKind.MOVE,
        IntentKind.ACKNOWLEDGE,
        IntentKind.RECEIPT,
        IntentKind.TASK,
        IntentKind.EXCEPTION,
    ]
    assert acts[0].intent.body["external_id"] == asked
    assert acts[0].intent.body["requester"]["email"] == JANA.email
    assert acts[3].comment == "We asked for the status confirmed.\n\nWell done"
    assert acts[10].intent.part_id == "TSK-1"


async def test_what_the_contract_refuses_is_not_sent(partner: Partner) -> None:
    with pytest.raises(errors.ConfigurationError, match="/body/severity"):
        await partner.raise_issue("Wrong logo", severity="awful", category="branding")
    with pytest.raises(errors.ConfigurationError, match="/about/noun"):
        await partner.comment("documents", "DOC-1", "Thanks")

    assert (await partner.run_once()).sent == ()


async def test_a_message_survives_a_server_that_is_full(
    partner: Partner, mailboxes: Mailboxes, clock: Clock, tmp_path: Path
) -> None:
    asked = await partner.submit_request("Launch film")
    mailboxes.network.faults.append(Fault("WRITE", "refuse", answer="no space", times=None))
    with pytest.raises(errors.PostUnavailable):
        await partner.run_once()
    mailboxes.network.faults.clear()

    async with partner_of(mailboxes.server, clock, tmp_path / "partner.db") as again:
        assert (await again.run_once()).sent == (asked,)
        assert (await again.run_once()).sent == ()


async def test_a_letter_tells_the_partner_what_is_theirs(
    partner: Partner, mailboxes: Mailboxes
) -> None:
    await mailboxes.channel.send(outgoing(NORDLICHT, 1, letter_data()))

    run = await partner.run_once()

    [letter] = run.letters
    assert letter.subject == "Your film, 1"
    assert await partner.letters("requests") == [letter]
    assert await partner.letter("requests", "REQ-1042") == letter
    assert await partner.letters(kind="delivery") == []
    assert (await partner.run_once()).letters == ()


def test_any_order_and_repetition_of_letters_gives_the_same_state() -> None:
    """1,000 shuffles."""
    letters = [
        read_letter(
            json.dumps(letter_data(number, about=about)).encode(),
            company_id=COMPANY,
            partner_id=NORDLICHT,
        )
        for record in ("REQ-1", "REQ-2")
        for number in (1, 2, 3)
        for about in [{"noun": "requests", "id": record, "above": None, "revision": number}]
    ]
    random_ = random.Random(17)  # noqa: S311 - a shuffle
    states = set()
    for _ in range(1000):
        store = PartnerStore(":memory:")
        given = random_.choices(letters, k=4) + letters
        random_.shuffle(given)
        for number, letter in enumerate(given):
            store.apply(str(number), letter)
        states.add(repr(store.letters()))
        store.close()

    assert len(states) == 1


async def test_a_partner_can_be_killed_between_store_and_acknowledge(
    partner: Partner, mailboxes: Mailboxes, monkeypatch: pytest.MonkeyPatch
) -> None:
    await mailboxes.channel.send(outgoing(NORDLICHT, 1, letter_data()))

    async def killed(*_: object) -> None:
        raise errors.PostUnavailable("cut")

    with monkeypatch.context() as patch:
        patch.setattr(Collector, "acknowledge", killed)
        with pytest.raises(errors.PostUnavailable):
            await partner.run_once()

    assert len((await partner.run_once()).letters) == 1
    assert (await partner.run_once()).letters == ()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"version": "2.0"}, "update tgiconik"),
        ({"format": "other"}, "format"),
        ({"partner_id": SUMMIT}, "another partner"),
        ({"company_id": "GC-OTHER"}, "another company"),
        ({"about": {"noun": "requests", "id": "R", "revision": 0}}, "/about/revision"),
        ({"at": "today"}, "/at"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
async def test_a_file_that_is_no_letter_to_this_partner_is_kept(
    partner: Partner, mailboxes: Mailboxes, changes: dict[str, Any], reason: str
) -> None:
    mailboxes.post(json.dumps(letter_data(**changes)).encode(), by=COMPANY, to=NORDLICHT)

    run = await partner.run_once()

    assert run == attrs.evolve(run, letters=(), quarantined=1)
    [kept] = await partner.quarantined()
    assert reason in kept.reason
    assert kept.raw


async def test_the_beginning_of_a_letter_leaves_quarantine_when_it_comes_whole(
    partner: Partner, mailboxes: Mailboxes
) -> None:
    raw = json.dumps(letter_data()).encode()
    for name, part in (("one.json", raw[:20]), ("two.json", raw[:30])):
        mailboxes.post(part, name, by=COMPANY, to=NORDLICHT)
    assert (await partner.run_once()).quarantined == 2

    mailboxes.post(raw, "one.json", by=COMPANY, to=NORDLICHT)

    assert len((await partner.run_once()).letters) == 1
    assert [one.name for one in await partner.quarantined()] == ["two.json"]


async def test_letters_of_others_are_refused_where_lens_can_be_asked(
    served: tuple[Sandbox, MailboxServer], mailboxes: Mailboxes, clock: Clock, tmp_path: Path
) -> None:
    sandbox, server = served
    async with (
        sandbox.clients() as (grid, _),
        partner_of(server, clock, tmp_path / "partner.db", grid=grid) as partner,
    ):
        mailboxes.post(json.dumps(letter_data()).encode(), by=SUMMIT, to=NORDLICHT)
        server.network.put(f"ZZ:{NORDLICHT}", "planted.json", json.dumps(letter_data(2)).encode())
        await mailboxes.channel.send(outgoing(NORDLICHT, 3, letter_data(3)))

        run = await partner.run_once()
        clock.advance(hours=7)
        later = await partner.run_once()

        assert [one.revision for one in run.letters] == [3]
        assert (run.quarantined, run.waiting) == (1, 1)
        assert (later.quarantined, later.waiting) == (1, 0)


async def test_a_partner_tracks_its_messages(
    served: tuple[Sandbox, MailboxServer], mailboxes: Mailboxes, clock: Clock, tmp_path: Path
) -> None:
    sandbox, server = served
    async with (
        sandbox.clients() as (grid, _),
        partner_of(server, clock, tmp_path / "partner.db", grid=grid) as partner,
    ):
        asked = await partner.submit_request("Launch film")
        await partner.run_once()
        waiting = await partner.track()
        await mailboxes.collect()

        assert waiting[asked].state is SendState.READY_FOR_PICKUP
        assert (await partner.track())[asked].state is SendState.DELIVERED


async def test_deliveries_that_ended_or_were_withdrawn_are_not_listed(
    partner: Partner, mailboxes: Mailboxes, clock: Clock
) -> None:
    def delivery(number: int, document: str, **details: Any) -> dict[str, Any]:  # noqa: ANN401
        about = {"noun": "deliveries", "id": f"{document}/x", "above": None, "revision": number}
        given = {"document_id": document, "link": "https://share.test/secret", **details}
        return letter_data(number, kind="delivery", about=about, details=given)

    ended = (clock() - timedelta(days=1)).isoformat()
    await mailboxes.channel.send(outgoing(NORDLICHT, 1, delivery(1, "DOC-1")))
    await mailboxes.channel.send(
        outgoing(NORDLICHT, 2, delivery(2, "DOC-2", link_expires_at=ended))
    )
    await mailboxes.channel.send(outgoing(NORDLICHT, 3, delivery(3, "DOC-3")))
    gone = {"noun": "documents", "id": "DOC-3", "above": None, "revision": 2}
    await mailboxes.channel.send(
        outgoing(NORDLICHT, 4, letter_data(4, kind=LetterKind.WITHDRAWAL, about=gone))
    )

    await partner.run_once()
    [delivered] = await partner.deliveries()

    assert delivered.details["document_id"] == "DOC-1"
    assert "secret" not in repr(delivered)


def test_a_store_of_a_later_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "partner.db"
    store = PartnerStore(path)
    store._db.execute("PRAGMA user_version=99")
    store.close()

    with pytest.raises(errors.StoreError, match="update tgiconik"):
        PartnerStore(path)
