"""A served community, over a socket: who gets in, what is refused, what is logged."""

import logging
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from sandbox.grid.community import Community
from sandbox.grid.parties import Parties, fill
from sandbox.grid.test_partner_access import OPEN, SECRETS, called
from tradinggrid import contract

from tgiconik import Retry, TradingGridClient, errors
from tgiconik.community.keys import Keys
from tgiconik.community.server.app import Limits
from tgiconik.community.server.rate import RatePerKey

from .conftest import BASE, COMPANY, OTHER, PARTNER, Served, bearer, serving

REQUEST = {"kind": "media_request", "subject": "Film", "partner_id": PARTNER}


@pytest.fixture
async def parties(served: Served) -> AsyncIterator[Parties]:
    """The served world of an operator and of a partner, with secrets of others in it."""
    async with served.client(served.operator) as ours, served.client(served.partner) as theirs:
        operator, partner = Community(ours), Community(theirs)
        issue = {"subject": "Blurred", "severity": "low", "category": "other"}
        ids: dict[str, str] = {"companyId": COMPANY, "partnerId": PARTNER, "groupId": "GRP-EMEA"}
        group = await operator.write("POST", "/groups", {"name": "INTERNAL group"})
        ids["groupId"] = group["id"]
        for by, owner in ((operator, OTHER), (partner, PARTNER)):
            subject = "INTERNAL" if owner == OTHER else "Film"
            body = {**REQUEST, "partner_id": owner, "subject": subject}
            made = await by.write("POST", "/requests", body)
            ids["requestId"] = made["id"]
            made = await by.write(
                "POST", "/issues", {**issue, "partner_id": owner, "subject": subject}
            )
            ids["issueId"] = made["id"]
        await fill(operator, partner, ids)
        yield Parties(operator, partner, ids, {})


async def test_a_partners_key_does_what_the_contract_lets_a_partner_do(parties: Parties) -> None:
    reading = [one for one in contract.operations() if one.method == "GET"]
    writing = [one for one in contract.operations() if one.method != "GET"]
    for operation in [*reading, *writing]:
        answer = await called(parties, operation, parties.own)
        if operation.id not in OPEN:
            assert answer.status_code == 403, operation.id
            continue
        allowed = answer.is_success or (
            # What was withdrawn just before may not be changed once more.
            answer.status_code in {409, 412} and operation.method != "GET"
        )
        assert allowed, (operation.id, answer.text)
        assert not [secret for secret in SECRETS if secret in answer.text], answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {},
        bearer("tgc_" + "a" * 43),
        bearer("x" * 5000),
        {"Authorization": "Basic eDp5"},
        {"Authorization": "Bearer"},
    ],
)
def test_who_has_no_key_is_told_how_to_say_who_calls(
    served: Served, headers: dict[str, str]
) -> None:
    answer = httpx.get(f"{served.url}{BASE}/requests", headers=headers)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_revoked_key_is_refused(served: Served) -> None:
    made = Keys(served.store).add_operator(COMPANY, "gone")
    url = f"{served.url}{BASE}/requests"
    assert httpx.get(url, headers=bearer(made.token)).status_code == 200
    Keys(served.store).revoke(COMPANY, made.key.id)
    assert httpx.get(url, headers=bearer(made.token)).status_code == 401


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_key_of_another_company_does_not_learn_whether_there_is_one(
    served: Served, method: str
) -> None:
    elsewhere = bearer(Keys(served.store).add_operator("GC2", "x").token)
    for headers, company in ((elsewhere, COMPANY), (served.partner, "GC2"), (elsewhere, "GC3")):
        answer = httpx.request(
            method,
            f"{served.url}/community/v1/companies/{company}/requests",
            headers=headers,
            json=REQUEST if method == "POST" else None,
        )
        assert answer.status_code == 404
        assert answer.json()["detail"] == f"there is no company {company}"


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_of_ten_megabytes_is_refused_before_it_is_read(
    served: Served, *, chunked: bool
) -> None:
    """Only the head is sent, or what is above the limit: an answer comes without the rest."""
    host, port = served.url.removeprefix("http://").split(":")
    length = "Transfer-Encoding: chunked" if chunked else "Content-Length: 10000000"
    head = (
        f"POST {BASE}/requests HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
        f"Authorization: {served.operator['Authorization']}\r\n{length}\r\n\r\n"
    )
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(head.encode())
        if chunked:
            for _ in range(17):
                connection.sendall(b"10000\r\n" + b" " * 0x10000 + b"\r\n")
        answer = connection.recv(4096)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in answer.lower()


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b'{"subject": "\\ud83d"}', 400),
        (b'{"subject": "\xed\xa0\xbd"}', 400),
        (b"[" * 100_000, 400),
        (b"nonsense", 400),
        (b'{"asset_references": [' + b'{"asset_id": "a"},' * 99_999 + b'{"asset_id": "a"}]}', 413),
    ],
    ids=[
        "half a character",
        "half a character in UTF-8",
        "nested",
        "no JSON",
        "100,000 references",
    ],
)
def test_a_body_that_is_no_good_is_refused_in_words(
    served: Served, content: bytes, status: int
) -> None:
    answer = httpx.post(
        f"{served.url}{BASE}/requests",
        content=content,
        headers={**served.partner, "Content-Type": "application/json"},
    )
    assert answer.status_code == status
    assert answer.json()["detail"]


