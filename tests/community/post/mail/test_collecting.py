"""Mails are collected by IMAP over real sockets, whatever the server does."""

from collections.abc import AsyncIterator

import attrs
import pytest

from tgiconik import errors
from tgiconik.community.post.channel import Arrival
from tgiconik.community.post.mail import MailChannel
from tgiconik.community.post.mail.imap import KEYWORD
from tgiconik.community.post.mail.reading import read
from tgiconik.community.post.mail.settings import ABSENT
from tgiconik.sandbox.mail import Fault, MailServer

from .conftest import channel_of
from .mails import BRAND, mail
from .wire import CutWire


def mails(*texts: str) -> list[bytes]:
    return [mail(text, subject=text) for text in texts]


async def collected(channel: MailChannel, *, acknowledge: bool = True) -> list[Arrival]:
    found = []
    async for arrival in channel.collect():
        found.append(arrival)
        if acknowledge:
            await channel.acknowledge(arrival)
    return found


def texts(found: list[Arrival]) -> list[str]:
    return [read(one.raw).text for one in found]


@pytest.fixture(params=["move", "copy", "keyword"])
async def any_channel(
    request: pytest.FixtureRequest,
) -> AsyncIterator[tuple[MailServer, MailChannel]]:
    """A server that can MOVE, one that cannot, and one where mails stay in place."""
    async with MailServer(moves=request.param == "move") as server:
        processed = None if request.param == "keyword" else "Erledigt: ä&b"
        imap = attrs.evolve(server.imap(BRAND), processed=processed)
        async with channel_of(server, imap=imap) as channel:
            yield server, channel


async def test_what_is_acknowledged_is_not_collected_again(
    any_channel: tuple[MailServer, MailChannel],
) -> None:
    server, channel = any_channel
    for raw in mails("One", "Two"):
        server.put(BRAND, raw)

    first = await collected(channel, acknowledge=False)
    assert texts(first) == ["One", "Two"]
    await channel.acknowledge(first[0])

    assert texts(await collected(channel)) == ["Two"]
    assert await collected(channel) == []
    server.put(BRAND, mail("Three"))
    assert texts(await collected(channel)) == ["Three"]
    # Nothing is lost, and nothing is doubled.
    kept = [
        stored.raw
        for folder in server.mailboxes.folders(BRAND).values()
        for stored in folder.mails
        if r"\Deleted" not in stored.flags
    ]
    assert sorted(kept) == sorted([*mails("One", "Two"), mail("Three")])


async def test_acknowledging_twice_changes_nothing(
    any_channel: tuple[MailServer, MailChannel],
) -> None:
    server, channel = any_channel
    server.put(BRAND, mail())
    (arrival,) = await collected(channel)

    await channel.acknowledge(arrival)

    assert await collected(channel) == []


async def test_a_mail_has_the_same_id_whenever_it_is_collected(server: MailServer) -> None:
    server.put(BRAND, mail())
    ids = []
    for _ in range(2):
        async with channel_of(server) as channel:
            (arrival,) = await collected(channel, acknowledge=False)
            ids.append(arrival.message_id)

    assert ids[0] == ids[1]


async def test_a_folder_whose_uids_mean_nothing_any_more_is_collected_anew(
    server: MailServer,
) -> None:
    for raw in mails("One", "Two"):
        server.put(BRAND, raw)
    async with channel_of(server) as channel:
        before = await collected(channel, acknowledge=False)
        server.mailboxes.folders(BRAND)["INBOX"].remove({1})
        server.mailboxes.renew(BRAND, "INBOX")
    async with channel_of(server) as channel:
        # UID 1 is another mail now.
        await channel.acknowledge(before[0])
        again = await collected(channel, acknowledge=False)

    assert texts(again) == ["Two"]
    assert again[0].message_id == before[1].message_id
    assert again[0].name != before[1].name


async def test_a_mail_of_40_megabytes_is_not_fetched(server: MailServer) -> None:
    server.put(BRAND, mail("x" * 40 * 1024 * 1024))
    server.put(BRAND, mail("Small"))
    async with channel_of(server) as channel:
        large, small = await collected(channel)

    assert len(large.raw) < 2_000
    assert (read(large.raw).size or 0) > 40 * 1024 * 1024
    assert read(large.raw).subject == "Re: REQ-1"
    assert read(small.raw).text == "Small"


async def test_of_ten_thousand_mails_no_more_are_fetched_than_are_wanted(
    server: MailServer, channel: MailChannel
) -> None:
    for number in range(10_000):
        server.put(BRAND, mail(str(number)))

    found = []
    async for arrival in channel.collect():
        found.append(arrival)
        await channel.acknowledge(arrival)
        if len(found) == 5:
            break

    assert texts(found) == ["0", "1", "2", "3", "4"]
    assert len(server.mails(BRAND)) == 9_995


async def test_a_mail_that_somebody_removes_meanwhile_is_no_matter(
    server: MailServer, channel: MailChannel
) -> None:
    for raw in mails("One", "Two", "Three"):
        server.put(BRAND, raw)

    found = []
    async for arrival in channel.collect():
        found.append(arrival)
        server.mailboxes.folders(BRAND)["INBOX"].remove({2})

    assert texts(found) == ["One", "Three"]


