"""The directory that channels ask while they judge messages."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final

from tgiconik.community.post.channel import Directory, KeptMessage, ReplyToken
from tgiconik.community.post.office import inbox, outbox, tokens
from tgiconik.community.post.office.run import Run
from tgiconik.community.store.interface import Place, Record
from tgiconik.community.store.sql import SqlTransaction

_PARTNERS: Final = Place("partners")


class StoredDirectory(Directory):
    """The directory of one pass; contacts are read once.

    Args:
        run: the pass.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._contacts: Mapping[str, Sequence[Record]] | None = None

    async def token(self, token: str) -> ReplyToken | None:
        """A reply token that was given out, also one that has ended; None if it never was."""
        return await self._run.read(tokens.get, token)

    async def partner(self, partner_id: str) -> Record | None:
        """The profile of a partner, or None."""

        def read(transaction: SqlTransaction) -> Record | None:
            # What PostgreSQL does not store, it does not take as a parameter.
            is_text = "\0" not in partner_id and partner_id.isprintable()
            return transaction.record(_PARTNERS, partner_id) if is_text else None

        return await self._run.read(read)

    async def partners_of_contact(self, email: str) -> Sequence[Record]:
        """The profiles that have a contact with this address, whatever its case."""
        if self._contacts is None:
            self._contacts = await self._run.read(_by_contact)
        return self._contacts.get(email.strip().lower(), ())

    async def sent(self, names: Collection[str]) -> Mapping[str, str]:
        """BUID of the partner, by `Outgoing.name`, of those of these letters that were sent."""
        asked = [name for name in names if name.isascii() and name.isprintable()]
        return await self._run.read(outbox.partners_of, asked)

    async def came_as(
        self, channel: str, names: Collection[str], *, since: datetime
    ) -> Mapping[str, Sequence[KeptMessage]]:
        """The messages that came under each of these file names."""
        return await self._run.read(inbox.came_as, channel, names, since)


def _by_contact(transaction: SqlTransaction) -> Mapping[str, Sequence[Record]]:
    found: defaultdict[str, list[Record]] = defaultdict(list)
    for partner in transaction.walk(_PARTNERS):
        for email in {one["email"].strip().lower() for one in partner.fields["contacts"]}:
            found[email].append(partner)
    return found
