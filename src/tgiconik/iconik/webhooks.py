"""Requests that iconik sends: events of its webhooks, and calls of its custom actions.

iconik signs nothing. What authenticates a call is a secret header that the definition of the
webhook or custom action has it send along, so make definitions with `webhook`, and read what comes
with `read_event` and `read_action`, which look at the secret before they look at anything else.

A call can be lost, come twice or come late. Take it as a hint that something changed, and let a
workflow look for itself.

Source: iconik's documentation of webhooks and custom actions, and bodies that live services got.
"""

import enum
import hmac
import json
import re
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any, Final
from urllib.parse import urlsplit

import attrs

from tgiconik import errors
from tgiconik._frames import without_locals
from tgiconik._models import UNSET, parse_time
from tgiconik._secrets import Secret
from tgiconik.iconik.models.notifications import WebhookCreateInput, WebhookStatus

#: The header in which a secret travels, unless another one is named.
HEADER: Final = "X-Webhook-Secret"

#: Bytes; more than any event has, and little enough to hold for every caller there may be.
_MOST: Final = 1024 * 1024
#: Levels of lists and objects; events have some five.
_DEEPEST: Final = 32
_SECRET: Final = re.compile(r"[!-~]{16,}")


class Unauthenticated(enum.Enum):
    """The type of `ALREADY_AUTHENTICATED`."""

    ALREADY_AUTHENTICATED = enum.auto()


#: In place of a secret: something in front of this program has authenticated the call already.
ALREADY_AUTHENTICATED: Final = Unauthenticated.ALREADY_AUTHENTICATED


@attrs.frozen(kw_only=True)
class Event:
    """Something that happened in iconik.

    Every field but `event_type` may be missing.

    Attributes:
        event_type: what it happened to: `assets`, `collections` and so on.
        operation: `create`, `update`, `delete`, `purge`, `restore`, `download`, or a newer one.
        realm: which side of it: `entity`, `contents`, `acls`, `metadata`, `segments`, `shares`,
            `files`, or another one. Approvals are an assumption: nobody published the realm of
            one; `approvals` is read, with the approval as `data`.
        object_id: what it is about, and not always what one thinks: of `collections` and
            `contents` it is the member, of `assets` and `shares` it is the share. `asset_id` and
            `collection_id` know.
        user_id: who did it.
        system_domain_id: in which system.
        request_id: iconik's id of the call that did it.
        data: the object, or what joins the two, as iconik has it.
        body: all of it, as it came.
    """

    event_type: str
    operation: str | None = None
    realm: str | None = None
    object_id: str | None = None
    user_id: str | None = None
    system_domain_id: str | None = None
    request_id: str | None = None
    data: Mapping[str, Any] = attrs.field(factory=dict, hash=False)
    body: Mapping[str, Any] = attrs.field(factory=dict, repr=False, hash=False)

    @property
    def asset_id(self) -> str | None:
        """The asset that it is about, where that is known."""
        match (self.event_type, self.realm):
            case ("assets", "shares"):
                return self._of_data("object_id")
            case ("assets", "entity" | "metadata" | "acls"):
                return self.object_id
            case ("assets", "approvals"):
                # Approvals have no id of their own: it is the object's, wherever it is.
                return self._of_data("object_id") or self._of_data("asset_id") or self.object_id
            case ("assets", _):
                return self._of_data("asset_id")
            case ("collections", "contents") if self.data.get("object_type") == "assets":
                return self.object_id
        return None

    @property
    def collection_id(self) -> str | None:
        """The collection that it is about, where that is known."""
        match (self.event_type, self.realm):
            case ("collections", "entity" | "metadata" | "acls"):
                return self.object_id
            case ("collections", _):
                return self._of_data("collection_id")
        return None

    def _of_data(self, name: str) -> str | None:
        return _text(self.data, name)