@pytest.mark.parametrize("kind", ["drop", "drop_after", "drop_within"])
@pytest.mark.parametrize(
    "command", ["LOGIN", "SELECT", "NOOP", "UID SEARCH", "UID FETCH", "UID MOVE"]
)
async def test_a_connection_that_drops_within_a_command_is_opened_again(
    server: MailServer, channel: MailChannel, command: str, kind: str
) -> None:
    for raw in mails("One", "Two"):
        server.put(BRAND, raw)
    server.faults.append(Fault(command=command, kind=kind))

    assert texts(await collected(channel)) == ["One", "Two"]
    assert server.mails(BRAND) == []
    assert server.mails(BRAND, "Processed") == mails("One", "Two")


async def test_a_server_that_drops_every_time_is_asked_again_later(
    server: MailServer, channel: MailChannel
) -> None:
    server.put(BRAND, mail())
    server.faults.append(Fault(command="UID FETCH", kind="drop", times=4))

    for _ in range(2):
        with pytest.raises(errors.PostUnavailable, match="broke off twice"):
            await collected(channel)
    assert len(await collected(channel)) == 1


async def test_a_server_that_refuses_a_move_keeps_the_mail(
    server: MailServer, channel: MailChannel
) -> None:
    server.put(BRAND, mail())
    server.faults.append(Fault(command="UID MOVE", kind="refuse", answer="[OVERQUOTA] full"))

    with pytest.raises(errors.PostUnavailable, match="full"):
        await collected(channel)

    assert len(server.mails(BRAND)) == 1
    assert len(await collected(channel)) == 1


async def test_cut_after_any_byte_every_mail_is_collected_once(server: MailServer) -> None:
    cuts = 0
    for after in range(0, 3_000, 127):
        for raw in mails("One", "Two"):
            server.put(BRAND, raw)
        async with CutWire(server.port("imap"), after) as wire:
            imap = attrs.evolve(server.imap(BRAND), port=wire.port, timeout=10)
            async with channel_of(server, imap=imap) as channel:
                assert texts(await collected(channel)) == ["One", "Two"]
                cuts += wire.was_cut
        assert server.mails(BRAND) == []

    assert cuts > 10


async def test_a_slow_server_is_waited_for(server: MailServer, channel: MailChannel) -> None:
    server.put(BRAND, mail())
    server.faults.append(Fault(command="UID FETCH", kind="delay", seconds=0.05))

    assert len(await collected(channel)) == 1


async def test_a_server_that_does_not_answer_in_time_is_asked_later(server: MailServer) -> None:
    server.faults.append(Fault(command="UID SEARCH", kind="delay", seconds=30, times=2))
    imap = attrs.evolve(server.imap(BRAND), timeout=0.2)
    async with channel_of(server, imap=imap) as channel:
        with pytest.raises(errors.PostUnavailable, match="timed out"):
            await collected(channel)


async def test_a_check_says_what_is_there(server: MailServer, channel: MailChannel) -> None:
    server.put(BRAND, mail())

    facts = await channel.check()

    assert facts["imap"] == {
        "server": f"127.0.0.1:{server.port('imap')}",
        "folder": "INBOX",
        "processed": "Processed",
        "waiting": 1,
    }
    assert facts["smtp"]["largest"] == 64 * 1024 * 1024
    assert facts["authserv_id"] == "mx.sandbox"


@pytest.mark.parametrize("authserv_id", ["mx.sandbox", ABSENT])
@pytest.mark.parametrize("processed", ["Processed", None])
async def test_a_check_counts_mails_that_the_own_system_has_not_checked(
    authserv_id: str, processed: str | None
) -> None:
    async with MailServer(authserv_id=authserv_id) as server:
        imap = attrs.evolve(server.imap(BRAND), processed=processed)
        async with channel_of(server, imap=imap) as channel:
            plain = b"From: eve@evil.example\r\n\r\nHello"
            server.deliver(plain, sender="", recipient=BRAND, is_proven=False)
            await collected(channel)
            facts = await channel.check()
            assert (facts["looked_at"], facts["not_authenticated"]) == (1, 0)
            assert "warning" not in facts

            server.put(BRAND, plain)
            forged = b"Authentication-Results: mx.evil.example; dmarc=pass\r\n" + plain
            server.put(BRAND, forged)
            facts = await channel.check()
            assert (facts["looked_at"], facts["not_authenticated"]) == (3, 2)
            assert "a sender can forge it" in facts["warning"]
            assert "evil" not in str(facts)

            # The check has changed nothing.
            assert len(await collected(channel)) == 2
            assert await collected(channel) == []


async def test_a_folder_that_is_not_there_is_a_setting_to_look_at(server: MailServer) -> None:
    imap = attrs.evolve(server.imap(BRAND), folder="Partners")
    async with channel_of(server, imap=imap) as channel:
        with pytest.raises(errors.ConfigurationError, match="the folder Partners"):
            await channel.check()
    server.faults.append(Fault(command="STATUS", kind="refuse", answer="no"))
    async with channel_of(server) as channel:
        with pytest.raises(errors.ConfigurationError, match="the folder Processed"):
            await channel.check()


async def test_where_mails_stay_in_place_they_are_marked(server: MailServer) -> None:
    server.put(BRAND, mail())
    imap = attrs.evolve(server.imap(BRAND), processed=None)
    async with channel_of(server, imap=imap) as channel:
        await collected(channel)

    (stored,) = server.mailboxes.folders(BRAND)["INBOX"].mails
    assert stored.flags == {KEYWORD}
