"""One token for however many callers, whatever happens to them. On asyncio and trio."""

import copy
import pickle
from base64 import b64encode
from collections.abc import AsyncIterator

import anyio
import httpx
import pytest

from tgiconik import errors
from tgiconik._http import Retry, Session, build
from tgiconik.tradinggrid import ClientCredentials

TOKENS = "/v1/oauth2/tokens"
MANY = 1000


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    backend: str = request.param
    return backend


class Gateway:
    """Gives numbered tokens, and answers calls with the tokens that it still accepts."""

    def __init__(self) -> None:
        self.fetches: list[httpx.Request] = []
        self.accepts: set[str] | None = None
        self.expires_in: object = 36000
        self.refusal: httpx.Response | None = None
        self.held = anyio.Event()
        self.held.set()

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == TOKENS:
            self.fetches.append(request)
            await self.held.wait()
            return self.refusal or self._token()
        used = request.headers["Authorization"].removeprefix("Bearer ")
        await anyio.lowlevel.checkpoint()
        accepted = self.accepts is None or used in self.accepts
        return httpx.Response(200 if accepted else 401, json={"used": used})

    def _token(self) -> httpx.Response:
        body: dict[str, object] = {"access_token": f"t-{len(self.fetches)}"}
        if self.expires_in is not None:
            body["expires_in"] = self.expires_in
        return httpx.Response(200, json=body)


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def gateway() -> Gateway:
    return Gateway()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def session(gateway: Gateway, clock: Clock) -> AsyncIterator[Session]:
    async with Session(
        "https://grid.test",
        auth=ClientCredentials("key", "s3cret", clock=clock),
        retry=Retry(attempts=1),
        transport=httpx.MockTransport(gateway),
    ) as session:
        yield session


async def used(session: Session) -> str:
    answer = (await session.send(build("GET", "/x"))).json()
    token: str = answer["used"]
    return token


async def many(session: Session) -> list[str]:
    tokens: list[str] = []

    async def one() -> None:
        tokens.append(await used(session))

    async with anyio.create_task_group() as group:
        for _ in range(MANY):
            group.start_soon(one)
    return tokens


async def test_a_token_is_asked_for_as_opentext_publishes_it(
    session: Session, gateway: Gateway
) -> None:
    await used(session)
    (fetch,) = gateway.fetches
    assert fetch.method == "POST"
    assert str(fetch.url) == "https://grid.test/v1/oauth2/tokens?grant_type=client_credentials"
    assert fetch.headers["Authorization"] == f"Basic {b64encode(b'key:s3cret').decode()}"
    assert fetch.content == b""


async def test_many_calls_at_once_share_one_fetch(session: Session, gateway: Gateway) -> None:
    assert set(await many(session)) == {"t-1"}
    assert len(gateway.fetches) == 1


async def test_many_refused_calls_at_once_share_one_refresh(
    session: Session, gateway: Gateway
) -> None:
    await used(session)
    gateway.accepts = {"t-2"}
    assert set(await many(session)) == {"t-2"}
    assert len(gateway.fetches) == 2


async def test_a_second_refusal_is_the_answer(session: Session, gateway: Gateway) -> None:
    gateway.accepts = set()
    with pytest.raises(errors.Unauthorized):
        await used(session)
    assert len(gateway.fetches) == 2


@pytest.mark.parametrize(
    ("expires_in", "lasts"),
    [
        (36000, 35700),
        ("36000", 35700),
        (None, 35700),
        ("soon", 35700),
        (0, 35700),
        (60, 30),
    ],
)
async def test_a_token_is_renewed_before_it_ends(
    expires_in: object, lasts: float, session: Session, gateway: Gateway, clock: Clock
) -> None:
    gateway.expires_in = expires_in
    assert await used(session) == "t-1"
    clock.now = lasts - 1
    assert await used(session) == "t-1"
    clock.now = lasts
    assert await used(session) == "t-2"


REFUSED = httpx.Response(
    401,
    json={
        "fault": {
            "faultstring": "Invalid ApiKey",
            "detail": {"errorcode": "oauth.v2.InvalidApiKey"},
        }
    },
)


