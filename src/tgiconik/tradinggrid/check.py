"""Does this client work: credentials, company and collaboration surface, tried without a write."""

from typing import TYPE_CHECKING

import attrs

from tgiconik import errors

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tgiconik.tradinggrid.client import TradingGridClient


@attrs.frozen(kw_only=True)
class GridCheck:
    """What works and what does not.

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


async def check(grid: "TradingGridClient") -> GridCheck:
    """Try each surface that the client has, one after the other.

    What fails is in the result, not raised: the reader wants to see all of it at once.
    """
    lens = grid.lens.transactions(fields=["transactionid"], count=1)
    steps: list[tuple[str, Callable[[], Awaitable[object]]]] = [
        (f"company {grid.company_id} is readable", grid.companies.get),
        ("the partner directory is readable", lambda: grid.partners.list().first(1)),
        ("Lens answers", lambda: lens.first(1)),
        ("the community answers", grid.community.contract),
    ]
    works: list[str] = []
    problems: list[str] = []
    for what, step in steps:
        try:
            await step()
        except errors.TgIconikError as error:
            problems.append(f"not so: {what}. {error}")
        else:
            works.append(what)
    return GridCheck(works=tuple(works), problems=tuple(problems))
