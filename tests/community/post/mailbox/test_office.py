"""The post office with a mailbox: what networks do wrong changes nothing in the community."""

import random
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path

import anyio
import pytest

from tgiconik import TradingGridClient, errors
from tgiconik.community import Community
from tgiconik.community.post import MessageState, PostOffice
from tgiconik.community.post.channel import Arrival, Judgement, SendState
from tgiconik.community.post.intent import Intent, IntentKind
from tgiconik.community.post.mailbox.collecting import Collector
from tgiconik.community.post.mailbox.identity import Rules, Seen, judged
from tgiconik.community.post.mailbox.message import message_id
from tgiconik.partner import Partner
from tgiconik.sandbox import Sandbox
from tgiconik.sandbox.mailboxes import Fault, MailboxServer
from tgiconik.testing import Clock

from .boxes import (
    COMPANY,
    NORDLICHT,
    SUMMIT,
    Mailboxes,
    channel_of,
    comments_on,
    message,
    office_of,
)
from .test_partner import partner_of


@pytest.fixture
async def partner(
    served: tuple[Sandbox, MailboxServer], clock: Clock, tmp_path: Path
) -> AsyncIterator[Partner]:
    async with partner_of(served[1], clock, tmp_path / "partner.db") as partner:
        yield partner


async def test_duplicates_and_delays_and_any_order_leave_one_of_each(
    served: tuple[Sandbox, MailboxServer],
    grid: TradingGridClient,
    office: PostOffice,
    partner: Partner,
) -> None:
    faults = served[1].network.faults
    faults += [
        Fault("ARRIVE", "twice", times=None),
        Fault("ARRIVE", "late", times=None),
        Fault("SHOW", "late", times=None),
        Fault("CATCH UP", "reverse", times=None),
    ]
    asked = await partner.submit_request("Film")
    for number in range(5):
        await partner.comment("requests", "REQ-1042", f"Comment {number}")
    await partner.run_once()

    for _ in range(3):
        await office.run_once()
        served[1].network.catch_up()
    await office.run_once()

    assert await comments_on(grid) == [f"Comment {number}" for number in range(5)]
    requests = [one async for one in grid.community.requests.list(external_id=asked)]
    assert [one.subject for one in requests] == ["Film"]
    assert await office.quarantined() == ()


