"""The SQL that both databases understand, with named parameters as `:name`."""

# ruff: noqa: S608 - statements are made of constants and names; values are parameters

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

from tgiconik.community.store.interface import AnyOf

Parameters: TypeAlias = dict[str, Any]

_HERE: Final = "company = :company AND noun = :noun AND above = :above"
_FIELDS: Final = "id, fields, created_at, updated_at, revision, written_by, change"

RECORD: Final = f"SELECT {_FIELDS} FROM community_records WHERE {_HERE} AND id = :id"
RECORDS: Final = f"SELECT {_FIELDS} FROM community_records WHERE {_HERE} ORDER BY first_change"
#: Times do not go backwards from change to change, so the earliest by time is the first change.
FIRST_SINCE: Final = f"""
SELECT change FROM community_records WHERE {_HERE} AND updated_at >= :since
ORDER BY updated_at, change LIMIT 1
"""
INSERT_RECORD: Final = """
INSERT INTO community_records (company, noun, above, id, fields, created_at, updated_at, revision,
    written_by, change, first_change)
VALUES (:company, :noun, :above, :id, :fields, :created_at, :updated_at, :revision,
    :written_by, :change, :change)
"""
UPDATE_RECORD: Final = f"""
UPDATE community_records
SET fields = :fields, updated_at = :updated_at, revision = :revision, change = :change
WHERE {_HERE} AND id = :id
"""
INSERT_JOURNAL: Final = """
INSERT INTO community_journal (company, change, at, written_by, noun, above, id, revision,
    fields_before, fields_after)
VALUES (:company, :change, :at, :by, :noun, :above, :id, :revision, :before, :fields)
"""
JOURNAL: Final = """
SELECT change, at, written_by, noun, id, above, revision, fields_before, fields_after
FROM community_journal WHERE company = :company AND change > :after ORDER BY change LIMIT :limit
"""

#: Lookups carry the number of their record's last change: a list is one walk along an index.
MOVE_KEPT_LOOKUPS: Final = """
UPDATE community_lookups SET change = :change
WHERE company = :company AND change = :earlier AND kept = 1
"""
DELETE_LOOKUPS: Final = """
DELETE FROM community_lookups WHERE company = :company AND change = :earlier
"""

ENTRY: Final = """
SELECT body, expires_at FROM community_entries
WHERE company = :company AND kind = :kind AND key = :key
"""
PUT_ENTRY: Final = """
INSERT INTO community_entries (company, kind, key, body, expires_at)
VALUES (:company, :kind, :key, :body, :expires_at)
ON CONFLICT (company, kind, key) DO UPDATE
SET body = excluded.body, expires_at = excluded.expires_at
"""
#: A few at a time, so that no call pays for all that has expired.
DELETE_EXPIRED: Final = """
DELETE FROM community_entries WHERE company = :company AND (kind, key) IN (
    SELECT kind, key FROM community_entries
    WHERE company = :company AND expires_at <= :now ORDER BY expires_at LIMIT 20
)
"""

COMPANY: Final = "SELECT change, stamp FROM community_companies WHERE id = :company"
PUT_COMPANY: Final = """
INSERT INTO community_companies (id, change, stamp) VALUES (:company, :change, :stamp)
ON CONFLICT (id) DO UPDATE SET change = excluded.change, stamp = excluded.stamp
"""

_COUNTED: Final = 1000
_WALK_ALL: Final = f"""
SELECT {_FIELDS} FROM community_records WHERE {_HERE} AND change > :after
ORDER BY change LIMIT :limit
"""
_OF_LOOKUP: Final = "{alias}.company = :company AND {alias}.noun = :noun AND {alias}.above = :above"


def entries(keys: Sequence[str]) -> tuple[str, Parameters]:
    """The entries with these keys."""
    named = {f"key{number}": key for number, key in enumerate(keys)}
    statement = f"""
        SELECT key, body, expires_at FROM community_entries
        WHERE company = :company AND kind = :kind
        AND key IN ({", ".join(f":{name}" for name in named)})
    """
    return statement, dict(named)


def insert_lookups(lookups: AnyOf) -> tuple[str, Parameters]:
    """Write a record's lookups; those that are there already stay."""
    given = _Given()
    rows = ", ".join(
        f"(:company, :noun, :above, {given.name(name)}, {given.name(value)}, :change, :kept)"
        for name, value in lookups
    )
    statement = f"""
        INSERT INTO community_lookups (company, noun, above, name, value, change, kept)
        VALUES {rows} ON CONFLICT DO NOTHING
    """
    return statement, given.parameters


def count(any_of: AnyOf) -> tuple[str, Parameters]:
    """How many records have one of these lookups, counted up to a thousand."""
    given = _Given()
    statement = f"""
        SELECT COUNT(*) FROM (
            SELECT 1 FROM community_lookups AS one
            WHERE {_of_place("one")} AND {given.any_of("one", any_of)} AND one.change > :after
            LIMIT {_COUNTED}
        ) AS counted
    """
    return statement, given.parameters


def walk(lookups: AnyOf, further: Sequence[AnyOf]) -> tuple[str, Parameters]:
    """The records with one of these lookups and one of each of the further ones.

    Without any lookup, all records.
    """
    if not lookups:
        return _WALK_ALL, {}
    given = _Given()
    statement = f"""
        SELECT {", ".join(f"record.{field}" for field in _FIELDS.split(", "))}
        FROM community_lookups AS one
        JOIN community_records AS record
        ON {_of_place("record")} AND record.change = one.change
        WHERE {_of_place("one")} AND {given.any_of("one", lookups)} AND one.change > :after
        {" ".join(_also(given, any_of) for any_of in further)}
        ORDER BY one.change LIMIT :limit
    """
    return statement, given.parameters


def _also(given: "_Given", any_of: AnyOf) -> str:
    # Not EXISTS: PostgreSQL would join, in an order that depends on its statistics.
    return f"""
        AND 1 = (
            SELECT 1 FROM community_lookups AS other
            WHERE {_of_place("other")} AND {given.any_of("other", any_of)}
            AND other.change = one.change
            LIMIT 1
        )
    """


def _of_place(alias: str) -> str:
    return f"{alias}.company = :company AND {alias}.noun = :noun AND {alias}.above = :above"


class _Given:
    """The parameters of a statement with any number of lookups."""

    def __init__(self) -> None:
        self.parameters: Parameters = {}

    def any_of(self, alias: str, lookups: AnyOf) -> str:
        """The condition that a row is one of these lookups."""
        conditions = (
            f"{alias}.name = {self.name(name)} AND {alias}.value = {self.name(value)}"
            for name, value in lookups
        )
        return f"({' OR '.join(conditions)})"

    def name(self, value: str) -> str:
        """The name of a parameter with this value."""
        name = f"given{len(self.parameters)}"
        self.parameters[name] = value
        return f":{name}"
