"""The lookups of each noun's records: one declaration for the index and for the check.

A list's filter asks for some of these lookups (see `nouns`); the store finds the records by its
index, and the same functions check what the caller may read of each.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final, TypeAlias

from tgiconik.community.store.interface import AnyOf, Document, Lookup

#: The values by which a record is found under one name.
Values: TypeAlias = Callable[[Document], Iterable[str]]

#: The partners and groups that something is meant for.
MEANT_PARTNERS: Final = "audience.partners"
MEANT_GROUPS: Final = "audience.groups"

#: The partners that a document was delivered to. In no field, so added with each delivery.
DELIVERED_TO: Final = "delivered_to"


def _field(name: str) -> Values:
    def values(fields: Document) -> Iterable[str]:
        return () if fields[name] is None else (fields[name],)

    return values


def _members(name: str) -> Values:
    return lambda fields: fields[name]


def _referenced(fields: Document) -> Iterable[str]:
    return [reference["asset_id"] for reference in fields["asset_references"]]


def _asset(fields: Document) -> Iterable[str]:
    return () if fields["asset"] is None else (fields["asset"]["asset_id"],)


def _fields(*names: str) -> Mapping[str, Values]:
    return {name: _field(name) for name in names}


_AUDIENCE: Final[Mapping[str, Values]] = {
    MEANT_PARTNERS: lambda fields: fields["audience"]["partners"],
    MEANT_GROUPS: lambda fields: fields["audience"]["groups"],
}

_LOOKUPS: Final[Mapping[str, Mapping[str, Values]]] = {
    "partners": {
        **_fields("company_id"),
        "group_id": _members("groups"),
        "region": _members("regions"),
        "language": _members("languages"),
    },
    "groups": {**_fields("external_id"), "tag": _members("tags")},
    "requests": {**_fields("status", "kind", "partner_id", "external_id"), "asset_id": _referenced},
    "issues": {
        **_fields("status", "severity", "category", "partner_id", "external_id"),
        "asset_id": _referenced,
    },
    "comments": _fields("external_id"),
    "projects": {**_fields("kind", "status", "external_id"), **_AUDIENCE},
    "tasks": _fields("kind", "status", "assignee_partner_id", "external_id"),
    "exceptions": _fields("status", "partner_id", "external_id"),
    "confirmations": _fields("partner_id"),
    "documents": {
        **_fields("state", "request_id", "issue_id", "project_id", "external_id"),
        **_AUDIENCE,
        "asset_id": _asset,
    },
    "deliveries": {
        **_fields("document_id", "partner_id", "request_id", "key", "share_id", "state"),
        "asset_id": _asset,
    },
    "receipts": _fields("document_id", "partner_id", "kind"),
    "announcements": {**_fields("kind", "external_id"), **_AUDIENCE},
    "acknowledgements": _fields("partner_id"),
    "activity": _fields("kind", "partner_id", "subject_type", "subject_id", "external_id"),
}


def lookups_of(noun: str, fields: Document) -> list[Lookup]:
    """All lookups of a record."""
    return [(name, value) for name, values in _LOOKUPS[noun].items() for value in values(fields)]


def is_found_by(noun: str, fields: Document, any_of: AnyOf) -> bool:
    """Whether a record with these fields is found by one of some lookups."""
    return any(value in _LOOKUPS[noun][name](fields) for name, value in any_of)
