"""The collaboration contract in the sandbox: `tgiconik.community` as it is.

Operators and partners are told apart by the sandbox's access tokens, and the companies are those
of the sandbox.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from starlette.requests import Request
from starlette.routing import BaseRoute

from tgiconik.community.community import ANSWERS_KEPT_FOR
from tgiconik.community.rules import operations, problems
from tgiconik.community.rules.caller import Caller
from tgiconik.community.rules.endpoint import Surface
from tgiconik.community.rules.records import CompanyRecords
from tgiconik.sandbox import credentials
from tgiconik.sandbox.grid import oauth
from tgiconik.sandbox.grid.community_management import COMPANIES
from tgiconik.sandbox.late import LateCommunity
from tgiconik.sandbox.state import State


def routes(state: State) -> list[BaseRoute]:
    """The routes of all operations of the contract."""

    async def authenticate(request: Request, company_id: str) -> Caller:
        token = oauth.token_of(state, request)
        if token is None:
            raise problems.unauthorised()
        if state.store.get(COMPANIES, company_id) is None:
            raise problems.not_found(f"company {company_id}")
        return Caller(company_id, token.partner_id)

    return operations.routes(
        Surface(
            store=LateCommunity(state),
            authenticate=authenticate,
            answers_kept_for=ANSWERS_KEPT_FOR,
        )
    )


@contextmanager
def reading(state: State, company_id: str = credentials.COMPANY_ID) -> Iterator[CompanyRecords]:
    """The records of a company, to look at them as its operator."""
    with state.community.transaction(company_id, write=False) as transaction:
        yield CompanyRecords(transaction, Caller(company_id))


@contextmanager
def writing(
    state: State, company_id: str, partner_id: str | None = None
) -> Iterator[CompanyRecords]:
    """The records of a company, to change them as its operator or as one of its partners."""
    with state.community.transaction(company_id) as transaction:
        yield CompanyRecords(transaction, Caller(company_id, partner_id))
