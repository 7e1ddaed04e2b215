"""What every source is: a named stream of events, and what becomes of one that breaks off."""

from collections.abc import AsyncIterator

import attrs

from tgiconik.workflows.audit.events import Event


@attrs.frozen
class Source:
    """One place that tells what happened.

    Attributes:
        name: what it is called in the record, such as `iconik history`.
        about: what it was asked about, such as an asset's id; empty for all of it.
        events: what it tells, in no particular order.
    """

    name: str
    about: str
    events: AsyncIterator[Event]


@attrs.frozen
class Gap:
    """A source that could not be read to its end: the record may lack what it would have told.

    Attributes:
        source: which one.
        about: what it was asked about.
        error: what went wrong.
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
