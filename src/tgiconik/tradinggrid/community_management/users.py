"""Users and their roles, with the rule of the two ids built in.

A user has a `UserId`, which stays, and a `LoginId`, which the user can change. Details are read by
either, changed by UserId, and roles go by LoginId alone. Plain text is refused everywhere, and a
`User` fits everywhere: the right id is taken from it.
"""

from collections.abc import Sequence
from typing import Any

import attrs

from tgiconik._http import Call, Pages, Session, Surface, build
from tgiconik._models import Record, unstructure
from tgiconik._validate import texts
from tgiconik.tradinggrid._decode import decode
from tgiconik.tradinggrid.community_management import _ids as ids
from tgiconik.tradinggrid.community_management._calls import COMPANY, listed, one_page
from tgiconik.tradinggrid.community_management._ids import UserRef
from tgiconik.tradinggrid.community_management.models import (
    LoginId,
    Role,
    User,
    UserCreate,
    UserId,
    UserUpdate,
    to_wire,
)


@attrs.frozen(kw_only=True)
class RoleChange:
    """The changes that `set_roles` made.

    Attributes:
        user: the user, as listed just before: with the present loginId.
        added: roles that the user did not have.
        removed: roles that the user had and that were not wanted.
    """

    user: User
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class _UserCreated(Record):
    uniqueId: UserId  # noqa: N815 - the published name


class Users(Surface):
    """The users of one company.

    Args:
        session: sends the calls.
        company_id: BUID of the company whose users these are.
    """

    def __init__(self, session: Session, company_id: str) -> None:
        self._session = session
        self.company_id = company_id

    def __repr__(self) -> str:
        return f"<Users of {self.company_id}>"

    def in_company(self, company_id: str) -> "Users":
        """The users of another company, such as a partner's.

        Args:
            company_id: BUID of the company.
        """
        return Users(self._session, company_id)

    def list(self, *, login_id: LoginId | None = None) -> Pages[User]:
        """Users. `GET /TGCommunityServices/v1/companies/{companyId}/users`.

        Args:
            login_id: only what Trading Grid's own search for this loginId finds. There is no search
                by e-mail address or name.
        """
        call = self._call("GET", query={"loginId": login_id})
        return one_page(self._session, call, User)

    async def find(self, login_id: LoginId) -> User | None:
        """The user with exactly this loginId now, or None. `GET …/users?loginId=`.

        Args:
            login_id: `LoginId("…")`, not plain text.
        """
        wanted = ids.login_id(login_id)
        found = [user async for user in self.list(login_id=wanted)]
        return next((user for user in found if user.loginId == wanted), None)

    async def get(self, user: UserRef) -> User:
        """One user's details, by either id. `GET …/users/{userId}`.

        Args:
            user: the user, as listed or read, or the id that this call takes.

        Raises:
            NotFound: there is no such user; a loginId may have been changed.
        """
        answer = await self._session.send(self._call("GET", "/{}", ids.either_id(user)))
        return decode(User, answer, lenient=True)

    async def create(self, user: UserCreate) -> UserId:
        """Make a user and return the new userId. `POST …/users`.

        Not repeated when its answer is lost: `find` the loginId before trying again.

        Args:
            user: details, first password and consents; nothing is made up.

        Raises:
            UnreadableResponse: the answer does not name the new user.
        """
        answer = await self._session.send(self._call("POST", json=to_wire(user)))
        return decode(_UserCreated, answer, lenient=True).uniqueId

    async def update(self, user: UserId | User, changes: UserUpdate) -> None:
        """Change a user's details. `PUT …/users/{userId}`.

        Args:
            user: the user, as listed or read, or the id that this call takes.
            changes: what is to change; fields that are left out stay.
        """
        call = self._call("PUT", "/{}", ids.user_id(user), json=unstructure(changes))
        await self._session.send(call)

    async def delete(self, user: UserId | User) -> None:
        """Remove a user. `DELETE …/users/{userId}`.

        Args:
            user: the user, as listed or read, or the id that this call takes.
        """
        await self._session.send(self._call("DELETE", "/{}", ids.user_id(user)))

    async def roles(self, user: LoginId | User) -> Sequence[Role]:
        """A user's roles. `GET …/users/{loginId}/roles`.

        Args:
            user: the user, as listed or read, or the id that this call takes.
        """
        answer = await self._session.send(self._call("GET", "/{}/roles", ids.login_id(user)))
        return listed(Role, answer)

    async def add_roles(self, user: LoginId | User, roles: Sequence[str]) -> None:
        """Give roles to a user. `PUT …/users/{loginId}/roles?action=Add`.

        Args:
            user: the user, as listed or read, or the id that this call takes.
            roles: names of roles.

        Raises:
            ConfigurationError: one text instead of a list of roles.
        """
        await self._change_roles(user, roles, action="Add")

    async def remove_roles(self, user: LoginId | User, roles: Sequence[str]) -> None:
        """Take roles from a user. `PUT …/users/{loginId}/roles?action=Remove`.

        Args:
            user: the user, as listed or read, or the id that this call takes.
            roles: names of roles.

        Raises:
            ConfigurationError: one text instead of a list of roles.
        """
        await self._change_roles(user, roles, action="Remove")

    async def set_roles(self, user: UserId | User, roles: Sequence[str]) -> RoleChange:
        """Bring a user's roles to exactly these; may be run again at any time.

        Lists the users first, because the loginId may have changed since it was learnt, and calls
        nothing that changes nothing.

        Args:
            user: the user, as listed or read, or the id that this call takes.
            roles: all that the user is to have.

        Raises:
            NotFound: the company has no user with this userId any more.
            ConfigurationError: one text instead of a list of roles.
        """
        wanted = texts(roles, "roles")
        present = await self._as_listed(ids.user_id(user))
        has = {role.roleName for role in await self.roles(present)}
        added = tuple(role for role in dict.fromkeys(wanted) if role not in has)
        removed = tuple(sorted(has - set(wanted)))
        if added:
            await self.add_roles(present, added)
        if removed:
            await self.remove_roles(present, removed)
        return RoleChange(user=present, added=added, removed=removed)

    async def _as_listed(self, user_id: UserId) -> User:
        users = {user.userId: user async for user in self.list()}
        # Who is not in the list: what the details say, or the NotFound that they answer with.
        return users.get(user_id) or await self.get(user_id)

    async def _change_roles(
        self, user: LoginId | User, roles: Sequence[str], *, action: str
    ) -> None:
        body = [{"roleName": str(role)} for role in texts(roles, "roles")]
        call = self._call(
            "PUT", "/{}/roles", ids.login_id(user), query={"action": action}, json=body
        )
        await self._session.send(call)

    def _call(self, method: str, path: str = "", *ids_in_path: str, **content: Any) -> Call:  # noqa: ANN401 - handed on to build
        return build(method, f"{COMPANY}/users{path}", self.company_id, *ids_in_path, **content)
