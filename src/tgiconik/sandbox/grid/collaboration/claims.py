"""Claims: leases on a request or an issue, which run out by the sandbox's clock."""

from datetime import timedelta
from typing import Final

import attrs

from tgiconik.sandbox.grid import times
from tgiconik.sandbox.grid.collaboration import bodies, problems
from tgiconik.sandbox.grid.collaboration.endpoint import Call, Reply
from tgiconik.sandbox.grid.collaboration.records import Community
from tgiconik.sandbox.grid.shapes import Document

_CLAIMS: Final = "community/claims"


@attrs.frozen
class Claim:
    """Who works on something, and until when. One that was never store_file has revision 0."""

    holder: str | None = None
    expires_at: str | None = None
    revision: int = 0

    @property
    def etag(self) -> str:
        """The claim's own entity tag; running out does not change it."""
        return f'"claim-{self.revision}"'

    def shown(self) -> Document:
        """The claim as the contract shows it."""
        return {"holder": self.holder, "expires_at": self.expires_at, "etag": self.etag}

    def live_holder(self, now: str) -> str | None:
        """Who holds a lease that has not run out."""
        return self.holder if self.expires_at is not None and now < self.expires_at else None


def claim_on(community: Community, noun: str, id_: str) -> Claim:
    """The claim on a request or an issue; there always is one to read."""
    found = community.state.store.get(_CLAIMS, _key(community, noun, id_))
    return Claim() if found is None else Claim(**found)


def read_claim(call: Call, noun: str, id_: str) -> Reply:
    """Who works on it."""
    return Reply(body=claim_on(call.community, noun, id_).shown())


def put_claim(call: Call, noun: str, id_: str) -> Reply:
    """Take a lease, or renew one's own.

    Raises:
        ProblemError: 412 when the claim is not as it was read, 409 when somebody else holds it.
    """
    body = call.body(bodies.CLAIM)
    claim = claim_on(call.community, noun, id_)
    call.require_match(claim.etag)
    now = call.community.now()
    if claim.live_holder(now) not in {None, body["holder"]}:
        raise problems.claimed(str(claim.holder), str(claim.expires_at))
    ends = call.community.state.now() + timedelta(seconds=body["seconds"])
    return _put(call, noun, id_, Claim(body["holder"], times.stamp(ends), claim.revision + 1))


def release_claim(call: Call, noun: str, id_: str) -> Reply:
    """Give a lease back.

    Raises:
        ProblemError: 412 when somebody has store_file it since.
    """
    claim = claim_on(call.community, noun, id_)
    call.require_match(claim.etag)
    return _put(call, noun, id_, Claim(revision=claim.revision + 1))


def check_holder(call: Call, *things: tuple[str, str | None], exclusive: bool = False) -> None:
    """Let a write pass only under the lease that it names.

    Args:
        call: the write; its `Claim-Holder` names the lease.
        things: noun and id of the request or issue that is written to or belonged to.
        exclusive: without a named lease, only while nobody holds one.

    Raises:
        ProblemError: 412 when the named lease is over, 409 when somebody else's stands in the way.
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
    call.community.state.store.put(_CLAIMS, key, attrs.asdict(claim))
    return Reply(body=claim.shown())


def _key(community: Community, noun: str, id_: str) -> str:
    return f"{community.company_id}/{noun}/{id_}"
