"""Calls of the contract from within this process, in a transaction of the caller's.

They meet the same grants, checks and handlers as calls over HTTP.
"""

import json
from collections.abc import Mapping
from datetime import timedelta

from starlette.datastructures import Headers, QueryParams

from tgiconik.community.rules.access import grant_of
from tgiconik.community.rules.caller import Caller
from tgiconik.community.rules.endpoint import Call, Reply, check_ids, reply_to
from tgiconik.community.rules.operations import HANDLERS
from tgiconik.community.rules.records import CompanyRecords
from tgiconik.community.shapes import Document
from tgiconik.community.store.interface import Place, Transaction


def call_in(
    transaction: Transaction,
    caller: Caller,
    operation: str,
    *,
    ids: Mapping[str, str],
    body: Document,
    key: str | None = None,
    revised: tuple[Place, str] | None = None,
    answers_kept_for: timedelta,
) -> Reply:
    """Make one call.

    Args:
        transaction: one that writes; roll it back if the call is refused.
        caller: who calls.
        operation: method and path, such as `PUT /requests/{requests}/status`.
        ids: the ids in the path, by noun.
        body: the body.
        key: the idempotency key, if any.
        revised: where the record is whose present revision the call names, and its id, for an
            operation that asks for an entity tag.
        answers_kept_for: how long the answer is repeated under its idempotency key.

    Raises:
        ProblemError: the call is refused.
    """
    check_ids(ids)
    method, _, path = operation.partition(" ")
    match = None
    if revised is not None:
        record = transaction.record(*revised)
        # Whether there is one that the caller sees, the rules say.
        match = '"0"' if record is None else record.etag
    headers = {"content-type": "application/json", "idempotency-key": key, "if-match": match}
    call = Call(
        community=CompanyRecords(transaction, caller),
        grant=grant_of(caller, operation, ids),
        ids=ids,
        path=path.format_map(ids),
        query=QueryParams(),
        headers=Headers({name: value for name, value in headers.items() if value is not None}),
        content=json.dumps(body).encode(),
    )
    return reply_to(HANDLERS[operation], call, method, answers_kept_for=answers_kept_for)
