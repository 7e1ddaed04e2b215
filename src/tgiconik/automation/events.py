"""Causes from events of iconik's webhooks.

An event says that something changed, and not always what: nobody published which event an approval
sends. So every event about an asset after which it may be due for release is a cause, and the
rule's function looks at the asset. Events that cannot make an asset due are none.
"""

from typing import Final

from tgiconik.automation.causes import Cause, CauseKind
from tgiconik.iconik.webhooks import Event

#: Sides of an asset that no release depends on. What an unknown realm means, nobody knows.
_IRRELEVANT_REALMS: Final = frozenset({"acls", "contents", "files", "segments", "shares"})
#: After these nothing is left to release, or nothing has changed.
_IRRELEVANT_OPERATIONS: Final = frozenset({"delete", "purge", "download"})


def may_be_approval(event: Event) -> bool:
    """Whether an asset may be due for release after an event.

    Args:
        event: the event.
    """
    return (
        event.event_type == "assets"
        and event.realm not in _IRRELEVANT_REALMS
        and event.operation not in _IRRELEVANT_OPERATIONS
    )


def causes_of(event: Event) -> tuple[Cause, ...]:
    """The causes in an event; empty if it is none.

    Args:
        event: the event.

    Raises:
        ConfigurationError: the id of its asset is blank, not printable or longer than 200
            characters.
    """
    if not may_be_approval(event) or event.asset_id is None:
        return ()
    return (Cause(CauseKind.ASSET_APPROVED, event.asset_id),)
