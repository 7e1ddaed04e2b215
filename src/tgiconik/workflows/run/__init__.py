"""One run of a workflow: its clients, policy, trail and lease, made once and handed down.

Internal functions of the workflows take a run first. The type says which platforms a function
touches: `GridRun` for Trading Grid alone, `IconikRun` for iconik alone, `Run` for both. Public
building blocks take their clients as explicit arguments and make a run of them.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Final, Self, TypeVar
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

#: How long a claim lasts when nobody says otherwise. A worker that dies holds others up this long.
LEASE: Final = timedelta(seconds=60)
_LAST_WORDS: Final = 10.0


@attrs.define
class Lease:
    """A claim that is held. `keep` it before every write that takes time to arrive.

    Attributes:
        holder: names this run of this worker.
        thing_id: the request or issue that is claimed.
    """

    holder: str
    _things: Claimable
    thing_id: str
    _claim: Claim
    _lasts: timedelta
    _trail: Trail
    _taken: datetime | None = attrs.field(default=None, init=False)

    async def keep(self) -> None:
        """Make sure that at least half of the lease is left.

        Raises:
            ClaimLost: somebody else has it now.
        """
        # Measured by our own clock alone: the platform's may be minutes away from it.
        recent = self._taken and self._trail.now() - self._taken < self._lasts / 2
        if recent or self._trail.dry_run:
            return
        await self._trail.write(f"renew the claim on {self.thing_id}", self.take, instead=None)

    async def take(self) -> None:
        """Take the claim, or renew it.

        Raises:
            ClaimLost: somebody else has it.
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
        """Let others have it before it runs out."""
        try:
            await self._things.release_claim(self.thing_id, if_match=self._claim.etag)
        except (errors.PreconditionFailed, errors.Conflict):
            # It ran out and somebody else took it: there is nothing left to give back.
            self._trail.read(f"the claim on {self.thing_id} is somebody else's now")


@asynccontextmanager
async def claimed(
    things: Claimable, id_: str, claim: Claim, *, holder: str, lasts: timedelta, trail: Trail
) -> AsyncIterator[Lease]:
    """Hold the claim on a request or an issue for the length of a block.

    It is given back however the block ends; only a worker that is killed leaves it to run out.

    Raises:
        ClaimLost: somebody else holds it, or took it while the block wrote.
    """
    lease = Lease(holder, things, id_, claim, lasts, trail)
    await trail.write(f"claim {id_}", lease.take, instead=None)
    try:
        yield lease
    except errors.PreconditionFailed as error:
        # Writes name the lease and what they have read: one of them is not so any more.
        raise errors.ClaimLost(f"{id_} changed while it was being worked on") from error
    finally:
        # A cancelled run still tells the others that it is gone, but not for ever.
        with anyio.move_on_after(_LAST_WORDS, shield=True):
            await trail.write(f"give the claim on {id_} back", lease.give_back, instead=None)


# Without slots: `Run` has two bases with fields.
@attrs.frozen(kw_only=True, slots=False)
class _Recorded:
    """The part of a run that records and writes.

    Attributes:
        trail: records every step; with `dry_run`, it writes nothing.
        lease: the claim on the request or issue that is worked on; None where none is needed.
    """

    trail: Trail
    lease: Lease | None = None

    @property
    def dry_run(self) -> bool:
        """Whether nothing is to be written."""
        return self.trail.dry_run

    def holder_of(self, thing_id: str | None) -> str | None:
        """The name that this run holds the claim on a request or issue under; None without one."""
        lease = self.lease
        return lease.holder if lease is not None and lease.thing_id == thing_id else None

    def now(self) -> datetime:
        """The time by this run's clock, in UTC."""
        return self.trail.now()

    async def write(self, what: str, action: Callable[[], Awaitable[T]], *, instead: T) -> T:
        """Do a write under the lease, and record it; in a dry run only record it.

        Args:
            what: one line that a person can read.
            action: makes the call.
            instead: the value that a dry run goes on with in place of the platform's answer.

        Raises:
            ClaimLost: somebody else has the lease now.
        """
        if self.lease is not None:
            await self.lease.keep()
        return await self.trail.write(what, action, instead=instead)

    def conclude(self, waiting_on: Iterable[str]) -> tuple[Step, ...]:
        """Record whom the result waits for, and return the whole timeline."""
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
        """Hold the claim on a request or an issue for the length of a block.

        The block gets this run with the lease, and writes by that.

        Args:
            things: `grid.community.requests` or `grid.community.issues`.
            thing: the request or issue as it was read.
            worker: begins the name that the claim is held under.
            lasts: how long the claim lasts; it is renewed while the block writes.

        Raises:
            ClaimLost: somebody else holds it, or took it while the block wrote.
        """
        holder = f"{worker}-{uuid4()}"
        async with claimed(
            things, thing.id, thing.claim, holder=holder, lasts=lasts, trail=self.trail
        ) as lease:
            yield attrs.evolve(self, lease=lease)


@attrs.frozen(kw_only=True, slots=False)
class IconikRun(_Recorded):
    """A run on iconik.

    Attributes:
        iconik: the client.
        policy: the release rules.
    """

    iconik: IconikClient
    policy: ReleasePolicy
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
