"""One run of a workflow: its clients, policy, trail and lease, created once and passed down.

Internal functions of the workflows take a run first. The type says which platforms a function
calls: `GridRun` for Trading Grid alone, `IconikRun` for iconik alone, `Run` for both. Public
building blocks take their clients as explicit arguments and create a run from them.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, Final, Self, TypeVar
from uuid import uuid4

import anyio
import attrs

from tgiconik import errors
from tgiconik.iconik import IconikClient
from tgiconik.release import ReleasePolicy
from tgiconik.tradinggrid import TradingGridClient
from tgiconik.tradinggrid.collaboration import Claim, Claimable, Issue, Request
from tgiconik.workflows.run.trail import Step, Trail

T = TypeVar("T")

#: The default duration of a claim. If a worker crashes, others wait this long.
LEASE: Final = timedelta(seconds=60)
#: How long a run may take from making something to recording it; until then, others leave it alone.
IN_THE_MAKING: Final = timedelta(minutes=1)
_LAST_WORDS: Final = 10.0


@attrs.define
class Lease:
    """A claim that this run holds. Call `keep` before every write.

    Attributes:
        holder: identifies this run of this worker.
        thing_id: the claimed request or issue.
    """

    holder: str
    _things: Claimable
    thing_id: str
    _claim: Claim
    _lasts: timedelta
    _trail: Trail
    _taken: datetime | None = attrs.field(default=None, init=False)

    async def keep(self) -> None:
        """Renew the claim unless at least half of its duration is left.

        Raises:
            ClaimLost: another run holds it now.
        """
        # Measured by our own clock only: the platform's clock may differ by minutes.
        recent = self._taken and self._trail.now() - self._taken < self._lasts / 2
        if recent or self._trail.dry_run:
            return
        await self._trail.write(f"renew the claim on {self.thing_id}", self.take, instead=None)

    async def take(self) -> None:
        """Take the claim, or renew it.

        Raises:
            ClaimLost: another run holds it.
        """
        taken = self._trail.now()
        try:
            self._claim = await self._things.put_claim(
                self.thing_id,
                holder=self.holder,
                seconds=round(self._lasts.total_seconds()),
                if_match=self._claim.etag,
            )
        except (errors.Conflict, errors.PreconditionFailed) as error:
            raise errors.ClaimLost(f"{self.thing_id} is claimed by somebody else") from error
        self._taken = taken

    async def give_back(self) -> None:
        """Release the claim before it expires."""
        try:
            await self._things.release_claim(self.thing_id, if_match=self._claim.etag)
        except (errors.PreconditionFailed, errors.Conflict):
            # It expired, and another run took it: there is nothing to release.
            self._trail.read(f"the claim on {self.thing_id} has expired, and another run holds it")


@asynccontextmanager
async def claimed(
    things: Claimable, id_: str, claim: Claim, *, holder: str, lasts: timedelta, trail: Trail
) -> AsyncIterator[Lease]:
    """Hold the claim on a request or an issue for the duration of a block.

    It is released however the block ends; only a killed process leaves it to expire.

    Raises:
        ClaimLost: another run holds it, or took it during the block.
    """
    lease = Lease(holder, things, id_, claim, lasts, trail)
    await trail.write(f"claim {id_}", lease.take, instead=None)
    try:
        yield lease
    except errors.PreconditionFailed as error:
        # Writes are conditional on the lease and the state that was read: one of them has changed.
        raise errors.ClaimLost(f"{id_} changed while it was being worked on") from error
    finally:
        # A cancelled run still releases the claim, within a timeout.
        with anyio.move_on_after(_LAST_WORDS, shield=True):
            await trail.write(f"give the claim on {id_} back", lease.give_back, instead=None)


# Without slots, because `Run` has two bases with fields.
@attrs.frozen(kw_only=True, slots=False)
class _Recorded:
    """The part of a run that records and writes.

    Attributes:
        trail: records every step; with `dry_run`, it writes nothing.
        lease: the claim on the request or issue of this run; None if none is needed.
    """

    trail: Trail
    lease: Lease | None = None

    @property
    def dry_run(self) -> bool:
        """Whether writes are skipped."""
        return self.trail.dry_run

    def holder_of(self, thing_id: str | None) -> str | None:
        """The holder of this run's claim on a request or issue; None without a claim."""
        lease = self.lease
        return lease.holder if lease is not None and lease.thing_id == thing_id else None

    def now(self) -> datetime:
        """The time by this run's clock, in UTC."""
        return self.trail.now()

    async def write(self, what: str, action: Callable[[], Awaitable[T]], *, instead: T) -> T:
        """Perform a write under the lease and record it; in a dry run, only record it.

        Args:
            what: a one-line description.
            action: makes the call.
            instead: the value that a dry run uses in place of the platform's response.

        Raises:
            ClaimLost: another run holds the claim now.
        """
        if self.lease is not None:
            await self.lease.keep()
        return await self.trail.write(what, action, instead=instead)

    async def delete(self, what: str, action: Callable[[], Awaitable[object]]) -> None:
        """Delete what nobody needs; that another run has deleted it meanwhile is as good.

        Args:
            what: what is deleted.
            action: makes the call.

        Raises:
            ClaimLost: another run holds the claim now.
        """
        try:
            await self.write(f"delete {what}, which nobody needs", action, instead=None)
        except errors.NotFound:
            self.trail.read(f"{what} is gone")

    def conclude(self, waiting_on: Iterable[str]) -> tuple[Step, ...]:
        """Record who has to act next, and return the timeline."""
        for line in waiting_on:
            self.trail.waits(line)
        return tuple(self.trail.steps)


