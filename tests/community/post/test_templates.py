"""Templates: complete in each language, replaced by a customer's, checked when read."""

import re
from pathlib import Path

import pytest

from tgiconik import errors
from tgiconik.community.post import PLACEHOLDERS, Action, LetterKind, Templates
from tgiconik.community.post.templates import _OWN
from tgiconik.community.post.values import one_line, whole_text
from tgiconik.tradinggrid.collaboration.values import (
    ExceptionStatus,
    IssueStatus,
    ProjectStatus,
    RequestStatus,
    TaskKind,
)


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, "utf-8")
    return folder


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_language_that_ships_is_complete(language: str) -> None:
    words = Templates.load().words(language)
    names = {path.name for path in (_OWN / language).iterdir()}

    assert names == {f"{kind}.txt" for kind in LetterKind} | {
        "page.txt", "page.html", "words.toml"
    }  # fmt: skip
    statuses = (RequestStatus, IssueStatus, ProjectStatus, ExceptionStatus)
    assert set(words.statuses) == {str(one) for kind in statuses for one in kind}
    assert set(words.actions) == {str(one) for one in Action}
    assert set(words.tasks) == {str(one) for one in TaskKind}


@pytest.mark.parametrize("kind", LetterKind)
def test_the_translations_say_the_same(kind: LetterKind) -> None:
    found = [
        set(re.findall(r"\$(\w+)", (_OWN / language / f"{kind}.txt").read_text("utf-8")))
        for language in ("en", "de")
    ]

    assert found[0] == found[1] <= PLACEHOLDERS[kind]


@pytest.mark.parametrize(
    ("tags", "language"),
    [(["de-AT"], "de"), (["fr", "de_CH", "en"], "de"), (["pl"], "en"), ([], "en"), ([""], "en")],
)
def test_the_first_language_with_a_translation_is_used(tags: list[str], language: str) -> None:
    assert Templates.load().language_of(tags) == language


def test_a_customers_template_replaces_one_of_the_package(tmp_path: Path) -> None:
    write(tmp_path, "en/comment.txt", "Subject: New: ${title}\n\nPrice $$5\n$body\n")
    templates = Templates.load(tmp_path)
    values = {"title": one_line("A < B"), "body": whole_text("x\n\n<y>")}
    ours = templates.render(LetterKind.COMMENT, "en", values, partner="P")
    theirs = templates.render(LetterKind.COMMENT, "de", values, partner="P")

    assert ours.subject == "New: A < B"
    assert ours.text[0] == "Price $5\nx\n\n<y>\n\n"
    assert "<p>Price $5<br>\nx<br>\n<br>\n&lt;y&gt;</p>" in ours.html[0]
    assert "Guten Tag" in theirs.text[0]


def test_a_customers_html_is_escaped_all_the_same(tmp_path: Path) -> None:
    write(tmp_path, "en/comment.html", '<h1 title="$title">$title</h1>\n<p>$body</p>\n')
    values = {"title": one_line('"><script>')}
    html = Templates.load(tmp_path).render(LetterKind.COMMENT, "en", values, partner="P").html[0]

    assert '<h1 title="&quot;&gt;&lt;script&gt;">&quot;&gt;&lt;script&gt;</h1>' in html
    assert "<p></p>" not in html


def test_a_customers_page_goes_around_every_letter(tmp_path: Path) -> None:
    write(tmp_path, "de/page.txt", "ACME\n\n$content\n$actions\nGruß\n")
    found = Templates.load(tmp_path).render(LetterKind.STATUS, "de", {}, partner="P")

    assert found.text[0].startswith("ACME\n\n")
    assert found.text[1] == "\nGruß\n"


def test_a_language_of_the_customers_needs_only_what_it_says_differently(tmp_path: Path) -> None:
    write(tmp_path, "pl/status.txt", "Subject: Stan: $status\n\n$note\n")
    write(tmp_path, "pl/words.toml", '[statuses]\nopen = "otwarte"\n')
    templates = Templates.load(tmp_path)

    assert templates.languages == ("de", "en", "pl")
    assert templates.language_of(["pl-PL"]) == "pl"
    assert templates.words("pl").status("open") == "otwarte"
    assert templates.words("pl").status("declined") == "declined"
    values = {"title": one_line("x")}
    assert "Comment" in templates.render(LetterKind.COMMENT, "pl", values, partner="P").subject


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("en/delivery.txt", "Subject: $titel\n\n$link\n", r"en/delivery\.txt: \$titel"),
        ("de/status.html", "<p>${link}</p>", r"de/status\.html: \$link"),
        ("en/comment.txt", "Subject: 5 $ off\n", r"en/comment\.txt: a dollar sign"),
        ("en/comment.txt", "Hello\n", r"en/comment\.txt: the first line must be Subject:"),
        ("en/page.html", "<html>$content</html>", r"en/page\.html: must have \$actions, once"),
        ("en/page.txt", "$content$content$actions", r"en/page\.txt: must have \$content, once"),
        ("en/delivry.txt", "Subject: x\n", r"en/delivry\.txt is no template"),
        ("english/delivery.txt", "Subject: x\n", r"english/delivery\.txt is no template"),
        ("en/words.toml", "[statuses]\nopne = 'x'\n", r"en/words\.toml: statuses\.opne"),
        ("en/words.toml", "[statuses\n", r"en/words\.toml: "),
        ("en/words.toml", "months = ['x']\n", r"en/words\.toml: months"),
        ("en/words.toml", "time = '$hours'\n", r"en/words\.toml: time"),
        ("en/words.toml", "what = 'x'\n", r"en/words\.toml: what"),
        ("en/words.toml", "actions = 'x'\n", r"en/words\.toml: actions"),
    ],
)
def test_a_template_that_cannot_work_is_refused_when_it_is_read(
    tmp_path: Path, name: str, text: str, said: str
) -> None:
    write(tmp_path, name, text)

    with pytest.raises(errors.ConfigurationError, match=said):
        Templates.load(tmp_path)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(errors.ConfigurationError, match="cannot be read"):
        Templates.load(tmp_path / "none")


def test_a_template_outside_of_a_language_is_refused(tmp_path: Path) -> None:
    (tmp_path / "delivery.txt").write_text("Subject: x\n", "utf-8")

    with pytest.raises(errors.ConfigurationError, match="cannot be read"):
        Templates.load(tmp_path)


def test_a_template_in_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "de").mkdir()
    (tmp_path / "de" / "status.txt").write_bytes("Subject: Größe\n".encode("latin-1"))

    with pytest.raises(errors.ConfigurationError, match="UTF-8"):
        Templates.load(tmp_path)
