"""A partner's link to something in iconik: which one stays, how it is made, renewed and ended.

Links are found again by their key on both platforms; nobody has more than one that is open.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from urllib.parse import quote, unquote
from uuid import uuid4

import attrs

from tgiconik import errors
from tgiconik._models import rfc3339
from tgiconik.iconik import IconikClient
from tgiconik.iconik.assets import ShareLink
from tgiconik.release import Decision, Purpose, ReleasePolicy
from tgiconik.tradinggrid import TradingGridClient
from tgiconik.tradinggrid.collaboration import ActivityInput
from tgiconik.workflows.run.text import named
from tgiconik.workflows.run.trail import Trail


def share_key(partner_id: str) -> str:
    """What names a partner's link to an asset on both platforms: one link per partner and asset.

    Args:
        partner_id: company id (BUID) of the partner.
    """
    return f"tgiconik:{quote(partner_id, safe=':._@/-')}"


def partner_in(key: str | None) -> str | None:
    """The company id (BUID) of the partner whose link has a key; None for somebody else's."""
    prefix = share_key("")
    return unquote(key.removeprefix(prefix)) if key and key.startswith(prefix) else None


def still_open(links: Iterable[ShareLink], now: datetime) -> list[ShareLink]:
    """Those that have not ended."""
    return [link for link in links if link.expires is None or link.expires > now]


def winner(
    links: Sequence[ShareLink], remembered: frozenset[str], purpose: Purpose
) -> ShareLink | None:
    """The one link that stays, the same for everyone who looks: remembered, else the oldest.

    One that lets the partner download what they may only view cannot stay.
    """
    fit = [link for link in links if purpose.download or not link.allow_download]

    def precedence(link: ShareLink) -> tuple[bool, str, str]:
        made = link.date_created.isoformat() if link.date_created else ""
        return (link.share_id not in remembered, made, link.share_id)

    return min(fit, key=precedence, default=None)


def lasts_right(link: ShareLink, end: datetime, policy: ReleasePolicy, now: datetime) -> bool:
    """Whether a link may stay as it is: not longer than allowed, and not about to end."""
    if link.expires is None or link.expires > end:
        return False
    # A link that already lasts as long as it may gains nothing by being renewed.
    return link.expires - now > policy.renew_before or link.expires == end


def end_of(decision: Decision) -> datetime:
    """When a link has to end by a decision.

    Raises:
        NotReleasable: the decision allows none.
    """
    if decision.expires_at is None:
        raise errors.NotReleasable("a link needs a decision that allows it")
    return decision.expires_at


async def make_link(
    iconik: IconikClient,
    object_id: str,
    partner_id: str,
    *,
    title: str,
    expires: datetime,
    download: bool,
    object_type: str = "assets",
    trail: Trail,
) -> ShareLink | None:
    """Share something with a partner by a new link; None in a dry run."""
    return await trail.write(
        f"share {named(title)} with {partner_id} by link",
        lambda: iconik.assets.create_link(
            object_id,
            key=share_key(partner_id),
            title=named(title),
            expires=expires,
            allow_download=download,
            object_type=object_type,
        ),
        instead=None,
    )


async def renew_link(
    iconik: IconikClient, link: ShareLink, partner_id: str, expires: datetime, *, trail: Trail
) -> ShareLink:
    """Give a partner's link the end that it may have now."""
    return await trail.write(
        f"renew the link of {partner_id} to {_kind(link)} {link.object_id}",
        lambda: iconik.assets.renew_link(link, expires),
        instead=attrs.evolve(link, expires=expires),
    )


async def revoke_link(
    grid: TradingGridClient,
    iconik: IconikClient,
    link: ShareLink,
    partner_id: str,
    why: str,
    *,
    trail: Trail,
) -> None:
    """End a link, after its counts are in the activity log: iconik forgets them with it."""
    try:
        counts = await iconik.assets.count_accesses(link)
    except errors.NotFound:
        trail.read(f"share {link.share_id} is gone already")
        return
    last = counts.last_access_date
    entry = ActivityInput(
        kind="share.revoked",
        # The counts are part of the name: who died before revoking logged earlier ones.
        external_id=f"share.revoked:{link.share_id}:{counts.access_count}:{counts.download_count}",
        actor="tgiconik",
        partner_id=partner_id,
        subject_type=link.object_type,
        subject_id=link.object_id,
        detail={
            "share_id": link.share_id,
            "key": link.key,
            "why": why,
            "access_count": counts.access_count,
            "download_count": counts.download_count,
            "last_access_date": rfc3339(last) if last else None,
        },
    )
    await trail.write(
        f"log the counts of share {link.share_id}",
        lambda: grid.community.activity.append(entry, idempotency_key=str(uuid4())),
        instead=None,
    )
    await trail.write(
        f"revoke share {link.share_id}: {why}",
        lambda: iconik.assets.revoke_link(link),
        instead=True,
    )


def _kind(link: ShareLink) -> str:
    return link.object_type.removesuffix("s")
