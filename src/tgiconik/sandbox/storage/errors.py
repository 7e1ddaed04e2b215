"""How storages say no: Amazon, Google and Azure in XML, Backblaze in JSON."""

from collections.abc import Callable
from xml.sax.saxutils import escape

import attrs
from starlette.responses import JSONResponse, Response


class StorageError(Exception):
    """The request is answered with an error, and nothing is kept of it."""

    def __init__(self, response: Response, message: str) -> None:
        super().__init__(message)
        self.response = response


#: Made when it is needed: an exception that is raised twice keeps what it passed alive.
ErrorFactory = Callable[[], StorageError]


@attrs.frozen
class LinkErrors:
    """What a storage answers to a link that is not good.

    Attributes:
        expired: it was.
        wrong: its signature does not belong to it.
    """

    expired: ErrorFactory
    wrong: ErrorFactory


def xml(status: int, code: str, message: str) -> StorageError:
    """As Amazon, Google and Azure answer."""
    content = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    return StorageError(xml_answer(content, status=status), message)


def xml_answer(content: str, *, status: int = 200) -> Response:
    """An answer in XML."""
    return Response(
        f'<?xml version="1.0" encoding="UTF-8"?>\n{content}',
        status_code=status,
        media_type="application/xml",
    )


def b2(status: int, code: str, message: str) -> StorageError:
    """As Backblaze answers."""
    said = {"status": status, "code": code, "message": message}
    return StorageError(JSONResponse(said, status_code=status), message)
