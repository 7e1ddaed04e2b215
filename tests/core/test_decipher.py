"""Every answer is what it says, or an error that says what came."""

import html
import json
import pickle
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgiconik import errors
from tgiconik._http import Answer, build
from tgiconik._http._message import (
    http_date,
    messages,
    problem,
    problem_type,
    retry_after,
    unreadable,
)

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)


def answer(status: int = 200, content: bytes = b"", **headers: str) -> Answer:
    call = build("GET", "/v1/assets/{}/", "a")
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    url = "https://iconik.test/v1/assets/a/"
    return Answer(call=call, url=url, status=status, headers=named, content=content)


def refusal(status: int, content: bytes = b"", **headers: str) -> errors.StatusError:
    found = problem(answer(status, content, **headers), at=NOW)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.BadRequest),
        (401, errors.Unauthorized),
        (402, errors.ClientError),
        (403, errors.Forbidden),
        (404, errors.NotFound),
        (409, errors.Conflict),
        (410, errors.Gone),
        (412, errors.PreconditionFailed),
        (418, errors.ClientError),
        (422, errors.Unprocessable),
        (425, errors.ClientError),
        (429, errors.TooManyRequests),
        (500, errors.ServerError),
        (501, errors.ServerError),
        (502, errors.BadGateway),
        (503, errors.ServiceUnavailable),
        (504, errors.GatewayTimeout),
        (599, errors.ServerError),
        (999, errors.ServerError),
    ],
)
def test_every_no_has_the_class_of_its_status(status: int, kind: type[errors.StatusError]) -> None:
    found = refusal(status)

    assert type(found) is kind
    assert found.status == status


@pytest.mark.parametrize("status", [200, 201, 202, 204, 206, 207, 299])
def test_only_2xx_is_a_yes(status: int) -> None:
    assert problem(answer(status), at=NOW) is None


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308, 399])
def test_a_redirect_is_no_yes_and_says_where_it_leads(status: int) -> None:
    found = refusal(status, location="https://sso.example/log-in?ticket=4711-secret#top")

    assert type(found) is errors.Redirected
    assert found.location == "https://sso.example/log-in"
    assert "A proxy or a login page answered" in str(found)
    assert str(found).endswith("It leads to https://sso.example/log-in")
    assert "4711" not in str(pickle.dumps(found)) + str(found)


@pytest.mark.parametrize("location", [None, "", "/log-in", "//u:p@evil", "ht!tp://[x", "\\\\evil"])
def test_a_redirect_may_lead_anywhere_or_nowhere(location: str | None) -> None:
    found = refusal(302) if location is None else refusal(302, location=location)

    assert "302 Found" in str(found)
    assert "u:p" not in str(found)


def test_a_redirect_that_is_promised_is_an_answer() -> None:
    call = build("GET", "/v1/sso/", accepts={302})

    assert problem(attrs.evolve(answer(302), call=call), at=NOW) is None
    assert problem(attrs.evolve(answer(303), call=call), at=NOW) is not None


@pytest.mark.parametrize("status", [100, 101, 199])
def test_what_is_neither_yes_nor_no_is_an_error(status: int) -> None:
    assert type(refusal(status)) is errors.StatusError


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"errors": ["one", "two"]}, ["one", "two"]),
        ({"errors": {"title": ["is needed"], "size": "odd"}}, ["title: is needed", "size: odd"]),
        ({"errors": None}, []),
        ({"errors": None, "message": "aloud"}, ["aloud"]),
        ({"title": "Stale", "detail": "it changed", "status": 412}, ["Stale", "it changed"]),
        ({"fault": {"faultstring": "Invalid token"}}, ["Invalid token"]),
        ({"error": "invalid_client", "error_description": "no"}, ["invalid_client", "no"]),
        ({"errors": [{"deep": [["down"]]}, 7, None]}, ["deep: down"]),
        ({"fault": "odd"}, []),
        ([], []),
        ("text", []),
        (7, []),
        (None, []),
    ],
)
def test_what_an_error_says_is_found_in_every_known_shape(body: object, said: list[str]) -> None:
    assert messages(json.dumps(body).encode()) == said


@pytest.mark.parametrize(
    "content", [b"", b"<html>Bad gateway</html>", b"\xff\xfe\x00", b"[" * 100_000, b"{", b"nul"]
)
def test_what_is_no_json_says_nothing_and_is_shown(content: bytes) -> None:
    found = refusal(502, content)

    assert found.messages == ()
    assert found.excerpt == content.decode(errors="replace")[:500]
    assert str(found).startswith("GET https://iconik.test/v1/assets/a/: 502 Bad Gateway: ")


def test_a_message_has_an_end() -> None:
    content = json.dumps({"errors": ["x" * 10_000]}).encode()

    found = refusal(400, content)
    assert len(found.messages[0]) == 500
    assert len(found.excerpt) == 500


def test_a_refusal_tells_the_request_id() -> None:
    assert refusal(500, x_request_id="r-1").request_id == "r-1"
    assert "(request id r-1)" in str(refusal(500, x_request_id="r-1"))


def test_credentials_that_a_server_repeats_are_masked() -> None:
    content = json.dumps({"errors": ["token our-secret-token is wrong"]}).encode()

    repeated = attrs.evolve(
        answer(400, content), credentials={"Auth-Token": "our-secret-token", "App-ID": "is"}
    )

    found = problem(repeated, at=NOW)

    assert found is not None
    assert "our-secret-token" not in str(found) + found.excerpt
    assert found.messages == ("token *** is wrong",)


SECRET = 'new "pass" <wörd>'


