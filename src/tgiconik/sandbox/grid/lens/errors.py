"""The error of the Lens query modules."""


class LensError(ValueError):
    """A Lens query that is not valid; the message says why."""
