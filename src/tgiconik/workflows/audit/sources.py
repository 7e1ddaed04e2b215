"""The question of a record and where its answers come from: a subject, sources, and gaps."""

from collections.abc import AsyncIterator, Mapping

import attrs

from tgiconik._validate import unique_texts
from tgiconik.workflows.audit.events import Event


@attrs.frozen(kw_only=True)
class Subject:
    """Assets, partners, or both; nothing at all is everything that Trading Grid knows of.

    Attributes:
        assets: iconik asset ids; only what is about one of them. None given: every asset that
            Trading Grid names.
        partners: company ids (BUIDs), not names; only what is about one of them, or about no
            partner. One that has neither a profile nor an event is a gap of the record.
        addresses: trading addresses, such as `ZZ:ACME`, and whose they are by company id: Lens is
            asked for these. The partner directory publishes no field that would tell. An unknown
            company id is a gap, as in `partners`.
    """

    assets: tuple[str, ...] = attrs.field(default=(), converter=unique_texts)
    partners: tuple[str, ...] = attrs.field(default=(), converter=unique_texts)
    addresses: Mapping[str, str] = attrs.field(factory=dict)

    @property
    def company_ids(self) -> tuple[str, ...]:
        """Every company id that the subject names, each once."""
        return tuple(dict.fromkeys((*self.partners, *self.addresses.values())))

    def is_about(self, asset_id: str | None, partner_id: str | None) -> bool:
        """Whether something belongs here that is about this asset and this partner.

        Args:
            asset_id: the iconik asset of an event, when it has one.
            partner_id: company id (BUID) of its partner, when it has one.
        """
        return (not self.assets or asset_id is None or asset_id in self.assets) and (
            not self.partners or partner_id is None or partner_id in self.partners
        )


def subject_of(subject: str | Subject) -> Subject:
    """A subject; a text is the id of one asset."""
    return Subject(assets=(subject,)) if isinstance(subject, str) else subject


@attrs.define
class Discovered:
    """Ids that belong to the subject, found while reading.

    Attributes:
        assets: assets that Trading Grid names.
        documents: documents about the subject.
        requests: requests and issues that those documents answer.
        collections: collections that those documents are about, or that have one of the subject's
            assets in them.
    """

    assets: set[str] = attrs.field(factory=set)
    documents: set[str] = attrs.field(factory=set)
    requests: set[str] = attrs.field(factory=set)
    collections: set[str] = attrs.field(factory=set)


@attrs.frozen
class Source:
    """A named stream of events from one list of a platform.

    Attributes:
        name: its name in the record, such as `iconik history`.
        about: the id that it was asked about, such as an asset's; empty for all of it.
        events: its events, in no particular order.
    """

    name: str
    about: str
    events: AsyncIterator[Event]


@attrs.frozen
class Gap:
    """A source that could not be read to its end, or does not exist: the record may lack events.

    Attributes:
        source: the name of the source.
        about: the id that it was asked about; empty for all of it.
        error: the error that ended it.
        names_nobody: tell only what kind of error it was: an answer may be about people.
    """

    source: str
    about: str
    # By kind: an error's text has ids that are new each time.
    error: Exception = attrs.field(eq=type)
    names_nobody: bool = attrs.field(default=False, kw_only=True)

    def __str__(self) -> str:
        about = f" of {self.about}" if self.about else ""
        why = type(self.error).__name__ if self.names_nobody else self.error
        return f"{self.source}{about} could not be read: {why}"
