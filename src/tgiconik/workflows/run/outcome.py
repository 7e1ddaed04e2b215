"""What became of one asset for one partner: delivered, refused or failed, and why."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

import attrs

from tgiconik.release import Decision


class State(StrEnum):
    """How it ended."""

    DELIVERED = "delivered"
    REFUSED = "refused"
    FAILED = "failed"


@attrs.frozen(kw_only=True)
class Outcome:
    """One asset, one partner, one end. Equal when the end is, however it was decided.

    Attributes:
        partner: company id (BUID) of the partner.
        asset_id: the iconik asset.
        title: its title when it was decided.
        state: delivered, refused (see `decision`) or failed (see `error`).
        version_id: the version that was current when it was decided.
        decision: what `release.decide` said, with all its reasons; None when it failed before.
        share_id: the iconik share that the partner's link belongs to.
        link: the partner's link. Whoever has it can see the asset until it expires, so it is
            left out of the repr; None in a dry run that would make it.
        expires_at: when the link stops working, in UTC.
        restrictions: what the partner was told about using it.
        error: what went wrong, when it failed.
    """

    partner: str
    asset_id: str
    state: State
    title: str | None = None
    version_id: str | None = None
    decision: Decision | None = attrs.field(default=None, eq=False)
    share_id: str | None = None
    link: str | None = attrs.field(default=None, repr=False)
    expires_at: datetime | None = None
    restrictions: tuple[str, ...] = ()
    # By kind: an error's text has ids that are new each time.
    error: Exception | None = attrs.field(default=None, eq=type)


def raise_for_failures(outcomes: Iterable[Outcome]) -> None:
    """Raise what failed, all of it together; refusals are answers, not failures.

    Raises:
        ExceptionGroup: one exception per failed outcome.
    """
    failures = [o.error for o in outcomes if o.state is State.FAILED and o.error is not None]
    if failures:
        raise ExceptionGroup(f"{len(failures)} deliveries failed", failures)
