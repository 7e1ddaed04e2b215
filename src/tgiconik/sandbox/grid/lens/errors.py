"""What is wrong with a question to Lens."""


class LensError(ValueError):
    """A query that is not answered; the message says why."""
