"""What works with the sandbox's IMAP server works with Debian's Dovecot as well."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import attrs
import pytest

from tgiconik import errors
from tgiconik.community.post.channel import Arrival
from tgiconik.community.post.mail import MailChannel, Security, SmtpSettings
from tgiconik.community.post.mail.imap import KEYWORD
from tgiconik.community.post.mail.reading import read

from .dovecot import Dovecot, running
from .mails import mail
from .wire import CutWire

pytestmark = pytest.mark.dovecot

#: Nothing is sent here.
NOWHERE = SmtpSettings(host="127.0.0.1", port=9, security=Security.NONE)
_ACCOUNTS = count()


@pytest.fixture(scope="module")
def dovecot() -> Iterator[Dovecot]:
    with running() as server:
        yield server


@pytest.fixture
def account() -> str:
    return f"post{next(_ACCOUNTS)}@brand.example"


def channel_of(dovecot: Dovecot, account: str, **how: Any) -> MailChannel:  # noqa: ANN401
    imap = attrs.evolve(dovecot.imap(account), **how)
    return MailChannel(smtp=NOWHERE, imap=imap, sender=account)


def put(dovecot: Dovecot, account: str, *raws: bytes) -> None:
    with dovecot.client(account) as client:
        for raw in raws:
            assert client.append("INBOX", "", "", raw)[0] == "OK"


def number_in(dovecot: Dovecot, account: str, folder: str) -> int:
    with dovecot.client(account) as client:
        return int(client.select(folder)[1][0] or 0)


async def collected(channel: MailChannel) -> list[Arrival]:
    found = []
    async for arrival in channel.collect():
        found.append(arrival)
        await channel.acknowledge(arrival)
    return found


@pytest.mark.parametrize("processed", ["Processed", "Erledigt: ä&b", "Partner mails"])
async def test_mails_are_collected_once_and_moved(
    dovecot: Dovecot, account: str, processed: str
) -> None:
    put(dovecot, account, mail("One"), mail("Two"))
    async with channel_of(dovecot, account, processed=processed) as channel:
        found = await collected(channel)
        assert [read(one.raw).text for one in found] == ["One", "Two"]
        assert await collected(channel) == []
        put(dovecot, account, mail("Three"))
        assert len(await collected(channel)) == 1

    assert number_in(dovecot, account, "INBOX") == 0
    if processed.isascii():
        assert number_in(dovecot, account, f'"{processed}"') == 3


async def test_mails_that_stay_in_place_are_marked(dovecot: Dovecot, account: str) -> None:
    put(dovecot, account, mail("One"))
    async with channel_of(dovecot, account, processed=None) as channel:
        assert len(await collected(channel)) == 1
        assert await collected(channel) == []

    with dovecot.client(account) as client:
        client.select("INBOX")
        assert client.search(None, "KEYWORD", KEYWORD)[1] == [b"1"]
        # Whoever reads the folder sees what is new.
        assert client.search(None, "UNSEEN")[1] == [b"1"]


async def test_of_a_large_mail_the_head_alone_is_fetched(dovecot: Dovecot, account: str) -> None:
    put(dovecot, account, mail("x" * 500_000), mail("Small"))
    async with channel_of(dovecot, account, largest=100_000) as channel:
        large, small = await collected(channel)

    assert len(large.raw) < 2_000
    assert (read(large.raw).size or 0) > 500_000
    assert read(small.raw).text == "Small"


async def test_a_wrong_password_is_a_setting_to_look_at(dovecot: Dovecot, account: str) -> None:
    async with channel_of(dovecot, account, password="wrong-one") as channel:
        with pytest.raises(errors.PostUnavailable, match="the login"):
            await collected(channel)


async def test_a_folder_that_is_not_there_is_told(dovecot: Dovecot, account: str) -> None:
    async with channel_of(dovecot, account, folder="Partners") as channel:
        with pytest.raises(errors.PostUnavailable, match="the folder Partners"):
            await collected(channel)


async def test_cut_after_any_byte_every_mail_is_collected_once(
    dovecot: Dovecot, account: str
) -> None:
    cuts = 0
    for after in range(0, 3_000, 149):
        put(dovecot, account, mail("One"), mail("Two"))
        async with CutWire(dovecot.port, after) as wire:
            async with channel_of(dovecot, account, port=wire.port, timeout=20) as channel:
                found = [read(one.raw).text for one in await collected(channel)]
            cuts += wire.was_cut
        assert found == ["One", "Two"]
        assert number_in(dovecot, account, "INBOX") == 0

    assert cuts > 10


async def test_the_heads_of_the_last_mails_are_looked_at_and_nothing_changes(
    dovecot: Dovecot, account: str
) -> None:
    put(dovecot, account, mail("One"))
    async with channel_of(dovecot, account) as channel:
        assert channel._imap is not None
        assert channel._imap.last_heads(5, None) != []
        await collected(channel)
        put(dovecot, account, mail("Two", subject="Later"))

        heads = channel._imap.last_heads(5, None)

        assert [read(one).subject for one in heads] == ["Re: REQ-1", "Later"]
        assert [read(one).text for one in heads] == ["", ""]
        assert len(await collected(channel)) == 1
