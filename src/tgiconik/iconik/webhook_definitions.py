"""Definitions of webhooks in iconik: made, repaired, and never made twice."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import attrs

from tgiconik import errors
from tgiconik._frames import without_locals
from tgiconik._validate import filled, not_blank, several
from tgiconik.iconik.models.notifications import Webhook, WebhookCreateInput, WebhookStatus
from tgiconik.iconik.webhooks import HEADER, webhook

if TYPE_CHECKING:
    from tgiconik.iconik.client import IconikClient

#: Before all others, where iconik does not say when a definition was made.
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)
#: What a definition is compared in, besides what it is for.
_COMPARED: Final = ("name", "url", "status", "headers")


def _or_none(value: str | None) -> str | None:
    return value or None


@attrs.frozen
class Subscription:
    """The events that one definition of a webhook is for.

    Attributes:
        event_type: what they happen to: `assets`, `collections`.
        operation: only this one, such as `update`; None for all.
        realm: only this side, such as `metadata`; None for all.
        object_id: only this object; None for all.
        query: only events of which this holds, such as `realm!="files"`; None for all.

    Raises:
        ConfigurationError: a blank `event_type`.
    """

    event_type: str = attrs.field(validator=filled)
    operation: str | None = attrs.field(default=None, kw_only=True, converter=_or_none)
    realm: str | None = attrs.field(default=None, kw_only=True, converter=_or_none)
    object_id: str | None = attrs.field(default=None, kw_only=True, converter=_or_none)
    query: str | None = attrs.field(default=None, kw_only=True, converter=_or_none)

    def __str__(self) -> str:
        narrowed = {name: value for name, value in attrs.asdict(self).items() if value}
        del narrowed["event_type"]
        said = ", ".join(f"{name} {value}" for name, value in narrowed.items())
        return f"{self.event_type} ({said or 'all'})"


class WebhookAction(StrEnum):
    """The action on a definition."""

    KEEP = "keep"
    CREATE = "create"
    REPAIR = "repair"
    DELETE = "delete"
    LEAVE = "leave"


@attrs.frozen(kw_only=True)
class WebhookChange:
    """The action on one definition, taken or planned.

    Attributes:
        action: `keep` one that is right; `create`, `repair` or `delete` one; or `leave` one that
            has our name, but neither our URL nor our secret.
        subscription: the events that it is for.
        webhook_id: its id; None before it is made.
        reasons: for `repair`, the fields that differed.
    """

    action: WebhookAction
    subscription: Subscription
    webhook_id: str | None = None
    reasons: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class EnsuredWebhooks:
    """The result of `ensure_webhooks`.

    Attributes:
        changes: one for each definition that is ours, or has our name.
        dry_run: whether nothing was written.
    """

    changes: tuple[WebhookChange, ...]
    dry_run: bool

    @property
    def is_unchanged(self) -> bool:
        """Whether all was as it should be."""
        kept = {WebhookAction.KEEP, WebhookAction.LEAVE}
        return all(change.action in kept for change in self.changes)


#: Every event about assets: nobody published which of them an approval sends.
ALL_OF_ASSETS: Final = (Subscription("assets"),)


@without_locals
async def ensure_webhooks(
    iconik: "IconikClient",
    url: str,
    secret: str,
    *,
    subscriptions: Iterable[Subscription] = ALL_OF_ASSETS,
    name: str = "tgiconik",
    header: str = HEADER,
    dry_run: bool = False,
) -> EnsuredWebhooks:
    """Have iconik send events to a URL: make definitions that are missing, and repair others.

    It can be run again at any moment, such as at every start of a service. A definition is ours if
    it sends our secret to our URL, or has our name and one of both: so the URL and the secret can
    each be changed, one at a time. Ours are enabled again where iconik or somebody has disabled
    them, and deleted where there are two for the same events, or their events are not wanted any
    more. All others stay as they are. Needs the roles `can_read_webhooks`, `can_write_webhooks` and
    `can_delete_webhooks`.

    Args:
        iconik: the client.
        url: where iconik is to send events; https. Plain http to this machine alone, for a sandbox.
        secret: 16 or more visible ASCII characters, such as `secrets.token_urlsafe(32)`.
        subscriptions: the events, one definition for each; default: all about assets.
        name: the name of the definitions. Give each service that receives events of one iconik
            system a name of its own.
        header: the header in which the secret travels.
        dry_run: whether to say only what would be done.

    Raises:
        ConfigurationError: a URL that is not https, a secret that could be guessed, a blank name,
            or no subscription.
        CallError: iconik refused a call. What was done before stays; run it again.
    """
    not_blank(name, "name")
    wanted = {
        one: webhook(
            url,
            secret,
            event_type=one.event_type,
            operation=one.operation,
            realm=one.realm,
            object_id=one.object_id,
            query=one.query,
            name=name,
            header=header,
        )
        for one in several(subscriptions, "subscriptions", Subscription, "subscriptions")
    }
    if not wanted:
        raise errors.ConfigurationError("ensure_webhooks needs at least one subscription")
    listed = [one async for one in iconik.notifications.list_webhooks()]
    planned = plan_webhooks(listed, wanted)
    if dry_run or EnsuredWebhooks(changes=planned, dry_run=False).is_unchanged:
        return EnsuredWebhooks(changes=planned, dry_run=dry_run)
    done, made = await _carry_out(iconik, planned, wanted)
    extra = await _remove_duplicates(iconik, made, wanted)
    changes = [*done, *(change for change in extra if change not in done)]
    return EnsuredWebhooks(changes=tuple(changes), dry_run=False)


async def _carry_out(
    iconik: "IconikClient",
    planned: Sequence[WebhookChange],
    wanted: Mapping[Subscription, WebhookCreateInput],
) -> tuple[list[WebhookChange], list[Webhook]]:
    """The changes, with the ids of new definitions, and the definitions that were written."""
    done: list[WebhookChange] = []
    written: list[Webhook] = []
    for change in planned:
        made: Webhook | None = None
        match change.action:
            case WebhookAction.CREATE:
                body = wanted[change.subscription]
                made = await iconik.notifications.create_webhook(body=body)
            case WebhookAction.REPAIR if change.webhook_id:
                body = wanted[change.subscription]
                made = await iconik.notifications.replace_webhook(change.webhook_id, body=body)
            case WebhookAction.DELETE if change.webhook_id:
                await _delete(iconik, change.webhook_id)
        if made is not None:
            written.append(made)
        done.append(change if made is None else attrs.evolve(change, webhook_id=made.id))
    return done, written


async def _remove_duplicates(
    iconik: "IconikClient",
    made: Iterable[Webhook],
    wanted: Mapping[Subscription, WebhookCreateInput],
) -> list[WebhookChange]:
    """Look once more: others may have done the same at the same time; all keep the oldest."""
    # The list may be older than what was written.
    known = {one.id: one for one in made}
    async for one in iconik.notifications.list_webhooks():
        known.setdefault(one.id, one)
    deleted = [
        change
        for change in plan_webhooks(known.values(), wanted)
        if change.action is WebhookAction.DELETE and change.webhook_id
    ]
    for change in deleted:
        await _delete(iconik, str(change.webhook_id))
    return deleted


async def _delete(iconik: "IconikClient", webhook_id: str) -> None:
    with suppress(errors.NotFound):  # somebody was quicker
        await iconik.notifications.delete_webhook(webhook_id)


def plan_webhooks(
    existing: Iterable[Webhook], wanted: Mapping[Subscription, WebhookCreateInput]
) -> tuple[WebhookChange, ...]:
    """The changes that make the definitions right.

    Args:
        existing: all definitions of the system.
        wanted: the right ones, by the events that they are for. They have one name, URL and secret.
    """
    sample = next(iter(wanted.values()))
    live = [one for one in existing if one.status != WebhookStatus.DELETED]
    ours = sorted(
        (one for one in live if _is_ours(one, sample)),
        key=lambda one: (one.date_created or _LONG_AGO, one.id or ""),
    )
    kept: dict[Subscription, Webhook] = {}
    spare: list[Webhook] = []
    for one in ours:
        if (events := _events_of(one)) in wanted and events not in kept:
            kept[events] = one
        else:
            spare.append(one)
    changes = []
    for events, right in wanted.items():
        found = kept.get(events) or (spare.pop(0) if spare else None)
        changes.append(_change(events, right, found))
    changes += [_of(one, WebhookAction.DELETE) for one in spare]
    named = [one for one in live if one.name == sample.name and one not in ours]
    return (*changes, *(_of(one, WebhookAction.LEAVE) for one in named))


def _is_ours(found: Webhook, sample: WebhookCreateInput) -> bool:
    proofs = [
        found.name == sample.name,
        found.url == sample.url,
        bool(found.headers) and found.headers == sample.headers,
    ]
    # A URL and a name alone are no secrets, but nobody else has their events sent to our URL.
    return sum(proofs) > 1


def _change(
    events: Subscription, right: WebhookCreateInput, found: Webhook | None
) -> WebhookChange:
    if found is None:
        return WebhookChange(action=WebhookAction.CREATE, subscription=events)
    differing = [name for name in _COMPARED if getattr(found, name) != getattr(right, name)]
    if _events_of(found) != events:
        differing.append("events")
    return WebhookChange(
        action=WebhookAction.REPAIR if differing else WebhookAction.KEEP,
        subscription=events,
        webhook_id=found.id,
        reasons=tuple(differing),
    )


def _of(found: Webhook, action: WebhookAction) -> WebhookChange:
    return WebhookChange(action=action, subscription=_events_of(found), webhook_id=found.id)


def _events_of(found: Webhook) -> Subscription:
    return Subscription(
        found.event_type or "?",
        operation=found.operation,
        realm=found.realm,
        object_id=found.object_id,
        query=found.query,
    )