async def test_a_refused_refresh_fails_everyone_with_one_clear_error_and_one_call(
    session: Session, gateway: Gateway
) -> None:
    gateway.refusal = REFUSED
    failures: list[errors.Unauthorized] = []

    async def one() -> None:
        with pytest.raises(errors.Unauthorized, match="Invalid ApiKey") as caught:
            await used(session)
        failures.append(caught.value)

    async with anyio.create_task_group() as group:
        for _ in range(MANY):
            group.start_soon(one)
    assert len(failures) == MANY
    assert len({id(failure) for failure in failures}) == MANY
    assert len(gateway.fetches) == 1


async def test_a_refusal_answers_for_a_while_and_is_then_asked_again(
    session: Session, gateway: Gateway, clock: Clock
) -> None:
    gateway.refusal = REFUSED
    for clock.now in (0.0, 9.9):
        with pytest.raises(errors.Unauthorized):
            await used(session)
    assert len(gateway.fetches) == 1
    gateway.refusal = None
    clock.now = 10.0
    assert await used(session) == "t-2"


async def test_a_failure_that_is_no_refusal_is_asked_again_at_once(
    session: Session, gateway: Gateway
) -> None:
    gateway.refusal = httpx.Response(503)
    with pytest.raises(errors.ServiceUnavailable):
        await used(session)
    gateway.refusal = None
    assert await used(session) == "t-2"


async def test_a_cancelled_caller_does_not_take_the_others_refresh_along(
    session: Session, gateway: Gateway
) -> None:
    gateway.held = anyio.Event()
    first = anyio.CancelScope()
    tokens: list[str] = []

    async def cancelled() -> None:
        with first:
            await used(session)

    async def waiting() -> None:
        tokens.append(await used(session))

    async with anyio.create_task_group() as group:
        group.start_soon(cancelled)
        await anyio.wait_all_tasks_blocked()
        group.start_soon(waiting)
        group.start_soon(waiting)
        await anyio.wait_all_tasks_blocked()
        first.cancel()
        await anyio.wait_all_tasks_blocked()
        gateway.held.set()
    assert tokens == ["t-2", "t-2"]


@pytest.mark.parametrize(
    "answer",
    [
        {"access_token": ""},
        {"access_token": None},
        {"access_token": "two\r\nlines"},
        {"token": "leaked"},
        ["leaked"],
    ],
)
async def test_an_answer_without_a_usable_token_is_unreadable_and_shows_nothing_of_it(
    answer: object, session: Session, gateway: Gateway
) -> None:
    gateway.refusal = httpx.Response(200, json=answer)
    with pytest.raises(errors.UnreadableResponse) as caught:
        await used(session)
    assert "leaked" not in str(caught.value)
    assert caught.value.excerpt == ""


async def test_an_answer_without_a_token_says_what_it_lacks(
    session: Session, gateway: Gateway
) -> None:
    gateway.refusal = httpx.Response(200, json={})
    with pytest.raises(errors.UnreadableResponse) as caught:
        await used(session)
    assert str(caught.value).endswith("the answer is no token: access_token: missing")


async def test_html_for_a_token_is_unreadable(session: Session, gateway: Gateway) -> None:
    gateway.refusal = httpx.Response(200, html="<html>Sign in</html>")
    with pytest.raises(errors.UnreadableResponse, match="Sign in"):
        await used(session)


async def test_secrets_are_in_no_repr(session: Session, gateway: Gateway) -> None:
    await used(session)
    gateway.refusal = REFUSED
    credentials = session._auth
    shown = repr(credentials) + repr(session) + repr(vars(credentials).get("_token"))
    assert "s3cret" not in shown
    assert "t-1" not in shown


@pytest.mark.parametrize(("client_id", "secret"), [("", "s"), ("k", ""), ("k:x", "s")])
def test_credentials_that_cannot_work_are_refused_early(client_id: str, secret: str) -> None:
    with pytest.raises(errors.ConfigurationError):
        ClientCredentials(client_id, secret)


def test_a_refusal_that_is_raised_again_is_whole() -> None:
    error = errors.Unauthorized(method="POST", url="https://grid.test", status=401, messages=["no"])
    for again in (copy.copy(error), pickle.loads(pickle.dumps(error))):  # noqa: S301 - our own bytes
        assert str(again) == str(error)
