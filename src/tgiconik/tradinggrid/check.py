"""Checks that a client works: credentials, company and each surface, without writing anything."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import attrs

from tgiconik import errors

if TYPE_CHECKING:
    from tgiconik.tradinggrid.collaboration import Collaboration
    from tgiconik.tradinggrid.community_management import Companies, PartnerDirectory
    from tgiconik.tradinggrid.lens import Lens


@attrs.frozen(kw_only=True)
class GridCheck:
    """The result of checking a Trading Grid client.

    Attributes:
        works: what answered, in words.
        problems: what did not, each with what Trading Grid said.
    """

    works: tuple[str, ...]
    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether everything works."""
        return not self.problems


async def check(
    *,
    company_id: str,
    companies: "Companies",
    partners: "PartnerDirectory",
    lens: "Lens",
    community: "Collaboration",
) -> GridCheck:
    """Call each surface once, one after the other.

    Failures are in the result, not raised: the caller sees all of them at once.

    Args:
        company_id: BUID of the company that acts.
        companies: companies by BUID.
        partners: the partner directory.
        lens: transaction visibility.
        community: the collaboration surface.
    """
    transactions = lens.transactions(fields=["transactionid"], count=1)
    steps: list[tuple[str, Callable[[], Awaitable[object]]]] = [
        (f"company {company_id} is readable", companies.get),
        ("the partner directory is readable", lambda: partners.list().first(1)),
        ("Lens answers", lambda: transactions.first(1)),
        ("the community answers", community.contract),
    ]
    works: list[str] = []
    problems: list[str] = []
    for claim, call in steps:
        try:
            await call()
        except errors.TgIconikError as error:
            problems.append(f"not so: {claim}. {error}")
        else:
            works.append(claim)
    return GridCheck(works=tuple(works), problems=tuple(problems))
