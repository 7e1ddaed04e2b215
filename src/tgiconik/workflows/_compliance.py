"""Which version of an asset is the compliant one, and what there is to say of it."""

from collections.abc import Mapping, Sequence

import attrs

from tgiconik import errors
from tgiconik.iconik import IconikClient
from tgiconik.release import AssetFacts, ReleasePolicy
from tgiconik.workflows._reading import read_facts
from tgiconik.workflows._trail import Trail


def marked_version(facts: AssetFacts, policy: ReleasePolicy) -> str | None:
    """The one version that is marked as compliant; None when none is, or several are."""
    return _only(facts.metadata, policy.compliant_version_field)


def marked_sha256(facts: AssetFacts, policy: ReleasePolicy) -> str | None:
    """The one digest that is marked as compliant, in lower case; None when it is not one."""
    digest = _only(facts.metadata, policy.compliant_sha256_field)
    return digest.lower() if digest is not None else None


@attrs.frozen(kw_only=True)
class CompliantFacts:
    """Reads the facts of the compliant version, with its digest, as often as they are asked for.

    The bytes of a version are digested once: they are what takes time, and a version does not
    change. What may change (approval, holds, marks, licence) is read every time.

    Attributes:
        iconik: where to read.
        asset_id: the asset.
        policy: the release rules.
        version_id: the version; None for the current one.
        digested_id: the version whose original was digested.
        sha256: its digest; None when it could not be had.
        trail: where to note it.
    """

    iconik: IconikClient
    asset_id: str
    policy: ReleasePolicy
    version_id: str | None
    digested_id: str | None
    sha256: str | None
    trail: Trail

    async def read(self) -> AssetFacts:
        """The facts of now."""
        facts = await read_facts(
            self.iconik,
            self.asset_id,
            policy=self.policy,
            trail=self.trail,
            version_id=self.version_id,
        )
        known = facts.version_id is not None and facts.version_id == self.digested_id
        return attrs.evolve(facts, sha256=self.sha256 if known else None)


async def digest_version(
    iconik: IconikClient, asset_id: str, version_id: str, *, trail: Trail
) -> str | None:
    """The SHA-256 of a version's original, computed here; None when it is not to be had.

    Raises:
        CallError: iconik or the storage could not be asked.
    """
    try:
        digest = await iconik.transfer.digest(asset_id, version_id=version_id)
    except (errors.NotFound, errors.NotOnline, errors.Corrupted) as error:
        trail.read(f"the original of version {version_id} cannot be digested: {error}")
        return None
    trail.read(f"the original of version {version_id}, digested")
    return digest


def _only(metadata: Mapping[str, Sequence[object]], field: str) -> str | None:
    match [value for value in metadata.get(field, ()) if value not in {None, ""}]:
        case [str() as value]:
            return value.strip() or None
        case _:
            return None
