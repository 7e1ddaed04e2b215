"""Claims: leases on a request or an issue, which expire by the database's clock."""

from collections.abc import Sequence
from datetime import timedelta

import attrs

from tgiconik.community import times
from tgiconik.community.rules import bodies, problems
from tgiconik.community.rules.endpoint import Call, Reply
from tgiconik.community.rules.records import CLAIMS, CompanyRecords
from tgiconik.community.shapes import Document


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


def claim_on(community: CompanyRecords, noun: str, id_: str) -> Claim:
    """The claim on a request or an issue; an empty one if it was never taken."""
    found = community.transaction.entry(CLAIMS, _key(noun, id_))
    return Claim() if found is None else Claim(**found)


def claims_on(community: CompanyRecords, noun: str, ids: Sequence[str]) -> dict[str, Claim]:
    """The claims on several requests or issues, by id."""
    found = community.transaction.entries(CLAIMS, [_key(noun, id_) for id_ in ids])
    return {id_: Claim(**found.get(_key(noun, id_), {})) for id_ in ids}


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
    ends = call.community.moment() + timedelta(seconds=body["seconds"])
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
    call.community.transaction.put_entry(CLAIMS, _key(noun, id_), attrs.asdict(claim))
    return Reply(body=claim.shown())


def _key(noun: str, id_: str) -> str:
    return f"{noun}/{id_}"
