"""The partner directory: which companies this one trades with."""

from tgiconik._http import Pages, Session, Surface, build
from tgiconik.tradinggrid.community_management._calls import COMPANY, one_page
from tgiconik.tradinggrid.community_management.models import DirectoryPartner


class PartnerDirectory(Surface):
    """A company's trading partners, as Trading Grid's directory lists them.

    Contacts, regions and languages are not in the directory; `grid.community.partners` has them.

    Args:
        session: sends the calls.
        company_id: BUID of the company whose partners these are.
    """

    def __init__(self, session: Session, company_id: str) -> None:
        self._session = session
        self._company_id = company_id

    def list(
        self,
        *,
        name: str | None = None,
        company_id: str | None = None,
        trading_address: str | None = None,
    ) -> Pages[DirectoryPartner]:
        """Trading partners. `GET /TGCommunityServices/v1/companies/{companyId}/partnerDirectory`.

        Args:
            name: only partners of this name (`partnerCompanyName`).
            company_id: only the partner with this BUID (`partnerCompanyId`).
            trading_address: only the partner with this address, such as `ZZ:DEMOSUPPLIER5`
                (`tradingAddress`).
        """
        call = build(
            "GET",
            COMPANY + "/partnerDirectory",
            self._company_id,
            query={
                "partnerCompanyName": name,
                "partnerCompanyId": company_id,
                "tradingAddress": trading_address,
            },
        )
        return one_page(self._session, call, DirectoryPartner)
