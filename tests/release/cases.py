"""A case in which everything speaks for a yes, for tests that change one thing about it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import attrs

from tgiconik.release import (
    AssetFacts,
    Decision,
    Purpose,
    ReasonCode,
    Recipient,
    ReleasePolicy,
    decide,
)

NOW = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)
DIGEST = "ab" * 32
POLICY = ReleasePolicy(metadata_view="view")
METADATA: dict[str, list[Any]] = {
    "Regions": ["EMEA", "APAC"],
    "Languages": ["en", "de"],
    "Usages": ["broadcast", "social"],
    "UsageRestrictions": ["Not in cinemas"],
}
#: The version of `FACTS` is marked as compliant.
MARKS: dict[str, list[Any]] = {"CompliantVersion": ["v2"], "CompliantSHA256": [DIGEST]}
FACTS = AssetFacts(
    asset_id="a1",
    title="Launch film",
    read_at=NOW - timedelta(seconds=1),
    status="ACTIVE",
    version_id="v2",
    approval_status="APPROVED",
    approval_version_id="v2",
    approved_by=frozenset({"u1", "u2"}),
    approved_at=NOW - timedelta(days=3),
    sha256=DIGEST,
    metadata=METADATA,
)
RECIPIENT = Recipient(company_id="GC1", regions=["EMEA"], languages=["de"])
PURPOSE = Purpose(usage="social", download=True)


def facts(metadata: dict[str, Any] | None = None, **changes: Any) -> AssetFacts:  # noqa: ANN401 - any attribute
    """The good facts, with metadata fields and attributes changed."""
    return attrs.evolve(FACTS, metadata={**METADATA, **(metadata or {})}, **changes)


def decision(
    facts: AssetFacts = FACTS,
    *,
    policy: ReleasePolicy = POLICY,
    recipient: Recipient = RECIPIENT,
    purpose: Purpose = PURPOSE,
    at: datetime = NOW,
) -> Decision:
    """The good case, decided, but for what is given."""
    return decide(policy, facts, recipient, purpose, at)


def refusals(made: Decision) -> list[tuple[ReasonCode, str | None]]:
    """Codes and fields of a no."""
    assert not made.allowed
    assert made.expires_at is None
    assert made.restrictions == ()
    return [(reason.code, reason.field) for reason in made.reasons]
