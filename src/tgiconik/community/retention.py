"""Deletes what has served its time: expired answers, old entries of the journal, and old post."""

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
#: What the post office has yet to read or to send is not deleted.
_EARLIER: Final = """
FROM community_journal WHERE company = :company AND change < :first AND change <= :read
AND change NOT IN (
    SELECT change FROM community_outbox WHERE company = :company AND state IN (
        'waiting', 'given_up', 'failed', 'validation_error', 'bounced', 'on_hold'
    )
)
"""
_LETTERS: Final = """
FROM community_outbox WHERE company = :company AND written_at < :since AND lease IS NULL
AND state NOT IN ('waiting', 'given_up', 'failed', 'validation_error', 'bounced', 'on_hold')
"""
_MESSAGES: Final = """
FROM community_inbox WHERE company = :company AND handled_at < :since
AND state NOT IN ('stored', 'quarantined')
"""
_TOKENS: Final = "FROM community_reply_tokens WHERE company = :company AND expires_at < :since"


@attrs.frozen(kw_only=True)
class Pruned:
    """The rows that were deleted of a company, or would be.

    Attributes:
        company_id: BUID of the company.
        journal_entries: how many entries of the journal.
        answers: how many expired answers to writes under an idempotency key.
        letters: how many letters that were sent or overtaken.
        messages: how many messages that were dealt with.
        tokens: how many reply tokens that have ended.
    """

    company_id: str
    journal_entries: int
    answers: int
    letters: int = 0
    messages: int = 0
    tokens: int = 0

    def __str__(self) -> str:
        post = (
            f", {self.letters:,} letters, {self.messages:,} messages, "
            f"{self.tokens:,} ended reply tokens"
        )
        return (
            f"{self.company_id}: {self.journal_entries:,} journal entries, "
            f"{self.answers:,} expired answers"
            f"{post if self.letters or self.messages or self.tokens else ''}"
        )


def prune_in(
    store: BaseStore,
    company_id: str,
    journal_older_than: timedelta | None,
    post_older_than: timedelta | None,
    *,
    dry_run: bool,
) -> Pruned:
    """Prune a company, in one transaction.

    Args:
        store: the database.
        company_id: BUID of the company.
        journal_older_than: the age from which entries of the journal are deleted; None for none.
        post_older_than: the age from which letters, messages and reply tokens that are done with
            are deleted; None for none.
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
            read = transaction.entry("post", "cursor") or {"change": transaction.last_change}
            entries = prune(_EARLIER, first=first, read=int(read["change"]))
        post = {"letters": 0, "messages": 0, "tokens": 0}
        if post_older_than is not None:
            since = times.stamp(transaction.now - post_older_than)
            rows = {"letters": _LETTERS, "messages": _MESSAGES, "tokens": _TOKENS}
            post = {name: prune(one, since=since) for name, one in rows.items()}
    return Pruned(company_id=company_id, journal_entries=entries, answers=answers, **post)
