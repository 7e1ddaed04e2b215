"""Handling of a call: who calls, transaction, idempotency, and errors of the database.

A handler is a plain function from a `Call` to a `Reply`. All its writes are one transaction, which
also stores the reply under the call's idempotency key.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from functools import partial
from hashlib import sha256
from typing import Final, Protocol, TypeAlias

import attrs
from starlette.datastructures import Headers, QueryParams
from starlette.requests import Request
from starlette.responses import Response

from tgiconik import errors
from tgiconik.community import json_body
from tgiconik.community.rules import problems
from tgiconik.community.rules.access import Grant, grant_of
from tgiconik.community.rules.caller import Caller
from tgiconik.community.rules.records import CompanyRecords
from tgiconik.community.shapes import Check, Document, Shape, Violation, text
from tgiconik.community.store.interface import Record, Store

_ANSWERS: Final = "answers"

_READS: Final = frozenset({"GET", "HEAD"})
_VISIBLE: Final = text(least=1, most=255, pattern=r"[\x21-\x7e]+")
_ETAG: Final = text(pattern=r'"[\x21\x23-\x7e]+"')
_ANY: Final = text(pattern=r"\*")
#: As long as the contract allows, and nothing that PostgreSQL does not store.
_ID: Final = text(least=1, most=200, pattern="[^\0\ud800-\udfff]*")


@attrs.frozen(kw_only=True)
class Reply:
    """The result of a handler."""

    status: int = 200
    body: Document | None = None
    location: str | None = None


@attrs.frozen(kw_only=True)
class Call:
    """The input of a handler.

    Attributes:
        community: the records of the company in the path.
        grant: what the caller may do with the operation.
        ids: the ids in the path, by noun.
    """

    community: CompanyRecords
    grant: Grant
    ids: Mapping[str, str]
    path: str
    query: QueryParams
    headers: Headers
    content: bytes

    def body(self, shape: Shape) -> Document:
        """The body, validated and normalised.

        Raises:
            ProblemError: 415, not JSON by its content type; 400, not parseable; 422, not valid;
                403, the caller may not write this.
        """
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise problems.unsupported()
        try:
            given = json_body.parse(self.content)
        except ValueError as error:
            raise problems.bad_request(f"the body is not JSON: {error}") from error
        violations: list[Violation] = []
        body: Document = shape(given, "", violations)
        if violations:
            raise problems.invalid(violations)
        blank = {} if shape.partial else shape.blank()
        self.grant.check_body(self.community.caller, body, blank)
        return body

    def check_author(self, record: Record) -> None:
        """Check that the caller may change a record.

        Raises:
            ProblemError: 403, only its author may.
        """
        self.grant.check_record(self.community.caller, record)

    @property
    def holder(self) -> str | None:
        """The holder of the claim under which this write is made, or None."""
        return self._header("Claim-Holder", _VISIBLE)

    @property
    def key(self) -> str | None:
        """The idempotency key, or None."""
        return self._header("Idempotency-Key", _VISIBLE)

    def require_match(self, etag: str) -> None:
        """Check that the caller has read this revision.

        Raises:
            ProblemError: 428, no `If-Match` header; 412, it names another revision.
        """
        if (wanted := self._header("If-Match", _ETAG)) is None:
            raise problems.precondition_required("If-Match")
        if wanted != etag:
            raise problems.stale(f"it is {etag} now")

    def require_match_or_none(self, record: Record | None) -> None:
        """Like `require_match`, for a PUT that may create; `If-None-Match: *` expects no record.

        Raises:
            ProblemError: 428, neither header was sent; 412, the precondition failed.
        """
        if self._header("If-None-Match", _ANY) is not None:
            if record is not None:
                raise problems.stale("it exists already")
        elif self._header("If-Match", _ETAG) is None:
            raise problems.precondition_required("If-Match", "If-None-Match")
        elif record is None:
            raise problems.stale("it does not exist")
        else:
            self.require_match(record.etag)

    def _header(self, name: str, check: Check) -> str | None:
        value = self.headers.get(name)
        violations: list[Violation] = []
        if value is not None:
            check(value, name, violations)
        if violations:
            raise problems.bad_parameters(violations)
        return value


Handler: TypeAlias = Callable[[Call], Reply]


class Authenticate(Protocol):
    """Decides who makes a request, before any data are read."""

    async def __call__(self, request: Request, company_id: str) -> Caller:
        """The caller.

        Args:
            request: the request; its body has not been read.
            company_id: BUID of the company in the path, whose caller it must be.

        Raises:
            ProblemError: 401, it is not known who calls; 404, the caller has no such company.
        """
        ...


@attrs.frozen(kw_only=True)
class Surface:
    """The database and the settings of all endpoints.

    Attributes:
        store: the database.
        authenticate: decides who calls.
        answers_kept_for: how long an answer is repeated under its idempotency key.
    """

    store: Store
    authenticate: Authenticate
    answers_kept_for: timedelta


async def operator(request: Request, company_id: str) -> Caller:  # noqa: ARG001 - the protocol's
    """Everybody is an operator of the company: for calls within a process, never to be served."""
    return Caller(company_id)


def endpoint(
    surface: Surface, operation: str, handler: Handler
) -> Callable[[Request], Awaitable[Response]]:
    """The Starlette endpoint of a handler.

    Args:
        surface: what all endpoints share.
        operation: method and path, such as `GET /requests/{requests}`.
        handler: the handler.
    """

    async def answer(request: Request) -> Response:
        try:
            ids = _ids(request)
            company_id = ids.pop("companies")
            caller = await surface.authenticate(request, company_id)
            call = partial(
                Call,
                grant=grant_of(caller, operation, ids),
                ids=ids,
                path=request.url.path,
                query=request.query_params,
                headers=request.headers,
                content=await request.body(),
            )
            write = request.method not in _READS

            def work() -> Reply:
                with surface.store.transaction(company_id, write=write) as transaction:
                    records = CompanyRecords(transaction, caller)
                    return reply_to(
                        handler,
                        call(community=records),
                        request.method,
                        answers_kept_for=surface.answers_kept_for,
                    )

            return _response(await surface.store.call(work))
        except problems.ProblemError as problem:
            return problem.response(request.url.path)
        except errors.StoreError as error:
            return problems.of_store(error).response(request.url.path)

    return answer


def _ids(request: Request) -> dict[str, str]:
    ids = dict(request.path_params)
    check_ids(ids)
    return ids


def check_ids(ids: Mapping[str, str]) -> None:
    """Check the ids of a path.

    Args:
        ids: the ids, by noun.

    Raises:
        ProblemError: 400, one of them is none.
    """
    violations: list[Violation] = []
    for name, id_ in ids.items():
        _ID(id_, name, violations)
    if violations:
        raise problems.bad_parameters(violations)


def _check_there(records: CompanyRecords) -> None:
    """Check that a partner that calls is one of the company's.

    Raises:
        ProblemError: 404, it has no profile; it does not learn whether the company is there.
    """
    partner_id = records.caller.partner_id
    if partner_id is not None and records.records("partners").get(partner_id) is None:
        raise problems.not_found(f"company {records.company_id}")


def reply_to(handler: Handler, call: Call, method: str, *, answers_kept_for: timedelta) -> Reply:
    """The reply to a call, in its transaction; under an idempotency key, to the first such call.

    Args:
        handler: the operation's handler.
        call: the call.
        method: the operation's method.
        answers_kept_for: how long the answer is repeated under its idempotency key.

    Raises:
        ProblemError: the call is refused; the caller rolls the transaction back.
    """
    _check_there(call.community)
    if method in _READS or call.key is None:
        return handler(call)
    return _once(handler, call, call.key, f"{method} {call.path}", answers_kept_for)


def _once(handler: Handler, call: Call, key: str, what: str, kept_for: timedelta) -> Reply:
    """The reply stored under a caller's idempotency key, or the handler's, which is then stored.

    A key identifies method, path and body. Preconditions and claim may differ: a worker that
    retries after a crash has another lease and has read other entity tags.
    """
    transaction = call.community.transaction
    place = json.dumps([call.community.caller.written_by, key])
    this = [what, sha256(call.content).hexdigest()]
    if (earlier := transaction.entry(_ANSWERS, place)) is not None:
        if earlier["call"] != this:
            raise problems.key_reused(key)
        return Reply(**earlier["reply"])
    reply = handler(call)
    transaction.put_entry(
        _ANSWERS,
        place,
        {"call": this, "reply": attrs.asdict(reply)},
        expires_at=transaction.now + kept_for,
    )
    return reply


def _response(reply: Reply) -> Response:
    headers = {}
    if reply.location is not None:
        headers["Location"] = reply.location
    if reply.body is None:
        return Response(status_code=reply.status, headers=headers)
    if "etag" in reply.body:
        headers["ETag"] = reply.body["etag"]
    return Response(
        json.dumps(reply.body), reply.status, headers=headers, media_type="application/json"
    )
