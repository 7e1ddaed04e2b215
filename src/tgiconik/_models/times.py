"""Times as platforms write them, and as they read them: always UTC inside."""

from datetime import UTC, datetime

from tgiconik._validate import with_zone
from tgiconik.errors import ConfigurationError


def parse_time(text: str) -> datetime:
    """A time in UTC. One without a zone is read as UTC; one without a time of day as midnight.

    iconik answers with an offset, in search hits and callbacks without, and here and there as
    `YYYY-MM-DD HH:MM:SS`.

    Raises:
        ValueError: it is none of those.
    """
    return in_utc(datetime.fromisoformat(text))


def in_utc(time: datetime) -> datetime:
    """The same time in UTC; one without a zone is UTC already.

    Raises:
        ValueError: it is out of range there.
    """
    if time.tzinfo is UTC:
        return time
    try:
        return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except OverflowError as error:
        raise ValueError(f"{time} is out of range") from error


def rfc3339(time: datetime) -> str:
    """A time as the platforms read it: RFC 3339 in UTC.

    Raises:
        ConfigurationError: it has no time zone, or is out of range in UTC.
    """
    try:
        in_zone = with_zone(time, "a time").astimezone(UTC)
    except OverflowError as error:
        raise ConfigurationError(f"{time} is out of range in UTC") from error
    return in_zone.isoformat().replace("+00:00", "Z")
