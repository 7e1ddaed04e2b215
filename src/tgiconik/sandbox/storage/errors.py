"""Error responses of storages: XML for Amazon, Google and Azure, JSON for Backblaze."""

from collections.abc import Callable
from xml.sax.saxutils import escape

import attrs
from starlette.responses import JSONResponse, Response


class StorageError(Exception):
    """An error response; the request has no effect."""

    def __init__(self, response: Response, message: str) -> None:
        super().__init__(message)
        self.response = response


#: Creates an error when it is needed: an exception that is raised twice keeps frames alive.
ErrorFactory = Callable[[], StorageError]


@attrs.frozen
class LinkErrors:
    """A storage's error responses to an invalid link.

    Attributes:
        expired: the link has expired.
        wrong: the signature does not match.
    """

    expired: ErrorFactory
    wrong: ErrorFactory


def xml(status: int, code: str, message: str) -> StorageError:
    """An error of Amazon, Google or Azure."""
    content = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    return StorageError(xml_answer(content, status=status), message)


def xml_answer(content: str, *, status: int = 200) -> Response:
    """A response in XML."""
    return Response(
        f'<?xml version="1.0" encoding="UTF-8"?>\n{content}',
        status_code=status,
        media_type="application/xml",
    )


def b2(status: int, code: str, message: str) -> StorageError:
    """An error of Backblaze."""
    said = {"status": status, "code": code, "message": message}
    return StorageError(JSONResponse(said, status_code=status), message)
