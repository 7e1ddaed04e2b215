"""From the journal to the outbox: the letters that changes are worth, by channel."""

from collections.abc import Mapping, Sequence
from typing import Final

import attrs

from tgiconik.community.post.channel import Channel
from tgiconik.community.post.letter import Letter
from tgiconik.community.post.office import outbox
from tgiconik.community.post.office.ending import give_up
from tgiconik.community.post.office.report import PostStep, Step
from tgiconik.community.post.office.run import Run, Settings
from tgiconik.community.post.writing import letters
from tgiconik.community.store.interface import Place, Record
from tgiconik.community.store.sql import SqlTransaction

#: Changes that are read at a time.
_AT_ONCE: Final = 200
_KIND: Final = "post"
_CURSOR: Final = "cursor"
UNREACHED: Final = "no channel reaches the partner; complete its profile, then retry the letter"


@attrs.frozen(kw_only=True)
class Planned:
    """Letters of some changes.

    Attributes:
        after: number of the change that was read up to before.
        upto: number of the last change that was read.
        letters: the letters with the names of their channels; none for an unreached partner.
    """

    after: int
    upto: int
    letters: Sequence[tuple[Letter, Sequence[str]]]


async def begin(run: Run) -> None:
    """Note where an office begins that runs for the first time: before anything is carried out.

    Raises:
        StoreError: the database failed.
    """
    if await run.read(cursor) is None:
        await run.write(_put_start, run.settings)


async def plan(run: Run) -> None:
    """Write the letters of all changes that no pass has read yet.

    Raises:
        StoreError: the database failed.
    """
    after = await run.read(_start, run.settings)
    while True:
        planned = await run.read(_planned, after, run.settings)
        if planned.upto == after:
            return
        if run.dry_run:
            run.tell(
                PostStep(step=Step.WRITTEN, channel=channel, id=outbox.name_of(letter, channel))
                for letter, channels in planned.letters
                for channel in channels or [""]
            )
            after = planned.upto
        else:
            after, steps = await run.write(_put_planned, planned)
            run.tell(steps)


def cursor(transaction: SqlTransaction) -> int | None:
    """Number of the change that letters were written up to; None before the first pass."""
    found = transaction.entry(_KIND, _CURSOR)
    return None if found is None else int(found["change"])


def channels_for(
    partner: Record | None, channels: Mapping[str, Channel], *, all_channels: bool
) -> list[str]:
    """The names of the channels for a partner's letters: the first that reaches it, or all."""
    if partner is None:
        return []
    found = [name for name, channel in channels.items() if channel.reaches(partner)]
    return found if all_channels else found[:1]


def _start(transaction: SqlTransaction, settings: Settings) -> int:
    known = cursor(transaction)
    if known is not None:
        return known
    # An office that is switched on does not tell partners of years that have passed.
    wanted = settings.since_change
    return transaction.last_change if wanted is None else min(wanted, transaction.last_change)


def _put_start(transaction: SqlTransaction, settings: Settings) -> None:
    transaction.put_entry(_KIND, _CURSOR, {"change": _start(transaction, settings)})


def _planned(transaction: SqlTransaction, after: int, settings: Settings) -> Planned:
    """Letters are made outside the lock of a transaction that writes: they may be thousands."""
    entries = transaction.journal(after, _AT_ONCE)
    if not entries:
        return Planned(after=after, upto=after, letters=())
    found = letters(
        entries,
        transaction,
        templates=settings.templates,
        roles=settings.roles,
        zone=settings.zone,
    )
    partners = {
        id_: transaction.record(Place("partners"), id_) for id_ in {one.partner_id for one in found}
    }
    chosen = {
        id_: channels_for(partner, settings.channels, all_channels=settings.all_channels)
        for id_, partner in partners.items()
    }
    return Planned(
        after=after,
        upto=entries[-1].change,
        letters=[(letter, chosen[letter.partner_id]) for letter in found],
    )


def _put_planned(transaction: SqlTransaction, planned: Planned) -> tuple[int, list[PostStep]]:
    known = cursor(transaction)
    if known != planned.after:
        # Another process has written these letters meanwhile.
        return (planned.after if known is None else known), []
    steps: list[PostStep] = []
    for letter, channels in planned.letters:
        outbox.overtake(transaction, letter)
        steps += [
            _written(transaction, outbox.name_of(letter, channel))
            for channel in channels or [""]
            if outbox.add(transaction, letter, channel)
        ]
    transaction.put_entry(_KIND, _CURSOR, {"change": planned.upto})
    return planned.upto, steps


def _written(transaction: SqlTransaction, name: str) -> PostStep:
    letter = outbox.must_get(transaction, name)
    if not letter.channel:
        return give_up(transaction, letter, UNREACHED)
    return PostStep(step=Step.WRITTEN, channel=letter.channel, id=name)