@pytest.mark.parametrize("path", ["/requests/%ED%A0%BD", "/requests?status=%ED%A0%BD", "/%00"])
def test_half_a_character_in_a_path_or_query_is_refused(served: Served, path: str) -> None:
    answer = httpx.get(f"{served.url}{BASE}{path}", headers=served.operator)
    assert 400 <= answer.status_code < 500


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("community.test", 200),
        ("Community.Test.:443", 200),
        ("localhost:1", 200),
        ("[::1]:9", 200),
        ("evil.test", 421),
        ("", 421),
        ("community.test.evil.test", 421),
        ("10.0.0.1", 421),
    ],
)
def test_only_listed_hosts_are_answered(served: Served, host: str, status: int) -> None:
    headers = {**served.operator, "Host": host}
    assert httpx.get(f"{served.url}{BASE}/requests", headers=headers).status_code == status


def test_who_calls_too_often_is_told_when_to_go_on(tmp_path: Path) -> None:
    with serving(f"sqlite:///{tmp_path}/c.db", Limits(rate=3)) as served:
        url = f"{served.url}{BASE}/requests"
        with httpx.Client(headers=served.partner) as http:
            answers = [http.get(url) for _ in range(30)]
        refused = [one for one in answers if one.status_code == 429]
        assert answers[0].status_code == 200
        assert refused
        assert {one.headers["Retry-After"] for one in refused} == {"1"}
        assert httpx.get(url, headers=served.operator).status_code == 200


def test_a_rate_is_a_bucket_that_fills_steadily() -> None:
    now = [0.0]
    rate = RatePerKey(0.5, clock=lambda: now[0])
    assert [rate.seconds_to_wait("a"), rate.seconds_to_wait("a")] == [0, 2]
    assert rate.seconds_to_wait("b") == 0
    now[0] = 2.0
    assert [rate.seconds_to_wait("a"), rate.seconds_to_wait("a")] == [0, 2]


@pytest.mark.parametrize("wrong", [{"rate": 0}, {"rate": float("nan")}, {"body": 0}])
def test_limits_are_above_zero(wrong: dict[str, float]) -> None:
    with pytest.raises(errors.ConfigurationError):
        Limits(**wrong)  # type: ignore[arg-type]  # wrong on purpose


def test_health_needs_no_key_and_says_whether_the_database_answers(served: Served) -> None:
    answer = httpx.get(f"{served.url}/healthz", headers={"Host": "10.0.0.7:80"})
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    served.store.close()
    answer = httpx.get(f"{served.url}/healthz")
    assert (answer.status_code, answer.json()) == (503, {"status": "unavailable"})


def test_the_log_has_a_line_for_each_call_and_nothing_secret(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    token = served.operator["Authorization"].removeprefix("Bearer ")
    with caplog.at_level(logging.INFO, "tgiconik.community.access"):
        httpx.get(f"{served.url}{BASE}/requests?cursor={token}", headers=served.operator)
        httpx.get(f"{served.url}{BASE}/x%0Ay", headers=served.operator)

        def logged() -> list[str]:
            return [one.getMessage() for one in caplog.records if one.name.endswith(".access")]

        # A line is written once its answer has been sent.
        while len(lines := logged()) < 2:
            time.sleep(0.01)
    assert [line.split()[:3] for line in lines] == [
        ["GET", f"{BASE}/requests", "400"],
        ["GET", f"{BASE}/x%0Ay", "404"],
    ]
    assert lines[0].rpartition(" ")[2] == Keys(served.store).all_of(COMPANY)[0].id
    assert token not in caplog.text


async def test_a_client_with_a_key_never_sends_trading_grids_token_there(served: Served) -> None:
    key = served.operator["Authorization"].removeprefix("Bearer ")
    async with TradingGridClient(
        # Nobody is there: a call for a token would fail.
        "http://127.0.0.1:9",
        "id",
        "secret",
        COMPANY,
        community_url=served.url,
        community_key=key,
        retry=Retry(attempts=1),
    ) as grid:
        assert (await grid.community.contract()).company_id == COMPANY
        assert [one.company_id async for one in grid.community.partners.list()] == [PARTNER, OTHER]
        assert key not in repr(grid) + repr(vars(grid)) + repr(grid.community)


async def test_a_key_of_the_environment_is_masked_in_errors(served: Served) -> None:
    key = "tgc_" + "k" * 43
    environ = {
        "TRADING_GRID_URL": "http://127.0.0.1:9",
        "TRADING_GRID_CLIENT_ID": "id",
        "TRADING_GRID_CLIENT_SECRET": "secret",
        "TRADING_GRID_COMPANY_ID": COMPANY,
        "TRADING_GRID_COMMUNITY_URL": served.url,
        "TRADING_GRID_COMMUNITY_KEY": key,
    }
    async with TradingGridClient.from_env(environ=environ) as grid:
        with pytest.raises(errors.Unauthorized) as refused:
            await grid.community.requests.get(key)
    assert key not in str(refused.value)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "community_url"),
        ({"community_url": "sqlite://"}, "served community"),
        ({"community_url": "https://c.test", "key": "a\nb"}, "printable"),
        ({"community_url": "https://c.test", "key": ""}, "printable"),
    ],
)
def test_a_key_needs_a_served_community_and_can_be_sent(options: dict[str, str], said: str) -> None:
    key = options.pop("key", "tgc_sesame")
    with pytest.raises(errors.ConfigurationError, match=said) as refused:
        TradingGridClient("https://g.test", "id", "secret", COMPANY, community_key=key, **options)  # type: ignore[arg-type]  # options of one type
    assert not key or key not in str(refused.value)
