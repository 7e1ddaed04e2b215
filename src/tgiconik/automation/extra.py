"""The error of an automation without what it runs on."""

from tgiconik import errors


def missing_extra() -> errors.ConfigurationError:
    """The extra `automation` is not installed."""
    return errors.ConfigurationError(
        'an automation runs on DBOS: pip install "tgiconik[automation]"'
    )
