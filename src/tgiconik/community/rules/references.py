"""Authors of asset references: operators and partners change the same lists."""

import json
from collections import defaultdict, deque
from typing import Final

from tgiconik.community.rules.caller import Caller
from tgiconik.community.shapes import Document
from tgiconik.tradinggrid.collaboration.values import OPERATOR

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
        return _by_operator(sent, before)
    operators = [one for one in before if one[_AUTHOR] == OPERATOR]
    kept = {_key(_content(one)) for one in operators}
    own = [one | {_AUTHOR: caller.written_by} for one in sent if _key(_content(one)) not in kept]
    return [*operators, *own]


def _by_operator(sent: list[Document], before: list[Document]) -> list[Document]:
    """The references that an operator sends: a partner's stays the partner's.

    Each earlier reference is looked for once, first unchanged, then in other words. What is sent
    beyond that is the operator's, even if a partner has said the same.
    """
    left, authors = dict(enumerate(before)), dict[int, str]()
    for form in (_content, _identity):
        places = defaultdict[str, deque[int]](deque)
        for place, earlier in left.items():
            places[_key(form(earlier))].append(place)
        for place, one in enumerate(sent if left else ()):
            if place not in authors and (found := places[_key(form(one))]):
                authors[place] = left.pop(found.popleft())[_AUTHOR]
    return [one | {_AUTHOR: authors.get(place, OPERATOR)} for place, one in enumerate(sent)]


def _key(content: Document) -> str:
    """Equal for equal content: lists of references are long, and are compared as a whole."""
    return json.dumps(content, sort_keys=True)


def _identity(reference: Document) -> Document:
    return {name: reference[name] for name in _IDENTITY}


def _content(reference: Document) -> Document:
    return {name: value for name, value in reference.items() if name != _AUTHOR}
