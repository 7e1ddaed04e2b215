"""People by other names: the same one throughout a record, and another in the next.

The salt is made for one record and kept nowhere, so that a pseudonym cannot be tried out by hashing
every address there is. One who is known by an id here and by an address there has two other names:
the platforms do not say that they are the same.

Whatever people wrote may name anybody and is left out, titles of requests and documents too. Titles
of assets in iconik name media and stay; partners are companies and keep their ids.
"""

import hashlib
import hmac
import secrets
from typing import Final

import attrs

from tgiconik.workflows.audit.events import Event, Platform

#: Programs that act under a name of their own; they are nobody.
_PROGRAMS: Final = frozenset({"tgiconik"})


@attrs.frozen
class Pseudonyms:
    """The other names of one record.

    Attributes:
        salt: what makes them differ from record to record.
    """

    salt: bytes = attrs.field(factory=lambda: secrets.token_bytes(32), repr=False)

    def hide(self, event: Event) -> Event:
        """The event without anybody's name."""
        is_written = any(sighting.platform == Platform.TRADING_GRID for sighting in event.seen)
        return attrs.evolve(
            event,
            actor=event.actor and self.of(event.actor),
            title=None if is_written else event.title,
            text=None,
        )

    def of(self, person: str) -> str:
        """The other name of an id, address or name; capitals make no difference."""
        if person in _PROGRAMS:
            return person
        name = person.strip().casefold().encode()
        return f"person-{hmac.digest(self.salt, name, hashlib.sha256).hex()[:12]}"
