"""From the sources into runs on the disk: each event once per sighting, in no particular order."""

from collections.abc import Sequence
from functools import partial

import attrs

from tgiconik import errors
from tgiconik.iconik import IconikClient
from tgiconik.release import ReleasePolicy
from tgiconik.workflows.audit.from_iconik import asset_sources, members, read_asset
from tgiconik.workflows.audit.from_trading_grid import Seen
from tgiconik.workflows.audit.join import by_identity
from tgiconik.workflows.audit.people import Pseudonyms
from tgiconik.workflows.audit.runs import Runs
from tgiconik.workflows.audit.sources import Gap, Source
from tgiconik.workflows.audit.subject import Subject
from tgiconik.workflows.run.concurrency import fan_out
from tgiconik.workflows.run.trail import Trail


@attrs.frozen
class Reading:
    """Fills the runs from the sources, and remembers which of them broke off.

    Attributes:
        iconik: where the media are.
        subject: what is asked about.
        policy: judges open shares; None for no judgement.
        told: the runs, sorted by identity.
        trail: is told how many events each source has.
        pseudonyms: hides people; None when they keep their names.
        seen: what the subject turned out to be about.
        gaps: which sources broke off.
    """

    iconik: IconikClient
    subject: Subject
    policy: ReleasePolicy | None
    told: Runs
    trail: Trail
    pseudonyms: Pseudonyms | None
    seen: Seen = attrs.field(factory=Seen)
    gaps: list[Gap] = attrs.field(factory=list)

    async def pour_assets(self, asset_ids: Sequence[str]) -> None:
        """Read what iconik tells of some assets, several at once."""
        lacks = partial(self._lacks, "iconik asset")
        await fan_out(asset_ids, self._pour_asset, failed=lacks, trail=self.trail)

    async def pour_members(self, collection_ids: Sequence[str]) -> None:
        """Note the assets in some collections, several at once."""
        lacks = partial(self._lacks, "iconik collection")
        await fan_out(collection_ids, self._note_members, failed=lacks, trail=self.trail)

    async def _pour_asset(self, asset_id: str) -> None:
        shown = await read_asset(self.iconik, asset_id)
        self.seen.collections.update(shown.asset.in_collections or ())
        for source in asset_sources(self.iconik, shown, policy=self.policy, now=self.trail.now):
            await self.pour(source)

    async def _note_members(self, collection_id: str) -> None:
        self.seen.assets.update(await members(self.iconik, collection_id))

    async def pour(self, source: Source) -> None:
        """Read one source to its end, or to where it breaks off."""
        count = 0
        try:
            async for event in source.events:
                if self.subject.is_about(event.asset_id, event.partner_id):
                    hidden = self.pseudonyms.hide(event) if self.pseudonyms else event
                    self.told.add(by_identity(hidden))
                    count += 1
        except errors.TgIconikError as error:
            self._lacks(source.name, source.about, error)
        about = f" of {source.about}" if source.about else ""
        self.trail.read(f"{source.name}{about}: {count} events")

    def _lacks(self, source: str, about: str, error: errors.TgIconikError) -> None:
        gap = Gap(source, about, error, names_nobody=self.pseudonyms is not None)
        self.gaps.append(gap)
        self.trail.decided(str(gap))
