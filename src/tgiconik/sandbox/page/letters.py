"""Opens a mail on the page, and answers it as its recipient.

What is opened is what the recipient has: the text with its links and reply token. None of that is
logged: requests of the page never are.
"""

import json
import re
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tgiconik.community import times
from tgiconik.sandbox.mails import PassedMail
from tgiconik.sandbox.state import State

#: What a letter's own page may do: nothing. It has no script, loads nothing, and its links lead
#: nowhere: the page offers its buttons.
_STERILE: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'self'; sandbox"
    ),
    "X-DNS-Prefetch-Control": "off",
}
#: Elements for which browsers connect to another host before they refuse to load from there.
_CONNECTING: Final = re.compile(r"<(?=(?:link|meta|base|i?frame|object|embed)\b)", re.IGNORECASE)
#: Characters of an answer at the most.
_LONGEST: Final = 20_000
_TYPE: Final = "application/json"


def routes(state: State, below: str, headers: dict[str, str]) -> list[Route]:
    """The routes that open and answer mails.

    Args:
        state: the sandbox.
        below: the path above them.
        headers: headers of all answers.
    """

    def mail_of(request: Request) -> PassedMail | None:
        return state.mails.get(request.path_params["number"])

    async def text(request: Request) -> Response:
        mail = mail_of(request)
        if mail is None:
            return _problem(404, "This mail is not kept any more", headers)
        return JSONResponse(_opened(mail, state), headers=headers)

    async def page(request: Request) -> Response:
        from tgiconik.community.post.mail.reading import bodies  # noqa: PLC0415

        mail = mail_of(request)
        written = "" if mail is None else bodies(mail.raw)[1]
        sterile = _CONNECTING.sub("<x-", written)
        return Response(
            f'<!doctype html><meta charset="utf-8">{sterile}',
            media_type="text/html",
            headers=headers | _STERILE,
        )

    async def answer(request: Request) -> Response:
        mail, server = mail_of(request), state.mails.server
        if mail is None:
            return _problem(404, "This mail is not kept any more", headers)
        # A page of another site can send a form, but not this type.
        if request.headers.get("Content-Type", "").partition(";")[0] != _TYPE:
            return _problem(415, f"The body must be {_TYPE}", headers)
        if server is None:
            return _problem(409, "The mail server has stopped", headers)
        keyword, words = _asked(await request.body())
        if keyword is None or words is None:
            return _problem(400, "keyword and text must be texts", headers)
        from tgiconik.sandbox.mail.user import MailUser  # noqa: PLC0415

        user = MailUser(server=server, address=mail.account)
        try:
            if keyword:
                user.press(keyword, words, letter=mail.raw)
            else:
                user.answer(words, letter=mail.raw)
        except (LookupError, ValueError, TypeError, AttributeError):
            # Whatever else a mail can be than a letter.
            return _problem(409, "This mail cannot be answered so", headers)
        return Response(status_code=204, headers=headers)

    return [
        Route(f"{below}{{number:int}}", text),
        Route(f"{below}{{number:int}}/page", page),
        Route(f"{below}{{number:int}}/answers", answer, methods=["POST"]),
    ]


def _opened(passed: PassedMail, state: State) -> dict[str, Any]:
    # What reads mails takes a while to import.
    from tgiconik.community.post.mail.reading import bodies, read  # noqa: PLC0415

    mail = read(passed.raw)
    text, page = bodies(passed.raw)
    can_answer = mail.is_letter and state.mails.server is not None
    return {
        "number": passed.number,
        "from": " ".join(filter(None, [mail.sender_name, mail.sender or passed.sender])),
        "to": passed.recipient,
        "subject": mail.subject,
        "at": times.stamp(passed.at),
        "text": text or mail.text,
        "has_page": bool(page),
        "files": list(mail.files),
        "can_answer": can_answer,
        "buttons": _buttons_of(passed) if can_answer else [],
    }


def _buttons_of(passed: PassedMail) -> list[str]:
    # A letter that can be answered came by the server, which needs this too.
    from tgiconik.sandbox.mail.user import buttons  # noqa: PLC0415

    return list(buttons(passed.raw))


def _asked(body: bytes) -> tuple[str | None, str | None]:
    """The keyword of the button, empty for an answer in words, and the words; None if invalid."""
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        return None, None
    if not isinstance(given, dict):
        return None, None
    keyword, text = given.get("keyword", ""), given.get("text", "")
    return (
        keyword if isinstance(keyword, str) else None,
        text if isinstance(text, str) and len(text) <= _LONGEST else None,
    )


def _problem(status: int, text: str, headers: dict[str, str]) -> Response:
    return JSONResponse({"problem": text}, status, headers)
