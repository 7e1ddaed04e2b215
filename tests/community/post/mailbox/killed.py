"""An office with a mailbox, and a partner with one, for processes that are killed in a pass.

Such a process ends itself after any effect: what is committed, published, or let go of. Or whoever
runs the mailboxes ends it, after an effect there and before the answer.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import attrs
from forked import dies_after

from community.post.office.crashes import count_commits
from tgiconik import TradingGridClient
from tgiconik.community import Community
from tgiconik.community.community import open_store
from tgiconik.community.post import PostOffice
from tgiconik.community.post.mailbox import MailboxChannel, MailboxFolders, SftpSettings
from tgiconik.community.post.mailbox.collecting import Collector
from tgiconik.community.store.url import parse
from tgiconik.partner import Partner
from tgiconik.sandbox.mailboxes import MailboxNetwork
from tgiconik.sandbox.mailboxes.server import _Files

from .boxes import COMPANY, NORDLICHT

#: The effects on a mailbox that its server sees: of the network, and of a connection.
_OF_NETWORK: Final = ("written", "was_read")
_OF_CONNECTION: Final = ("open", "write", "remove")


@attrs.frozen(kw_only=True)
class Office:
    """What a process needs to run the office.

    Attributes:
        url: the community's database.
        environ: the environment of its client.
        sftp: the server of its mailbox.
        folders: where files are.
        addresses: the addresses of all, by BUID.
    """

    url: str
    environ: Mapping[str, str]
    sftp: SftpSettings
    folders: MailboxFolders
    addresses: Mapping[str, str]

    async def run(self, at: datetime) -> None:
        """One pass at a time."""
        store = open_store(parse(self.url), now=lambda: at)
        async with TradingGridClient.from_env(environ=self.environ) as grid:
            channel = MailboxChannel(
                grid=grid,
                sftp=self.sftp,
                folders=self.folders,
                address=self.addresses[COMPANY],
                addresses={one: of for one, of in self.addresses.items() if one != COMPANY},
                now=lambda: at,
            )
            async with PostOffice(Community(store), COMPANY, channels=[channel]) as office:
                report = await office.run_once()
        store.close()
        assert not report.unavailable, report.unavailable


@attrs.frozen(kw_only=True)
class PartnerSide:
    """What a process needs to run the partner's side."""

    store: Path
    sftp: SftpSettings
    folders: MailboxFolders
    addresses: Mapping[str, str]

    def opened(self, now: Callable[[], datetime]) -> Partner:
        """The partner, to be closed."""
        return Partner(
            sftp=self.sftp,
            folders=self.folders,
            store=self.store,
            company_id=COMPANY,
            company_address=self.addresses[COMPANY],
            partner_id=NORDLICHT,
            address=self.addresses[NORDLICHT],
            now=now,
        )

    async def run(self, at: datetime) -> None:
        """One run at a time."""
        async with self.opened(lambda: at) as partner:
            await partner.run_once()


def dying_office(office: Office, at: datetime, effect: int) -> None:
    """One pass of a process that dies after an effect; after none if that is 0."""
    count = dies_after(effect)
    count_commits(count)
    _count_calls(count, (MailboxChannel, "send"), (MailboxChannel, "acknowledge"))
    asyncio.run(office.run(at))


def dying_partner(side: PartnerSide, at: datetime, effect: int) -> None:
    """One run of a process that dies after an effect; after none if that is 0."""
    count = dies_after(effect)
    _count_calls(count, (Partner, "_stored"), (Partner, "_send"), (Collector, "acknowledge"))
    asyncio.run(side.run(at))


def watch(patch: Any, happened: Callable[[], object]) -> None:  # noqa: ANN401 - pytest's
    """Tell each effect on mailboxes, in the server's thread and before it answers.

    Args:
        patch: a `pytest.MonkeyPatch`.
        happened: called after each effect.
    """
    for of, names in ((MailboxNetwork, _OF_NETWORK), (_Files, _OF_CONNECTION)):
        for name in names:
            patch.setattr(of, name, _told(getattr(of, name), happened))


def _told(act: Callable[..., Any], happened: Callable[[], object]) -> Callable[..., Any]:
    def told(*args: Any, **options: Any) -> Any:  # noqa: ANN401 - theirs
        answer = act(*args, **options)
        happened()
        return answer

    return told


def _count_calls(count: Callable[[], object], *methods: tuple[type, str]) -> None:
    async def counted(call: Callable[..., Any], *args: Any, **options: Any) -> Any:  # noqa: ANN401
        answer = await call(*args, **options)
        count()
        return answer

    for of, name in methods:
        call = getattr(of, name)

        def method(self: Any, *args: Any, call: Any = call, **options: Any) -> Any:  # noqa: ANN401
            return counted(call, self, *args, **options)

        setattr(of, name, method)