@attrs.frozen(kw_only=True)
class Action:
    """Somebody chose a custom action in iconik.

    Attributes:
        action_id: which one.
        context: from where: `ASSET`, `COLLECTION`, `BULK`, or a newer one.
        user_id: who.
        system_domain_id: in which system.
        asset_ids: the assets that were chosen.
        collection_ids: the collections.
        saved_search_ids: the saved searches.
        metadata_view_id: the view that was filled in, for an action that asks for values.
        metadata_values: what was filled in.
        date_created: when, in UTC.
        auth_token: acts as that user, for a while: it is in no repr and in no pickle; keep it out
            of logs.
        body: all the rest of it, as it came.
    """

    action_id: str
    context: str | None = None
    user_id: str | None = None
    system_domain_id: str | None = None
    asset_ids: tuple[str, ...] = ()
    collection_ids: tuple[str, ...] = ()
    saved_search_ids: tuple[str, ...] = ()
    metadata_view_id: str | None = None
    metadata_values: Mapping[str, Any] = attrs.field(factory=dict, hash=False)
    date_created: datetime | None = None
    auth_token: str | None = attrs.field(default=None, repr=False)
    body: Mapping[str, Any] = attrs.field(factory=dict, repr=False, hash=False)

    def __reduce__(self) -> tuple[Any, ...]:
        # Whoever queues it for a worker would store the token.
        kept = {field.name: getattr(self, field.name) for field in attrs.fields(type(self))}
        return partial(Action, **kept | {"auth_token": None}), ()


@without_locals
def webhook(
    url: str,
    secret: str,
    *,
    event_type: str,
    operation: str | None = None,
    realm: str | None = None,
    object_id: str | None = None,
    query: str | None = None,
    name: str | None = None,
    header: str = HEADER,
) -> WebhookCreateInput:
    """A definition for `iconik.notifications.create_webhook`, with the secret in a header.

    Args:
        url: where iconik is to send events; https. Plain http to this machine alone, for a
            sandbox.
        secret: 16 or more visible ASCII characters, such as `secrets.token_urlsafe(32)`.
        event_type: as in `Event`.
        operation: only this one; all of them when left out.
        realm: only this one; all of them when left out.
        object_id: only this object.
        query: only events of which this holds, such as `data.is_archived=false AND data.size>0`.
        name: what people see.
        header: the header in which the secret travels.

    Raises:
        ConfigurationError: a URL that is not https, or a secret that could be guessed.
    """
    _check_secret(secret)
    if not _may_get_secrets(url):
        raise errors.ConfigurationError(
            f"{url!r} is not a URL that secrets may be sent to; use https"
        )
    return WebhookCreateInput(
        event_type=event_type,
        status=WebhookStatus.ENABLED,
        url=url,
        headers={header: secret},
        operation=operation or UNSET,
        realm=realm or UNSET,
        object_id=object_id or UNSET,
        query=query or UNSET,
        name=name or UNSET,
    )


@without_locals
def read_event(
    body: bytes,
    headers: Mapping[str, str],
    *,
    secret: str | Unauthenticated,
    header: str = HEADER,
) -> Event:
    """An event from what a web server got.

    Args:
        body: as it came.
        headers: as they came; how their names are written does not matter.
        secret: what the definition has. `ALREADY_AUTHENTICATED` where something in front has
            looked already; a None, such as of a variable that is not set, is refused.
        header: the header in which it travels.

    Raises:
        WebhookRefused: the secret is missing or wrong, or the body is no event.
        ConfigurationError: no secret, or one that could be guessed.
    """
    _authenticate(headers, secret, header)
    told = _parsed(body)
    event_type = _text(told, "event_type")
    if event_type is None:
        raise errors.WebhookRefused("no event: it has no event_type")
    return Event(
        event_type=event_type,
        operation=_text(told, "operation"),
        realm=_text(told, "realm"),
        object_id=_text(told, "object_id"),
        user_id=_text(told, "user_id"),
        system_domain_id=_text(told, "system_domain_id"),
        request_id=_text(told, "request_id"),
        data=_object(told, "data"),
        body=told,
    )


