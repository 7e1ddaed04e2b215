"""Times of a cron expression: whether it can be read, and when it was last due."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from tgiconik import errors
from tgiconik.automation.extra import missing_extra

# croniter comes with the extra.
try:
    from croniter import croniter
except ImportError:  # pragma: no cover - depends on what is installed
    croniter = None


def check(cron: str) -> None:
    """Make sure that an expression can be read.

    Args:
        cron: five fields: minute, hour, day of the month, month, day of the week.

    Raises:
        ConfigurationError: it cannot, or the extra `automation` is not installed.
    """
    if croniter is None:
        raise missing_extra()
    if len(cron.split()) != 5 or not croniter.is_valid(cron):  # noqa: PLR2004 - cron's fields
        raise errors.ConfigurationError(
            f"{cron!r} is no timetable; write minute, hour, day of the month, month and day of "
            "the week, such as '0 2 * * *' for every day at two"
        )


def last_due(cron: str, zone: str, now: datetime) -> datetime:
    """The latest time at or before now that an expression names, in UTC.

    Args:
        cron: the expression, checked.
        zone: the time zone that it is meant in, an IANA name.
        now: timezone-aware.
    """
    there = now.astimezone(ZoneInfo(zone))
    if croniter.match(cron, there):
        return there.replace(second=0, microsecond=0).astimezone(UTC)
    found: datetime = croniter(cron, there).get_prev(datetime)
    return found.astimezone(UTC)
