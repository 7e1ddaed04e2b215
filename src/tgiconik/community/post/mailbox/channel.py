"""The channel of a Trading Grid mailbox: files by SFTP, senders and states by Lens."""

import os
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Self

from tgiconik import errors
from tgiconik._validate import clock_with_zone, not_blank
from tgiconik.community.post.channel import (
    AnswerWith,
    Arrival,
    Directory,
    Judgement,
    KeptMessage,
    Outgoing,
    SendState,
    Tracking,
)
from tgiconik.community.post.mailbox import lens
from tgiconik.community.post.mailbox.collecting import Collector
from tgiconik.community.post.mailbox.identity import Rules, judged, partner_named
from tgiconik.community.post.mailbox.letter import letter_file
from tgiconik.community.post.mailbox.paths import checked_part
from tgiconik.community.post.mailbox.publishing import publish
from tgiconik.community.post.mailbox.settings import (
    PREFIX,
    MailboxFolders,
    SftpSettings,
    Variables,
)
from tgiconik.community.post.mailbox.sftp import Sftp
from tgiconik.community.post.mailbox.tracking import tracking_of
from tgiconik.community.store.interface import Record
from tgiconik.tradinggrid import TradingGridClient

_PATIENCE: Final = timedelta(hours=6)
_OLDEST: Final = timedelta(days=30)
#: Lens sees a file at the most so long before we do: the network keeps files for 30 days.
_BEFORE: Final = timedelta(days=60)


def _now() -> datetime:
    return datetime.now(UTC)


