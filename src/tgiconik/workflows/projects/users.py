"""A partner's users on Trading Grid, with their roles.

A password is requested only when a user is created. It is sent to the platform and not stored.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from inspect import isawaitable
from typing import Final, TypeAlias

import attrs

from tgiconik import errors
from tgiconik._report import in_short
from tgiconik._validate import unique_texts
from tgiconik.tradinggrid.community_management import (
    Address,
    ContactInformation,
    DirectoryPartner,
    LoginId,
    User,
    UserCreate,
    Users,
)
from tgiconik.workflows.run import GridRun
from tgiconik.workflows.run.concurrency import fan_out
from tgiconik.workflows.run.text import named

#: Users are created sequentially: Trading Grid publishes no rate limit, and they are few.
_MAX_CONCURRENCY: Final = 1


@attrs.frozen(kw_only=True)
class NewUser:
    """A person at a partner who needs a user on Trading Grid.

    Consents have no default, because the person has to give them.

    Attributes:
        login_id: login name, in the form of an e-mail address.
        first_name: first name.
        last_name: last name.
        email: e-mail address.
        roles: names of the roles to give, such as `RoleName.COMMUNITY_VIEWER`.
        consents: whether the person has consented to OpenText's clause.
        wants_marketing: whether the person wants OpenText's marketing material.
        has_summer_time: whether the person's time zone has summer time.
        language: such as `en`.
        time_zone: IANA name, such as `Europe/Berlin`.
        date_format: such as `MM/dd/yy`.
        address: postal address.
    """

    login_id: LoginId = attrs.field(converter=LoginId)
    first_name: str
    last_name: str
    email: str
    roles: tuple[str, ...] = attrs.field(converter=unique_texts)
    consents: bool
    wants_marketing: bool
    has_summer_time: bool
    language: str | None = None
    time_zone: str | None = None
    date_format: str | None = None
    address: Address | None = None


#: Returns a new user's first password; may be a coroutine function.
Password: TypeAlias = Callable[[NewUser], str | Awaitable[str]]


@attrs.frozen(kw_only=True)
class UserOutcome:
    """The outcome for one user.

    Attributes:
        login_id: the login name.
        ready: whether the user exists with all roles.
        error: the failure, if any.
    """

    login_id: str
    ready: bool
    error: Exception | None = attrs.field(default=None, eq=type)


async def find_partner(run: GridRun, company_id: str) -> DirectoryPartner | None:
    """A company's entry in the partner directory; None if there is none."""
    found = [entry async for entry in run.grid.partners.list(company_id=company_id)]
    run.trail.read(f"the partner directory: {len(found)} entries for {named(company_id)}")
    return next((entry for entry in found if entry.company_id == company_id), None)


async def bring_about_users(
    run: GridRun, users: Users, wanted: Sequence[NewUser], password: Password | None
) -> tuple[UserOutcome, ...]:
    """Create missing users and add missing roles; other roles are kept.

    `GET`, `POST /TGCommunityServices/v1/companies/{companyId}/users`, `GET`, `PUT …/roles`.

    Args:
        run: the run; a dry run asks for no password.
        users: the API for users of their company.
        wanted: the requested users.
        password: returns a new user's first password.

    Returns:
        One outcome per user, in order; a failure does not affect other users.

    Raises:
        CallError: the users could not be listed.
    """
    if not wanted:
        return ()
    there = {user.loginId: user async for user in users.list()}
    run.trail.read(f"users of {users.company_id}: {len(there)}")
    by_login = {str(user.login_id): user for user in wanted}

    async def serve(login_id: str) -> UserOutcome:
        await _bring_about(run, users, by_login[login_id], there, password)
        return UserOutcome(login_id=login_id, ready=True)

    def failed(login_id: str, error: errors.TgIconikError) -> UserOutcome:
        run.trail.decided(f"user {named(login_id)} is not ready: {error}")
        return UserOutcome(login_id=login_id, ready=False, error=error)

    done = await fan_out(
        list(by_login), serve, failed=failed, max_concurrency=_MAX_CONCURRENCY, trail=run.trail
    )
    return tuple(done.values())


async def check_users(
    run: GridRun, users: Users, wanted: Sequence[NewUser]
) -> tuple[UserOutcome, ...]:
    """Check whether users exist with their roles. Writes nothing."""
    if not wanted:
        return ()
    there = {user.loginId: user async for user in users.list()}
    run.trail.read(f"users of {users.company_id}: {len(there)}")
    outcomes = []
    for user in wanted:
        found = there.get(user.login_id)
        missing = await _missing_roles(users, found, user) if found is not None else user.roles
        outcomes.append(
            UserOutcome(login_id=str(user.login_id), ready=found is not None and not missing)
        )
    return tuple(outcomes)


async def _bring_about(
    run: GridRun,
    users: Users,
    user: NewUser,
    there: Mapping[LoginId | None, User],
    password: Password | None,
) -> None:
    found = there.get(user.login_id)
    missing = user.roles
    if found is None:
        if password is None:
            raise errors.ConfigurationError(
                f"user {user.login_id} is to be made: give a password callback"
            )
        try:
            await run.write(
                f"make user {named(user.login_id)} of {users.company_id}",
                lambda: _create(users, user, password),
                instead=None,
            )
        except errors.Conflict:
            found = await _made_meanwhile(users, user.login_id)
            if found is None:
                raise
            run.trail.read(f"another run made user {named(user.login_id)}, with its own password")
    if found is not None:
        missing = await _missing_roles(users, found, user)
    if missing:
        await run.write(
            f"give {named(user.login_id)} the roles {in_short([named(role) for role in missing])}",
            lambda: users.add_roles(user.login_id, missing),
            instead=None,
        )


async def _made_meanwhile(users: Users, login_id: LoginId) -> User | None:
    """The user of the company with a login name that is taken; None if another company has it."""
    async for user in users.list():
        if user.loginId == login_id:
            return user
    return None


async def _missing_roles(users: Users, found: User, user: NewUser) -> tuple[str, ...]:
    has = {role.roleName for role in await users.roles(found)}
    return tuple(role for role in user.roles if role not in has)


class _Secret(str):
    """A string that is masked in tracebacks with local variables."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "***"


async def _ask(password: Password, user: NewUser) -> _Secret:
    given = password(user)
    secret: object = await given if isawaitable(given) else given
    # Made a text, None would be the password "None".
    if isinstance(secret, str) and secret.strip():
        return _Secret(secret)
    what = "a blank text" if isinstance(secret, str) else f"a {type(secret).__name__}"
    raise errors.ConfigurationError(
        f"the password callback returned {what} for {user.login_id}: return the password"
    )


async def _create(users: Users, user: NewUser, password: Password) -> None:
    secret = await _ask(password, user)
    await users.create(
        UserCreate(
            firstName=user.first_name,
            lastName=user.last_name,
            loginId=user.login_id,
            loginPassword=secret,
            contactInformation=ContactInformation(email=user.email),
            isConsentClause=user.consents,
            isRequiredOpenTextMarketingMaterials=user.wants_marketing,
            isDayLightSavingsTimeObserved=user.has_summer_time,
            address=user.address,
            preferredDateFormat=user.date_format,
            preferredLanguage=user.language,
            preferredTimezone=user.time_zone,
        )
    )
