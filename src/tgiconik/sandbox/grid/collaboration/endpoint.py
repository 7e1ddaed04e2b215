"""Handling of a call: authentication, company, transaction and idempotency.

A handler is a plain function from a `Call` to a `Reply`. All its writes are one transaction, which
also stores the reply under the call's idempotency key.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeAlias

import attrs
from starlette.datastructures import Headers, QueryParams
from starlette.requests import Request
from starlette.responses import Response

from tgiconik.sandbox import json_body
from tgiconik.sandbox.grid import oauth
from tgiconik.sandbox.grid.collaboration import problems
from tgiconik.sandbox.grid.collaboration.access import Grant, grant_of
from tgiconik.sandbox.grid.collaboration.caller import Caller
from tgiconik.sandbox.grid.collaboration.records import CLAIMS, Community, Record
from tgiconik.sandbox.grid.community_management import COMPANIES
from tgiconik.sandbox.grid.shapes import Check, Document, Shape, Violation, text
from tgiconik.sandbox.late import as_read
from tgiconik.sandbox.state import State

_ANSWERS: Final = "community/answers"

_READS: Final = frozenset({"GET", "HEAD"})
_VISIBLE: Final = text(least=1, most=255, pattern=r"[\x21-\x7e]+")
_ETAG: Final = text(pattern=r'"[\x21\x23-\x7e]+"')
_ANY: Final = text(pattern=r"\*")


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
        community: the community of the company in the path.
        grant: what the caller may do with the operation.
        ids: the ids in the path, by noun.
    """

    community: Community
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


def endpoint(
    state: State, operation: str, handler: Handler
) -> Callable[[Request], Awaitable[Response]]:
    """The Starlette endpoint of a handler.

    Args:
        state: the sandbox.
        operation: method and path, such as `GET /requests/{requests}`.
        handler: the handler.
    """

    async def answer(request: Request) -> Response:
        content = await request.body()
        try:
            # Nothing is awaited here, so that concurrent calls never see partial writes.
            with state.store.transaction():
                call = _call(state, operation, request, content)
                reply = _reply(handler, call, request.method)
        except problems.ProblemError as problem:
            return problem.response(request.url.path)
        return _response(reply)

    return answer


def _call(state: State, operation: str, request: Request, content: bytes) -> Call:
    ids = dict(request.path_params)
    caller = _caller(state, request, ids.pop("companies"))
    return Call(
        community=Community(_as_read(state, request), caller),
        grant=grant_of(caller, operation, ids),
        ids=ids,
        path=request.url.path,
        query=request.query_params,
        headers=request.headers,
        content=content,
    )


def _caller(state: State, request: Request, company_id: str) -> Caller:
    """Who calls, by the token; a company is there for its operators and its partners."""
    token = oauth.token_of(state, request)
    if token is None:
        raise problems.unauthorised()
    caller = Caller(company_id, token.partner_id)
    there = state.store.get(COMPANIES, company_id) is not None
    if there and caller.partner_id is not None:
        there = Community(state, caller).records("partners").get(caller.partner_id) is not None
    if not there:
        raise problems.not_found(f"company {company_id}")
    return caller


def _reply(handler: Handler, call: Call, method: str) -> Reply:
    if method in _READS or call.key is None:
        return handler(call)
    return _once(handler, call, call.key, f"{method} {call.path}")


def _as_read(state: State, request: Request) -> State:
    """The state that a call reads: late if it lists a noun, which its path then ends with."""
    last = request.url.path.rpartition("/")[2]
    if request.method not in _READS or last in {"claim", *request.path_params.values()}:
        return state
    # The members of a group are partners.
    noun = "partners" if last == "members" else last
    return as_read(state, "collaboration", {f"community/{noun}", CLAIMS})


def _once(handler: Handler, call: Call, key: str, what: str) -> Reply:
    """The reply stored under a caller's idempotency key, or the handler's, which is then stored.

    A key identifies method, path and body. Preconditions and claim may differ: a worker that
    retries after a crash has another lease and has read other entity tags.
    """
    store = call.community.state.store
    caller = call.community.caller
    place = json.dumps([caller.company_id, caller.written_by, key])
    this = [what, call.content.decode("latin-1")]
    if (earlier := store.get(_ANSWERS, place)) is not None:
        if earlier["call"] != this:
            raise problems.key_reused(key)
        return Reply(**earlier["reply"])
    reply = handler(call)
    store.put(_ANSWERS, place, {"call": this, "reply": attrs.asdict(reply)})
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