class MailboxChannel:
    """Letters and messages through a Trading Grid mailbox. Close it with `aclose`.

    It runs on asyncio: asyncssh knows no other event loop.

    Args:
        grid: a client of the company, for Lens and the partner directory. It stays open.
        sftp: the server of the mailbox.
        folders: where files are in it.
        address: the company's own address in Trading Grid, such as `ZZ:AURORA`.
        addresses: the address of each partner that is reached by its mailbox, by BUID. Each needs
            a trading partnership, so no partner is assumed to have one.
        patience: how long Lens may take to show a file, before the file goes into quarantine.
        oldest: how old a message may be.
        name: name of the channel in the database.
        now: the clock; returns timezone-aware datetimes.

    Raises:
        ConfigurationError: asyncssh is not installed, or an address cannot be one.
    """

    def __init__(
        self,
        *,
        grid: TradingGridClient,
        sftp: SftpSettings,
        folders: MailboxFolders,
        address: str,
        addresses: Mapping[str, str],
        patience: timedelta = _PATIENCE,
        oldest: timedelta = _OLDEST,
        name: str = "mailbox",
        now: Callable[[], datetime] = _now,
    ) -> None:
        for one in (address, *addresses.values()):
            checked_part(one, "address")
        self._grid = grid
        self._name = not_blank(name, "name")
        self._now = clock_with_zone(now)
        self._sftp = Sftp(sftp)
        self._folders = folders
        self._collector = Collector(self._sftp, folders, self._now)
        self._rules = Rules(
            company_id=grid.company_id,
            address=address,
            addresses=dict(addresses),
            patience=patience,
            oldest=oldest,
        )
        self._owns_grid = False

    def __repr__(self) -> str:
        return f"<MailboxChannel {self._name} at {self._sftp.settings.host}>"

    @classmethod
    def from_env(
        cls, *, environ: Mapping[str, str] = os.environ, grid: TradingGridClient | None = None
    ) -> Self:
        """The channel that environment variables describe.

        Besides those of `SftpSettings.from_env` and `MailboxFolders.from_env`,
        `TRADING_GRID_MAILBOX_ADDRESS` and `TRADING_GRID_MAILBOX_PARTNERS`, which is
        `BUID=address` for each partner, separated by commas.

        Args:
            environ: where to look.
            grid: a client of the company; one from the same variables when left out, which is
                closed with the channel.

        Raises:
            ConfigurationError: a variable is missing or wrong; the message names it.
        """
        variables = Variables(environ, PREFIX)
        settings = SftpSettings.from_env(environ=environ)
        folders = MailboxFolders.from_env(environ=environ)
        address = variables.required("ADDRESS")
        addresses = _addresses(variables.required("PARTNERS"))
        channel = cls(
            grid=TradingGridClient.from_env(environ=environ) if grid is None else grid,
            sftp=settings,
            folders=folders,
            address=address,
            addresses=addresses,
        )
        channel._owns_grid = grid is None
        return channel

    async def __aenter__(self) -> Self:
        """The channel."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close it."""
        await self.aclose()

    @property
    def name(self) -> str:
        """Its name in the database."""
        return self._name

    @property
    def uses_tokens(self) -> bool:
        """Never: the network proves who sent a file."""
        return False

    @property
    def tracks(self) -> bool:
        """Always: Lens tells."""
        return True

    def reaches(self, partner: Record) -> bool:
        """Whether this partner's address is known."""
        return partner.id in self._rules.addresses

    async def send(self, outgoing: Outgoing) -> Tracking:
        """Publish the letter's file, under the same name at every try.

        Raises:
            PostUnavailable: the server does not answer or refuses, or its disk is full.
            PostError: the partner's address is not known.
            ConfigurationError: the server is not the expected one, or refuses the credentials.
        """
        partner_id = outgoing.letter.partner_id
        address = self._rules.addresses.get(partner_id)
        if address is None:
            raise errors.PostError(f"{self._name}: the address of {partner_id} is not known")
        path = self._folders.publish_as.path(
            name=outgoing.name, sender=self._rules.address, receiver=address, partner=partner_id
        )
        content = letter_file(outgoing.letter.data)
        await publish(self._sftp, path, content, self._folders.publish)
        return Tracking(name=outgoing.name, state=SendState.SENT, at=self._now())

    async def send_form(self, answer: AnswerWith, *, name: str) -> None:
        """Refused: programs read the mailbox.

        Raises:
            PostError: always.
        """
        raise errors.PostError(f"{self._name}: {name}: a mailbox has no form {answer.form}")

    async def collect(self) -> AsyncIterator[Arrival]:
        """The files that wait.

        Raises:
            PostUnavailable: the server does not answer.
            ConfigurationError: the server is not the expected one, or refuses the credentials.
        """
        async for arrival in self._collector.collect():
            yield arrival

    async def acknowledge(self, arrival: Arrival) -> None:
        """Delete, move or leave the file, as `MailboxFolders.acknowledge` says.

        Raises:
            PostUnavailable: the server does not answer, or refuses.
            ConfigurationError: the server is not the expected one, or refuses the credentials.
        """
        await self._collector.acknowledge(arrival.name, arrival.message_id)

    async def judge(self, arrivals: Sequence[Arrival], directory: Directory) -> Sequence[Judgement]:
        """Judge files, by Lens and the partner directory; one query for many files.

        Raises:
            PostUnavailable: Lens or the directory cannot be asked now.
        """
        named = {arrival.message_id: partner_named(arrival) for arrival in arrivals}
        partners = {one for one in named.values() if one in self._rules.addresses}
        files = {arrival.name for arrival in arrivals if named[arrival.message_id] in partners}
        now = self._now()
        known = {one for one in partners if one and await directory.partner(one) is not None}
        listed = {one: await self._listed(one) for one in known}
        seen: Mapping[str, list[Any]] = {}
        came: Mapping[str, Sequence[KeptMessage]] = {}
        if known:
            first = min(arrival.received_at for arrival in arrivals)
            came = await directory.came_as(self._name, files, since=first - _BEFORE)
            seen = await lens.received(
                self._grid.lens, files, since=first - _BEFORE, until=now + timedelta(days=1)
            )
        return [
            judged(
                arrival,
                seen=seen.get(arrival.name, ()),
                kept=came.get(arrival.name, ()),
                listed=listed.get(named[arrival.message_id] or "", ()),
                known=named[arrival.message_id] in known,
                rules=self._rules,
                now=now,
            )
            for arrival in arrivals
        ]

    async def track(self, names: Collection[str]) -> Sequence[Tracking]:
        """Where sent files are, by Lens; one query for many.

        Raises:
            PostUnavailable: Lens cannot be asked now.
        """
        found = await lens.sent(
            self._grid.lens, names, self._folders.publish_as, sender=self._rules.address
        )
        return [tracking_of(name, entries) for name, entries in sorted(found.items())]

    async def check(self) -> Mapping[str, Any]:
        """Whether the server, Lens and the directory answer; and what they say.

        Returns:
            `server`, its pinned `host_keys`, the number of `waiting` files, and
            `not_in_directory`: BUIDs of partners whose address the directory does not confirm.

        Raises:
            ConfigurationError: the server is not the expected one, or refuses the credentials.
            PostUnavailable: one of them does not answer.
        """
        waiting = await self._sftp.files(self._folders.collect_from)
        await lens.sent(
            self._grid.lens, ["check"], self._folders.publish_as, sender=self._rules.address
        )
        missing = [one for one in self._rules.addresses if not await self._listed(one)]
        return {
            "server": self._sftp.where,
            "host_keys": list(self._sftp.settings.host_keys),
            "waiting": len(waiting),
            "not_in_directory": missing,
        }

    async def aclose(self) -> None:
        """Close the connection. Safe to call twice."""
        await self._sftp.aclose()
        if self._owns_grid:
            await self._grid.aclose()

    async def _listed(self, partner_id: str) -> Collection[str]:
        """The partner's address, if the directory confirms that it is this partner's."""
        address = self._rules.addresses[partner_id]
        entries = self._grid.partners.list(company_id=partner_id, trading_address=address)
        try:
            # How the directory searches is not published: what it finds is looked at.
            found = [entry async for entry in entries if _is_of(entry, partner_id)]
        except errors.CallError as error:
            raise errors.PostUnavailable(f"the directory cannot be asked now: {error}") from error
        return [address] if found else []


def _is_of(entry: Any, partner_id: str) -> bool:  # noqa: ANN401 - most of its fields are not published
    return partner_id in {entry.company_id, entry.extra.get("partnerCompanyId")}


def _addresses(text: str) -> dict[str, str]:
    pairs = [one.partition("=") for one in text.split(",")]
    found = {partner.strip(): address.strip() for partner, _, address in pairs}
    if not all(found) or not all(found.values()):
        raise errors.ConfigurationError(
            f"{PREFIX}PARTNERS must be BUID=address for each partner, separated by commas"
        )
    return found
