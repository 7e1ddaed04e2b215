"""Release decisions: whether a version may be released to a partner now, and why.

`decide` is a pure function from facts to a decision. It denies by default, and it collects every
reason, so that all causes of a refusal can be fixed together. `ReleasePolicy` holds the rules. A
policy can be stricter than the approval of the version, never more permissive.

Metadata values are evaluated exactly as iconik returned them. A value that cannot be interpreted is
a refusal that names its field. Times without a zone are UTC. A date without a time means the
beginning of that day, except for the end of a licence, which includes the day.
"""

import json
import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import MINYEAR, UTC, date, datetime, time, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Self

import attrs

from tgiconik._validate import did_you_mean, known_word, not_blank, texts
from tgiconik.errors import ConfigurationError


class ReasonCode(StrEnum):
    """The codes of reasons; stable, for programs."""

    RELEASABLE = "releasable"
    CLOCKS = "clocks"
    ASSET_NOT_ACTIVE = "asset_not_active"
    ASSET_BLOCKED = "asset_blocked"
    NO_VERSION = "no_version"
    VERSION_MISSING = "version_missing"
    VERSION_NOT_USABLE = "version_not_usable"
    NOT_APPROVED = "not_approved"
    APPROVAL_OF_ANOTHER_VERSION = "approval_of_another_version"
    TOO_FEW_APPROVERS = "too_few_approvers"
    APPROVER_MISSING = "approver_missing"
    APPROVAL_TOO_OLD = "approval_too_old"
    STALE = "stale"
    HELD = "held"
    EMBARGO = "embargo"
    LICENCE = "licence"
    REGION = "region"
    LANGUAGE = "language"
    USAGE = "usage"
    DOWNLOAD = "download"
    NOT_COMPLIANT = "not_compliant"
    UNREADABLE = "unreadable"
    #: Never by `decide`: a workflow respects what somebody revoked or withdrew by hand.
    BY_HAND = "by_hand"


@attrs.frozen
class Reason:
    """A reason of a decision.

    Attributes:
        code: one of `ReasonCode`.
        message: one sentence.
        field: the metadata field that caused it, if any.
    """

    code: ReasonCode
    message: str
    field: str | None = None


@attrs.frozen(kw_only=True)
class AssetFacts:
    """The facts of an asset and its current version, as they were read.

    Attributes:
        asset_id: iconik asset id.
        title: the asset's title.
        read_at: when the first of these facts was read, by the clock that decides.
        platform_at: the platform's time at `read_at`, by its own clock; rather too early than too
            late. None when it is not known.
        status: the asset's status; only `ACTIVE` can be released.
        is_blocked: whether the asset is blocked.
        deleted_at: the asset's deletion date; with one, it cannot be released.
        limit_download_to_groups: ids of the groups that may download it; empty for no limit.
        version_id: the current version; None for an asset without one.
        version_ids: ids of all versions of the asset; None when they are not known. Without them,
            it cannot be told whether a hold names a version.
        version_status: the version's status; only `ACTIVE` can be released. None when it is not
            known, which refuses nothing.
        approval_status: overall approval status, as iconik has it.
        approval_version_id: the version that this approval speaks of.
        approved_by: ids of the users whose own status is APPROVED.
        external_approvers: names of the reviewers outside the company whose own status is APPROVED.
        approved_at: when the approval last changed.
        sha256: digest of the version's original, computed locally; 64 hexadecimal digits.
        metadata: release metadata: the values from iconik by field name.
    """

    asset_id: str
    title: str
    read_at: datetime
    platform_at: datetime | None = None
    status: str | None = None
    is_blocked: bool = False
    deleted_at: datetime | None = None
    limit_download_to_groups: frozenset[str] = frozenset()
    version_id: str | None = None
    version_ids: frozenset[str] | None = None
    version_status: str | None = None
    approval_status: str | None = None
    approval_version_id: str | None = None
    approved_by: frozenset[str] = frozenset()
    external_approvers: frozenset[str] = frozenset()
    approved_at: datetime | None = None
    sha256: str | None = None
    metadata: Mapping[str, Sequence[Any]] = attrs.field(factory=dict)


def _regions(values: Sequence[str]) -> Sequence[str]:
    return texts(values, "Recipient.regions")


def _languages(values: Sequence[str]) -> Sequence[str]:
    return texts(values, "Recipient.languages")


