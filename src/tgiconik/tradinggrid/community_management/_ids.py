"""Which of a user's two ids a call takes; the other one, and plain text, are refused early."""

from typing import TypeAlias

from tgiconik import errors
from tgiconik.tradinggrid.community_management.models import LoginId, User, UserId

UserRef: TypeAlias = UserId | LoginId | User


def login_id(user: LoginId | User) -> LoginId:
    """The loginId, for roles and entitlements.

    Raises:
        ConfigurationError: a UserId, plain text, or a user read without a loginId.
    """
    found = user.loginId if isinstance(user, User) else user
    if not isinstance(found, LoginId):
        raise errors.ConfigurationError(f"give LoginId(…), or a User that has one, not {user!r}")
    return found


def user_id(user: UserId | User) -> UserId:
    """The userId, for everything that must not hit somebody else.

    Raises:
        ConfigurationError: a LoginId, plain text, or a user read without a userId.
    """
    found = user.userId if isinstance(user, User) else user
    if not isinstance(found, UserId):
        raise errors.ConfigurationError(f"give UserId(…), or a User that has one, not {user!r}")
    return found


def either_id(user: UserRef) -> UserId | LoginId:
    """The userId where there is one, else the loginId, for reading.

    Raises:
        ConfigurationError: plain text, or a user read without either.
    """
    found = (user.userId or user.loginId) if isinstance(user, User) else user
    if not isinstance(found, UserId | LoginId):
        raise errors.ConfigurationError(
            f"give UserId(…), LoginId(…), or a User that has one, not {user!r}"
        )
    return found
