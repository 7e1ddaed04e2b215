"""Sends the events about what requests changed to the webhooks that are defined."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import attrs

from tgiconik.sandbox.iconik import event_query
from tgiconik.sandbox.iconik.events import events_of
from tgiconik.sandbox.iconik.kinds import kind
from tgiconik.sandbox.iconik.request import new_id, stamp
from tgiconik.sandbox.state import State
from tgiconik.sandbox.store import Document, StoredChange

WEBHOOKS: Final = kind("notifications", "/v1/webhooks/")
_FILTERS: Final = ("event_type", "operation", "realm", "object_id")


@attrs.frozen
class _Definition:
    id: str
    fields: Document
    holds: Callable[[Mapping[str, Any]], bool]

    def wants(self, event: Mapping[str, Any]) -> bool:
        filters = ((name, self.fields.get(name)) for name in _FILTERS)
        return all(not value or value == event[name] for name, value in filters) and self.holds(
            event
        )


class WebhookPublisher:
    """Finds the definitions that an event is for. Without any, nothing is looked at.

    Args:
        state: the sandbox.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._definitions: list[_Definition] | None = None
        state.store.subscribe(self._note)

    def _note(self, kind_: str, _: str) -> None:
        # A rollback, without a kind, may have taken a definition back.
        if kind_ == WEBHOOKS or not kind_:
            self._definitions = None

    @property
    def is_needed(self) -> bool:
        """Whether any definition is enabled."""
        return bool(self._enabled())

    def publish(self, changes: Iterable[StoredChange], *, user_id: str) -> None:
        """Send the events about changes.

        Args:
            changes: what one request changed.
            user_id: who sent it.
        """
        definitions = self._enabled()
        request_id = new_id().replace("-", "")
        for event in events_of(changes):
            body = event.body(user_id=user_id, request_id=request_id)
            for one in definitions:
                if one.wants(body):
                    self._state.webhooks.send(one.id, one.fields, body)

    def note_failures(self) -> None:
        """Write down which definitions failed, so that reads show it."""
        now = stamp(self._state.now())
        for id_, failed in self._state.webhooks.failed().items():
            definition = self._state.store.get(WEBHOOKS, id_)
            if definition is not None and definition["url"] == failed.url:
                noted = {
                    "status": "FAILING",
                    "first_failed_at": definition.get("first_failed_at") or now,
                    "last_error": failed.error,
                    "last_payload": json.dumps(failed.event),
                }
                self._state.store.put(WEBHOOKS, id_, definition | noted)

    def _enabled(self) -> list[_Definition]:
        if self._definitions is None:
            stored = self._state.store.list(WEBHOOKS)
            self._definitions = [
                _Definition(one["id"], one, _predicate(one.get("query")))
                for one in stored
                if one["status"] == "ENABLED"
            ]
        return self._definitions


def _predicate(query: str | None) -> Callable[[Mapping[str, Any]], bool]:
    """A query as a function. A query that cannot be read holds of no event."""
    if not query:
        return lambda _: True
    try:
        return event_query.parse(query)
    except ValueError:
        return lambda _: False
