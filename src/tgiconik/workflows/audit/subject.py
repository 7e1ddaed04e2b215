"""What an audit record is about."""

from collections.abc import Iterable, Mapping

import attrs

from tgiconik.errors import ConfigurationError


def _row(words: Iterable[str]) -> tuple[str, ...]:
    # A text is an iterable of letters, never what was meant.
    if isinstance(words, str):
        raise ConfigurationError(f"{words!r} must be a list of texts")
    return tuple(dict.fromkeys(words))


@attrs.frozen(kw_only=True)
class Subject:
    """Assets, partners, or both; nothing at all is everything that Trading Grid knows of.

    Attributes:
        assets: iconik asset ids; only what is about one of them. None given: every asset that
            Trading Grid names.
        partners: company ids (BUIDs); only what is about one of them, or about no partner.
        addresses: trading addresses, such as `ZZ:ACME`, and whose they are by company id: Lens is
            asked for these. The partner directory publishes no field that would tell.
    """

    assets: tuple[str, ...] = attrs.field(default=(), converter=_row)
    partners: tuple[str, ...] = attrs.field(default=(), converter=_row)
    addresses: Mapping[str, str] = attrs.field(factory=dict)

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
