"""OAuth2 client credentials for Trading Grid, with one refresh for however many callers.

Source: OpenText's repository BN-Trading-Grid. `POST /v1/oauth2/tokens` with
`grant_type=client_credentials` in the query, HTTP Basic and an empty body answers
`{"access_token": …}`, and the token lasts 10 hours.
"""

import json
import re
from collections.abc import Callable, Mapping
from copy import copy
from typing import Final

import anyio
import attrs

from tgiconik import errors
from tgiconik._http import (
    Answer,
    Hidden,
    NotPicklable,
    PerLoop,
    Secret,
    Session,
    SharedClock,
    basic,
    build,
    unreadable,
)
from tgiconik._models import DecodeError, Record
from tgiconik.tradinggrid._decode import read

#: How long a token lasts when the answer does not say.
_LIFETIME: Final = 10 * 3600.0
#: The longest that an answer is believed, a year: what is refused before is fetched anew anyway.
_LONGEST: Final = 365 * 24 * 3600
#: How long before its end a token is no longer used, so that no call is overtaken by it.
_EARLY: Final = 300.0
#: How long a refusal is taken as the answer: wrong credentials do not mend by asking again.
_REFUSAL_HOLDS: Final = 10.0


@attrs.frozen(kw_only=True)
class _TokenAnswer(Record):
    """The token endpoint's answer. `expires_in` comes as a number or as text."""

    access_token: str = attrs.field(repr=False)
    expires_in: int | None = None


@attrs.frozen
class _Token:
    """A token and the moment, on the clock of all loops, from which it is not used any more."""

    headers: Mapping[str, str] = attrs.field(repr=False)
    until: float


@attrs.frozen
class _Failure:
    """A fetch that failed, and until when it answers for the fetches that others wanted."""

    error: errors.CallError
    until: float


def _is_text(value: object) -> bool:
    return isinstance(value, str)


class ClientCredentials(NotPicklable):
    """Signs calls with a token, and fetches a new one when it is needed.

    However many calls find the token missing, ending or refused, one of them fetches and the rest
    wait for it. When that one is cancelled, the next takes over: a cancelled caller costs the rest
    some time, never their answer. When the fetch fails, all who were waiting get that error; a
    refusal of the credentials answers for 10 seconds more, so that a wrong secret is no storm.

    Args:
        client_id: the consumer key.
        client_secret: the consumer secret.
        clock: seconds, monotonic and the same in all event loops, unless a test says otherwise.

    Raises:
        ConfigurationError: id or secret is empty or not text that can be sent, or the id has a
            colon, which HTTP Basic reserves.
    """

    def __init__(
        self,
        client_id: str,
        client_secret: str,
        *,
        clock: Callable[[], float] | None = None,
    ) -> None:
        are_text = _is_text(client_id) and _is_text(client_secret)
        given = Secret(client_secret)
        # A traceback with its local variables would show it.
        del client_secret
        if not are_text:
            raise errors.ConfigurationError("client id and client secret must be text")
        self._client_id = client_id
        usable = _can_be_sent(client_id) and _can_be_sent(given) and ":" not in client_id
        if not usable:
            raise errors.ConfigurationError(
                "client id and client secret must not be empty, the id has no colon, and neither "
                "has blanks around it or half a character; was a line's end copied too?"
            )
        self._basic = Secret(basic(f"{client_id}:{given}".encode()))
        self._secrets = Hidden({"client secret": given, "basic": self._basic})
        self._clock = clock or SharedClock(anyio.current_time)
        self._turns = PerLoop(anyio.Lock)
        self._token: _Token | None = None
        self._failure: _Failure | None = None
        self._fetches = 0

    def __repr__(self) -> str:
        return f"<ClientCredentials {self._client_id}>"

    async def headers(self, session: Session) -> Mapping[str, str]:
        """The `Authorization` header of a token that is good for now.

        Args:
            session: fetches the token.

        Raises:
            Unauthorized: Trading Grid refuses the credentials.
            CallError: no token could be fetched.
        """
        fetches = self._fetches
        if (token := self._current()) is not None:
            return token.headers
        async with await self._turns.get():
            if (token := self._current()) is not None:
                return token.headers
            self._raise_known_failure(fetches)
            return (await self._fetched(session)).headers

    async def refused(self, session: Session, used: Mapping[str, str]) -> bool:  # noqa: ARG002 - the protocol's
        """Drop the token if it is still the refused one; either way another try makes sense.

        Args:
            session: fetches the token.
            used: the headers that were refused.
        """
        if self._token is not None and self._token.headers == used:
            self._token = None
        return True

    def secrets(self) -> Mapping[str, str]:
        """The client secret, as it is and as it is sent, and the token."""
        return self._secrets if self._token is None else {**self._secrets, **self._token.headers}

    def _current(self) -> _Token | None:
        token = self._token
        return token if token is not None and self._clock() < token.until else None

    def _raise_known_failure(self, fetches_before: int) -> None:
        failure = self._failure
        if failure is None:
            return
        waited_for_it = self._fetches != fetches_before
        if waited_for_it or self._clock() < failure.until:
            # A copy: one exception raised in many tasks would collect all their tracebacks.
            raise copy(failure.error) from failure.error

    async def _fetched(self, session: Session) -> _Token:
        call = build(
            "POST",
            "/v1/oauth2/tokens",
            query={"grant_type": "client_credentials"},
            headers={"Authorization": self._basic},
            repeatable=True,
            authenticated=False,
        )
        self._failure = None
        try:
            answer = await session.send(call)
            self._token = self._read(answer)
        except errors.CallError as error:
            refused = isinstance(error, errors.ClientError)
            self._failure = _Failure(error, self._clock() + (_REFUSAL_HOLDS if refused else 0.0))
            self._fetches += 1
            raise
        self._fetches += 1
        return self._token

    def _read(self, answer: Answer) -> _Token:
        # The body may hold a token, whatever it is, so no error shows any of it.
        silent = attrs.evolve(answer, content=b"")
        try:
            data = json.loads(answer.content)
        except (ValueError, RecursionError):
            raise unreadable(silent, "the token's answer is not JSON") from None
        try:
            token = read(_TokenAnswer, data, lenient=True)
            # It goes into a header, where anything else would be another header.
            if not re.fullmatch(r"[\x21-\x7e]+", token.access_token):
                raise DecodeError("access_token is not printable ASCII")  # noqa: TRY301 - told below
        except DecodeError as error:
            raise unreadable(silent, f"the answer is no token: {error}") from None
        lifetime = float(min(token.expires_in, _LONGEST)) if token.expires_in else _LIFETIME
        return _Token(
            headers=Hidden({"Authorization": f"Bearer {token.access_token}"}),
            until=self._clock() + lifetime - min(_EARLY, lifetime / 2),
        )


def _can_be_sent(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return bool(text) and text == text.strip()
