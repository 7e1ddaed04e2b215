"""Authors of asset references: operators and partners change the same lists."""

from typing import Final

from tgiconik.sandbox.grid.collaboration.caller import OPERATOR, Caller
from tgiconik.sandbox.grid.shapes import Document

_LIST: Final = "asset_references"
_SINGLE: Final = "asset"
_AUTHOR: Final = "written_by"
#: Fields whose change makes another reference, instead of describing the same one better.
_IDENTITY: Final = ("asset_id", "version_id", "role")


def with_authors(fields: Document, before: Document, caller: Caller) -> Document:
    """Fields as they are stored: each asset reference with its author.

    Args:
        fields: the fields that are written; an author that they name is ignored.
        before: the record's fields so far; empty for a new record.
        caller: who writes.
    """
    signed = dict(fields)
    if _LIST in fields:
        signed[_LIST] = _signed(fields[_LIST], before.get(_LIST, []), caller)
    if fields.get(_SINGLE) is not None:
        earlier = [] if before.get(_SINGLE) is None else [before[_SINGLE]]
        (signed[_SINGLE],) = _signed([fields[_SINGLE]], earlier, caller)
    return signed


def _signed(sent: list[Document], before: list[Document], caller: Caller) -> list[Document]:
    if caller.partner_id is None:
        return [one | {_AUTHOR: _author(one, before)} for one in sent]
    operators = [one for one in before if one[_AUTHOR] == OPERATOR]
    kept = [_content(one) for one in operators]
    own = [one | {_AUTHOR: caller.written_by} for one in sent if _content(one) not in kept]
    return [*operators, *own]


def _author(reference: Document, before: list[Document]) -> str:
    """The author of a reference that an operator sends: a partner's stays the partner's."""
    same = [one for one in before if _identity(one) == _identity(reference)]
    repeated = [one for one in same if _content(one) == _content(reference)]
    authors = (one[_AUTHOR] for one in repeated or same)
    return next((author for author in authors if author != OPERATOR), OPERATOR)


def _identity(reference: Document) -> list[str | None]:
    return [reference[name] for name in _IDENTITY]


def _content(reference: Document) -> Document:
    return {name: value for name, value in reference.items() if name != _AUTHOR}