@attrs.frozen(kw_only=True)
class Recipient:
    """The partner that an asset is to be released to.

    Attributes:
        company_id: BUID of the partner.
        regions: regions that the media will be used in; it must be cleared for every one of them.
        languages: languages that are wanted; it must have one of them.
        language: a language that it must have besides one of `languages`; None for none.

    Raises:
        ConfigurationError: one text instead of a list.
    """

    company_id: str
    regions: Sequence[str] = attrs.field(default=(), converter=_regions)
    languages: Sequence[str] = attrs.field(default=(), converter=_languages)
    language: str | None = None


@attrs.frozen(kw_only=True)
class Purpose:
    """The intended use of an asset.

    Attributes:
        usage: such as `broadcast` or `social`, which the asset must be cleared for; None for any.
        download: whether the partner may download the file, not only view it.
        compliance: whether a version that nobody marked as compliant is refused, and its digest
            must be the one that is marked, too.
    """

    usage: str | None = None
    download: bool = False
    compliance: bool = False


@attrs.frozen(kw_only=True)
class Decision:
    """A release decision.

    Attributes:
        allowed: whether the release is allowed.
        reasons: every reason for a refusal, each once; for a release, the basis of it.
        decided_at: the time of the decision.
        expires_at: when a link must expire: after the policy's lifetime or with the licence,
            whichever is sooner. None for a refusal.
        restrictions: usage restrictions that the partner must be told.
    """

    allowed: bool
    reasons: tuple[Reason, ...]
    decided_at: datetime
    expires_at: datetime | None = None
    restrictions: tuple[str, ...] = ()


_DURATION: Final = re.compile(r"([0-9]{1,8})([smhdw])")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_LONGEST_LINK: Final = timedelta(days=5 * 366)
_MOST_APPROVERS: Final = 100
#: The first lifetime of a link for compliance, where the policy names none.
_PROBATION: Final = timedelta(minutes=15)


def _positive(_: object, attribute: "attrs.Attribute[timedelta]", value: timedelta) -> None:
    if not isinstance(value, timedelta):
        raise ConfigurationError(f"policy: {attribute.name} must be a timedelta, not {value!r}")
    if not timedelta(0) < value <= _LONGEST_LINK:
        raise ConfigurationError(f"policy: {attribute.name} must be above zero and at most 5 years")


def _switch(_: object, attribute: "attrs.Attribute[bool]", value: object) -> None:
    if not isinstance(value, bool):
        raise ConfigurationError(f"policy: {attribute.name} must be True or False, not {value!r}")


