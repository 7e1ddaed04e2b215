"""The table of keys: who may call a served community, each by the digest of a token."""

from datetime import datetime, timedelta
from typing import Any, Final

import attrs

from tgiconik.community import times
from tgiconik.community.store.sql import SqlTransaction

_FIELDS: Final = "id, company, kind, name, created_at, revoked_at, last_used_at"
_INSERT: Final = """
INSERT INTO community_keys (id, company, kind, name, digest, created_at)
VALUES (:id, :company, :kind, :name, :digest, :at)
"""
_FIND: Final = f"SELECT {_FIELDS} FROM community_keys WHERE digest = :digest"  # noqa: S608 - constants
_LIST: Final = f"""
SELECT {_FIELDS} FROM community_keys WHERE company = :company ORDER BY created_at, id
"""  # noqa: S608 - constants
_REVOKE: Final = """
UPDATE community_keys SET revoked_at = :at
WHERE company = :company AND id = :id AND revoked_at IS NULL
"""
_USED: Final = "UPDATE community_keys SET last_used_at = :at WHERE company = :company AND id = :id"

OPERATOR: Final = "operator"
PARTNER: Final = "partner"


@attrs.frozen(kw_only=True)
class Key:
    """A key, without its token.

    Attributes:
        id: names the key, such as `KEY-3f9a1c20`.
        company_id: BUID of the company whose community it opens.
        partner_id: BUID of the partner that calls with it; None for an operator's.
        name: the operator's name, or the partner's BUID.
        created_at: when it was made; in UTC.
        revoked_at: when it was revoked; None while it is good.
        last_used_at: when it was used last, to the hour or so; None if never.
    """

    id: str
    company_id: str
    partner_id: str | None
    name: str
    created_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None

    def is_unused_for(self, time: timedelta, now: datetime) -> bool:
        """Whether the noted use is as long ago as this."""
        return self.last_used_at is None or now - self.last_used_at >= time


def insert(
    transaction: SqlTransaction, *, id_: str, partner_id: str | None, name: str, digest: str
) -> None:
    """Write a key of the transaction's company.

    Args:
        transaction: one that writes.
        id_: names the key.
        partner_id: BUID of the partner; None for an operator's key.
        name: the operator's name, or the partner's BUID.
        digest: SHA-256 of the token, in hexadecimal.
    """
    given = {
        "id": id_,
        "company": transaction.company_id,
        "kind": OPERATOR if partner_id is None else PARTNER,
        "name": name,
        "digest": digest,
        "at": times.stamp(transaction.now),
    }
    transaction.execute(_INSERT, given)


def find(transaction: SqlTransaction, digest: str) -> Key | None:
    """The key of a token, of whichever company, revoked or not."""
    rows = transaction.execute(_FIND, {"digest": digest})
    return _key(*rows[0]) if rows else None


def all_of_company(transaction: SqlTransaction) -> list[Key]:
    """The keys of the transaction's company, in the order in which they were made."""
    rows = transaction.execute(_LIST, {"company": transaction.company_id})
    return [_key(*row) for row in rows]


def revoke(transaction: SqlTransaction, id_: str) -> None:
    """Revoke a key; the first revocation of several counts."""
    transaction.execute(_REVOKE, _at(transaction, id_))


def note_use(transaction: SqlTransaction, id_: str) -> None:
    """Write that a key was used now."""
    transaction.execute(_USED, _at(transaction, id_))


def _at(transaction: SqlTransaction, id_: str) -> dict[str, Any]:
    return {
        "company": transaction.company_id,
        "id": id_,
        "at": times.stamp(transaction.now),
    }


def _key(  # noqa: PLR0917 - the columns of a row
    id_: str,
    company_id: str,
    kind: str,
    name: str,
    created_at: str,
    revoked_at: str | None,
    last_used_at: str | None,
) -> Key:
    return Key(
        id=id_,
        company_id=company_id,
        partner_id=name if kind == PARTNER else None,
        name=name,
        created_at=times.parse(created_at),
        revoked_at=_time(revoked_at),
        last_used_at=_time(last_used_at),
    )


def _time(stamp: str | None) -> datetime | None:
    return None if stamp is None else times.parse(stamp)
