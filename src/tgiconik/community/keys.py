"""Keys of a served community: made once, kept as digests, revoked by id."""

import re
import time
from datetime import timedelta
from hashlib import sha256
from secrets import token_hex, token_urlsafe
from typing import Final

import attrs

from tgiconik import errors
from tgiconik._frames import without_locals
from tgiconik._secrets import Secret
from tgiconik._validate import not_blank
from tgiconik.community.store import keys
from tgiconik.community.store.base import BaseStore
from tgiconik.community.store.interface import Place
from tgiconik.community.store.keys import Key
from tgiconik.community.store.sql import SqlTransaction

#: Scanners of secrets and people recognise a token by it.
PREFIX: Final = "tgc_"
_BYTES: Final = 32
#: What `token_urlsafe` makes of so many bytes.
_TOKEN: Final = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{43}}")
#: A use is noted once in this time: reading stays reading.
_NOTED_EVERY: Final = timedelta(hours=1)
_LONGEST: Final = 200


@attrs.frozen(kw_only=True)
class NewKey:
    """A key that was just made: the only time that its token is there.

    Attributes:
        key: the key.
        token: what clients send as a bearer token.
    """

    key: Key
    token: Secret


class Keys:
    """The keys of the companies in a database. Calls block: in a server, use `Store.call`.

    Args:
        store: the database.
    """

    def __init__(self, store: BaseStore) -> None:
        self._store = store
        self._noted: dict[str, float] = {}

    def add_operator(self, company_id: str, name: str) -> NewKey:
        """Make a key for an operator of the company, who may do everything.

        Args:
            company_id: BUID of the company.
            name: who or what calls with it, such as `portal`.

        Raises:
            ConfigurationError: the company or the name is blank, or not printable text of up to 200
                characters.
            StoreError: the database failed.
        """
        _check(company_id=company_id, name=name)
        return self._add(company_id, name, None)

    def add_partner(self, company_id: str, partner_id: str) -> NewKey:
        """Make a key for a partner of the company.

        Args:
            company_id: BUID of the company.
            partner_id: BUID of the partner, who has a profile in the community.

        Raises:
            ConfigurationError: the company has no such partner, or one of them is not printable
                text.
            StoreError: the database failed.
        """
        _check(company_id=company_id, partner_id=partner_id)
        return self._add(company_id, partner_id, partner_id)

    @without_locals
    def _add(self, company_id: str, name: str, partner_id: str | None) -> NewKey:
        id_, token = f"KEY-{token_hex(8)}", Secret(PREFIX + token_urlsafe(_BYTES))
        with self._store.transaction(company_id) as transaction:
            if partner_id is not None and not _is_partner(transaction, partner_id):
                raise errors.ConfigurationError(
                    f"company {company_id} has no partner {partner_id} in {self._store.name}: "
                    "write its profile first, with `python -m tgiconik.community partners import` "
                    "or grid.community.partners.put"
                )
            keys.insert(
                transaction, id_=id_, partner_id=partner_id, name=name, digest=_digest(token)
            )
            made = keys.find(transaction, _digest(token))
        if made is None:
            raise errors.StoreError(f"{self._store.name} did not keep {id_}")
        return NewKey(key=made, token=token)

    def all_of(self, company_id: str) -> list[Key]:
        """The keys of a company, also revoked ones, in the order in which they were made.

        Args:
            company_id: BUID of the company.

        Raises:
            ConfigurationError: the company is blank, or not printable text.
            StoreError: the database failed.
        """
        _check(company_id=company_id)
        with self._store.transaction(company_id, write=False) as transaction:
            return keys.all_of_company(transaction)

    def revoke(self, company_id: str, id_: str) -> Key:
        """Revoke a key, which is refused from now on. Revoking it again changes nothing.

        Args:
            company_id: BUID of the company.
            id_: the key, such as `KEY-3f9a1c20d5b7e864`.

        Raises:
            ConfigurationError: the company has no such key.
            StoreError: the database failed.
        """
        _check(company_id=company_id)
        with self._store.transaction(company_id) as transaction:
            keys.revoke(transaction, id_)
            found = [key for key in keys.all_of_company(transaction) if key.id == id_]
        if not found:
            raise errors.ConfigurationError(
                f"company {company_id} has no key {id_} in {self._store.name}; "
                "`keys list` shows those that it has"
            )
        return found[0]

    @without_locals
    def of_token(self, token: str) -> Key | None:
        """The key of a token that is good; None for any other text.

        The database finds it by the digest of the token, so that how long the search takes tells
        nothing about any token.

        Args:
            token: what a client sent as its bearer token.

        Raises:
            StoreError: the database failed.
        """
        if not _TOKEN.fullmatch(token):
            return None
        with self._store.transaction("", write=False) as transaction:
            key, now = keys.find(transaction, _digest(token)), transaction.now
        if key is None or key.revoked_at is not None:
            return None
        if key.is_unused_for(_NOTED_EVERY, now):
            self._note_use(key)
        return key

    def _note_use(self, key: Key) -> None:
        """Note it, unless this process has tried lately: a database that is only read stays so."""
        tried, now = self._noted.get(key.id), time.monotonic()
        if tried is not None and now - tried < _NOTED_EVERY.total_seconds():
            return
        self._noted[key.id] = now
        try:
            with self._store.transaction(key.company_id) as transaction:
                keys.note_use(transaction, key.id)
        except errors.StoreError:
            # The call itself says whether the database fails.
            return


def _is_partner(transaction: SqlTransaction, partner_id: str) -> bool:
    return transaction.record(Place("partners"), partner_id) is not None


def _check(**texts: str) -> None:
    for name, text in texts.items():
        not_blank(text, name)
        if not text.isprintable() or len(text) > _LONGEST:
            raise errors.ConfigurationError(
                f"{name} must be printable text of up to {_LONGEST} characters"
            )


def _digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()