def _whole_number(_: object, attribute: "attrs.Attribute[int]", value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ConfigurationError(f"policy: {attribute.name} must be a whole number, not {value!r}")


def _name(_: object, attribute: "attrs.Attribute[str]", value: str) -> None:
    not_blank(value, f"policy: {attribute.name}")


def _row(words: Iterable[str]) -> tuple[str, ...]:
    return texts(words, "policy")


def _set(words: Iterable[str]) -> frozenset[str]:
    return frozenset(_row(words))


class ForeignShares(StrEnum):
    """The treatment of shares of a released object that somebody else made."""

    CLOSE = "close"
    REPORT = "report"


def _treatment(word: str) -> ForeignShares:
    return known_word(word, "policy: foreign_shares", ForeignShares)


_RESTRICTIONS: Final = frozenset({"regions", "languages", "usages"})


@attrs.frozen(kw_only=True)
class ReleasePolicy:
    """The release rules. They can be stricter than an approval, never more permissive.

    Attributes:
        metadata_view: id of the metadata view for the fields below. `decide` takes the values from
            the facts and needs no view; workflows that release read the facts by it, and without
            one raise a `ConfigurationError`.
        regions_field: field with the regions that a version is cleared for.
        languages_field: field with its languages.
        usages_field: field with the usages that it is cleared for.
        unrestricted_when_missing: which of `regions`, `languages` and `usages` are unrestricted if
            their field is empty. By default none: an empty field clears nothing. Needs a
            `metadata_view`.
        worldwide: values of a region or usage field that clear all of them.
        embargo_field: field with the time before which the asset must not be released.
        licence_start_field: field with the start of the licence.
        licence_end_field: field with the end of the licence.
        restrictions_field: field with usage restrictions for partners.
        holds_field: field with the ids of held versions.
        compliant_version_field: field with the id of the compliant version. Where it names one,
            no other version of the asset is released, whatever the purpose.
        compliant_sha256_field: field with the SHA-256 of its original, 64 hexadecimal digits.
        require_compliant: demand the compliant version for every purpose.
        min_approvers: how many users must have approved, from 1 to 100.
        required_approvers: ids of users who must be among them.
        external_reviewers: names of the reviewers outside the company whose approval counts, as
            iconik has them, without regard to case. By default none.
        max_approval_age: how old an approval may be; None for any age.
        allow_download: whether partners may download.
        link_lifetime: how long a link lasts at the most.
        renew_before: a link that ends sooner than this is renewed.
        freshness: how old facts may be when they are judged.
        probation: the first lifetime of a new link, until it is checked and recorded; None for the
            full one. See `first_lifetime`.
        keep_former_recipients: whether partners who are no longer meant keep the links that
            `decide` still allows; otherwise they lose all.
        foreign_shares: whether shares of a released object that somebody else made are closed when
            `decide` refuses what they show (`close`), or only reported (`report`).
    """

    metadata_view: str | None = attrs.field(
        default=None, validator=attrs.validators.optional(_name)
    )
    regions_field: str = attrs.field(default="Regions", validator=_name)
    languages_field: str = attrs.field(default="Languages", validator=_name)
    usages_field: str = attrs.field(default="Usages", validator=_name)
    unrestricted_when_missing: frozenset[str] = attrs.field(default=frozenset(), converter=_set)
    worldwide: tuple[str, ...] = attrs.field(default=("Worldwide", "Global"), converter=_row)
    embargo_field: str = attrs.field(default="EmbargoUntil", validator=_name)
    licence_start_field: str = attrs.field(default="LicenceStart", validator=_name)
    licence_end_field: str = attrs.field(default="LicenceEnd", validator=_name)
    restrictions_field: str = attrs.field(default="UsageRestrictions", validator=_name)
    holds_field: str = attrs.field(default="HeldVersions", validator=_name)
    compliant_version_field: str = attrs.field(default="CompliantVersion", validator=_name)
    compliant_sha256_field: str = attrs.field(default="CompliantSHA256", validator=_name)
    require_compliant: bool = attrs.field(default=False, validator=_switch)
    min_approvers: int = attrs.field(default=1, validator=_whole_number)
    required_approvers: frozenset[str] = attrs.field(default=frozenset(), converter=_set)
    external_reviewers: frozenset[str] = attrs.field(default=frozenset(), converter=_set)
    max_approval_age: timedelta | None = attrs.field(
        default=None, validator=attrs.validators.optional(_positive)
    )
    allow_download: bool = attrs.field(default=True, validator=_switch)
    link_lifetime: timedelta = attrs.field(default=timedelta(days=14), validator=_positive)
    renew_before: timedelta = attrs.field(default=timedelta(days=2), validator=_positive)
    freshness: timedelta = attrs.field(default=timedelta(seconds=10), validator=_positive)
    probation: timedelta | None = attrs.field(
        default=None, validator=attrs.validators.optional(_positive)
    )
    keep_former_recipients: bool = True
    foreign_shares: ForeignShares = attrs.field(default=ForeignShares.CLOSE, converter=_treatment)

    def __attrs_post_init__(self) -> None:
        if not 1 <= self.min_approvers <= _MOST_APPROVERS:
            raise ConfigurationError(f"policy: min_approvers must be from 1 to {_MOST_APPROVERS}")
        if self.renew_before >= self.link_lifetime:
            raise ConfigurationError("policy: renew_before must be shorter than link_lifetime")
        if self.probation is not None and self.probation >= self.link_lifetime:
            raise ConfigurationError("policy: probation must be shorter than link_lifetime")
        if unknown := self.unrestricted_when_missing - _RESTRICTIONS:
            raise ConfigurationError(
                f"policy: unrestricted_when_missing knows {', '.join(sorted(_RESTRICTIONS))}, "
                f"not {', '.join(sorted(unknown))}"
            )
        if self.unrestricted_when_missing and self.metadata_view is None:
            # Without a view, holds and embargoes would be missing too, and nothing would restrict.
            raise ConfigurationError("policy: unrestricted_when_missing needs a metadata_view")

    @property
    def moment_fields(self) -> tuple[str, ...]:
        """Metadata fields that hold a date or a time."""
        return (self.embargo_field, self.licence_start_field, self.licence_end_field)

    @property
    def word_fields(self) -> tuple[str, ...]:
        """Metadata fields that hold text."""
        return (
            self.regions_field,
            self.languages_field,
            self.usages_field,
            self.restrictions_field,
            self.holds_field,
            self.compliant_version_field,
            self.compliant_sha256_field,
        )

    def first_lifetime(self, purpose: Purpose) -> timedelta | None:
        """The lifetime of a new link until it is checked and recorded; None for the full one.

        For compliance it is 15 minutes where the policy names none.

        Args:
            purpose: what the link is for.
        """
        if self.probation is None and (purpose.compliance or self.require_compliant):
            return min(_PROBATION, self.link_lifetime)
        return self.probation

    @classmethod
    def from_toml(cls, source: str | Path) -> Self:
        """Load a policy from a TOML file or from TOML text.

        Keys are the attributes; durations are written like `"14d"`, `"12h"` or `"10s"`. A string
        with a line break or an equals sign is TOML text, any other string is a path.

        Args:
            source: path of the file, or the text itself.

        Raises:
            ConfigurationError: the source is blank, the file cannot be read, or a key or a value is
                invalid.
        """
        if isinstance(source, str) and not source.strip() and "\n" not in source:
            raise ConfigurationError(
                "policy: the text is empty: give TOML text such as 'metadata_view = \"…\"', or the "
                "path of a file"
            )
        is_text = isinstance(source, str) and ("\n" in source or "=" in source)
        where = "policy" if is_text else str(Path(source))
        try:
            text = str(source) if is_text else Path(source).read_text(encoding="utf-8")
            table = tomllib.loads(text)
        # ValueError: not UTF-8, not TOML, no possible path, or a number of thousands of digits.
        except (OSError, ValueError, RecursionError) as error:
            raise _unreadable(where, error) from error
        return cls._from_table(where, table)

    @classmethod
    def from_file(cls, path: str | Path) -> Self:
        """Load a policy from a file: JSON where its name ends in `.json`, else TOML.

        Args:
            path: path of the file; keys and values are as in `from_toml`.

        Raises:
            ConfigurationError: the file cannot be read, or a key or a value is invalid.
        """
        if Path(path).suffix.lower() != ".json":
            return cls.from_toml(Path(path))
        where = str(Path(path))
        try:
            table = json.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise _unreadable(where, error) from error
        if not isinstance(table, dict):
            raise ConfigurationError(f"{where}: a policy must be a JSON object")
        return cls._from_table(where, table)

    @classmethod
    def _from_table(cls, where: str, table: Mapping[str, object]) -> Self:
        fields = {field.name: field for field in attrs.fields(cls)}
        values: dict[str, Any] = {}
        for key, value in table.items():
            if key not in fields and isinstance(value, dict):
                raise ConfigurationError(
                    f"{where}: a policy has no [{key}]: its keys stand at the top of the file"
                )
            if key not in fields:
                raise ConfigurationError(
                    f"{where}: there is no {key} in a policy{did_you_mean(key, fields)}"
                )
            values[key] = _from_toml(where, fields[key], value)
        try:
            return cls(**values)
        except ConfigurationError as error:
            # Contradictions are found here; the error has to name the file too.
            raise ConfigurationError(str(error).replace("policy:", f"{where}:", 1)) from None


def _unreadable(where: str, error: Exception) -> ConfigurationError:
    if isinstance(error, IsADirectoryError):
        return ConfigurationError(f"{where}: this is a folder; give the path of the policy's file")
    return ConfigurationError(f"{where}: {error}")


class _Kind(StrEnum):
    """The kinds of values in TOML."""

    SWITCH = "true or false"
    NUMBER = "a whole number"
    TEXT = "text"
    TEXTS = "a list of texts"
    DURATION = 'a duration such as "14d"'


_KINDS: Final[Mapping[object, _Kind]] = {
    bool: _Kind.SWITCH,
    int: _Kind.NUMBER,
    str: _Kind.TEXT,
    str | None: _Kind.TEXT,
    ForeignShares: _Kind.TEXT,
    frozenset[str]: _Kind.TEXTS,
    tuple[str, ...]: _Kind.TEXTS,
    timedelta: _Kind.DURATION,
    timedelta | None: _Kind.DURATION,
}


def _from_toml(where: str, field: "attrs.Attribute[Any]", value: object) -> object:
    kind = _KINDS[field.type]
    match kind, value:
        case (_Kind.SWITCH, bool()) | (_Kind.TEXT, str()):
            return value
        case _Kind.NUMBER, int() if not isinstance(value, bool):
            return value
        case _Kind.TEXTS, list() if all(isinstance(one, str) for one in value):
            return value
        case _Kind.DURATION, str() if found := _DURATION.fullmatch(value.strip()):
            return timedelta(**{_UNITS[found[2]]: int(found[1])})
        case _:
            raise ConfigurationError(f"{where}: {field.name} must be {kind}")


def decide(
    policy: ReleasePolicy,
    facts: AssetFacts,
    recipient: Recipient,
    purpose: Purpose,
    at: datetime,
) -> Decision:
    """Decide whether the asset's current version may be released to a partner now.

    A pure and total function: it returns a decision for any facts. Times without a time zone
    are a refusal that says so: nobody can tell how old the facts are.

    Args:
        policy: the rules.
        facts: the facts, no older than the policy's freshness.
        recipient: the partner.
        purpose: what for.
        at: the time of the decision, timezone-aware.
    """
    zoneless = tuple(_without_zone(at=at, read_at=facts.read_at, approved_at=facts.approved_at))
    at = _nearest_utc(at)
    case = _Judged(policy, facts, recipient, purpose, at)
    # Each reason once: metadata can have one time twice, and a request repeat the profile.
    found = (*zoneless, *(reason for rule in _RULES for reason in rule(case)))
    refusals = tuple(dict.fromkeys(found))
    if refusals:
        return Decision(allowed=False, reasons=refusals, decided_at=at)
    licence_end = usable_until(policy, facts)
    link_end = at + min(policy.link_lifetime, _END_OF_CALENDAR - at)
    approvers = len(_approvers(policy, facts))
    return Decision(
        allowed=True,
        reasons=(
            Reason(
                ReasonCode.RELEASABLE,
                f"Version {facts.version_id} is approved by {approvers} and cleared for "
                f"{', '.join(recipient.regions) or 'the partner'}"
                + (f", {purpose.usage}." if purpose.usage else "."),
            ),
        ),
        decided_at=at,
        expires_at=link_end if licence_end is None else min(link_end, licence_end),
        restrictions=tuple(_texts(facts, policy.restrictions_field)),
    )


def held(policy: ReleasePolicy, facts: AssetFacts, version_id: str) -> bool:
    """Whether a hold names the version, or everything.

    Case, blanks, characters without width and look-alikes of the hyphen do not count. One value
    may name several versions. `ALL` names everything.

    Args:
        policy: names the field of the holds.
        facts: the facts of the asset.
        version_id: the version; of a blank id nothing is held.
    """
    wanted = _legible(version_id)
    holds = map(_legible, _texts(facts, policy.holds_field))
    return wanted != "" and any(hold == _EVERYTHING or wanted in hold for hold in holds)


def usable_until(policy: ReleasePolicy, facts: AssetFacts) -> datetime | None:
    """The end of the licence; None if it has none.

    Args:
        policy: the rules.
        facts: the facts of the asset.
    """
    return min(_moments(facts, policy.licence_end_field, ends_day=True), default=None)


def marked_version(policy: ReleasePolicy, facts: AssetFacts) -> str | None:
    """The version that is marked as compliant; None if none is or several are.

    Args:
        policy: names the field of the mark.
        facts: the facts of the asset.
    """
    return _single_text(facts, policy.compliant_version_field)


def has_compliant_mark(policy: ReleasePolicy, facts: AssetFacts) -> bool:
    """Whether somebody marked a version as compliant; also with a mark that is not clear.

    Args:
        policy: names the field of the mark.
        facts: the facts of the asset.
    """
    values = _values(facts.metadata, policy.compliant_version_field)
    return values is None or values != []


def marked_sha256(policy: ReleasePolicy, facts: AssetFacts) -> str | None:
    """The digest that is marked as compliant, in lower case; None if none is or several are.

    Args:
        policy: names the field of the mark.
        facts: the facts of the asset.
    """
    digest = _single_text(facts, policy.compliant_sha256_field)
    return digest.lower() if digest is not None else None


@attrs.frozen
class _Judged:
    policy: ReleasePolicy
    facts: AssetFacts
    recipient: Recipient
    purpose: Purpose
    at: datetime

    @property
    def clocks(self) -> tuple[datetime, ...]:
        """The moment of the decision by every clock that is known: ours, and the platform's."""
        platform_at = self.facts.platform_at
        if platform_at is None:
            return (self.at,)
        return (self.at, _nearest_utc(platform_at, self.at - _zoned(self.facts.read_at)))


def _clocks_are_plausible(case: _Judged) -> Iterable[Reason]:
    # A link has an end; it must be in the calendar, wherever in these years it begins.
    if any(now.year not in _PLAUSIBLE_YEARS for now in case.clocks):
        yield Reason(ReasonCode.CLOCKS, "A clock is wrong: it shows another age.")


def _without_zone(**times: datetime | None) -> Iterable[Reason]:
    for name, moment in times.items():
        if moment is not None and moment.utcoffset() is None:
            yield Reason(
                ReasonCode.STALE,
                f"{name} has no time zone, so that the age of the facts is not certain; "
                "give a datetime with tzinfo, such as datetime.now(UTC).",
            )


def _asset_is_there(case: _Judged) -> Iterable[Reason]:
    facts = case.facts
    if facts.status != _ACTIVE:
        yield Reason(ReasonCode.ASSET_NOT_ACTIVE, f"The asset is {facts.status or 'unknown'}.")
    elif facts.deleted_at is not None:
        yield Reason(ReasonCode.ASSET_NOT_ACTIVE, "The asset has a deletion date.")
    if facts.is_blocked:
        yield Reason(ReasonCode.ASSET_BLOCKED, "The asset is blocked.")


def _version_is_there(case: _Judged) -> Iterable[Reason]:
    facts = case.facts
    if not facts.version_id:
        yield Reason(ReasonCode.NO_VERSION, "The asset has no version.")
        return
    if facts.version_ids is not None and facts.version_id not in facts.version_ids:
        yield Reason(
            ReasonCode.VERSION_MISSING,
            f"Version {facts.version_id} is missing from the versions of the asset.",
        )
    if facts.version_status not in {None, _ACTIVE}:
        yield Reason(ReasonCode.VERSION_NOT_USABLE, f"The version is {facts.version_status}.")


def _version_is_approved(case: _Judged) -> Iterable[Reason]:
    facts, policy = case.facts, case.policy
    if facts.approval_status != _APPROVED:
        status = facts.approval_status or "none"
        yield Reason(ReasonCode.NOT_APPROVED, f"The approval of the version is {status}.")
        return
    if facts.approval_version_id != facts.version_id:
        yield Reason(
            ReasonCode.APPROVAL_OF_ANOTHER_VERSION,
            f"The approval is of version {facts.approval_version_id or 'unknown'}.",
        )
    approvers = _approvers(policy, facts)
    if len(approvers) < policy.min_approvers:
        yield Reason(
            ReasonCode.TOO_FEW_APPROVERS,
            f"{len(approvers)} approved; {policy.min_approvers} must.",
        )
    for user in sorted(policy.required_approvers - approvers):
        yield Reason(ReasonCode.APPROVER_MISSING, f"User {user} has not approved.")


def _approval_is_recent(case: _Judged) -> Iterable[Reason]:
    facts, policy = case.facts, case.policy
    if policy.max_approval_age is None or facts.approval_status != _APPROVED:
        return
    approved_at = facts.approved_at
    if approved_at is None or not all(
        -policy.freshness <= now - _zoned(approved_at) <= policy.max_approval_age
        for now in case.clocks
    ):
        yield Reason(
            ReasonCode.APPROVAL_TOO_OLD,
            f"The approval is older than {policy.max_approval_age}, or its time is not certain.",
        )


def _approvers(policy: ReleasePolicy, facts: AssetFacts) -> frozenset[str]:
    """Who approved and counts: users, and reviewers outside whom the policy names, by its names."""
    outside = {_folded(name) for name in facts.external_approvers}
    named = {name for name in policy.external_reviewers if _folded(name) in outside}
    return frozenset(name for name in {*facts.approved_by, *named} if name.strip())


def _facts_are_fresh(case: _Judged) -> Iterable[Reason]:
    # An approval from the future has an untrusted clock, so its age is unknown.
    age = case.at - _zoned(case.facts.read_at)
    if not -case.policy.freshness <= age <= case.policy.freshness:
        yield Reason(
            ReasonCode.STALE,
            f"The facts are {age.total_seconds():.0f} s old; read them again.",
        )


def _version_is_not_held(case: _Judged) -> Iterable[Reason]:
    if held(case.policy, case.facts, case.facts.version_id or ""):
        yield Reason(ReasonCode.HELD, "The version is held back.", case.policy.holds_field)


def _time_has_come(case: _Judged) -> Iterable[Reason]:
    facts, policy = case.facts, case.policy
    for until in _moments(facts, policy.embargo_field):
        if any(now < until for now in case.clocks):
            yield Reason(
                ReasonCode.EMBARGO,
                f"Under embargo until {until:%Y-%m-%d %H:%M} UTC.",
                policy.embargo_field,
            )
    for start in _moments(facts, policy.licence_start_field):
        if any(now < start for now in case.clocks):
            yield Reason(
                ReasonCode.LICENCE,
                f"The licence begins on {start:%Y-%m-%d %H:%M} UTC.",
                policy.licence_start_field,
            )
    for end in _moments(facts, policy.licence_end_field, ends_day=True):
        if any(end <= now for now in case.clocks):
            yield Reason(
                ReasonCode.LICENCE,
                f"The licence ended on {end:%Y-%m-%d %H:%M} UTC.",
                policy.licence_end_field,
            )


def _region_is_cleared(case: _Judged) -> Iterable[Reason]:
    field, wanted = case.policy.regions_field, case.recipient.regions
    cleared = _words(case.facts, field)
    if cleared & _everywhere(case.policy) or _may_be_missing(case, "regions", cleared):
        return
    outside = [region for region in wanted if _folded(region) not in cleared]
    if outside or not wanted:
        where = ", ".join(outside) or "a partner without regions"
        yield Reason(ReasonCode.REGION, f"Not cleared for {where}.", field)


def _language_is_there(case: _Judged) -> Iterable[Reason]:
    field, recipient = case.policy.languages_field, case.recipient
    spoken = _words(case.facts, field)
    if _may_be_missing(case, "languages", spoken):
        return
    if recipient.languages and not spoken & {_folded(one) for one in recipient.languages}:
        yield Reason(ReasonCode.LANGUAGE, f"Not in {', '.join(recipient.languages)}.", field)
    if recipient.language is not None and _folded(recipient.language) not in spoken:
        yield Reason(ReasonCode.LANGUAGE, f"Not in {recipient.language}.", field)


def _usage_is_cleared(case: _Judged) -> Iterable[Reason]:
    field, usage = case.policy.usages_field, case.purpose.usage
    cleared = _words(case.facts, field)
    if usage is None or _may_be_missing(case, "usages", cleared):
        return
    if not cleared & {_folded(usage), *_everywhere(case.policy)}:
        yield Reason(ReasonCode.USAGE, f"Not cleared for {usage}.", field)


def _may_be_missing(case: _Judged, restriction: str, words: frozenset[str]) -> bool:
    return not words and restriction in case.policy.unrestricted_when_missing


def _everywhere(policy: ReleasePolicy) -> frozenset[str]:
    return frozenset(_folded(word) for word in policy.worldwide)


def _download_is_allowed(case: _Judged) -> Iterable[Reason]:
    if not case.purpose.download:
        return
    if not case.policy.allow_download:
        yield Reason(ReasonCode.DOWNLOAD, "Partners may not download.")
    if case.facts.limit_download_to_groups:
        yield Reason(ReasonCode.DOWNLOAD, "Only some groups may download the asset.")


def _is_the_compliant_version(case: _Judged) -> Iterable[Reason]:
    facts, policy = case.facts, case.policy
    is_required = policy.require_compliant or case.purpose.compliance
    if not is_required and not has_compliant_mark(policy, facts):
        return
    if facts.version_id is None or marked_version(policy, facts) != facts.version_id:
        yield Reason(
            ReasonCode.NOT_COMPLIANT,
            "The version is not the one version that is marked as compliant.",
            policy.compliant_version_field,
        )
    if not is_required:
        # Only who distributes for compliance has computed a digest.
        return
    if facts.sha256 is None or marked_sha256(policy, facts) != _folded(facts.sha256):
        yield Reason(
            ReasonCode.NOT_COMPLIANT,
            "The digest of the version is not the one digest that is marked as compliant.",
            policy.compliant_sha256_field,
        )


def _is_readable(case: _Judged) -> Iterable[Reason]:
    """The fields whose values cannot be interpreted; they count as restrictions."""
    policy, metadata = case.policy, case.facts.metadata
    for field in (*policy.moment_fields, *policy.word_fields):
        values = _values(metadata, field)
        if values is None or not all(
            _moment(value) is not None if field in policy.moment_fields else _is_text(value)
            for value in values
        ):
            yield Reason(ReasonCode.UNREADABLE, f"{field} has a value that is not clear.", field)


def _holds_are_clear(case: _Judged) -> Iterable[Reason]:
    """A hold that names no version was meant for one: it could be this one."""
    facts, field = case.facts, case.policy.holds_field
    if facts.version_ids is None:
        return
    known = frozenset(map(_legible, facts.version_ids))
    holds = [_legible(text) for text in _texts(facts, field) if text]
    if not all(_names_only(hold, known) for hold in holds):
        yield Reason(
            ReasonCode.UNREADABLE,
            f"{field} has a hold that names no version of the asset: write whole ids, or ALL.",
            field,
        )


def _names_only(hold: str, version_ids: Iterable[str]) -> bool:
    """Whether a legible hold is made of whole version ids and nothing else, or holds everything."""
    if hold == _EVERYTHING:
        return True
    # The longest first: one id may begin with another one.
    ids = "|".join(re.escape(id_) for id_ in sorted(version_ids, key=len, reverse=True) if id_)
    rest, named = re.subn(rf"(?<![\w-])(?:{ids})(?![\w-])", "", hold) if ids else (hold, 0)
    return named > 0 and _SEPARATORS.fullmatch(rest) is not None


_RULES: Final = (
    _clocks_are_plausible,
    _facts_are_fresh,
    _asset_is_there,
    _version_is_there,
    _version_is_approved,
    _approval_is_recent,
    _version_is_not_held,
    _time_has_come,
    _region_is_cleared,
    _language_is_there,
    _usage_is_cleared,
    _download_is_allowed,
    _is_the_compliant_version,
    _is_readable,
    _holds_are_clear,
)

_ACTIVE: Final = "ACTIVE"
_APPROVED: Final = "APPROVED"
#: Years that a working clock can show.
_PLAUSIBLE_YEARS: Final = range(2000, 9000)
#: The hold of every version, as `_legible` has it.
_EVERYTHING: Final = "all"
#: The characters that may stand around and between the ids of a hold.
_SEPARATORS: Final = re.compile(r"[\s,;:.|/&+*'\"()\[\]{}<>]*")


def _values(metadata: Mapping[str, Any], field: str) -> list[Any] | None:
    """The non-empty values of a field; None if they are not a list."""
    values = metadata.get(field)
    if values is None:
        return []
    if isinstance(values, str) or not isinstance(values, Sequence):
        return None
    return [value for value in values if value is not None and value != ""]


def _is_text(value: object) -> bool:
    # A blank text looks empty to people but is a value to programs, so it is ambiguous.
    return isinstance(value, str) and value.strip() != ""


def _texts(facts: AssetFacts, field: str) -> list[str]:
    values = _values(facts.metadata, field) or []
    return [value.strip() for value in values if isinstance(value, str)]


def _words(facts: AssetFacts, field: str) -> frozenset[str]:
    return frozenset(map(_folded, _texts(facts, field)))


def _single_text(facts: AssetFacts, field: str) -> str | None:
    """The value of a field with exactly one value; None otherwise."""
    match _values(facts.metadata, field):
        case [str() as value]:
            return value.strip() or None
        case _:
            return None


def _moments(facts: AssetFacts, field: str, *, ends_day: bool = False) -> list[datetime]:
    values = _values(facts.metadata, field) or []
    moments = (_moment(value, ends_day=ends_day) for value in values)
    return [moment for moment in moments if moment is not None]


def _moment(value: object, *, ends_day: bool = False) -> datetime | None:
    """A time in UTC from text, a time or a date; None for anything else."""
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value.strip())
        except ValueError:
            try:
                value = datetime.fromisoformat(str(value).strip())
            except ValueError:
                return None
    if isinstance(value, datetime):
        try:
            return _utc(value)
        except OverflowError:
            return None
    if isinstance(value, date):
        day = datetime.combine(value, time(tzinfo=UTC))
        return day if not ends_day or value == date.max else day + timedelta(days=1)
    return None


