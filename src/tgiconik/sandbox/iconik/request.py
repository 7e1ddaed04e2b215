"""A validated request to iconik, and its possible results: a response or an `ApiError`."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID, uuid4

import attrs
from starlette.datastructures import QueryParams
from starlette.responses import JSONResponse, Response

from tgiconik.sandbox.facts import Operation
from tgiconik.sandbox.iconik.index import SearchIndex
from tgiconik.sandbox.schema import Schemas
from tgiconik.sandbox.state import State
from tgiconik.sandbox.store import Document

#: Fields of all resources that iconik sets; values sent by a client are ignored.
SERVER_FIELDS: Final = frozenset({"id", "date_created", "date_modified", "created_by_user"})
#: The account, in answers that name it.
SYSTEM_DOMAIN_ID: Final = "7f1d3c52-0000-5000-8000-646f6d61696e"
_ACCEPTED: Final = 202
_NO_CONTENT: Final = 204
#: Deletions whose documented 202 was not among the answers published in May 2025.
_DONE_AT_ONCE: Final = frozenset(
    {"DELETE assets/v1/shares/bulk/", "DELETE users/v1/users/partner_domain_access/"}
)


class ApiError(Exception):
    """An error response in iconik's format; all writes of the request are rolled back."""

    def __init__(self, status: int, *messages: str) -> None:
        super().__init__(*messages)
        self.status = status
        self.messages: Sequence[str] = messages


@attrs.frozen
class ApiRequest:
    """A request that is routed, authenticated and validated.

    Attributes:
        state: the sandbox.
        index: the search index.
        schemas: the schemas of the operation's service.
        operation: the operation's description.
        ids: path parameters by name, unquoted.
        query: the query parameters.
        body: decoded JSON, form fields, or bytes; None without a body.
        path: as sent, for pagination links.
        user_id: the user whose credentials were sent.
    """

    state: State
    index: SearchIndex
    schemas: Schemas
    operation: Operation
    ids: Mapping[str, str]
    query: QueryParams
    body: Any
    path: str
    user_id: str

    def now(self) -> str:
        """The sandbox's time in iconik's format."""
        return stamp(self.state.now())

    def flag(self, name: str) -> bool:
        """A boolean query parameter; false if absent."""
        return self.query.get(name, "false").lower() == "true"

    def respond(
        self, document: Mapping[str, Any], *, status: int | None = None, keep: Sequence[str] = ()
    ) -> Response:
        """Respond with a document, fitted to the response schema of the status.

        Args:
            document: the response's data.
            status: the operation's first success status if None.
            keep: fields to add that iconik returns although the schema lacks them.
        """
        status = next(iter(self.operation.answers)) if status is None else status
        schema = self.operation.answers.get(status)
        if schema is None:
            return empty(status)
        fitted = self.schemas.fit(schema, document)
        for name in keep:
            fitted[name] = document[name]
        return JSONResponse(fitted, status_code=status)

    def respond_empty(self) -> Response:
        """Respond without a body: with 202 where iconik goes on in the background."""
        answers = self.operation.answers
        if _ACCEPTED in answers and self.operation.name not in _DONE_AT_ONCE:
            return empty(_ACCEPTED)
        return empty(_NO_CONTENT if _NO_CONTENT in answers else next(iter(answers)))


def empty(status: int) -> Response:
    """Respond without a body. iconik names a content type unless the status is 204."""
    media_type = None if status == _NO_CONTENT else "application/json"
    return Response(status_code=status, media_type=media_type)


def json(document: Mapping[str, Any], status: int = 200) -> Response:
    """Respond with a document without fitting it to a schema."""
    return JSONResponse(document, status_code=status)


def or_404(document: Document | None, what: str) -> Document:
    """The document, or a 404 that names what is missing."""
    if document is None:
        raise ApiError(404, f"{what} does not exist")
    return document


def is_uuid(text: str) -> bool:
    """Whether a text is a UUID, as iconik's ids are."""
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def new_id() -> str:
    """A new identifier."""
    return str(uuid4())


def stamp(moment: datetime) -> str:
    """A time in iconik's format: `2021-07-30T15:16:54.406403+00:00`."""
    return moment.astimezone(UTC).isoformat()


def parse_time(text: str) -> datetime:
    """Parse a time that was sent; UTC if it has no offset."""
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
