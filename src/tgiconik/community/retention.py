"""Deletes what has served its time: answers that have expired, and old entries of the journal."""

from datetime import timedelta
from typing import Final

import attrs

from tgiconik.community import times
from tgiconik.community.store.base import BaseStore

_EXPIRED: Final = "FROM community_entries WHERE company = :company AND expires_at <= :now"
#: Times do not go backwards in the order of changes.
_FIRST_KEPT: Final = """
SELECT change FROM community_journal WHERE company = :company AND at >= :since
ORDER BY change LIMIT 1
"""
_EARLIER: Final = "FROM community_journal WHERE company = :company AND change < :first"


@attrs.frozen(kw_only=True)
class Pruned:
    """The rows that were deleted of a company, or would be.

    Attributes:
        company_id: BUID of the company.
        journal_entries: how many entries of the journal.
        answers: how many expired answers to writes under an idempotency key.
    """

    company_id: str
    journal_entries: int
    answers: int

    def __str__(self) -> str:
        return (
            f"{self.company_id}: {self.journal_entries:,} journal entries, "
            f"{self.answers:,} expired answers"
        )


def prune_in(
    store: BaseStore, company_id: str, journal_older_than: timedelta | None, *, dry_run: bool
) -> Pruned:
    """Prune a company, in one transaction.

    Args:
        store: the database.
        company_id: BUID of the company.
        journal_older_than: the age from which entries of the journal are deleted; None for none.
        dry_run: count only.

    Raises:
        StoreError: the database did not answer, or cannot be written.
    """
    with store.transaction(company_id, write=not dry_run) as transaction:

        def prune(rows: str, **parameters: str | int) -> int:
            given = {"company": company_id, **parameters}
            ((count,),) = transaction.execute(f"SELECT COUNT(*) {rows}", given)
            if count and not dry_run:
                transaction.execute(f"DELETE {rows}", given)
            return int(count)

        answers = prune(_EXPIRED, now=times.stamp(transaction.now))
        entries = 0
        if journal_older_than is not None:
            since = times.stamp(transaction.now - journal_older_than)
            kept = transaction.execute(_FIRST_KEPT, {"company": company_id, "since": since})
            first = kept[0][0] if kept else transaction.last_change + 1
            entries = prune(_EARLIER, first=first)
    return Pruned(company_id=company_id, journal_entries=entries, answers=answers)
