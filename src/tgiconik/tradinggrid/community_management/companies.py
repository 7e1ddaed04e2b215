"""Companies, and what companies and users are entitled to."""

from tgiconik._http import Pages, Session, Surface, build
from tgiconik.tradinggrid._decode import decode
from tgiconik.tradinggrid.community_management import _ids as ids
from tgiconik.tradinggrid.community_management._calls import COMPANY, SERVICES, one_page
from tgiconik.tradinggrid.community_management.models import Company, Entitlement, LoginId, User


class Companies(Surface):
    """Companies by BUID; this client's own when none is named.

    Args:
        session: sends the calls.
        company_id: BUID of the company that acts.
    """

    def __init__(self, session: Session, company_id: str) -> None:
        self._session = session
        self._company_id = company_id

    async def get(self, company_id: str | None = None) -> Company:
        """Read a company. `GET /TGCommunityServices/v1/companies/{companyId}`.

        Args:
            company_id: BUID of the company; this client's own when left out.

        Raises:
            NotFound: there is no such company, or it is hidden from these credentials.
        """
        call = build("GET", COMPANY, company_id or self._company_id)
        return decode(Company, await self._session.send(call), lenient=True)


class Entitlements(Surface):
    """Entitlements of companies and users.

    Args:
        session: sends the calls.
        company_id: BUID of the company that acts.
    """

    def __init__(self, session: Session, company_id: str) -> None:
        self._session = session
        self._company_id = company_id

    def of_company(self, company_id: str | None = None) -> Pages[Entitlement]:
        """A company's entitlements; this client's own company when none is named.

        `GET /TGCommunityServices/v1/companies/{companyId}/entitlements`.

        Args:
            company_id: BUID of the company; this client's own when left out.
        """
        call = build("GET", COMPANY + "/entitlements", company_id or self._company_id)
        return one_page(self._session, call, Entitlement)

    def of_user(self, user: LoginId | User) -> Pages[Entitlement]:
        """A user's entitlements, by loginId alone.

        `GET /TGCommunityServices/v1/users/{loginId}/entitlements`.

        Args:
            user: the user as listed, or the loginId.

        Raises:
            ConfigurationError: what was given has no loginId.
        """
        call = build("GET", SERVICES + "/users/{}/entitlements", ids.login_id(user))
        return one_page(self._session, call, Entitlement)
