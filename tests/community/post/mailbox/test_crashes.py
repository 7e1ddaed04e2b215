"""kill -9 in a pass of the office, or in a run of the partner: the end is the same."""

from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

import anyio.to_thread
import attrs
import pytest
from forked import KILLED, PATIENCE, exit_code, kill_points, started

from tgiconik.sandbox import Sandbox
from tgiconik.sandbox.grid import seed
from tgiconik.sandbox.mailboxes import MailboxServer
from tgiconik.testing import Clock

from .boxes import COMPANY, NORDLICHT, SUMMIT
from .killed import Office, PartnerSide, dying_office, dying_partner, watch

#: Effects of one pass of the office, and of one run of the partner; and those on mailboxes.
OFFICE, PARTNER = 20, 13
OFFICE_ON_MAILBOXES, PARTNER_ON_MAILBOXES = 11, 14


@attrs.define
class Life:
    """A company with letters to send, and a partner with messages to send."""

    sandbox: Sandbox
    server: MailboxServer
    clock: Clock
    office: Office
    partner: PartnerSide

    async def prepare(self) -> None:
        await self.office.run(self.clock())
        self.ask("REQ-1")
        await self.office.run(self.clock())
        async with self.partner.opened(self.clock) as partner:
            await partner.submit_request("Another film")
            await partner.comment("requests", "REQ-1", "Thank you")
            await partner.withdraw("requests", "REQ-1")
            await partner.confirm("requests", "REQ-1", note="Too late")

    def ask(self, id_: str) -> None:
        seed.add_request(
            self.sandbox.state,
            COMPANY,
            id_,
            kind="media_request",
            partner_id=NORDLICHT,
            subject=f"The film {id_}",
        )

    async def end(self) -> dict[str, Any]:
        """What is true once everybody has run again, after all leases."""
        for _ in range(2):
            self.clock.advance(hours=1)
            await self.partner.run(self.clock())
            await self.office.run(self.clock())
        await self.partner.run(self.clock())
        async with self.sandbox.clients() as (grid, _):
            requests = [one async for one in grid.community.requests.list()]
            comments = [one.body async for one in grid.community.requests.comments("REQ-1")]
            activity = [one async for one in grid.community.activity.list()]
        with self.sandbox.state.community.transaction(COMPANY, write=False) as state:
            inbox = state.execute("SELECT state, reason FROM community_inbox", {})
            outbox = state.execute("SELECT state FROM community_outbox", {})
        async with self.partner.opened(self.clock) as partner:
            letters = [(one.subject, one.revision) for one in await partner.letters()]
            quarantined = [one.reason for one in await partner.quarantined()]
        return {
            "requests": sorted((one.subject, one.status) for one in requests),
            "comments": sorted(comments),
            "activity": Counter((one.kind, one.subject_id) for one in activity),
            "inbox": Counter(map(tuple, inbox)),
            "outbox": Counter(row[0] for row in outbox),
            "letters": sorted(letters),
            "quarantined": quarantined,
            "waiting": self.server.network.names(f"ZZ:{COMPANY}"),
        }


@asynccontextmanager
async def life(folder: Path) -> AsyncIterator[Life]:
    clock = Clock()
    url = f"sqlite:///{folder}/community.db"
    sandbox = Sandbox(now=clock, world=False, community=url)
    for partner in (NORDLICHT, SUMMIT):
        seed.add_partner(sandbox.state, COMPANY, partner, partner, trading_address=f"ZZ:{partner}")
    with sandbox.serve(), sandbox.mailboxes() as server:
        addresses = server.network.addresses
        one = Life(
            sandbox,
            server,
            clock,
            Office(
                url=url,
                environ=sandbox.environment(),
                sftp=server.settings(COMPANY),
                folders=server.folders(),
                addresses=addresses,
            ),
            PartnerSide(
                store=folder / "partner.db",
                sftp=server.settings(NORDLICHT),
                folders=server.folders(),
                addresses=addresses,
            ),
        )
        await one.prepare()
        yield one
    sandbox.close()


async def killed(work: Callable[..., None], *given: object) -> None:
    assert await anyio.to_thread.run_sync(exit_code, work, *given) == KILLED


