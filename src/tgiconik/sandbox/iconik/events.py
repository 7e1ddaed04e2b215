"""Events about changes, as iconik's webhooks send them.

Their shape is that of events which live services got: of `contents` the object is the member, of
`shares` the share. Nobody published what an approval sends; `approvals` is an assumption, with the
approval as `data`. Links, recipients and passwords of shares are in no event, as in the real ones.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import attrs

from tgiconik.sandbox.iconik.acls import ACLS
from tgiconik.sandbox.iconik.kinds import (
    APPROVALS,
    ASSETS,
    COLLECTIONS,
    CONTENTS,
    FILES,
    SEGMENTS,
    SHARES,
    VALUES,
)
from tgiconik.sandbox.iconik.request import SYSTEM_DOMAIN_ID
from tgiconik.sandbox.store import Document, StoredChange

_OF_SHARES: Final = frozenset({"url", "users", "emails", "password", "by_url", "has_password"})
_TYPES: Final = frozenset({"assets", "collections"})


@attrs.frozen(kw_only=True)
class Event:
    """Something that happened.

    Attributes:
        event_type: what it happened to.
        realm: which side of it.
        operation: what happened.
        object_id: what it is about.
        data: the object.
    """

    event_type: str
    realm: str
    operation: str
    object_id: str
    data: Mapping[str, Any]

    def body(self, *, user_id: str, request_id: str) -> Document:
        """The JSON body that is sent.

        Args:
            user_id: who did it.
            request_id: of the call that did it.
        """
        return {
            "system_domain_id": SYSTEM_DOMAIN_ID,
            "event_type": self.event_type,
            "object_id": self.object_id,
            "user_id": user_id,
            "realm": self.realm,
            "operation": self.operation,
            "data": dict(self.data) | {"system_domain_id": SYSTEM_DOMAIN_ID},
            "request_id": request_id,
        }


def events_of(changes: Iterable[StoredChange]) -> Iterator[Event]:
    """The events about changes.

    Args:
        changes: what one request changed.
    """
    for change in changes:
        event = _event_of(change)
        if event is not None and event.event_type in _TYPES:
            yield event


def _event_of(change: StoredChange) -> Event | None:
    document = change.after or change.before
    if document is None:
        return None
    operation = _operation(change)
    if change.kind == SHARES:
        data = {name: value for name, value in document.items() if name not in _OF_SHARES}
        return _event(document["object_type"], "shares", operation, document["id"], data)
    if change.kind == CONTENTS:
        return _event("collections", "contents", operation, document["object_id"], document)
    if change.kind == ACLS:
        id_ = document["object_key"]
        return _event(document["object_type"], "acls", operation, id_, document)
    if change.kind in {APPROVALS, VALUES}:
        realm = "approvals" if change.kind == APPROVALS else "metadata"
        id_ = document["object_id"]
        return _event(document["object_type"], realm, operation, id_, document)
    return _of_object(change, document)


def _of_object(change: StoredChange, document: Document) -> Event | None:
    if change.kind in {SEGMENTS, FILES}:
        realm = "segments" if change.kind == SEGMENTS else "files"
        data = {"asset_id": document.get("asset_id") or change.id.partition("/")[0]} | document
        return _event("assets", realm, _operation(change), document["id"], data)
    if change.kind not in {ASSETS, COLLECTIONS}:
        return None
    event_type = "assets" if change.kind == ASSETS else "collections"
    operation = _operation_on_object(change)
    if operation == "update" and _without_places(change.before) == _without_places(change.after):
        return None  # an event of the contents says it
    return _event(event_type, "entity", operation, document["id"], document)


def _event(event_type: str, realm: str, operation: str, object_id: str, data: Document) -> Event:
    return Event(
        event_type=event_type, realm=realm, operation=operation, object_id=object_id, data=data
    )


def _operation(change: StoredChange) -> str:
    if change.before is None:
        return "create"
    return "delete" if change.after is None else "update"


def _operation_on_object(change: StoredChange) -> str:
    """Objects are deleted into a queue, and are restored or purged from there."""
    if change.before is None or change.after is None:
        return "create" if change.before is None else "purge"
    match change.before.get("status"), change.after.get("status"):
        case before, after if before == after:
            return "update"
        case _, "DELETED":
            return "delete"
        case "DELETED", _:
            return "restore"
    return "update"


def _without_places(document: Document | None) -> Document:
    return {k: v for k, v in (document or {}).items() if k != "in_collections"}
