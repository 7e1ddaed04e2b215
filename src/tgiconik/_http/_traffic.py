"""Counts of a client's calls, retries, waits and bytes."""

import attrs


@attrs.frozen(kw_only=True)
class Traffic:
    """Counts of a client's work so far, without media, which travel by links.

    Attributes:
        calls: what callers asked for, each once, however often it was tried.
        retries: further tries.
        waited: seconds that calls were held back in all, by the pace and before further tries.
        sent: bytes of bodies.
        received: bytes of bodies, as they travelled.
    """

    calls: int = 0
    retries: int = 0
    waited: float = 0.0
    sent: int = 0
    received: int = 0


class TrafficCounter:
    """Counts for `Traffic`."""

    def __init__(self) -> None:
        self.calls = self.retries = self.sent = self.received = 0
        self.waited = 0.0

    def traffic(self) -> Traffic:
        """The numbers of now."""
        return Traffic(**vars(self))
