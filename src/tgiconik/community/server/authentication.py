"""Bearer keys as the way to say who calls."""

from functools import partial
from typing import Final

from starlette.requests import Request

from tgiconik.community.keys import Keys
from tgiconik.community.rules import problems
from tgiconik.community.rules.caller import Caller
from tgiconik.community.server.rate import RatePerKey
from tgiconik.community.store.base import BaseStore

#: Where the scope of a request has the id of its key, for the log.
KEY_ID: Final = "tgiconik.community.key_id"


class BearerKeys:
    """Callers by their keys, as `Authenticate` decides.

    Args:
        store: the database with the keys.
        rate: how often each key may call.
    """

    def __init__(self, store: BaseStore, rate: RatePerKey) -> None:
        self._store = store
        self._keys = Keys(store)
        self._rate = rate

    async def __call__(self, request: Request, company_id: str) -> Caller:
        """The caller.

        Raises:
            ProblemError: 401, no key, an unknown or a revoked one; 404, the key is of another
                company; 429, it calls too often.
        """
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        known = partial(self._keys.of_token, token.strip())
        key = await self._store.call(known) if scheme.lower() == "bearer" else None
        if key is None:
            raise problems.unauthorised("the key is missing, unknown or revoked")
        request.scope[KEY_ID] = key.id
        if seconds := self._rate.seconds_to_wait(key.id):
            raise problems.too_many(seconds)
        if key.company_id != company_id:
            # Whether there is such a company is nobody else's business.
            raise problems.not_found(f"company {company_id}")
        return Caller(company_id, key.partner_id)
