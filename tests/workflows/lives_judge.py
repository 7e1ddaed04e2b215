"""A judge of what is open, by the sandbox's database alone: no workflow, no client, no `decide`.

It has its own reading of the release rules, so that a mistake in `decide` or in what reads its
facts is one that it does not share.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import attrs

from tgiconik.sandbox import Sandbox
from tgiconik.sandbox.grid import collaboration
from tgiconik.sandbox.iconik.kinds import (
    APPROVALS,
    ASSETS,
    COLLECTIONS,
    CONTENTS,
    SHARES,
    VALUES,
)

Row: TypeAlias = dict[str, Any]
_KEY = re.compile(r"\[tgiconik:(?P<partner>[^\]]+)\]$")
_NUMBER = re.compile(r":\d+$")


@attrs.frozen
class Judge:
    """Everything that is wrong in a sandbox at a time."""

    sandbox: Sandbox
    now: datetime

    def faults(self) -> list[str]:
        """Each fault as one line; none when all is well."""
        return [
            *self._refused(),
            *self._doubled(),
            *self._dead(),
            *self._unrecorded(),
        ]

    # Reading

    def records(self, noun: str) -> list[Row]:
        """The records of a noun of the collaboration contract, with their ids."""
        with collaboration.reading(self.sandbox.state) as community:
            rows = community.records(noun).all()
        return [{**row.fields, "id": row.id, "at": row.created_at} for row in rows]

    def open_shares(self) -> list[Row]:
        """The shares that have not expired."""
        rows = self.sandbox.state.store.list(SHARES)
        return [row for row in rows if _moment(row["expires"]) > self.now]

    def active_deliveries(self) -> list[Row]:
        """The deliveries that say that a partner has a link now."""
        return [
            one
            for one in self.records("deliveries")
            if one["state"] == "active"
            and (one["expires_at"] is None or _moment(one["expires_at"]) > self.now)
        ]

    def partner_of(self, share: Row) -> str | None:
        """Whose a share is: by the delivery that remembers it, else by the key in its title."""
        for one in self.records("deliveries"):
            if one["share_id"] == share["id"]:
                return str(one["partner_id"])
        found = _KEY.search(share["title"])
        return found["partner"] if found else None

    def opens(self, share: Row) -> bool:
        """Whether the link of a share shows anything: its object is there."""
        kind = ASSETS if share["object_type"] == "assets" else COLLECTIONS
        found = self.sandbox.state.store.get(kind, share["object_id"])
        return found is not None and found["status"] == "ACTIVE"

    def shown(self, share: Row) -> Iterator[tuple[str, str]]:
        """The asset and version that a share shows; of a release asset, what it was made of."""
        store = self.sandbox.state.store
        members = [share["object_id"]]
        if share["object_type"] == "collections":
            contents = store.list(CONTENTS, parent=share["object_id"])
            members = [content["object_id"] for content in contents]
        for member in members:
            asset = store.get(ASSETS, member)
            if asset is None or asset["status"] != "ACTIVE":
                continue
            key = str(asset.get("external_id") or "")
            if key.startswith("release:"):
                _, source, version, _ = key.split(":")
                yield source, version
            else:
                yield member, asset["default_version_id"]

    # Rules

    def why_not(self, asset_id: str, version: str, partner_id: str | None) -> list[str]:
        """Why a partner may not see a version; for nobody known, only what is the version's own."""
        store = self.sandbox.state.store
        asset = store.get(ASSETS, asset_id)
        if asset is None or asset["status"] != "ACTIVE":
            return ["the asset is gone"]
        approval = store.get(APPROVALS, f"assets/{asset_id}/{version}") or {}
        values = _values(store.get(VALUES, f"assets/{asset_id}/"))
        against = {
            "not approved": approval.get("status") != "APPROVED",
            "held": version in values("HeldVersions"),
            "not the marked version": values("CompliantVersion") not in ([], [version]),
            "under embargo": any(self.now < _moment(one) for one in values("EmbargoUntil")),
            "not licensed any more": any(
                self.now >= _moment(one) + timedelta(days=1) for one in values("LicenceEnd")
            ),
        }
        if partner_id is not None:
            profile = next(one for one in self.records("partners") if one["id"] == partner_id)
            cleared = {one.lower() for one in values("Regions")}
            against["not cleared for its region"] = not profile[
                "regions"
            ] or not cleared.issuperset(region.lower() for region in profile["regions"])
        return [reason for reason, holds in against.items() if holds]

    def _refused(self) -> Iterator[str]:
        for share in self.open_shares():
            partner_id = self.partner_of(share)
            for asset_id, version in self.shown(share):
                for reason in self.why_not(asset_id, version, partner_id):
                    yield f"REFUSED, and open to {partner_id or 'somebody'}: {asset_id}: {reason}"

    def _doubled(self) -> Iterator[str]:
        links = Counter(
            (partner_id, share["object_id"])
            for share in self.open_shares()
            if (partner_id := self.partner_of(share)) is not None
        )
        yield from _twice("open shares", links)
        published = [one for one in self.records("documents") if one["state"] == "published"]
        # A document of a later version has the same name, with another version and number.
        series = Counter(
            tuple(str(one["external_id"]).split(":")[:2])
            for one in published
            if re.match("(distribution|compliant):", str(one["external_id"]))
        )
        yield from _twice("published documents", series)
        for noun in ("documents", "announcements", "projects"):
            named = [one["external_id"] for one in self.records(noun)]
            yield from _twice(noun, Counter(name for name in named if name))
        told = Counter(
            (_NUMBER.sub("", one["external_id"] or one["id"]), partner_id)
            for one in self.records("announcements")
            for partner_id in one["audience"]["partners"]
        )
        yield from _twice("announcements", told)
        for kind, prefix in ((ASSETS, "release:"), (COLLECTIONS, "package:")):
            rows = self.sandbox.state.store.list(kind)
            live = [str(row.get("external_id")) for row in rows if row["status"] == "ACTIVE"]
            yield from _twice(prefix, Counter(key for key in live if key.startswith(prefix)))

    def _dead(self) -> Iterator[str]:
        there = {share["id"] for share in self.open_shares()}
        for one in self.active_deliveries():
            if one["share_id"] not in there:
                yield f"DEAD, and active: the delivery {one['id']}"

    def _unrecorded(self) -> Iterator[str]:
        recorded = {one["share_id"] for one in self.active_deliveries()}
        for share in self.open_shares():
            if _KEY.search(share["title"]) and share["id"] not in recorded:
                yield f"UNRECORDED, and open to {self.partner_of(share)}: {share['object_id']}"

    def lies(self, name: str, outcomes: Iterable[Any]) -> Iterator[str]:
        """What a run's outcomes say that is not so."""
        there = {share["id"]: share for share in self.open_shares()}
        for outcome in outcomes:
            who = f"{name} says {outcome.state} of {outcome.asset_id} to {outcome.partner}"
            if outcome.state == "delivered" and outcome.share_id not in there:
                yield f"LIE: {who}, and the link is dead"
            if outcome.state == "refused" and not _is_by_hand(outcome):
                refused = (outcome.asset_id, outcome.version_id)
                theirs = [one for one in there.values() if self.partner_of(one) == outcome.partner]
                for share in theirs:
                    if refused in self.shown(share) and self.opens(share):
                        yield f"LIE: {who}, and the link is open"


def _is_by_hand(outcome: Any) -> bool:  # noqa: ANN401 - any workflow's
    """Whether one link was revoked by hand, which says nothing of the partner's others."""
    reasons = outcome.decision.reasons if outcome.decision is not None else ()
    return any(reason.code == "by_hand" for reason in reasons)


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _values(row: Mapping[str, Any] | None) -> Any:  # noqa: ANN401 - a function of a name
    fields = (row or {"metadata_values": {}})["metadata_values"]

    def of(name: str) -> list[str]:
        return [str(one["value"]) for one in fields.get(name, {"field_values": ()})["field_values"]]

    return of


def _twice(what: str, counted: Mapping[Any, int]) -> Iterator[str]:
    for key, number in counted.items():
        if number > 1:
            yield f"DOUBLED: {number} {what} of {key}"
