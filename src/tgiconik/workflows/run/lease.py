"""The lease that a worker holds on a request: without it, nobody writes for that request."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Final

import anyio
import attrs

from tgiconik import errors
from tgiconik.tradinggrid.collaboration import Claim, Claimable
from tgiconik.workflows.run.trail import Trail

#: How long a claim lasts when nobody says otherwise. A worker that dies holds others up this long.
LEASE: Final = timedelta(seconds=60)
_LAST_WORDS: Final = 10.0


@attrs.define
class Lease:
    """A claim that is held. `keep` it before every write that takes time to arrive.

    Attributes:
        holder: names this run of this worker.
    """

    holder: str
    _things: Claimable
    _id: str
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
        await self._trail.write(f"renew the claim on {self._id}", self.take, instead=None)

    async def take(self) -> None:
        """Take the claim, or renew it.

        Raises:
            ClaimLost: somebody else has it.
        """
        taken = self._trail.now()
        try:
            self._claim = await self._things.put_claim(
                self._id,
                holder=self.holder,
                seconds=round(self._lasts.total_seconds()),
                if_match=self._claim.etag,
            )
        except (errors.Conflict, errors.PreconditionFailed) as error:
            raise errors.ClaimLost(f"{self._id} is claimed by somebody else") from error
        self._taken = taken

    async def give_back(self) -> None:
        """Let others have it before it runs out."""
        try:
            await self._things.release_claim(self._id, if_match=self._claim.etag)
        except (errors.PreconditionFailed, errors.Conflict):
            # It ran out and somebody else took it: there is nothing left to give back.
            self._trail.read(f"the claim on {self._id} is somebody else's now")


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
