"""Claims: leases on a request or an issue, which expire by the sandbox's clock."""

from datetime import timedelta

import attrs

from tgiconik.sandbox.grid import times
from tgiconik.sandbox.grid.collaboration import bodies, problems
from tgiconik.sandbox.grid.collaboration.endpoint import Call, Reply
from tgiconik.sandbox.grid.collaboration.records import CLAIMS, Community
from tgiconik.sandbox.grid.shapes import Document


@attrs.frozen
class Claim:
    """A lease: its holder and expiry. A claim that was never taken has revision 0."""

    holder: str | None = None
    expires_at: str | None = None
    revision: int = 0

    @property
    def etag(self) -> str:
        """The claim's entity tag, which does not change when the lease expires."""
        return f'"claim-{self.revision}"'

    def shown(self) -> Document:
        """The claim as the contract defines it."""
        return {"holder": self.holder, "expires_at": self.expires_at, "etag": self.etag}

    def live_holder(self, now: str) -> str | None:
        """The holder of a lease that has not expired, else None."""
        return self.holder if self.expires_at is not None and now < self.expires_at else None


def claim_on(community: Community, noun: str, id_: str) -> Claim:
    """The claim on a request or an issue; an empty one if it was never taken."""
    found = community.state.store.get(CLAIMS, _key(community, noun, id_))
    return Claim() if found is None else Claim(**found)


def read_claim(call: Call, noun: str, id_: str) -> Reply:
    """Read the claim."""
    return Reply(body=claim_on(call.community, noun, id_).shown())


def put_claim(call: Call, noun: str, id_: str) -> Reply:
    """Take the lease, or renew it.

    Raises:
        ProblemError: 412, the claim changed since it was read; 409, somebody else holds it.
    """
    body = call.body(bodies.CLAIM_INPUT)
    claim = claim_on(call.community, noun, id_)
    call.require_match(claim.etag)
    now = call.community.now()
    if claim.live_holder(now) not in {None, body["holder"]}:
        raise problems.claimed(str(claim.holder), str(claim.expires_at))
    ends = call.community.state.now() + timedelta(seconds=body["seconds"])
    return _put(call, noun, id_, Claim(body["holder"], times.stamp(ends), claim.revision + 1))


def release_claim(call: Call, noun: str, id_: str) -> Reply:
    """Release the lease.

    Raises:
        ProblemError: 412, the claim changed since it was read.
    """
    claim = claim_on(call.community, noun, id_)
    call.require_match(claim.etag)
    return _put(call, noun, id_, Claim(revision=claim.revision + 1))


def check_holder(call: Call, *things: tuple[str, str | None], exclusive: bool = False) -> None:
    """Check that a write does not conflict with a lease.

    Args:
        call: the write; its `Claim-Holder` header names the lease it is made under.
        things: noun and id of the requests or issues that the write concerns.
        exclusive: without `Claim-Holder`, reject the write while somebody holds a lease.

    Raises:
        ProblemError: 412, the named holder's lease has ended; 409, somebody else holds a lease.
    """
    now = call.community.now()
    claims = [claim_on(call.community, noun, id_) for noun, id_ in things if id_ is not None]
    if call.holder is not None:
        if call.holder not in {claim.live_holder(now) for claim in claims}:
            raise problems.claim_lost(call.holder)
    elif exclusive:
        for claim in claims:
            if (holder := claim.live_holder(now)) is not None:
                raise problems.claimed(holder, str(claim.expires_at))


def _put(call: Call, noun: str, id_: str, claim: Claim) -> Reply:
    key = _key(call.community, noun, id_)
    call.community.state.store.put(CLAIMS, key, attrs.asdict(claim))
    return Reply(body=claim.shown())


def _key(community: Community, noun: str, id_: str) -> str:
    return f"{community.company_id}/{noun}/{id_}"