@attrs.frozen(kw_only=True, slots=False)
class GridRun(_Recorded):
    """A run on Trading Grid.

    Attributes:
        grid: the client.
    """

    grid: TradingGridClient

    @asynccontextmanager
    async def claim(
        self, things: Claimable, thing: Request | Issue, *, worker: str, lasts: timedelta
    ) -> AsyncIterator[Self]:
        """Hold the claim on a request or an issue for the duration of a block.

        The block gets this run with the lease, and writes with it.

        Args:
            things: `grid.community.requests` or `grid.community.issues`.
            thing: the request or issue as it was read.
            worker: the prefix of the holder's name.
            lasts: the duration of the claim; it is renewed by the block's writes.

        Raises:
            ClaimLost: another run holds it, or took it during the block.
        """
        holder = f"{worker}-{uuid4()}"
        async with claimed(
            things, thing.id, thing.claim, holder=holder, lasts=lasts, trail=self.trail
        ) as lease:
            yield attrs.evolve(self, lease=lease)


def _is_policy(_run: object, _field: object, value: Any) -> None:  # noqa: ANN401 - it is judged
    if not isinstance(value, ReleasePolicy):
        raise errors.ConfigurationError(
            f"policy is a {type(value).__name__}: pass a ReleasePolicy, such as "
            "ReleasePolicy.from_toml(path)"
        )


@attrs.frozen(kw_only=True, slots=False)
class IconikRun(_Recorded):
    """A run on iconik.

    Attributes:
        iconik: the client.
        policy: the release rules.
    """

    iconik: IconikClient
    policy: ReleasePolicy = attrs.field(validator=_is_policy)
    _user: list[str] = attrs.field(factory=list, repr=False, eq=False)

    async def user_id(self) -> str:
        """The iconik user that these credentials act as; what others made is not ours.

        `GET /API/users/v1/users/current/`, once in a run.
        """
        if not self._user:
            self._user.append((await self.iconik.users.get_current_user()).id or "")
        return self._user[0]


@attrs.frozen(kw_only=True, slots=False)
class Run(GridRun, IconikRun):
    """A run on both platforms."""