@pytest.mark.parametrize(
    "body",
    [
        {"loginPassword": SECRET},
        {"user": {"hints": [{"password_answer": [SECRET]}]}},
        {"secrets": {"anything": {"below": SECRET}}},
    ],
)
@pytest.mark.parametrize(
    "content",
    [
        SECRET.encode(),
        json.dumps({"errors": [SECRET]}).encode(),
        json.dumps({"errors": [SECRET]}, ensure_ascii=False).encode(),
        f"<p>{html.escape(SECRET)}</p>".encode(),
    ],
    ids=["plain", "JSON", "JSON in UTF-8", "HTML"],
)
def test_what_was_sent_as_a_secret_is_masked_where_a_server_repeats_it(
    body: object, content: bytes
) -> None:
    call = build("POST", "/v1/users", json=body)
    for status, kind in ((400, errors.BadRequest), (200, errors.UnreadableResponse)):
        got = attrs.evolve(answer(status, content), call=call)
        found = problem(got, at=NOW) or unreadable(got, f"not what was asked for: {SECRET!r}")

        assert type(found) is kind
        assert "pass" not in str(found) + found.excerpt


def test_what_is_no_secret_is_not_masked() -> None:
    call = build("POST", "/v1/users", json={"title": "Spring film", "count": 3, "password": None})
    got = attrs.evolve(answer(400, b"Spring film is no title"), call=call)

    assert "Spring film is no title" in str(problem(got, at=NOW))


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        (" 7 ", 7.0),
        ("0", 0.0),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90.0),
        (format_datetime(NOW - timedelta(seconds=90), usegmt=True), 0.0),
        ("-5", None),
        ("1.5", 1.5),
        ("292.05", 292.05),
        ("0.", 0.0),
        (".5", None),
        ("1e3", None),
        ("9" * 5000, None),
        ("Mon, 01 Jan 99999999999999999999 00:00:00 GMT", None),
        ("Mon, 01 Jan 2026 00:00:00 +99999999999999999999", None),
        ("Mon, 01 Jan 2026 00:00:00 +2400", None),
        ("01 Jan 0001 00:00:00 +2359", 0.0),
        ("soon", None),
        ("", None),
        ("٣", None),
        ("Mon, 99 Foo 2026 99:99:99 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": header}, at=NOW) == seconds


@pytest.mark.parametrize(("asked", "granted"), [("3600", 3600.0), ("86400", 3600.0)])
def test_a_long_retry_after_is_cut_and_said(asked: str, granted: float) -> None:
    found = refusal(429, retry_after=asked)

    assert found.retry_after == granted
    assert ("asks to wait 86400 s, of which 3600 s count" in str(found)) == (asked == "86400")


@pytest.mark.parametrize(
    ("method", "key", "says"),
    [
        ("GET", None, False),
        ("HEAD", None, False),
        ("POST", None, False),
        ("POST", "k", True),
        ("PUT", None, True),
    ],
)
def test_an_error_of_a_read_says_nothing_about_writes(
    method: str, key: str | None, *, says: bool
) -> None:
    call = build(method, "/v1/a/", headers={"Idempotency-Key": key}, repeatable=True)

    found = problem(attrs.evolve(answer(503), call=call), at=NOW)

    assert ("write" in str(found)) == says


@given(st.text())
def test_retry_after_never_fails(header: str) -> None:
    seconds = retry_after({"retry-after": header}, at=NOW)

    assert seconds is None or seconds >= 0


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("Mon, 02 Mar 2026 09:00:07 GMT", datetime(2026, 3, 2, 9, 0, 7, tzinfo=UTC)),
        ("Mon, 02 Mar 2026 11:00:07 +0200", datetime(2026, 3, 2, 9, 0, 7, tzinfo=UTC)),
        ("Mon, 02 Mar 2026 09:00:07 -0000", datetime(2026, 3, 2, 9, 0, 7, tzinfo=UTC)),
        ("Fri, 31 Dec 9999 23:59:59 -2359", None),
        ("Mon, 02 Mar 2026 09:00:00 +99999999999999", None),
        ("2026-03-02T09:00:07Z", None),
        ("", None),
    ],
)
def test_the_date_of_a_header_is_a_moment_in_utc(value: str, moment: datetime | None) -> None:
    assert http_date(value) == moment


@given(st.text())
def test_the_date_of_a_header_never_fails(value: str) -> None:
    moment = http_date(value)

    assert moment is None or moment.tzinfo is UTC


@given(st.binary())
def test_whatever_comes_is_an_error_that_can_be_read(content: bytes) -> None:
    assert str(refusal(500, content))
    assert problem_type(content) is None or isinstance(problem_type(content), str)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"type": "urn:tgiconik:problem:stale"}, "urn:tgiconik:problem:stale"),
        ({"type": "about:blank"}, None),
        ({"type": 7}, None),
        ({}, None),
        ([], None),
    ],
)
def test_a_problem_says_of_what_kind_it_is(body: Any, kind: str | None) -> None:  # noqa: ANN401 - JSON
    assert refusal(412, json.dumps(body).encode()).problem_type == kind


def test_an_empty_answer_is_none_and_json_is_parsed() -> None:
    assert answer(204, b"  ").json() is None
    assert answer(200, b'{"a": 1}').json() == {"a": 1}


@pytest.mark.parametrize("content", [b"<html>", b"{", b"\xff", b"[" * 100_000])
def test_an_answer_that_is_no_json_is_unreadable(content: bytes) -> None:
    with pytest.raises(errors.UnreadableResponse, match="not JSON") as unreadable:
        answer(200, content, content_type="text/html").json()

    assert unreadable.value.status == 200
    assert "text/html" in str(unreadable.value)
