"""Diagnosis of a connection or its credentials, in a sentence for whoever sets it up."""

from typing import Final

from tgiconik import errors

#: Seconds that a call of a check may take, its retries included.
CHECK_DEADLINE: Final = 10.0
_REDIRECTS: Final = range(300, 400)


def diagnosis(error: errors.TgIconikError, platform: str, setting: str) -> str:
    """Why a first call failed.

    Args:
        error: how it failed.
        platform: what was to answer.
        setting: the variable with its URL.
    """
    what = _what(error).format(platform=platform, setting=setting)
    return f"{what}: {error}" if what else str(error)


def is_misconfigured(error: errors.TgIconikError) -> bool:
    """Whether a client's settings or credentials are at fault.

    Args:
        error: how its first call failed.
    """
    return isinstance(error, errors.ConfigurationError | errors.Unauthorized | errors.Forbidden)


def _what(error: errors.TgIconikError) -> str:
    if getattr(error, "status", None) in _REDIRECTS:
        return "A redirect answered, not {platform}: a proxy, a log-in page or a wrong {setting}"
    if isinstance(error, errors.UnreadableResponse) and error.excerpt.lstrip().startswith("<"):
        return "A web page answered, not {platform}: a log-in page, a proxy or a wrong {setting}"
    return next((what for kinds, what in _BY_CLASS if isinstance(error, kinds)), "")


_Kinds = type[errors.TgIconikError] | tuple[type[errors.TgIconikError], ...]
#: The first that fits counts.
_BY_CLASS: Final[tuple[tuple[_Kinds, str], ...]] = (
    ((errors.ConnectionFailed, errors.TimedOut), "There is no connection to {platform}"),
    ((errors.ConfigurationError, errors.ClientClosed), ""),
    (errors.Unauthorized, "The credentials do not work"),
    (errors.Forbidden, "The credentials are known to {platform}, but may not do this"),
    (errors.NotFound, "There is no {platform} at this URL; {setting} is its origin alone"),
    (
        errors.UnreadableResponse,
        "There is no {platform} at this URL, or it does not answer as promised; see {setting}",
    ),
    (errors.TgIconikError, "{platform} does not answer as it should"),
)