async def test_a_connection_cut_between_store_and_acknowledge_applies_a_message_once(
    grid: TradingGridClient,
    office: PostOffice,
    partner: Partner,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await partner.comment("requests", "REQ-1042", "Hello")
    await partner.run_once()

    async def cut(*_: object) -> None:
        raise errors.PostUnavailable("the connection was lost")

    with monkeypatch.context() as patch:
        patch.setattr(Collector, "acknowledge", cut)
        report = await office.run_once()
    await office.run_once()

    assert "the connection was lost" in str(report.unavailable["mailbox"])
    assert await comments_on(grid) == ["Hello"]


async def test_two_offices_share_a_mailbox(
    served: tuple[Sandbox, MailboxServer],
    grid: TradingGridClient,
    office: PostOffice,
    partner: Partner,
    clock: Clock,
) -> None:
    for number in range(8):
        await partner.comment("requests", "REQ-1042", f"Comment {number}")
    await partner.run_once()

    async with office_of(served, grid, clock) as other, anyio.create_task_group() as tasks:
        tasks.start_soon(office.run_once)
        tasks.start_soon(other.run_once)
    await office.run_once()

    assert await comments_on(grid) == [f"Comment {number}" for number in range(8)]


async def test_an_illegal_move_becomes_a_comment(
    grid: TradingGridClient, office: PostOffice, partner: Partner
) -> None:
    await partner.confirm("requests", "REQ-1042", note="Thank you")
    await partner.run_once()

    await office.run_once()

    assert (await grid.community.requests.get("REQ-1042")).status == "submitted"
    assert await comments_on(grid) == ["We asked for the status confirmed.\n\nThank you"]


async def test_a_partner_cannot_act_on_what_is_anothers(
    grid: TradingGridClient,
    office: PostOffice,
    mailboxes: Mailboxes,
) -> None:
    mailboxes.post(message(mailboxes.clock(), by=SUMMIT), by=SUMMIT)  # REQ-1042 is Nordlicht's

    await office.run_once()

    assert await comments_on(grid) == []
    [kept] = await office.quarantined()
    assert kept.state is MessageState.QUARANTINED


async def test_a_forged_file_is_kept_and_can_be_replayed(
    grid: TradingGridClient, office: PostOffice, mailboxes: Mailboxes
) -> None:
    mailboxes.post(message(mailboxes.clock(), by=NORDLICHT), by=SUMMIT)

    await office.run_once()
    assert await comments_on(grid) == []
    [kept] = await office.quarantined()
    await office.replay(kept.id, by="Robin")

    assert await comments_on(grid) == ["Hello"]


async def test_a_letter_that_fails_in_the_network_is_undelivered_with_its_words(
    served: tuple[Sandbox, MailboxServer], office: PostOffice, partner: Partner, clock: Clock
) -> None:
    await partner.submit_request("Film")
    await partner.run_once()
    served[1].network.faults.append(Fault("SEND", "fail", answer="Mailbox is closed"))
    await office.run_once()
    clock.advance(hours=1)

    await office.run_once()

    [letter] = await office.undelivered(older_than=timedelta(0))
    assert letter.state is SendState.FAILED
    assert "Mailbox is closed" in str(letter)


def test_a_thousand_orders_of_arrival_are_judged_the_same(clock: Clock) -> None:
    now = clock()
    rules = Rules(
        company_id=COMPANY,
        address="ZZ:US",
        addresses={NORDLICHT: "ZZ:N", SUMMIT: "ZZ:S"},
        patience=timedelta(hours=6),
        oldest=timedelta(days=30),
    )
    raws = [
        message(now),
        message(now, by=SUMMIT),
        message(now - timedelta(days=40)),
        message(now, by="GC-NOBODY"),
        b"{}",
        b"half",
        message(
            now,
            intent=Intent(
                kind=IntentKind.MOVE, noun="issues", record_id="I", body={"status": "confirmed"}
            ),
        ),
    ]
    senders = ["ZZ:N", "ZZ:N", "ZZ:N", "ZZ:X", "ZZ:N", "", "ZZ:N"]
    arrivals = [
        (Arrival(message_id=message_id(raw), raw=raw, name=f"{n}.json", received_at=now), sender)
        for n, (raw, sender) in enumerate(zip(raws, senders, strict=True))
    ]
    shuffle = random.Random(17)  # noqa: S311 - an order

    def judgements(order: Sequence[tuple[Arrival, str]]) -> dict[str, Judgement]:
        return {
            arrival.message_id: judged(
                arrival,
                seen=[Seen(name=arrival.name, sender=sender, receiver="ZZ:US", process="P")]
                if sender
                else [],
                kept=[],
                listed=["ZZ:N", "ZZ:S"],
                known=True,
                rules=rules,
                now=now,
            )
            for arrival, sender in order
        }

    expected = judgements(arrivals)
    for _ in range(1000):
        order = shuffle.choices(arrivals, k=3) + arrivals
        shuffle.shuffle(order)
        assert judgements(order) == expected


async def test_the_sender_of_an_earlier_file_of_the_same_name_proves_nothing(
    mailboxes: Mailboxes, office: PostOffice, grid: TradingGridClient
) -> None:
    before = await comments_on(grid)
    mailboxes.post(message(mailboxes.clock()), "order.json")
    await office.run_once()
    after_one = await comments_on(grid)
    assert len(after_one) == len(before) + 1

    mailboxes.network.faults.append(Fault("SHOW", "late", times=None))
    mailboxes.clock.advance(minutes=1)
    mailboxes.post(message(mailboxes.clock()), "order.json", by=SUMMIT)
    report = await office.run_once()
    assert "Lens does not show the file yet." in str(report.steps)
    assert await comments_on(grid) == after_one
    assert not await office.quarantined()

    mailboxes.network.catch_up()
    mailboxes.clock.advance(hours=1)
    await office.run_once()
    [kept] = await office.quarantined()
    assert "Lens says" in kept.reason
    assert await comments_on(grid) == after_one


async def test_a_second_message_under_the_same_name_is_carried_out_when_lens_shows_both(
    mailboxes: Mailboxes, office: PostOffice, grid: TradingGridClient
) -> None:
    before = await comments_on(grid)
    for _ in range(2):
        mailboxes.clock.advance(minutes=1)
        mailboxes.post(message(mailboxes.clock()), "order.json")
        await office.run_once()

    assert len(await comments_on(grid)) == len(before) + 2
    assert not await office.quarantined()


async def test_the_beginning_of_a_message_leaves_quarantine_when_it_comes_whole(
    mailboxes: Mailboxes, office: PostOffice, grid: TradingGridClient
) -> None:
    before = await comments_on(grid)
    raw = message(mailboxes.clock())
    mailboxes.post(raw[:40], "order.json")
    mailboxes.post(raw[:50], "other.json")
    await office.run_once()
    assert len(await office.quarantined()) == 2

    mailboxes.post(raw, "order.json")
    await office.run_once()

    assert [one.name for one in await office.quarantined()] == ["other.json"]
    assert len(await comments_on(grid)) == len(before) + 1


async def test_another_message_under_the_same_name_leaves_quarantine_alone(
    mailboxes: Mailboxes, office: PostOffice
) -> None:
    mailboxes.post(b'{"other', "order.json")
    await office.run_once()
    mailboxes.post(message(mailboxes.clock()), "order.json")
    await office.run_once()

    assert [one.name for one in await office.quarantined()] == ["order.json"]


async def test_what_a_killed_process_had_read_is_found_behind_what_is_stored(
    served: tuple[Sandbox, MailboxServer],
    mailboxes: Mailboxes,
    grid: TradingGridClient,
    clock: Clock,
) -> None:
    sandbox, server = served
    before = await comments_on(grid)
    lost = mailboxes.post(message(clock()))
    box = server.network.box(f"ZZ:{COMPANY}")
    box[f"ACCEPTED/{lost}"] = box.pop(f"POLLABLE/{lost}")
    for _ in range(5):
        clock.advance(minutes=1)
        mailboxes.post(message(clock()))

    # Each pass is a process of its own, which remembers nothing.
    for _ in range(4):
        channel = channel_of(server, grid, clock)
        community = Community(sandbox.state.community)
        async with PostOffice(
            community, COMPANY, channels=[channel], messages_per_pass=2
        ) as office:
            await office.run_once()

    assert len(await comments_on(grid)) == len(before) + 6
