"""The built site: found by a search, drawn without other hosts.

`TGICONIK_SITE` names a folder with the built site; without it, it is built.
"""

import json
import os
import posixpath
import re
import subprocess
import sys
import zlib
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

import pytest

from codegen.reference.pages import pages
from codegen.website import gallery

ROOT = Path(__file__).parents[2]

#: Attributes by which a page fetches something, by element; what a person clicks is not among them.
FETCHED = {
    "script": "src",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "link": "href",
    "object": "data",
}
#: Of <link>, those that only say something.
SAID = {"canonical", "prev", "next", "edit"}
HOSTS = ("unpkg.com", "jsdelivr.net", "googleapis.com", "gstatic.com", "cdnjs.cloudflare.com")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the built site."""
    if built := os.environ.get("TGICONIK_SITE"):
        return Path(built)
    folder = tmp_path_factory.mktemp("site")
    subprocess.run(  # noqa: S603 - our own arguments
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        check=True,
    )
    return folder


@pytest.fixture(scope="module")
def sections(site: Path) -> list[dict[str, Any]]:
    """What the site's search looks through."""
    index = json.loads((site / "search" / "search_index.json").read_text("utf-8"))
    found: list[dict[str, Any]] = index["docs"]
    return found


class Fetches(HTMLParser):
    """Everything that a page fetches when it is opened."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.urls: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "link" and given.get("rel") in SAID:
            return
        url = given.get(FETCHED.get(tag, ""))
        if url is not None:
            self.urls.append(url)


def test_pages_fetch_from_their_own_host_alone(site: Path) -> None:
    pages = {path: Fetches(path.read_text("utf-8")).urls for path in site.rglob("*.html")}
    assert sum(map(len, pages.values())) > len(pages)
    assert not [(path, url) for path, urls in pages.items() for url in urls if urlsplit(url).netloc]


def test_scripts_and_styles_know_no_other_host(site: Path) -> None:
    for path in [*site.rglob("*.js"), *site.rglob("*.css"), *site.rglob("*.html")]:
        text = path.read_text("utf-8")
        assert not [host for host in HOSTS if f"//{host}" in text], path
        assert "url(http" not in text, path


def test_diagrams_are_drawn_by_what_lies_here_before_the_theme_would_fetch_it(site: Path) -> None:
    pages = [path.read_text("utf-8") for path in site.rglob("*.html")]
    drawn = [page for page in pages if '<pre class="mermaid">' in page]
    assert len(drawn) == 9
    for page in drawn:
        assert 0 < page.index("assets/mermaid.min.js") < page.index("assets/javascripts/bundle.")
    assert not [page for page in pages if "mermaid.min.js" in page and page not in drawn]


def test_outputs_stand_below_their_blocks(site: Path) -> None:
    page = (site / "fulfill" / "index.html").read_text("utf-8")
    outputs = [re.sub("<[^>]+>", "", part) for part in page.split("output highlight")[1:]]
    assert any("would write: claim REQ-1042" in output for output in outputs)


@pytest.mark.parametrize(
    "said",
    [
        "/API/assets/v1/assets/{asset_id}/versions/",
        "create_asset_version",
        "Create an asset version",
    ],
)
def test_a_search_finds_an_operation_by_path_name_and_what_it_does(
    sections: list[dict[str, Any]], said: str
) -> None:
    found = [one for one in sections if said in f"{one['title']} {one['text']}"]
    assert "operations/assets/#create_asset_version" in [one["location"] for one in found]


def test_every_operation_is_a_section_of_its_own(sections: list[dict[str, Any]]) -> None:
    found = [one for one in sections if re.match(r"operations/\w+/#", one["location"])]
    assert len(found) == 1009


def test_every_model_is_a_section_of_its_own(sections: list[dict[str, Any]]) -> None:
    found = {one["location"] for one in sections}
    assert {
        f"{page.path.removesuffix('.md')}/#{name}" for page in pages() for name in page.names
    } <= found


def test_every_link_to_a_model_leads_to_its_section(site: Path) -> None:
    wanted = [f"{page.path.removesuffix('.md')}/#{name}" for page in pages() for name in page.names]
    linked = set[str]()
    for path in site.rglob("index.html"):
        here = path.parent.relative_to(site).as_posix()
        for href in re.findall(r'href="([^":]*#[^"]+)"', path.read_text("utf-8")):
            linked.add(posixpath.normpath(f"{here}/{href.replace('#', '/#')}"))
    models = {one for one in linked if re.match(r"models/\w+/#[A-Z]", one)}
    assert models <= set(wanted)
    assert {"models/assets/#Asset", "models/collaboration/#RequestInput"} <= models


@pytest.mark.parametrize(
    ("page", "model"),
    [("operations/assets", "assets/#AssetCreateInput"), ("search", "assets/#AssetVersion")],
)
def test_types_in_signatures_are_links(site: Path, page: str, model: str) -> None:
    text = (site / page / "index.html").read_text("utf-8")
    assert f"models/{model}" in text


def test_no_model_in_a_signature_is_without_its_link(site: Path) -> None:
    unresolved = re.compile(r'<span title="(tgiconik\.iconik\.models[^"]*)"')
    for path in site.rglob("index.html"):
        assert unresolved.findall(path.read_text("utf-8")) == [], path


@pytest.mark.parametrize(
    "package",
    [
        "tgiconik",
        "tgiconik.sandbox",
        "tgiconik.tradinggrid.cartographer",
        "tgiconik.tradinggrid.collaboration",
        "tgiconik.tradinggrid.community_management",
        "tgiconik.tradinggrid.lens",
        "tgiconik.workflows",
        "tgiconik.workflows.audit",
    ],
)
def test_every_public_name_is_in_the_reference(site: Path, package: str) -> None:
    *_, packed = (site / "objects.inv").read_bytes().split(b"\n", 4)
    known = {line.split(" ")[0] for line in zlib.decompress(packed).decode().splitlines()}
    module = import_module(package)
    public = [
        name
        for name in module.__all__
        if not name.startswith("__") and not isinstance(getattr(module, name), ModuleType)
    ]
    assert [name for name in public if f"{package}.{name}" not in known] == []


def test_the_file_for_language_models_names_every_page(site: Path) -> None:
    text = (site / "llms.txt").read_text("utf-8")
    named = set(re.findall(r"\]\((?:https?://[^)]*?/)?(\S*?)/?\)", text))
    nav = (ROOT / "mkdocs.yml").read_text("utf-8").split("\nnav:\n")[1]
    pages = re.findall(r": (\S+)\.md$", nav, re.MULTILINE)
    assert {re.sub(r"/?\bindex$", "", page) or "." for page in pages} <= named
    assert {one.page.removesuffix(".md") for one in gallery.examples()} <= named


def test_every_example_has_a_page_with_its_code_and_what_it_shows(site: Path) -> None:
    for one in gallery.examples():
        page = (site / one.page.removesuffix(".md") / "index.html").read_text("utf-8")
        assert one.title in page.replace("&#39;", "'")
        assert "This page's code runs" in page
        assert "output highlight" in page, one.page
        assert 'data-number="' not in page
