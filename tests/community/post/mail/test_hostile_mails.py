"""Whatever bytes arrive, reading them does not fail, and never takes long."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tgiconik.community.post.channel import Act
from tgiconik.community.post.mail.authentication import parse
from tgiconik.community.post.mail.html_text import text_of
from tgiconik.community.post.mail.reading import identity, read
from tgiconik.community.post.mail.reply import own_words

from .mails import PROVEN, TOKEN, Community, button, mail

NAMES = st.sampled_from([
    "From", "To", "Subject", "Message-ID", "In-Reply-To", "Content-Type", "Content-Disposition",
    "Content-Transfer-Encoding", "Auto-Submitted", "Return-Path", "Authentication-Results",
])  # fmt: skip
PIECES = st.sampled_from([
    b"mia@partner.example", b"<", b">", b"(", b")", b'"', b"\\", b",", b";", b":", b"=?utf-8?b?",
    b"?=", b"=?x?q?=ff?=", b"multipart/mixed", b"multipart/report", b"report-type=delivery-status",
    b"message/rfc822", b"; boundary=B", b"; charset=", b"\xff\xfe", b"\r\n ", b"\0", b"base64",
    b"quoted-printable", b"attachment; filename*=utf-8''%ff", b"Group:", b"text/plain", b"=",
    PROVEN.encode(), TOKEN.encode(),
])  # fmt: skip
VALUES = st.lists(st.one_of(PIECES, st.binary(max_size=4)), max_size=6).map(b" ".join)
BODIES = st.lists(
    st.one_of(
        PIECES,
        st.sampled_from([b"--B\r\n", b"--B--\r\n", b"\r\n\r\n", b"Action: failed\r\n", b"> "]),
        st.binary(max_size=20),
    ),
    max_size=12,
).map(b"".join)
MAILS = st.builds(
    lambda headers, body: (
        b"".join(name.encode() + b": " + value + b"\r\n" for name, value in headers)
        + b"\r\n"
        + body
    ),
    st.lists(st.tuples(NAMES, VALUES), max_size=8),
    BODIES,
)


@given(st.one_of(MAILS, st.binary(max_size=200)))
@example(b"")
@example(b"\r\n\r\n")
@example(b"From: " + b"(" * 50_000 + b"\r\n\r\n")
@example(b"From: " + b'"' * 9_999 + b"@x\r\n\r\n")
@example(b"Subject: " + b"=?utf-8?q?=" * 5_000 + b"\r\n\r\n")
@example(b"Content-Type: text/plain; charset=\xff\r\n\r\n\xff")
@example(b"Content-Type: text/html; charset=iso\0-8859-1\r\n\r\n\xc3")
@example(b"Content-Transfer-Encoding: base64\r\n\r\n!!!!")
@example(b"X-Tgiconik-Size: " + b"9" * 10_000 + b"\r\n\r\n")
@example(b"Content-Type: multipart/report; report-type*0*=x''%zz; report-type=y\r\n\r\n")
def test_no_mail_is_too_broken_to_be_judged(raw: bytes) -> None:
    identity(raw)
    found = read(raw)
    assert found.subject.isprintable()

    judgement = Community().judge(raw)

    # It takes luck that nobody has to guess a token, a sender and a finding.
    assert not isinstance(judgement, Act) or PROVEN.encode() in raw


def test_mails_within_mails_are_not_followed() -> None:
    deep = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (depth, depth)
        for depth in range(3_000)
    )

    assert read(b"From: mia@partner.example\r\n" + deep).sender == "mia@partner.example"


def test_a_mail_of_many_parts_is_read_in_part() -> None:
    parts = "--B\r\nContent-Disposition: attachment; filename=x\r\n\r\n\r\n" * 5_000
    raw = mail(parts, Content_Type="multipart/mixed; boundary=B")

    assert len(read(raw).files) == 50


@pytest.mark.parametrize("kind", ["text/plain", "text/html"])
def test_megabytes_of_text_are_read_in_part(kind: str) -> None:
    raw = mail("<div>\r\n" * 500_000, Content_Type=kind)

    assert len(read(raw).text) <= 256 * 1024


@given(st.text())
@example(":" * 50_000)
@example("On 1 " * 20_000 + "wrote:")
@example("On 1\n" * 20_000)
@example("_" * 50_000 + "\n" + "-" * 50_000)
def test_no_text_is_too_odd_to_find_ones_own_words_in(text: str) -> None:
    assert len(own_words(text)) <= len(text)


@given(st.text())
@example("<blockquote>" * 10_000)
@example("<" * 10_000)
@example("<!--" * 10_000)
@example("<![CDATA[" * 1_000)
@example("&#xffffffff;")
def test_no_page_is_too_broken_for_its_text(page: str) -> None:
    read(mail(page.replace("\n", "\r\n"), Content_Type="text/html; charset=utf-8"))


@given(st.lists(st.sampled_from([*'()";=\\ ', "dmarc", "pass", "header.from", "a.b", "mx"])))
def test_no_finding_is_too_broken_to_be_read(pieces: list[str]) -> None:
    parse("".join(pieces))


def test_a_page_that_hides_a_quotation_says_nothing_by_it() -> None:
    assert text_of("a<blockquote>b<blockquote>c</blockquote>d</blockquote>e") == "ae"


def test_a_keyword_in_the_text_presses_nothing() -> None:
    judgement = Community().judge(mail(f"CONFIRM REQ-1 [#{TOKEN}]"))

    assert isinstance(judgement, Act)
    assert judgement.intent.kind == "comment"
    assert isinstance(Community().judge(button("CONFIRM")), Act)


@pytest.mark.parametrize("piece", ["<a ", "<!", "<!--", "</", "<a x='", "&#1", "<![CDATA["])
def test_a_page_of_tags_that_do_not_end_takes_no_longer_than_others(piece: str) -> None:
    # With the parser alone, some of these take minutes.
    page = f"<p>Thanks</p>{piece * (200_000 // len(piece))}"

    assert text_of(page).startswith("Thanks")


def test_comments_of_a_page_are_not_part_of_its_text() -> None:
    page = "a<!-- <b>x</b> -->b<!-->c<!--[if mso]>m<![endif]-->d<p>1 < 2 <b>x</b><!-- open <p>y"

    assert text_of(page) == "abcd\n1 < 2 x"


@pytest.mark.parametrize("header", ["Content_Type", "Content_Disposition"])
@pytest.mark.parametrize("value", ["text/plain", "multipart/mixed"])
def test_a_header_of_endless_parameters_takes_no_longer_than_others(
    header: str, value: str
) -> None:
    # The library alone takes minutes.
    raw = mail("Thanks", **{header: f'{value}; name="' + "a;" * 200_000})

    assert read(raw).sender is not None
