"""Keys: made once, kept as digests, noted when they are used, revoked for good."""

import traceback
from datetime import UTC, datetime, timedelta

import pytest

from tgiconik import errors
from tgiconik.community.community import open_store
from tgiconik.community.keys import PREFIX, Keys
from tgiconik.community.store.base import BaseStore
from tgiconik.community.store.url import SqliteUrl

from ..conftest import Open  # noqa: TID252 - a fixture's type
from ..records import put  # noqa: TID252 - a helper of the folder above

COMPANY = "GC1"


def test_a_token_is_found_by_its_digest_and_kept_nowhere(store: BaseStore) -> None:
    made = Keys(store).add_operator(COMPANY, "portal")
    assert made.token.startswith(PREFIX)
    assert made.token not in repr(made)
    found = Keys(store).of_token(made.token)
    assert found is not None
    assert (found.id, found.company_id, found.partner_id) == (made.key.id, COMPANY, None)
    with store.transaction(COMPANY, write=False) as transaction:
        rows = transaction.execute("SELECT * FROM community_keys", {})
    assert made.token not in repr(rows)
    assert made.token.removeprefix(PREFIX) not in repr(rows)


@pytest.mark.parametrize(
    "token", ["", "tgc_", "tgc_" + "a" * 43, "tgc_" + "a" * 44, "x" * 100_000, "tgc_\udcff", "é"]
)
def test_any_other_text_is_nobodys(store: BaseStore, token: str) -> None:
    Keys(store).add_operator(COMPANY, "portal")
    assert Keys(store).of_token(token) is None


def test_a_revoked_key_is_nobodys_from_the_next_call_on(open_one: Open) -> None:
    here, there = Keys(open_one()), Keys(open_one())
    made, kept = here.add_operator(COMPANY, "a"), here.add_operator(COMPANY, "b")
    assert there.of_token(made.token) is not None
    first = here.revoke(COMPANY, made.key.id)
    assert there.of_token(made.token) is None
    assert here.revoke(COMPANY, made.key.id) == first
    assert there.of_token(kept.token) is not None
    assert [key.revoked_at is None for key in here.all_of(COMPANY)] == [False, True]


def test_a_key_of_another_company_is_not_revoked(store: BaseStore) -> None:
    made = Keys(store).add_operator(COMPANY, "a")
    with pytest.raises(errors.ConfigurationError, match="has no key"):
        Keys(store).revoke("GC2", made.key.id)
    assert Keys(store).of_token(made.token) is not None


def test_a_partner_needs_a_profile(store: BaseStore) -> None:
    with pytest.raises(errors.ConfigurationError, match="partners import"):
        Keys(store).add_partner(COMPANY, "GCP")
    assert Keys(store).all_of(COMPANY) == []


@pytest.mark.parametrize("name", ["", " ", "a\nb", "a" * 201, "\udcff", "\x1b[2J"])
def test_a_name_is_one_printable_line(store: BaseStore, name: str) -> None:
    with pytest.raises(errors.ConfigurationError):
        Keys(store).add_operator(COMPANY, name)


def test_the_use_of_a_key_is_written_once_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    at, ticks = [datetime(2026, 3, 1, tzinfo=UTC)], [0.0]
    monkeypatch.setattr("tgiconik.community.keys.time.monotonic", lambda: ticks[0])
    store = open_store(SqliteUrl(None), now=lambda: at[0])
    keys = Keys(store)
    made = keys.add_operator(COMPANY, "a")
    assert made.key.last_used_at is None

    def used_after(minutes: float) -> timedelta:
        at[0] += timedelta(minutes=minutes)
        ticks[0] += minutes * 60
        keys.of_token(made.token)
        (key,) = keys.all_of(COMPANY)
        assert key.last_used_at is not None
        return at[0] - key.last_used_at

    assert used_after(1) == timedelta(0)
    assert used_after(59) == timedelta(minutes=59)
    assert used_after(1) == timedelta(0)
    store.close()


def test_a_use_that_cannot_be_noted_is_still_a_use(
    store: BaseStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Keys(store).add_operator(COMPANY, "a")

    def fails(*_: object) -> None:
        raise errors.StoreNotWritable("read only")

    monkeypatch.setattr("tgiconik.community.store.keys.note_use", fails)
    assert Keys(store).of_token(made.token) is not None


def test_tracebacks_with_local_variables_show_no_token(
    store: BaseStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    with store.transaction(COMPANY) as transaction:
        put(transaction, "a")
    made: list[str] = []

    def fails(*_: object, **given: str) -> None:
        made.append(given["digest"])
        raise errors.StoreError("disk")

    monkeypatch.setattr("tgiconik.community.store.keys.insert", fails)
    with pytest.raises(errors.StoreError) as failed:
        Keys(store).add_operator(COMPANY, "a")
    shown = "".join(
        traceback.TracebackException.from_exception(failed.value, capture_locals=True).format()
    )
    assert PREFIX not in shown
    assert made
