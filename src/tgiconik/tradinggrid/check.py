"""Checks that a client works: credentials, company and each surface, without writing anything."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import attrs

from tgiconik import errors
from tgiconik._http import diagnosis, is_misconfigured

if TYPE_CHECKING:
    from tgiconik.tradinggrid.collaboration import Collaboration
    from tgiconik.tradinggrid.community_management import Companies, PartnerDirectory
    from tgiconik.tradinggrid.lens import Lens


@attrs.frozen(kw_only=True)
class GridCheck:
    """The result of checking a Trading Grid client.

    Attributes:
        works: what answered, in words.
        problems: what could not be read, each with what Trading Grid said; one cause once.
        misconfigured: whether the credentials or other settings of the client are what is wrong.
    """

    works: tuple[str, ...]
    problems: tuple[str, ...]
    misconfigured: bool = False

    @property
    def ok(self) -> bool:
        """Whether everything works."""
        return not self.problems


async def check(
    *,
    sign_in: Callable[[], Awaitable[object]],
    company_id: str,
    companies: "Companies",
    partners: "PartnerDirectory",
    lens: "Lens",
    community: "Collaboration",
) -> GridCheck:
    """Get a token, then call each surface once, one after the other.

    Failures are in the result, not raised: the caller sees all of them at once.

    Args:
        sign_in: gets the token that all of them need.
        company_id: BUID of the company that acts.
        companies: companies by BUID.
        partners: the partner directory.
        lens: transaction visibility.
        community: the collaboration surface.
    """
    transactions = lens.transactions(fields=["transactionid"], count=1)
    company = f"company {company_id}"
    steps: list[tuple[str, str, Callable[[], Awaitable[object]]]] = [
        (company, "is readable", companies.get),
        ("the partner directory", "is readable", lambda: partners.list().first(1)),
        ("Lens", "answers", lambda: transactions.first(1)),
        ("the community", "answers", community.contract),
    ]
    try:
        await sign_in()
    except errors.TgIconikError as error:
        problem = diagnosis(error, "Trading Grid", "TRADING_GRID_URL")
        return GridCheck(works=(), problems=(problem,), misconfigured=is_misconfigured(error))
    works: list[str] = []
    failed: dict[str, list[str]] = {}
    misconfigured = False
    for surface, what, call in steps:
        try:
            await call()
        except errors.TgIconikError as error:
            failed.setdefault(_cause(error), []).append(surface)
            # The token was given: that it may not do one thing is a finding.
            misconfigured |= is_misconfigured(error) and not isinstance(error, errors.Forbidden)
        else:
            works.append(f"{surface} {what}")
    problems = [f"cannot read {_listed(names)}: {cause}" for cause, names in failed.items()]
    return GridCheck(works=tuple(works), problems=tuple(problems), misconfigured=misconfigured)


def _listed(names: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _cause(error: errors.TgIconikError) -> str:
    """The failure, the same for all calls that had it."""
    if isinstance(error, errors.ConnectionFailed | errors.TimedOut):
        return f"{_origin(error.url)}: {error.message}"
    return str(error)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
