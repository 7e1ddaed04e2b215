"""What is known to be secret is masked however a server writes it, and links keep their host."""

import html
import json
from base64 import b64encode
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgiconik import errors
from tgiconik._secrets import (
    LONGEST_TEXT,
    Mask,
    secrets_in_answer,
    secrets_in_body,
    secrets_in_headers,
    without_query,
)

SECRET = 's3cr3t <"ü"> +/='


@pytest.mark.parametrize(
    "written",
    [
        SECRET,
        json.dumps(SECRET),
        json.dumps(SECRET, ensure_ascii=False),
        html.escape(SECRET),
        quote(SECRET),
        quote(SECRET, safe=""),
        quote_plus(SECRET),
        repr(SECRET),
    ],
)
def test_a_secret_is_masked_in_every_spelling(written: str) -> None:
    masked = Mask(lambda: [SECRET])(f"it was {written}, was it?")

    assert "s3cr3t" not in masked
    assert masked.endswith(", was it?")


def test_all_that_an_error_carries_is_masked_at_once() -> None:
    error = errors.StatusError(
        method="GET",
        url=f"https://i.test/{SECRET}",
        status=500,
        messages=[SECRET],
        excerpt=SECRET,
        request_id=SECRET,
        problem_type=f"urn:problem:{SECRET}",
        mask=Mask(lambda: [SECRET]),
    )

    assert "s3cr3t" not in str(vars(error)) + str(error) + str(error.args)


def test_what_is_cut_was_masked_before() -> None:
    """Half a secret would be recognised by nobody."""
    mask = Mask(lambda: [SECRET])
    for at in range(480, 505):
        error = errors.StatusError(
            method="GET", url="u", status=500, excerpt="x" * at + SECRET, mask=mask
        )
        assert "s3c" not in error.excerpt
    long = "x" * (LONGEST_TEXT - 5) + SECRET
    assert "s3c" not in mask.told(long)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("see https://a.test/share/1?x=2.", "see https://a.test/***"),
        ("https://u:p@a.test:8/x", "https://a.test:8/***"),
        ("http://a.test and http://b.test/", "http://a.test and http://b.test/"),
        ('{"url":"s3://bucket/key"}', '{"url":"s3://bucket/***"}'),
        ("no link: /a/b?c=d", "no link: /a/b?c=d"),
    ],
)
def test_links_keep_their_host(said: str, shown: str) -> None:
    assert Mask().told(said) == shown


def test_the_secrets_of_a_body_are_found_in_every_form() -> None:
    share = "https://m.test/share/1?sig=abcdef"
    sent = json.dumps({"a": [{"auth": {"deep": "secret-1"}}], "note": f"({share})"}).encode()
    form = b"client_secret=secret-2&scope=all"
    parts = b'--b\r\nContent-Disposition: form-data; name="token"\r\n\r\nsecret-3\r\n--b--\r\n'

    assert {"secret-1", share, "abcdef"} <= set(secrets_in_body(sent))
    assert list(secrets_in_body(form)) == ["secret-2"]
    assert "secret-3" in list(secrets_in_body(parts))


def test_the_secrets_of_an_answer_are_found_in_its_beginning_however_long_it_is() -> None:
    answer = json.dumps({"upload_url": "https://s.test/up/1", "token": "secret-1"})[:-1]

    found = set(secrets_in_answer(answer.encode() + b', "rest": "' + b"x" * 10_000_000))

    assert found == {"https://s.test/up/1", "secret-1"}


def test_a_basic_header_is_known_decoded_too() -> None:
    header = f"Basic {b64encode(b'id:the secret').decode()}"

    assert "the secret" in list(secrets_in_headers({"Authorization": header}))
    assert list(secrets_in_headers({"Authorization": "Basic no base64"}))


@given(st.text(), st.text(min_size=6))
def test_masking_never_fails(text: str, secret: str) -> None:
    assert isinstance(Mask(lambda: [secret]).told(text), str)
    assert isinstance(without_query(text), str)


@given(st.binary())
def test_whatever_a_body_is_its_secrets_are_texts(content: bytes) -> None:
    assert all(isinstance(one, str) for one in secrets_in_body(content))
