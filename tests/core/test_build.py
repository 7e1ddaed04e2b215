"""Whatever a caller gives becomes exactly one request, or a clear no before anything is sent."""

import json
from datetime import UTC, date, datetime, timedelta, timezone
from urllib.parse import parse_qsl, unquote, urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgiconik._http import Secret, build
from tgiconik._http._message import literal_path
from tgiconik.errors import ConfigurationError

BASE = "https://iconik.test"
ids = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).filter(
    lambda id_: id_ not in {".", ".."}
)


@given(ids, ids)
def test_an_id_is_one_segment_and_comes_out_as_it_went_in(first: str, second: str) -> None:
    call = build("GET", "/v1/assets/{}/versions/{}/", first, second)

    url = urlsplit(call.url(BASE))
    assert url.netloc == "iconik.test"
    assert not url.query
    assert not url.fragment
    segments = url.path.split("/")
    assert segments[:3] == ["", "v1", "assets"]
    assert [unquote(segments[3]), segments[4], unquote(segments[5]), segments[6]] == [
        first,
        "versions",
        second,
        "",
    ]


@pytest.mark.parametrize(
    ("id_", "sent"),
    [
        ("../users", "..%2Fusers"),
        ("%2e%2e", "%252e%252e"),
        ("a/../b", "a%2F..%2Fb"),
        ("a?b#c", "a%3Fb%23c"),
        ("a;b=c", "a%3Bb%3Dc"),
        ("\\..\\", "%5C..%5C"),
        # What looks like a dot or a slash stays what it is: nothing here normalises.
        ("\uff0e\uff0e", "%EF%BC%8E%EF%BC%8E"),
        ("\u2024\u2024", "%E2%80%A4%E2%80%A4"),
        ("\uff0f", "%EF%BC%8F"),
        ("\u2215", "%E2%88%95"),
        ("\uff05\u0032\u0065", "%EF%BC%852e"),
        ("@evil.test", "%40evil.test"),
    ],
)
def test_an_id_that_looks_like_a_way_out_is_sent_as_an_id(id_: str, sent: str) -> None:
    assert build("GET", "/v1/assets/{}/", id_).path == f"/v1/assets/{sent}/"


@given(st.text().map(lambda text: "/" + text) | st.text())
def test_a_path_that_is_written_whole_leads_to_the_same_host(path: str) -> None:
    try:
        call = build("GET", literal_path(path))
    except ConfigurationError:
        return
    url = httpx.URL(call.url(BASE))
    assert (url.scheme, url.host, url.port) == ("https", "iconik.test", None)
    assert url.fragment == ""


@pytest.mark.parametrize(
    "path", ["", ".evil.test/", "@evil.test/", ":8443/", "https://evil.test/", "/a\r\nb", "/a#b"]
)
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(ConfigurationError, match="begins with a slash"):
        literal_path(path)


def test_a_path_may_have_a_query_and_not_two() -> None:
    assert literal_path("/x?page=2") == "/x?page=2"
    with pytest.raises(ConfigurationError, match="has a query"):
        literal_path("/x?page=2", {"per_page": 5})


