"""The post office: sends letters by channels, and carries out what partners send."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, timedelta, tzinfo
from types import MappingProxyType, TracebackType
from typing import Final, Self

from tgiconik import errors
from tgiconik._frames import without_locals
from tgiconik._validate import known_word, not_blank, texts
from tgiconik.community.community import Community
from tgiconik.community.post.channel import Channel, SendState
from tgiconik.community.post.kinds import LetterKind
from tgiconik.community.post.office import (
    bounces,
    ending,
    inbox,
    outbox,
    quarantine,
    schedule,
    trail,
)
from tgiconik.community.post.office.bounces import BouncedContact
from tgiconik.community.post.office.collecting import collect
from tgiconik.community.post.office.inbox import Message, MessageState
from tgiconik.community.post.office.judging import judge_all, would_judge
from tgiconik.community.post.office.news import track
from tgiconik.community.post.office.outbox import OutboxLetter
from tgiconik.community.post.office.outcomes import replay
from tgiconik.community.post.office.planning import begin, channels_for, plan
from tgiconik.community.post.office.report import PostReport, PostStep
from tgiconik.community.post.office.run import Run, Settings
from tgiconik.community.post.office.sending import send_due, would_send
from tgiconik.community.post.recipients import DEFAULT_ROLES
from tgiconik.community.post.templates import Templates
from tgiconik.community.store.interface import Place
from tgiconik.community.store.sql import SqlTransaction

#: Letters that are under way for longer than this are undelivered.
OVERDUE: Final = timedelta(days=1)


class PostOffice:
    """Tells partners what concerns them, and carries out what they answer.

        async with PostOffice(community, "GC1", channels=[mail, mailbox]) as office:
            report = await office.run_once()

    All state is in the community's database: a pass can end anywhere, and the next one, in any
    process, goes on. Several offices of a company share the work; give them the same channels.
    The office closes its channels when it is closed, and not the community.

    Args:
        community: the community.
        company_id: BUID of the company.
        channels: the channels in the order of preference: a letter goes by the first one that
            reaches its partner. None are needed to look at letters and messages only.
        all_channels: let letters go by every channel that reaches the partner instead.
        templates: the templates of letters; those of the package when left out.
        roles: the roles of the contacts that get each kind of letter.
        zone: the zone in which letters write times.
        patience: how long a letter is tried before it is given up, at least a minute.
        since_change: where an office begins that runs for the first time: letters are written
            about later changes only. When left out, about none that was made before, so that
            partners are not told of years that have passed; 0 tells them of everything that is
            still so.
        tokens_valid_for: how long replies to a letter are taken, on channels that use tokens.
        messages_per_pass: how many new messages of each channel one pass collects.
        letters_per_pass: how many letters one pass sends.

    Raises:
        ConfigurationError: two channels have the same name, a number is too small, or `roles` has
            a kind of letter that there is not.
    """

    def __init__(
        self,
        community: Community,
        company_id: str,
        *,
        channels: Sequence[Channel],
        all_channels: bool = False,
        templates: Templates | None = None,
        roles: Mapping[LetterKind, Collection[str]] = DEFAULT_ROLES,
        zone: tzinfo = UTC,
        patience: timedelta = schedule.PATIENCE,
        since_change: int | None = None,
        tokens_valid_for: timedelta = schedule.TOKENS_VALID_FOR,
        messages_per_pass: int = 500,
        letters_per_pass: int = 1000,
    ) -> None:
        not_blank(company_id, "company_id")
        for kind, names in roles.items():
            texts(names, f"roles of {known_word(kind, 'a kind in roles', LetterKind)}")
        by_name = {channel.name: channel for channel in channels}
        if len(by_name) != len(channels) or not all(by_name):
            raise errors.ConfigurationError("each channel must have a name of its own")
        if patience < timedelta(minutes=1) or tokens_valid_for <= timedelta(0):
            raise errors.ConfigurationError(
                "patience must be at least a minute, and tokens_valid_for more than nothing"
            )
        if messages_per_pass < 1 or letters_per_pass < 1 or (since_change or 0) < 0:
            raise errors.ConfigurationError(
                "messages_per_pass and letters_per_pass must be at least 1, and since_change 0"
            )
        self._store = community.store
        self._settings = Settings(
            company_id=company_id,
            channels=MappingProxyType(by_name),
            all_channels=all_channels,
            templates=Templates.load() if templates is None else templates,
            roles=roles,
            zone=zone,
            patience=patience,
            since_change=since_change,
            tokens_valid_for=tokens_valid_for,
            answers_kept_for=community.answers_kept_for,
            messages_per_pass=messages_per_pass,
            letters_per_pass=letters_per_pass,
        )

    def __repr__(self) -> str:
        names = ", ".join(self._settings.channels)
        return f"<PostOffice of {self._settings.company_id} by {names}>"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close all channels. Safe to call twice."""
        async with AsyncExitStack() as ends:
            for channel in self._settings.channels.values():
                ends.push_async_callback(channel.aclose)

    @without_locals
    async def run_once(
        self,
        *,
        dry_run: bool = False,
        progress: Callable[[PostStep], object] | None = None,
    ) -> PostReport:
        """One pass: collect and carry out what came, write and send what is due, track the rest.

        A channel whose server does not answer is named in the report, and the others go on. Every
        step is one transaction, so a pass that is canceled or killed has lost nothing: a letter
        that was being sent goes once more, under the same name.

        Args:
            dry_run: say what would be done; nothing is written, sent or acknowledged.
            progress: called with each step once it is stored.

        Returns:
            What was done, and what a person must look at.

        Raises:
            ConfigurationError: there is no channel, or a channel's server refuses the credentials
                or is not the expected one.
            StoreError: the database failed.
        """
        if not self._settings.channels:
            # Without any, every letter would be given up.
            raise errors.ConfigurationError("a post office needs at least one channel to run")
        run = self._run(dry_run=dry_run, progress=progress)
        if dry_run:
            await would_judge(run)
            await plan(run)
            await would_send(run)
        else:
            await begin(run)
            await collect(run)
            await judge_all(run)
            await plan(run)
            await send_due(run)
            await track(run)
        undelivered = await self.undelivered()
        in_quarantine = await run.read(inbox.count, MessageState.QUARANTINED)
        return PostReport(
            dry_run=dry_run,
            steps=tuple(run.steps),
            unavailable=dict(run.unavailable),
            undelivered=len(undelivered),
            in_quarantine=in_quarantine,
        )

    @without_locals
    async def undelivered(self, *, older_than: timedelta = OVERDUE) -> tuple[OutboxLetter, ...]:
        """The letters that a person must look at, in the order of their changes.

        These are the letters that were given up, that a network refused, holds or sent back; and
        those that wait, or are under way on a channel that tracks them, for too long. Delivered is
        no receipt: whether the partner has read it, nobody knows.

        Args:
            older_than: from which age a letter that waits or is under way is listed.

        Raises:
            StoreError: the database failed.
        """

        def read(transaction: SqlTransaction) -> tuple[OutboxLetter, ...]:
            before = transaction.now - older_than
            found = [
                *outbox.in_states(transaction, schedule.REFUSED),
                *outbox.in_states(transaction, [SendState.WAITING], before=before),
                *outbox.in_states(transaction, schedule.UNDER_WAY, before=before, tracked=True),
            ]
            return tuple(sorted(found, key=lambda one: one.name))

        return await self._run().read(read)

    @without_locals
    async def bounced(self) -> tuple[BouncedContact, ...]:
        """The contacts whose mail came back in the last 90 days.

        Raises:
            StoreError: the database failed.
        """
        return await self._run().read(lambda transaction: tuple(bounces.marked(transaction)))

    @without_locals
    async def retry(self, name: str) -> OutboxLetter:
        """Let the next pass send a letter that is undelivered, with new patience.

        The channel is chosen anew if none reached the partner.

        Args:
            name: name of the letter, as `undelivered` has it.

        Raises:
            ConfigurationError: there is no such letter, it is not undelivered, or still no channel
                reaches the partner.
            StoreError: the database failed.
        """

        def write(transaction: SqlTransaction) -> OutboxLetter:
            letter = outbox.must_get(transaction, name)
            if letter.state not in {*schedule.REFUSED, SendState.WAITING}:
                raise errors.ConfigurationError(f"{name} is not undelivered: it is {letter.state}")
            channel = letter.channel or self._channel_for(transaction, letter)
            outbox.put_retry(transaction, name, channel)
            return outbox.must_get(transaction, name)

        return await self._run().write(write)

    @without_locals
    async def dismiss(self, name: str, *, by: str, why: str) -> OutboxLetter:
        """Decide that an undelivered letter is not sent any more; the activity log has why.

        Args:
            name: name of the letter, as `undelivered` has it.
            by: who decides so.
            why: the reason, such as that the partner was called.

        Raises:
            ConfigurationError: there is no such letter, it is not undelivered, or `by` or `why` is
                blank.
            StoreError: the database failed.
        """
        not_blank(by, "by")
        not_blank(why, "why")

        def write(transaction: SqlTransaction) -> OutboxLetter:
            letter = outbox.must_get(transaction, name)
            if letter.state not in {*schedule.REFUSED, SendState.WAITING}:
                raise errors.ConfigurationError(f"{name} is not undelivered: it is {letter.state}")
            ending.dismiss(transaction, letter, by, why)
            return outbox.must_get(transaction, name)

        return await self._run().write(write)

    @without_locals
    async def quarantined(self) -> tuple[Message, ...]:
        """The messages in quarantine, those first that came first.

        Raises:
            StoreError: the database failed.
        """
        return await self._run().read(quarantine.quarantined)

    @without_locals
    async def message(self, id_: str) -> tuple[Message, bytes]:
        """A message and its bytes as they came, whatever became of it.

        Args:
            id_: its id, such as `MSG-3f9a1c20d5b7e864`.

        Raises:
            ConfigurationError: there is none.
            StoreError: the database failed.
        """
        return await self._run().read(quarantine.shown, id_)

    @without_locals
    async def replay(self, id_: str, *, by: str) -> Message:
        """Carry out a message in quarantine, as the partner that it says to come from.

        The rules of access apply as to every call of the partner. If they refuse it, it stays in
        quarantine with the new reason.

        Args:
            id_: its id, such as `MSG-3f9a1c20d5b7e864`.
            by: who decides that it is genuine, for the activity log.

        Raises:
            ConfigurationError: there is none in quarantine, nobody can tell what it asks for, or
                `by` is blank.
            StoreError: the database failed.
        """
        not_blank(by, "by")
        await replay(self._run(), id_, trail.one_line(by))
        message, _ = await self.message(id_)
        return message

    @without_locals
    async def discard(self, id_: str, *, by: str, why: str) -> Message:
        """Decide that a message in quarantine is not carried out. It stays, with who and why.

        Args:
            id_: its id, such as `MSG-3f9a1c20d5b7e864`.
            by: who decides so.
            why: the reason.

        Raises:
            ConfigurationError: there is none in quarantine, or `by` or `why` is blank.
            StoreError: the database failed.
        """
        not_blank(by, "by")
        not_blank(why, "why")
        return await self._run().write(quarantine.discard, id_, trail.one_line(by), why)

    def _run(
        self, *, dry_run: bool = False, progress: Callable[[PostStep], object] | None = None
    ) -> Run:
        return Run(
            store=self._store,
            settings=self._settings,
            dry_run=dry_run,
            progress=progress or (lambda _: None),
        )

    def _channel_for(self, transaction: SqlTransaction, letter: OutboxLetter) -> str:
        partner = transaction.record(Place("partners"), letter.partner_id)
        found = channels_for(partner, self._settings.channels, all_channels=False)
        if not found:
            raise errors.ConfigurationError(
                f"{letter.name} cannot be sent: still no channel reaches {letter.partner_id}; "
                "complete its profile first"
            )
        return found[0]
