"""The words of a language: names of statuses, actions and months, and how times are written."""

from collections.abc import Mapping
from datetime import datetime, tzinfo
from string import Template
from typing import Final

import attrs

from tgiconik import errors
from tgiconik.community import times
from tgiconik.community.post.kinds import Action

#: The placeholders in the format of a time.
TIME_PLACEHOLDERS: Final = frozenset({"day", "month", "year", "hour", "minute", "zone"})
_MONTHS: Final = 12


@attrs.frozen(kw_only=True)
class Words:
    """The words of a language.

    Attributes:
        time: how a time is written, with the placeholders of `TIME_PLACEHOLDERS`.
        months: the names of the twelve months.
        statuses: by status of the contract.
        actions: the labels of buttons, by action.
        tasks: the kinds of tasks.
    """

    time: str
    months: tuple[str, ...]
    statuses: Mapping[str, str]
    actions: Mapping[str, str]
    tasks: Mapping[str, str]

    def status(self, status: str) -> str:
        """The name of a status; one that is not known is its own name."""
        return self.statuses.get(status, status)

    def task(self, kind: str) -> str:
        """The name of a kind of task; one that is not known is its own name."""
        return self.tasks.get(kind, kind)

    def action(self, action: Action) -> str:
        """The label of a button."""
        return self.actions[action]

    def moment(self, stamp: str | None, zone: tzinfo) -> str:
        """A time as people write it, with its zone; empty for None.

        Args:
            stamp: RFC 3339.
            zone: the zone to write it in.
        """
        if stamp is None:
            return ""
        at = _local(times.parse(stamp), zone)
        return Template(self.time).substitute(
            day=at.day,
            month=self.months[at.month - 1],
            year=at.year,
            hour=f"{at.hour:02}",
            minute=f"{at.minute:02}",
            zone=_zone_name(at),
        )


def _local(at: datetime, zone: tzinfo) -> datetime:
    try:
        return at.astimezone(zone)
    except OverflowError:  # the first or last day of the calendar
        return at


def _zone_name(at: datetime) -> str:
    """The zone's abbreviation, and its distance from UTC: abbreviations are ambiguous."""
    name, offset = at.strftime("%Z"), at.strftime("%z")
    distance = f"UTC{offset[:3]}:{offset[3:5]}"
    if offset.startswith(("+0000", "-0000")):
        return "UTC" if name in {"UTC", "Z", ""} else f"{name}, UTC"
    return distance if not name or name.startswith("UTC") else f"{name}, {distance}"


def words_of(given: Mapping[str, object], file: str, base: "Words | None" = None) -> Words:
    """The words in a file, over those of another.

    Args:
        given: the file's content.
        file: its name, for errors.
        base: the words of what the file does not have; None if it must have all.

    Raises:
        ConfigurationError: a word is missing, not known, or no text.
    """
    sections: dict[str, object] = {} if base is None else attrs.asdict(base, recurse=False)
    known = {field.name for field in attrs.fields(Words)}
    for name, value in given.items():
        if name not in known:
            raise errors.ConfigurationError(f"{file}: {name} is not a known name")
        if name == "time":
            sections[name] = _time(value, file)
        elif name == "months":
            sections[name] = _months(value, file)
        else:
            earlier = None if base is None else getattr(base, name)
            sections[name] = _section(value, f"{file}: {name}", earlier)
    if missing := known - sections.keys():
        raise errors.ConfigurationError(f"{file}: {', '.join(sorted(missing))} missing")
    return Words(**sections)  # type: ignore[arg-type]  # each was checked above


def _time(value: object, file: str) -> str:
    template = Template(value if isinstance(value, str) else "$")
    if not template.is_valid() or not set(template.get_identifiers()) <= TIME_PLACEHOLDERS:
        known = ", ".join(f"${name}" for name in sorted(TIME_PLACEHOLDERS))
        raise errors.ConfigurationError(f"{file}: time must be a text with some of {known}")
    return template.template


def _months(value: object, file: str) -> tuple[str, ...]:
    names = value if isinstance(value, list) else []
    if len(names) != _MONTHS or not all(isinstance(name, str) for name in names):
        raise errors.ConfigurationError(f"{file}: months must be a list of {_MONTHS} names")
    return tuple(names)


def _section(value: object, where: str, base: Mapping[str, str] | None) -> Mapping[str, str]:
    if not isinstance(value, dict) or not all(isinstance(one, str) for one in value.values()):
        raise errors.ConfigurationError(f"{where} must be a table of texts")
    if base is not None and (unknown := value.keys() - base.keys()):
        raise errors.ConfigurationError(f"{where}.{min(unknown)} is not a known name")
    return {**(base or {}), **value}
