"""Who makes a call. How the caller has proved it is decided elsewhere."""

import attrs

from tgiconik.tradinggrid.collaboration.values import OPERATOR


@attrs.frozen
class Caller:
    """An operator of a company, or one of its partners.

    Attributes:
        company_id: BUID of the company whose community is used.
        partner_id: BUID of the partner; None for an operator.
    """

    company_id: str
    partner_id: str | None = None

    @property
    def written_by(self) -> str:
        """The author of what this caller writes."""
        return OPERATOR if self.partner_id is None else self.partner_id