@pytest.mark.parametrize("id_", ["", ".", "..", "a\r\nHost: evil", "a\x00", "a\x7f", "\x1b"])
def test_an_id_that_cannot_be_a_segment_is_refused(id_: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot be an id in a path"):
        build("GET", "/v1/assets/{}/", id_)


@given(st.dictionaries(st.text(min_size=1), st.text(st.characters(exclude_categories=["Cs"]))))
def test_query_values_come_out_as_they_went_in(query: dict[str, str]) -> None:
    call = build("GET", "/v1/assets/", query=query)

    asked = parse_qsl(urlsplit(call.url(BASE)).query, keep_blank_values=True, strict_parsing=False)
    assert dict(asked) == query


def test_query_values_are_written_as_the_platforms_read_them() -> None:
    call = build(
        "GET",
        "/v1/assets/",
        query={
            "yes": True,
            "no": False,
            "nothing": None,
            "number": 7,
            "half": 0.5,
            "time": datetime(2026, 1, 2, 3, tzinfo=timezone(timedelta(hours=1))),
            "day": date(2026, 1, 2),
            "many": ["a", "b"],
            "none": [],
        },
    )

    assert call.query == (
        ("yes", "true"),
        ("no", "false"),
        ("number", "7"),
        ("half", "0.5"),
        ("time", "2026-01-02T02:00:00Z"),
        ("day", "2026-01-02"),
        ("many", "a"),
        ("many", "b"),
    )


@pytest.mark.parametrize("value", ["a\r\nX: y", "a\n", "ü", "\x00", "a\x7f", " a", "a "])
def test_a_header_that_could_carry_another_is_refused(value: str) -> None:
    with pytest.raises(ConfigurationError, match="header If-Match"):
        build("GET", "/", headers={"If-Match": value})


@given(st.text(min_size=1))
def test_a_header_is_sent_as_it_was_given_or_not_at_all(value: str) -> None:
    try:
        call = build("GET", "/", headers={"Idempotency-Key": value})
    except ConfigurationError:
        return
    assert call.headers == {"Idempotency-Key": value}
    assert not set(value) & set("\r\n\0")


def test_headers_without_a_value_are_left_out() -> None:
    assert build("GET", "/", headers={"If-Match": None, "X": "y"}).headers == {"X": "y"}


def test_a_body_is_json_form_or_bytes() -> None:
    as_json = build("POST", "/", json={"ü": None, "at": [1.5, True]})
    as_form = build("POST", "/", form={"a": "b c", "d": "&"})
    as_bytes = build("PUT", "/", content=b"\x00", content_type="video/mp4")

    assert json.loads(as_json.content or b"") == {"ü": None, "at": [1.5, True]}
    assert as_json.headers == {"Content-Type": "application/json"}
    assert as_form.content == b"a=b+c&d=%26"
    assert as_form.headers == {"Content-Type": "application/x-www-form-urlencoded"}
    assert (as_bytes.content, as_bytes.headers) == (b"\x00", {"Content-Type": "video/mp4"})
    assert build("POST", "/", json=None).content == b"null"
    assert build("POST", "/").content is None


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800 film", {"\udfff": 1}])
def test_what_is_no_json_is_refused_before_it_is_sent(value: object) -> None:
    with pytest.raises(ConfigurationError, match="cannot be sent as JSON"):
        build("POST", "/", json=value)


def test_half_a_character_is_refused_wherever_it_stands() -> None:
    # A file name that is no UTF-8 has such characters in Python.
    with pytest.raises(ConfigurationError, match="half a character"):
        build("GET", "/{}/", "\ud800")
    with pytest.raises(ConfigurationError, match="half a character"):
        build("GET", "/", query={"a": "\ud800"})


@pytest.mark.parametrize("method", ["", "GET X", "GET\r\n", "GÉT"])
def test_a_method_is_a_word(method: str) -> None:
    with pytest.raises(ConfigurationError, match="is no method of HTTP"):
        build(method, "/")


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"])
def test_what_http_calls_idempotent_may_be_repeated(method: str) -> None:
    assert build(method, "/").repeatable


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_what_is_not_may_be_repeated_only_when_it_says_so(method: str) -> None:
    assert not build(method, "/").repeatable
    assert build(method, "/", repeatable=True).repeatable


def test_a_secret_id_is_sent_and_never_shown() -> None:
    call = build("GET", "/reset/{}/", Secret("hush-hush"), query={"token": "t-secret", "q": "x"})

    assert "hush-hush" in call.url(BASE)
    for shown in (call.shown_url(BASE), repr(call.shown), str(call.shown)):
        assert "hush-hush" not in shown
    assert call.shown_url(BASE) == f"{BASE}/reset/***/?token=***&q=x"


def test_headers_and_bodies_stay_out_of_a_calls_repr() -> None:
    call = build("POST", "/", json={"password": "hush-hush"}, headers={"Auth": "hush-hush"})

    assert "hush-hush" not in repr(call)


def test_a_call_may_name_another_origin() -> None:
    assert build("GET", "/a", base="https://other.test").url(BASE) == "https://other.test/a"


def test_times_are_shown_in_utc() -> None:
    noon = datetime(2026, 1, 2, 12, tzinfo=UTC)

    assert build("GET", "/", query={"at": noon}).url(BASE) == f"{BASE}/?at=2026-01-02T12%3A00%3A00Z"


def test_a_time_without_a_zone_is_not_written_into_a_query() -> None:
    zoneless = datetime(2026, 1, 2, 3)  # noqa: DTZ001 - what is tested
    with pytest.raises(ConfigurationError, match="since needs a time zone"):
        build("GET", "/", query={"since": zoneless})
