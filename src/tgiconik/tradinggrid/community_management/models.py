"""Requests and answers of Community Management, with the published field names."""
# ruff: noqa: N815 - the names are OpenText's, and those who know the API look for them

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

import attrs

from tgiconik import errors
from tgiconik._models import UNSET, Record, Unset, unstructure, wired


class UserId(str):
    """The id of a user, such as `GCP6U3F660I61`. It never changes."""

    __slots__ = ()


class LoginId(str):
    """The name that a user logs in with, which looks like an e-mail address.

    The user can change it: what is known under a loginId today may be unknown tomorrow.
    """

    __slots__ = ()


class RoleName(StrEnum):
    """Role names that OpenText's examples show. A company has its own, many named "custom"."""

    ACCOUNT_ADMIN = "Account Admin"
    ACTIVE_INTEGRITY_USER = "Active Integrity User"
    CARTOGRAPHER_XREF_ADMIN = "Cartographer XREFAdmin custom"
    CARTOGRAPHER_XREF_READ_ONLY = "Cartographer XRFReadOnly"
    CARTOGRAPHER_XREF_STANDARD = "Cartographer XREFStandard"
    COMMUNITY_PROJECTS_ADMIN = "Community Projects Admin"
    COMMUNITY_VIEWER = "Community Viewer"
    EMAIL_TO_EDI_DOCUMENTS = "Email To EDI Documents custom"
    GLOBAL_TRADING_DIRECTORY = "Global Trading Directory custom"
    LENS_ALL = "Lens All custom"
    LENS_STANDARD = "Lens Standard role"
    PARENT_CHILD_ADMIN = "Parent-Child Admin"
    PARTNER_ADMIN = "Partner Admin"
    SECURITY_ADMIN = "Security Admin"
    TGMS_REPORTS = "TGMS Reports"


@attrs.frozen(kw_only=True)
class Company(Record):
    """A company on Trading Grid.

    Attributes:
        company_id: its BUID, such as `GC00804444LX`.
    """

    company_id: str | None = wired("companyId", default=None)


@attrs.frozen(kw_only=True)
class DirectoryPartner(Record):
    """An entry of the partner directory.

    OpenText does not publish the fields of the answer. These two carry the names that the calls use
    for the same things; whatever else an entry has is in `extra`.

    Attributes:
        company_id: the partner's BUID.
        partnerCompanyName: the partner's name.
    """

    company_id: str | None = wired("companyId", default=None)
    partnerCompanyName: str | None = None


@attrs.frozen(kw_only=True)
class Entitlement(Record):
    """An entitlement of a company or a user. No field is published: all of it is in `extra`."""


@attrs.frozen(kw_only=True)
class Role(Record):
    """A role that a user has.

    Attributes:
        roleName: one of `RoleName`, or another.
    """

    roleName: str


@attrs.frozen(kw_only=True)
class Address(Record):
    """A postal address.

    Attributes:
        addressLine1: street and number.
        addressLine2: what else the address needs.
        city: city.
        state: state or province.
        postalCode: postal code.
        countryCode: ISO 3166 code of two letters.
    """

    addressLine1: str | None = None
    addressLine2: str | None = None
    city: str | None = None
    state: str | None = None
    postalCode: str | None = None
    countryCode: str | None = None


@attrs.frozen(kw_only=True)
class ContactInformation(Record):
    """How to reach a user.

    Attributes:
        email: e-mail address.
        faxNumber: fax number.
        mobile: mobile telephone number.
        phoneNumber: telephone number.
        phoneNumberExtention: extension; the misspelling is the published name.
    """

    email: str | None = None
    faxNumber: str | None = None
    mobile: str | None = None
    phoneNumber: str | None = None
    phoneNumberExtention: str | None = None


@attrs.frozen(kw_only=True)
class User(Record):
    """A user of a company.

    Attributes:
        userId: the id that stays.
        loginId: the login name at the time of reading; the user can change it.
        email: e-mail address.
        firstName: first name.
        lastName: last name.
    """

    userId: UserId | None = None
    loginId: LoginId | None = None
    email: str | None = None
    firstName: str | None = None
    lastName: str | None = None


@attrs.frozen(kw_only=True)
class UserUpdate:
    """Changes to a user; fields that are left out stay.

    Attributes:
        firstName: first name.
        lastName: last name.
        address: postal address.
        contactInformation: how to reach the user.
    """

    firstName: str | Unset = UNSET
    lastName: str | Unset = UNSET
    address: Address | Unset = UNSET
    contactInformation: ContactInformation | Unset = UNSET


@attrs.frozen
class QuestionAndAnswer:
    """A question whose answer lets a user set a new password.

    Attributes:
        question: shown to the user.
        answer: known to the user alone; left out of the repr.
    """

    question: str
    answer: str = attrs.field(repr=False)


#: The published body has `pwdHintQuestionAnswer1` to `…6`.
_MOST_HINTS: Final = 6


@attrs.frozen(kw_only=True)
class UserCreate:
    """A user to make. Password and consents are the person's own business: nothing is defaulted.

    Attributes:
        firstName: first name.
        lastName: last name.
        loginId: login name, which looks like an e-mail address.
        loginPassword: first password.
        contactInformation: how to reach the user.
        isConsentClause: whether the user has consented to OpenText's clause.
        isRequiredOpenTextMarketingMaterials: whether the user wants OpenText's marketing.
        isDayLightSavingsTimeObserved: whether the user's time zone has summer time.
        address: postal address.
        preferredDateFormat: such as `MM/dd/yy`.
        preferredLanguage: such as `en`.
        preferredTimezone: IANA name, such as `America/New_York`.
        type: kind of user; `Web` is the only one that the examples show.
        userPasswordHint: at most six questions with the user's answers.

    Raises:
        ConfigurationError: an empty password, or more than six hints.
    """

    firstName: str
    lastName: str
    loginId: LoginId
    loginPassword: str = attrs.field(repr=False)
    contactInformation: ContactInformation
    isConsentClause: bool
    isRequiredOpenTextMarketingMaterials: bool
    isDayLightSavingsTimeObserved: bool
    address: Address | None = None
    preferredDateFormat: str | None = None
    preferredLanguage: str | None = None
    preferredTimezone: str | None = None
    type: str = "Web"
    userPasswordHint: Sequence[QuestionAndAnswer] = attrs.field(default=(), repr=False)

    @loginPassword.validator
    def _is_there(self, _: object, password: str) -> None:
        if not password:
            raise errors.ConfigurationError("loginPassword must not be empty")

    @userPasswordHint.validator
    def _fit_in(self, _: object, hints: Sequence[QuestionAndAnswer]) -> None:
        if len(hints) > _MOST_HINTS:
            raise errors.ConfigurationError(f"userPasswordHint takes {_MOST_HINTS} at the most")


def to_wire(user: UserCreate) -> Mapping[str, Any]:
    """The published body: booleans as Yes and No, password hints as numbered fields."""
    body: dict[str, Any] = {name: _yes_or_no(value) for name, value in unstructure(user).items()}
    hints = body.pop("userPasswordHint")
    if hints:
        body["userPasswordHint"] = {
            f"pwdHintQuestionAnswer{number}": hint for number, hint in enumerate(hints, start=1)
        }
    return body


def _yes_or_no(value: object) -> object:
    return ("Yes" if value else "No") if isinstance(value, bool) else value
