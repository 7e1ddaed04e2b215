"""Text of others breaks neither a header nor a page, however it is written."""

import json
import unicodedata
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import SMTP
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgiconik.community.post import LetterKind, Templates, legible
from tgiconik.community.post.values import address, link, listed, one_line, whole_text

from .world import World, new_world

TEMPLATES = Templates.load()
HOSTILE = (
    "Film\r\nBcc: everybody@else.test",
    "Film\nContent-Type: text/html\n\n<b>",
    "Film\u2028Bcc: a@b.test\u2029x\u0085y",
    "abc\u202egnp.exe \u2066x\u2069 \u200b\ufeff",
    "</title><script>alert(1)</script>",
    '" onmouseover="alert(1)',
    "$title ${link} $$ %s {0} $actions $content",
    "<img src=https://tracker.test/x.png>",
    "x" * 500,
    "\x00\x1b[31mred\x7f",
)


class Page(HTMLParser):
    """The tags of a page, and the attributes of each."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}


@pytest.fixture
def world() -> Iterator[World]:
    world = new_world()
    yield world
    world.store.close()


@pytest.mark.parametrize("subject", [one for one in HOSTILE if "\x00" not in one])
def test_a_subject_of_a_partner_breaks_neither_header_nor_page(world: World, subject: str) -> None:
    body = {"kind": "media_request", "subject": subject, "partner_id": "GC-PB"}
    (letter,) = world.since(lambda: world.add("/requests", body, by="GC-PB"))

    message = EmailMessage(policy=SMTP)
    message["Subject"] = letter.subject
    message.set_content(letter.text)
    head = bytes(message).partition(b"\r\n\r\n")[0]
    names = [line.partition(b":")[0] for line in head.split(b"\r\n") if line[:1] not in b" \t"]
    assert b"Bcc" not in names
    assert names.count(b"Subject") == 1
    assert is_clean(letter.subject)
    assert len(letter.subject) <= legible.LONGEST_LINE
    page = Page(letter.html)
    assert set(page.tags) <= {"html", "head", "meta", "title", "style", "body", "main", "p", "br"}
    assert page.attributes <= {"lang", "charset", "name", "content"}


def is_clean(text: str) -> bool:
    joiners = "\u200c\u200d"
    return all(
        one in joiners or unicodedata.category(one) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}
        for one in text
    )


@given(st.text() | st.sampled_from(HOSTILE), st.integers(1, 300))
def test_any_text_becomes_one_clean_line_of_a_length(text: str, longest: int) -> None:
    shown = legible.line(text, longest)

    assert is_clean(shown)
    assert len(shown) <= longest
    assert shown == shown.strip()


@given(st.text() | st.sampled_from(HOSTILE), st.integers(1, 300))
def test_any_text_becomes_clean_lines_of_a_length(text: str, longest: int) -> None:
    shown = legible.paragraphs(text, longest)

    assert all(map(is_clean, shown.split("\n")))
    assert len(shown) <= longest


@given(st.text() | st.sampled_from(HOSTILE))
def test_no_value_in_html_has_a_tag_of_its_own(text: str) -> None:
    for value in (one_line(text), whole_text(text), listed([text]), link(text), address(text)):
        page = Page(f"<p>{value.html}</p>")
        assert set(page.tags) <= {"p", "br", "a"}
        assert page.attributes <= {"href", "rel"}
        assert "\n\n" not in value.html


@given(st.text(), st.sampled_from([*LetterKind]), st.sampled_from(["en", "de"]))
def test_no_value_is_read_as_a_template(text: str, kind: LetterKind, language: str) -> None:
    given_ = f"$partner {text} $actions"
    rendered = TEMPLATES.render(kind, language, {"title": one_line(given_)}, partner="Secret Name")

    assert rendered.text[0].count("Secret Name") == 1
    assert "$actions" in rendered.html[0]


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "https://a.test/ x", 'https://a"b\u202e']
)
def test_only_a_link_to_the_web_can_be_clicked(url: str) -> None:
    assert "<a" not in link(url).html
    assert address(url).text == ""


def test_half_a_megabyte_is_cut_and_says_so(world: World) -> None:
    body = {"kind": "media_request", "subject": "Film", "partner_id": "GC-PB"}
    made = world.add("/requests", body, by="GC-PB")["id"]
    status = {"status": "in_review", "note": "<&\u202e" * 130_000}
    path = "PUT /requests/{requests}/status"
    (letter,) = world.since(lambda: world.call(path, status, requests=made))

    assert len(letter.text) < 21_000
    assert "…" in letter.text
    assert len(letter.html) < 150_000


def test_restrictions_are_never_cut(world: World) -> None:
    restrictions = [f"No use in region {number}" for number in range(2_000)]
    made = world.add("/documents", {"title": "Spot", "restrictions": restrictions})["id"]
    path = "PUT /documents/{documents}/deliveries/{partners}"
    body = {"link": "https://iconik.test/x"}
    (letter,) = world.since(lambda: world.call(path, body, documents=made, partners="GC-PB"))

    assert all(f"- {one}\n" in letter.text for one in restrictions)


def test_a_page_loads_nothing_and_is_readable_in_light_and_dark(world: World) -> None:
    made = world.add("/documents", {"title": "Spot"})["id"]
    path = "PUT /documents/{documents}/deliveries/{partners}"
    body = {"link": "https://iconik.test/x"}
    (letter,) = world.since(lambda: world.call(path, body, documents=made, partners="GC-PB"))

    page = Page(letter.html)
    assert page.tags.count("a") == 1
    assert not {"src", "srcset", "background"} & page.attributes
    assert not {"img", "link", "script", "iframe", "object", "form"} & {*page.tags}
    assert "url(" not in letter.html
    assert "color-scheme: light dark" in letter.html
    assert "#" not in letter.html.partition("</style>")[0]


def test_a_letter_can_be_written_as_json_and_utf_8(world: World) -> None:
    body = {"kind": "media_request", "subject": "Größe 🎬", "partner_id": "GC-PA"}
    (letter,) = world.since(lambda: world.add("/requests", body, by="GC-PA"))

    assert "Größe 🎬" in letter.subject
    assert json.loads(json.dumps(letter.data)) == letter.data