_END_OF_CALENDAR: Final = datetime.max.replace(tzinfo=UTC)
_BEGINNING_OF_CALENDAR: Final = datetime.min.replace(tzinfo=UTC)


def _within_calendar(moment: datetime) -> datetime:
    """The moment in UTC, or the end of the calendar that it lies beyond."""
    try:
        return _utc(moment)
    except OverflowError:
        return _BEGINNING_OF_CALENDAR if moment.year == MINYEAR else _END_OF_CALENDAR


def _utc(moment: datetime) -> datetime:
    return _zoned(moment).astimezone(UTC)


def _nearest_utc(moment: datetime, later: timedelta = timedelta(0)) -> datetime:
    """The moment in UTC, so much later; at the edge of the calendar, that edge."""
    try:
        return _utc(moment) + later
    except OverflowError:
        is_early = moment.year < _PLAUSIBLE_YEARS.start
        return datetime.min.replace(tzinfo=UTC) if is_early else datetime.max.replace(tzinfo=UTC)


def _zoned(moment: datetime) -> datetime:
    """The time with a zone; in contrast to conversion to UTC, it cannot overflow."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _folded(text: str) -> str:
    return text.strip().casefold()


#: Look-alikes of the hyphen that are no dashes to Unicode: bullet, minus, modifier.
_LOOK_LIKE_HYPHENS: Final = "\u2043\u2212\u02d7"


def _legible(text: str) -> str:
    """A text as people read it: without regard to case, blanks, widths and kinds of hyphens."""
    return " ".join(
        "".join(_legible_character(one) for one in unicodedata.normalize("NFKC", text))
        .casefold()
        .split()
    )


def _legible_character(character: str) -> str:
    kind = unicodedata.category(character)
    if kind == "Pd" or character in _LOOK_LIKE_HYPHENS:
        return "-"
    # Characters that are not seen, such as spaces without width.
    return "" if kind == "Cf" else character