@without_locals
def read_action(
    body: bytes,
    headers: Mapping[str, str],
    *,
    secret: str | Unauthenticated,
    header: str = HEADER,
) -> Action:
    """The call of a custom action from what a web server got.

    Args:
        body: as it came.
        headers: as they came; how their names are written does not matter.
        secret: what the definition's headers have. `ALREADY_AUTHENTICATED` where something in front
            has looked already; a None, such as of a variable that is not set, is refused.
        header: the header in which it travels.

    Raises:
        WebhookRefused: the secret is missing or wrong, or the body is no call of an action.
        ConfigurationError: no secret, or one that could be guessed.
    """
    _authenticate(headers, secret, header)
    told = _parsed(body)
    action_id = _text(told, "action_id")
    if action_id is None:
        raise errors.WebhookRefused("no call of a custom action: it has no action_id")
    return Action(
        action_id=action_id,
        context=_text(told, "context"),
        user_id=_text(told, "user_id"),
        system_domain_id=_text(told, "system_domain_id"),
        asset_ids=_texts(told, "asset_ids"),
        collection_ids=_texts(told, "collection_ids"),
        saved_search_ids=_texts(told, "saved_search_ids"),
        metadata_view_id=_text(told, "metadata_view_id"),
        metadata_values=_object(told, "metadata_values"),
        date_created=_time(told, "date_created"),
        auth_token=None if (token := _text(told, "auth_token")) is None else Secret(token),
        body={name: value for name, value in told.items() if name != "auth_token"},
    )


@without_locals
def is_authentic(
    headers: Mapping[str, str], *, secret: str | Unauthenticated, header: str = HEADER
) -> bool:
    """Whether a call carries the secret, to be asked before its body is read.

    Args:
        headers: as they came; how their names are written does not matter.
        secret: what the definition has, or `ALREADY_AUTHENTICATED`.
        header: the header in which it travels.

    Raises:
        ConfigurationError: no secret, or one that could be guessed.
    """
    if secret is ALREADY_AUTHENTICATED:
        return True
    _check_secret(secret)
    given = next((value for name, value in headers.items() if name.lower() == header.lower()), "")
    # As bytes: a comparison of texts refuses what is not ASCII instead of comparing it.
    return hmac.compare_digest(given.encode("utf-8", "replace"), str(secret).encode("ascii"))


def _may_get_secrets(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    if parts.scheme == "http" and parts.hostname:
        # Only a sandbox calls this machine; whoever reads events needs no HTTP client.
        from tgiconik._http import is_this_machine  # noqa: PLC0415

        return is_this_machine(parts.hostname)
    return parts.scheme == "https" and bool(parts.hostname)


def _check_secret(secret: object) -> None:
    if not isinstance(secret, str) or not _SECRET.fullmatch(secret):
        raise errors.ConfigurationError(
            "a secret is 16 or more visible ASCII characters; secrets.token_urlsafe(32) makes one. "
            "Where something in front authenticates calls, say secret=ALREADY_AUTHENTICATED"
        )


def _authenticate(headers: Mapping[str, str], secret: str | Unauthenticated, header: str) -> None:
    if not is_authentic(headers, secret=secret, header=header):
        raise errors.WebhookRefused(f"the secret in {header} is missing or wrong")


def _parsed(body: bytes) -> Mapping[str, Any]:
    if len(body) > _MOST:
        raise errors.WebhookRefused(f"more than {_MOST} bytes")
    try:
        told = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise errors.WebhookRefused(f"the body is not JSON: {error}") from None
    if not isinstance(told, dict):
        raise errors.WebhookRefused("the body is not a JSON object")
    if _is_deeper(told, _DEEPEST):
        raise errors.WebhookRefused(f"the body is nested more than {_DEEPEST} levels deep")
    return told


def _is_deeper(value: object, levels: int) -> bool:
    """Whether a value of JSON has more than a number of lists and objects in each other."""
    layer = [value]
    for _ in range(levels):
        layer = [
            inner
            for outer in layer
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not layer:
            return False
    return any(isinstance(one, dict | list) for one in layer)


def _text(told: Mapping[str, Any], name: str) -> str | None:
    value = told.get(name)
    return value if isinstance(value, str) and value else None


def _texts(told: Mapping[str, Any], name: str) -> tuple[str, ...]:
    values = told.get(name)
    return tuple(one for one in values if isinstance(one, str)) if isinstance(values, list) else ()


def _object(told: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = told.get(name)
    return value if isinstance(value, dict) else {}


def _time(told: Mapping[str, Any], name: str) -> datetime | None:
    try:
        return parse_time(_text(told, name) or "")
    except ValueError:
        return None
