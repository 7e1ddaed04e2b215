"""One request after the gate, and the two ways to answer it: a response, or a refusal."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import attrs
from starlette.datastructures import QueryParams
from starlette.responses import JSONResponse, Response

from tgiconik.sandbox.facts import Operation
from tgiconik.sandbox.iconik.index import SearchIndex
from tgiconik.sandbox.schema import Schemas
from tgiconik.sandbox.state import State
from tgiconik.sandbox.store import Document


class ApiError(Exception):
    """The request is answered with an error in iconik's shape, and nothing is kept of it."""

    def __init__(self, status: int, *messages: str) -> None:
        super().__init__(*messages)
        self.status = status
        self.messages: Sequence[str] = messages


@attrs.frozen
class ApiRequest:
    """A request that is known, authenticated and checked against the facts.

    Attributes:
        state: the sandbox.
        index: what searches read.
        schemas: the schemas of the operation's service.
        operation: the facts about it.
        ids: path parameters by name, unquoted.
        query: the query.
        body: decoded JSON, form fields, or bytes; None when there was no body.
        path: as sent, for the links of a paged list.
        user_id: the person that the credentials stand for.
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
        """The sandbox's time as iconik writes it."""
        return stamp(self.state.now())

    def flag(self, name: str) -> bool:
        """A boolean of the query; absent is false."""
        return self.query.get(name, "false").lower() == "true"

    def respond(
        self, document: Mapping[str, Any], *, status: int | None = None, keep: Sequence[str] = ()
    ) -> Response:
        """Answer with a document, in the shape that the facts give for the status.

        Args:
            document: what is known.
            status: the operation's first success when absent.
            keep: fields that iconik answers although the facts lack them.
        """
        status = next(iter(self.operation.answers)) if status is None else status
        schema = self.operation.answers.get(status)
        if schema is None:
            return Response(status_code=status)
        fitted = self.schemas.fit(schema, document)
        for name in keep:
            fitted[name] = document[name]
        return JSONResponse(fitted, status_code=status)

    def respond_empty(self) -> Response:
        """Answer without a body: 204 where the facts know it."""
        answers = self.operation.answers
        status = 204 if 204 in answers else next(iter(answers))  # noqa: PLR2004 - HTTP
        return Response(status_code=status)


def json(document: Mapping[str, Any], status: int = 200) -> Response:
    """Answer with a document as it is."""
    return JSONResponse(document, status_code=status)


def found(document: Document | None, what: str) -> Document:
    """The document, or a 404 that names what is missing."""
    if document is None:
        raise ApiError(404, f"{what} does not exist")
    return document


def new_id() -> str:
    """A fresh identifier."""
    return str(uuid4())


def stamp(moment: datetime) -> str:
    """A time as iconik answers it: `2021-07-30T15:16:54.406403+00:00`."""
    return moment.astimezone(UTC).isoformat()


def parse_time(text: str) -> datetime:
    """A time as it was sent; without a zone it is UTC."""
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