async def killed_by_mailboxes(
    patch: pytest.MonkeyPatch, effect: int, work: Callable[..., None], *given: object
) -> None:
    """Kill a process after an effect on mailboxes, before their server answers."""
    numbers = count(1)
    with patch.context() as watching, started(work, *given, 0) as process:
        watch(watching, lambda: process.kill() if next(numbers) == effect else None)
        await anyio.to_thread.run_sync(process.join, PATIENCE)
        assert process.exitcode == KILLED


def check(end: dict[str, Any], undisturbed: dict[str, Any]) -> None:
    assert end == undisturbed


_UNDISTURBED: dict[str, Any] = {}


@pytest.fixture
async def undisturbed(tmp_path: Path) -> dict[str, Any]:
    """The end of a life in which nobody dies; found once."""
    if not _UNDISTURBED:
        folder = tmp_path / "undisturbed"
        folder.mkdir()
        async with life(folder) as one:
            await one.partner.run(one.clock())
            await one.office.run(one.clock())
            _UNDISTURBED.update(await one.end())
    return _UNDISTURBED


@pytest.mark.parametrize("effect", kill_points(*range(1, OFFICE + 1), quick=(5, 19)))
async def test_an_office_that_dies_after_an_effect_has_the_same_end(
    tmp_path: Path, undisturbed: dict[str, Any], effect: int
) -> None:
    async with life(tmp_path) as one:
        await one.partner.run(one.clock())
        await killed(dying_office, one.office, one.clock(), effect)
        check(await one.end(), undisturbed)


@pytest.mark.parametrize("effect", kill_points(*range(1, OFFICE_ON_MAILBOXES + 1), quick=(2,)))
async def test_an_office_that_dies_before_its_mailbox_answers_has_the_same_end(
    tmp_path: Path, undisturbed: dict[str, Any], monkeypatch: pytest.MonkeyPatch, effect: int
) -> None:
    async with life(tmp_path) as one:
        await one.partner.run(one.clock())
        await killed_by_mailboxes(monkeypatch, effect, dying_office, one.office, one.clock())
        check(await one.end(), undisturbed)


@pytest.mark.parametrize("effect", kill_points(*range(1, PARTNER + 1), quick=(2,)))
async def test_a_partner_that_dies_after_an_effect_has_the_same_end(
    tmp_path: Path, undisturbed: dict[str, Any], effect: int
) -> None:
    async with life(tmp_path) as one:
        await killed(dying_partner, one.partner, one.clock(), effect)
        await one.partner.run(one.clock())
        await one.office.run(one.clock())
        check(await one.end(), undisturbed)


@pytest.mark.parametrize("effect", kill_points(*range(1, PARTNER_ON_MAILBOXES + 1), quick=(3,)))
async def test_a_partner_that_dies_before_its_mailbox_answers_has_the_same_end(
    tmp_path: Path, undisturbed: dict[str, Any], monkeypatch: pytest.MonkeyPatch, effect: int
) -> None:
    async with life(tmp_path) as one:
        await killed_by_mailboxes(monkeypatch, effect, dying_partner, one.partner, one.clock())
        await one.partner.run(one.clock())
        await one.office.run(one.clock())
        check(await one.end(), undisturbed)


async def test_every_effect_is_among_those_that_are_killed(
    tmp_path: Path, undisturbed: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with life(tmp_path) as one:
        seen: list[str] = []
        with monkeypatch.context() as patch:
            watch(patch, lambda: seen.append("one"))
            code = await anyio.to_thread.run_sync(
                exit_code, dying_partner, one.partner, one.clock(), PARTNER + 1
            )
            assert (code, len(seen)) == (0, PARTNER_ON_MAILBOXES)
            seen.clear()
            code = await anyio.to_thread.run_sync(
                exit_code, dying_office, one.office, one.clock(), OFFICE + 1
            )
            assert (code, len(seen)) == (0, OFFICE_ON_MAILBOXES)
    assert undisturbed["quarantined"] == []
    assert undisturbed["comments"] == [
        "Thank you",
        "We asked for the status confirmed.\n\nToo late",
    ]
