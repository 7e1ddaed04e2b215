"""An office that dies after any of its writes has the same end, and repeats no answer."""

import re
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from email.message import EmailMessage
from itertools import count
from typing import Any

import pytest

from community.post.world import COMPANY, NOW, World, new_world
from tgiconik.community import Community
from tgiconik.community.post import PostOffice
from tgiconik.community.post.channel import Arrival, Outgoing, Tracking
from tgiconik.community.post.mail import MailChannel
from tgiconik.community.post.office.run import Run
from tgiconik.community.store.interface import Place
from tgiconik.sandbox.mail import MailServer

from .mails import BRAND

MIA, BOB = "media@gc-pa.test", "media@gc-pb.test"
#: Writes of one pass over what `prepare` leaves, at least; asserted below.
WRITES = 20


class KilledError(BaseException):
    """Nothing in the office handles it, as nothing handles `kill -9`."""


class CountedChannel(MailChannel):
    """Tells each mail that was sent or put away."""

    written: Callable[[], None] = staticmethod(lambda: None)

    async def send(self, outgoing: Outgoing) -> Tracking:
        tracking = await super().send(outgoing)
        self.written()
        return tracking

    async def acknowledge(self, arrival: Arrival) -> None:
        await super().acknowledge(arrival)
        self.written()


class Life:
    """A company with letters to send, and mails that wait."""

    def __init__(self, server: MailServer) -> None:
        self.now = NOW
        self.server = server
        self.world: World = new_world()
        self.world.store._now = self._time

    def _time(self) -> datetime:
        return self.now

    async def run(self, written: Callable[[], None] = lambda: None) -> None:
        channel = CountedChannel(
            smtp=self.server.smtp(BRAND),
            imap=self.server.imap(BRAND),
            sender=BRAND,
            now=self._time,
        )
        channel.written = written
        async with PostOffice(Community(self.world.store), COMPANY, channels=[channel]) as office:
            await office.run_once()

    async def prepare(self) -> None:
        await self.run()
        film = {"kind": "media_request", "subject": "The film"}
        first = self.world.add("/requests", film | {"partner_id": "GC-PA"}, by="GC-PA")["id"]
        await self.run()
        letter = self.server.mails(MIA)[-1].decode()
        to = re.findall(r"^Reply-To: (\S+)", letter, re.MULTILINE)[0]
        token = to.partition("+")[2].partition("@")[0]
        self.write(to, "Re: The film", "Thank you.")
        self.write(to, f"WITHDRAW {first} [#{token}]", "No longer needed.")
        self.write(to, f"CONFIRM {first} [#{token}]", "Too late.")
        self.write(BRAND, "New", "Kind: media request\nSubject: Another film")
        self.write(BRAND, "Hello", "Who are you?", sender="eve@evil.test")
        self.world.add("/requests", film | {"partner_id": "GC-PB"}, by="GC-PB")

    def write(self, to: str, subject: str, text: str, sender: str = MIA) -> None:
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = sender, to, subject
        mail.set_content(text)
        self.server.deliver(bytes(mail), sender=sender, recipient=to, is_proven=True)

    def end(self) -> dict[str, Any]:
        with self.world.store.transaction(COMPANY, write=False) as state:
            requests = list(state.walk(Place("requests")))
            comments = [
                one.fields["body"]
                for request in requests
                for one in state.walk(Place("comments", f"requests/{request.id}"))
            ]
            inbox = state.execute("SELECT state, reason FROM community_inbox", {})
            outbox = state.execute("SELECT name, state FROM community_outbox", {})
        return {
            "requests": sorted((one.fields["subject"], one.fields["status"]) for one in requests),
            "comments": sorted(comments),
            "inbox": Counter(row[0] for row in inbox),
            "outbox": sorted(map(tuple, outbox)),
            "letters": sorted(set(self.letters())),
            "put away": len(self.server.mails(BRAND, "Processed")),
            "left": len(self.server.mails(BRAND)),
        }

    def letters(self) -> list[str]:
        mails = [raw.decode() for one in (MIA, BOB) for raw in self.server.mails(one)]
        return [re.findall(r"^Message-ID: (\S+)", mail, re.MULTILINE)[0] for mail in mails]


async def life(kill_after: int | None, monkeypatch: pytest.MonkeyPatch) -> tuple[Life, int]:
    async with MailServer() as server:
        one = Life(server)
        await one.prepare()
        numbers = count(1)
        taken = 0

        def written() -> None:
            nonlocal taken
            taken = next(numbers)
            if taken == kill_after:
                raise KilledError

        write = Run.write

        async def counted(self: Run, *args: Any, **options: Any) -> Any:  # noqa: ANN401
            answer = await write(self, *args, **options)
            written()
            return answer

        with monkeypatch.context() as patch:
            patch.setattr(Run, "write", counted)
            if kill_after is None:
                await one.run(written)
            else:
                with pytest.raises(KilledError):
                    await one.run(written)
        for _ in range(2):
            one.now += timedelta(minutes=10)
            await one.run()
        return one, taken


async def test_killed_after_any_write_an_office_comes_to_the_same_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole, writes = await life(None, monkeypatch)
    expected = whole.end()
    assert writes >= WRITES
    assert expected["left"] == 0
    assert ("The film", "withdrawn") in expected["requests"]
    assert ("Another film", "submitted") in expected["requests"]

    for write in range(1, writes + 1):
        one, _ = await life(write, monkeypatch)
        assert one.end() == expected, f"killed after write {write}"
        # At most one letter was sent and not written down, and its copy is recognisable.
        repeated = [times for times in Counter(one.letters()).values() if times > 1]
        assert repeated in ([], [2]), f"killed after write {write}"
