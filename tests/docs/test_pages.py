"""The pages as Markdown: all of them are in the navigation, and their code runs."""

import inspect
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from codegen.collaboration import page as contract
from codegen.collaboration.document import Document
from codegen.reference.pages import pages
from codegen.website import dependencies
from codegen.website.blocks import (
    Block,
    BlockError,
    badged,
    blocks,
    files,
    on_page_markdown,
    run,
    undefined,
)
from tgiconik import workflows
from tgiconik.sandbox import Sandbox, world

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md"))
FOUND = {page: blocks((DOCS / page).read_text("utf-8")) for page in PAGES}

#: Code that nobody runs, by page: a new block is run unless it is added here, with its reason.
NOT_RUN = {
    ("logging.md", "it would send to a collector"),
    ("automation.md", "it waits for SIGTERM"),
    ("mailbox.md", "it needs a mailbox of yours"),
    ("from-pythonik.md", "a test runs it with nsa-pythonik"),
    ("durable.md", "DBOS is not a dependency, not even of the documentation"),
    ("notebooks.md", "pandas is not needed to build these pages"),
    ("tables.md", "neither polars nor pandas nor DuckDB is needed to build these pages"),
    ("webhooks.md", "it waits for SIGTERM"),
    ("webhooks.md", "a server runs it"),
    ("testing.md", "pytest runs the code of this page"),
    ("tutorial.md", "pytest runs the code of this page"),
    ("tutorial.md", "this page has a sandbox already"),
    ("notebooks.md", "the bar would be shown to whoever builds these pages"),
}


def test_every_page_is_in_the_navigation_once() -> None:
    nav = (ROOT / "mkdocs.yml").read_text("utf-8").split("\nnav:\n")[1]
    made = [page.path for page in pages()]
    assert sorted(re.findall(r": (\S+\.md)$", nav, re.MULTILINE)) == sorted([*PAGES, *made])


def test_read_the_docs_builds_the_site_as_strictly_as_ci_does() -> None:
    settings = yaml.safe_load((ROOT / ".readthedocs.yaml").read_text("utf-8"))
    (command,) = settings["build"]["jobs"]["build"]["html"]
    assert "mkdocs build --strict" in command
    sessions = (ROOT / "noxfile.py").read_text("utf-8")
    (ours,) = re.findall(r'^ +session\.run\("mkdocs".*$', sessions, re.MULTILINE)
    # It would keep warnings from being counted.
    assert "--quiet" not in command + ours
    assert (ROOT / settings["mkdocs"]["configuration"]).is_file()
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    (installed,) = settings["python"]["install"]
    assert set(installed["extra_requirements"]) <= set(extras["optional-dependencies"])


def test_what_is_not_run_is_known() -> None:
    marked = {(page, block.why_not) for page, found in FOUND.items() for block in found}
    assert {one for one in marked if one[1] is not None} == NOT_RUN


@pytest.mark.parametrize("page", PAGES)
def test_no_python_escapes(page: str) -> None:
    text = (DOCS / page).read_text("utf-8")
    fences = re.findall(r"^[ >]*(?:```|~~~)[ {.]*py", text, re.MULTILINE)
    scripts = [name for name in files(text) if name.endswith(".py")]
    assert len(fences) == sum(not block.is_shell for block in FOUND[page]) + len(scripts)
    for name in scripts:
        assert any(block.is_shell and name in block.code for block in FOUND[page])


@pytest.mark.parametrize("page", [page for page in PAGES if FOUND[page]])
def test_code_runs_and_prints_the_same_each_time(page: str) -> None:
    shown = files((DOCS / page).read_text("utf-8"))
    first = run(page, FOUND[page], shown)
    assert run(page, FOUND[page], shown) == first


@pytest.mark.parametrize("page", [page for page in PAGES if FOUND[page]])
def test_code_uses_no_name_that_its_page_does_not_define(page: str) -> None:
    assert undefined(FOUND[page]) == []


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("print(asset_id)", ["asset_id"]),
        ("async with Sandbox() as one:\n    await one.go(asset_id)", ["Sandbox", "asset_id"]),
        ("def later():\n    return [one for one in several]", ["several"]),
        ("def inner():\n    worker = 1\n    return worker\n\nawait worker.run()", ["worker"]),
        ("class A:\n    b = 1\n    c = b\n\n    def d(self) -> E: ...", ["E"]),
        ("count = 0\n\ndef more():\n    global count\n    count += 1\n    print(count)", []),
        ("try:\n    import os\nexcept ImportError as error:\n    print(error, os)", []),
        ("print(__name__, len([x for x in range(3)]), lambda y: y)", []),
        ("print(asset)", []),
    ],
)
def test_names_are_found_that_nothing_above_a_block_defines(code: str, names: list[str]) -> None:
    first = "<!-- not run: it needs a tenant -->\n```python\nasset = 1\n```\n"
    found = blocks(f"{first}<!-- not run: it needs a tenant -->\n```python\n{code}\n```\n")
    assert undefined(found) == [(7, name) for name in names]


def test_the_names_of_a_session_are_known_where_code_runs() -> None:
    not_run = "<!-- not run: it needs a tenant -->\n```python\nprint(iconik, policy)\n```\n"
    assert [name for _, name in undefined(blocks(not_run))] == ["iconik", "policy"]
    assert undefined(blocks(f"```python\nprint(1)\n```\n{not_run}")) == []


def test_the_build_ends_at_an_undefined_name() -> None:
    page = SimpleNamespace(file=SimpleNamespace(src_uri="page.md"))
    not_run = "<!-- not run: it needs a tenant -->\n```python\n\nprint(asset_id)\n```\n"
    with pytest.raises(BlockError, match=r"page\.md, block at line 3: nothing defines 'asset_id'"):
        on_page_markdown(not_run, page=page)


@pytest.mark.parametrize(
    ("page", "target"), [("fulfill.md", "sandbox.md"), ("operations/acls.md", "../sandbox.md")]
)
def test_the_badge_stands_below_the_first_heading_alone(page: str, target: str) -> None:
    badge = f"[This page's code runs]({target}#the-code-on-these-pages){{ .badge }}"
    assert badged("# One\n\nText\n\n# Two\n", page) == f"# One\n\n{badge}\n\nText\n\n# Two\n"


def test_the_script_of_the_quickstart_runs(tmp_path: Path) -> None:
    script = tmp_path / "first.py"
    shown = files((DOCS / "quickstart.md").read_text("utf-8"))
    script.write_text(shown["first.py"], "utf-8")
    printed = subprocess.run(  # noqa: S603 - our own arguments
        [sys.executable, str(script)], cwd=tmp_path, check=True, capture_output=True, text=True
    ).stdout
    assert "GC10000401DE delivered" in printed


def test_the_quickstart_shows_a_run_in_steps_and_what_each_prints() -> None:
    text = (DOCS / "quickstart.md").read_text("utf-8")
    (steps,) = re.findall(
        r'^<div class="steps" markdown>\n(.*?)^</div>$', text, re.DOTALL | re.MULTILINE
    )
    numbers = re.findall(r"^### Step (\d): \w", steps, re.MULTILINE)
    assert numbers == [str(number) for number in range(1, len(numbers) + 1)]
    script, *printed = run("quickstart.md", FOUND["quickstart.md"], files(text))
    assert len(printed) == len(numbers) == steps.count("```python\n")
    assert "GC10000401DE delivered" in script
    asked, preview, why, done, wrote, read, again = printed
    assert asked.startswith("GC10000401DE asks: ")
    assert preview.splitlines()[-1] == "0 writes"
    assert why.count("| True") == 1
    assert done.startswith("GC10000401DE delivered until ")
    assert "share Spring launch film with GC10000401DE by link" in wrote.splitlines()
    assert done.splitlines()[1] in read
    assert again == "delivered | 0 writes"


def test_a_page_s_script_runs_on_a_sandbox_of_its_own_by_the_page_s_clock() -> None:
    page = (
        "```python\nclock.advance(days=1)\n```\n"
        '```python title="mine.py"\nfrom tgiconik.sandbox import start\n\n'
        "sandbox, grid, iconik = start()\nprint(sandbox.state.now().date())\n```\n"
        "<!-- run -->\n```shell\npython mine.py\n```\n"
    )
    assert run("page.md", blocks(page), files(page)) == ["", "2026-03-03"]


def test_no_page_says_in_words_that_its_code_runs() -> None:
    saying = re.compile(r"runs\s+as\s+it\s+stands|code\s+on\s+this\s+page\s+runs", re.IGNORECASE)
    assert [page for page in PAGES if saying.search((DOCS / page).read_text("utf-8"))] == []


def test_the_contract_s_page_is_made_of_its_document() -> None:
    document = Document.load(DOCS / contract.NAME)
    page = (DOCS / "contract.md").read_text("utf-8")
    assert page == contract.text(document), "run `python -m codegen`"


def test_the_dependency_diagrams_show_the_imports_of_the_source() -> None:
    for path, text in dependencies.texts().items():
        assert path.read_text("utf-8") == text, "run `python -m codegen`"


def test_an_arrow_that_follows_from_others_is_left_out() -> None:
    graph = {"app": {"client", "core"}, "client": {"core"}, "core": set[str]()}
    assert dependencies.reduced(graph) == {"app": {"client"}, "client": {"core"}, "core": set()}


def test_parts_that_import_each_other_have_no_diagram() -> None:
    with pytest.raises(ValueError, match="these import each other: a, b"):
        dependencies.reduced({"a": {"b"}, "b": {"a"}})


GLOSSARY = re.findall(
    r"^## (.+)\n\n((?:(?!## ).*\n)+)", (DOCS / "glossary.md").read_text("utf-8"), re.MULTILINE
)


def anchors(page: str) -> set[str]:
    """The anchors of a page: its headings, as MkDocs names them, and the names of its reference."""
    text = (DOCS / page).read_text("utf-8")
    headings = re.findall(r"^#+ (.+?)(?: \{#([\w-]+)\})?$", text, re.MULTILINE)
    slugs = {
        given or re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", title).strip().lower())
        for title, given in headings
    }
    return slugs | set(re.findall(r"^::: (\S+)$", text, re.MULTILINE))


def test_the_terms_of_the_glossary_are_sorted_and_there_once() -> None:
    terms = [term.lower() for term, _ in GLOSSARY]
    assert terms == sorted(set(terms))


@pytest.mark.parametrize(("term", "text"), GLOSSARY)
def test_a_term_of_the_glossary_links_to_its_page(term: str, text: str) -> None:
    targets = re.findall(r"\]\(([\w-]+\.md)(?:#([^)]+))?\)", text)
    assert targets, term
    for page, anchor in targets:
        assert page in PAGES, term
        assert not anchor or anchor in anchors(page), f"{term}: {page}#{anchor}"


def test_every_function_of_the_workflows_is_in_the_table() -> None:
    listed = re.findall(
        r"^\| \[`(\w+)`\]", (DOCS / "functions.md").read_text("utf-8"), re.MULTILINE
    )
    assert listed == [n for n in workflows.__all__ if inspect.isfunction(getattr(workflows, n))]


def test_diagrams_have_no_semicolons_which_mermaid_reads_as_line_ends() -> None:
    for page in PAGES:
        for diagram in re.findall(
            r"^```mermaid\n(.*?)^```$", (DOCS / page).read_text("utf-8"), re.MULTILINE | re.DOTALL
        ):
            assert ";" not in diagram, page


def test_the_page_on_search_shows_what_it_says() -> None:
    hits, counts, walk, _, values, approval, links = run("search.md", FOUND["search.md"])
    assert hits.count("Spring launch film") == 4
    assert "{'key': 'DE', 'doc_count': 5}" in counts
    assert walk.splitlines()[0] == "5 more"
    assert values.splitlines()[1:4] == ["('DE', 'AT')", "2027-03-02", "None"]
    assert "'Regions': ('DE', 'CH'), 'Languages': ('de', 'en'), 'Usages': ('social',)" in values
    assert "'LicenceEnd'" not in values
    assert approval.split() == ["NOT_APPROVED", "APPROVED"]
    assert links.splitlines()[-1] == "[]"


def test_a_block_that_raises_is_named_with_its_page_and_line() -> None:
    (block,) = blocks("# Page\n\n```python\nprint(1)\n\nraise ValueError('no')\n```\n")
    with pytest.raises(BlockError, match=r"page\.md, block at line 4: ValueError\('no'\)"):
        run("page.md", [block])


def test_a_block_may_await_and_blocks_share_their_names() -> None:
    first = "```python\nuser = await iconik.users.get_current_user()\n```\n"
    second = "```python\nprint(user.email)\n```\n"
    assert run("page.md", blocks(first + second)) == ["", "integration@brand.example"]


def test_a_marked_block_is_not_run() -> None:
    page = "<!-- not run: it needs a tenant -->\n```python\nraise ValueError\n```\n"
    (block,) = blocks(page)
    assert block == Block(
        code="raise ValueError\n", line=3, end=len(page), why_not="it needs a tenant"
    )
    assert run("page.md", [block]) == [""]


def test_commands_that_are_marked_run_with_what_they_export_and_print() -> None:
    page = (
        "<!-- run -->\n```shell\nexport FILE=partners.csv  # a comment\n"
        "python -m tgiconik.community \\\n  partners export --output $FILE\n```\n"
        "```shell\npip install nothing\n```\n"
        "```python\nfrom pathlib import Path\n"
        "print(Path('partners.csv').read_text('utf-8-sig')[:12])\n```\n"
    )
    assert run("page.md", blocks(page)) == [
        "3 partners written to partners.csv",
        '"company id"',
    ]


def test_tests_on_a_page_run_without_how_long_they_took() -> None:
    page = (
        '```python title="test_one.py"\ndef test_one():\n    assert 1\n```\n'
        "<!-- run -->\n```shell\npytest -q test_one.py\n```\n"
    )
    (printed,) = run("page.md", blocks(page), files(page))
    assert printed.splitlines()[-1] == "1 passed"


def test_only_a_proxy_is_asked_over_the_network() -> None:
    page = (
        "```python\nfrom tgiconik import IconikClient\n"
        'for proxy in (None, "http://127.0.0.1:9"):\n'
        '    settings = {**sandbox.environment(), "ICONIK_URL": "https://iconik.example"}\n'
        "    async with IconikClient.from_env(environ=settings, proxy=proxy) as media:\n"
        "        print((await media.check()).ok)\n```\n"
    )
    assert run("page.md", blocks(page)) == ["True\nFalse"]


@pytest.mark.parametrize(
    "line",
    [
        "rm -rf /",
        "pytest no.py",
        "python -m tgiconik.community partners import no.csv",
        "python no.py",
        "python ../no.py",
        "python -c print()",
    ],
)
def test_a_command_that_cannot_run_or_that_fails_ends_the_build(line: str) -> None:
    page = f"<!-- run -->\n```shell\n{line}\n```\n"
    with pytest.raises(BlockError, match=re.escape(line)):
        run("page.md", blocks(page))


def test_the_first_page_shows_what_the_quickstart_prints() -> None:
    text = (DOCS / "index.md").read_text("utf-8")
    shown = re.search(
        r"<!-- quickstart -->\n```text\n(.*?)```\n<!-- /quickstart -->", text, re.DOTALL
    )
    told = subprocess.run(
        [sys.executable, "examples/quickstart.py"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    assert shown is not None
    assert alike(shown[1]).strip() == alike(told.stdout).strip()


def alike(story: str) -> str:
    """Without what differs from run to run: the port, the share's id, dates, and so line ends."""
    for pattern in (r":\d{5}\b", r"/share/[-0-9a-f]+", r"\d{4}-\d\d-\d\d \d\d:\d\d"):
        story = re.sub(pattern, "…", story)
    return " ".join(story.split())


README = re.findall(
    r"^```python\n(.*?)^```$", (ROOT / "README.md").read_text("utf-8"), re.DOTALL | re.MULTILINE
)


def test_the_readme_s_script_runs(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text(f'metadata_view = "{world.RELEASE_VIEW}"\n')
    sandbox = Sandbox()
    with sandbox.serve():
        told = subprocess.run(  # noqa: S603 - our own README
            [sys.executable, "-c", README[0]],
            cwd=tmp_path,
            env={**os.environ, **sandbox.environment()},
            check=True,
            capture_output=True,
            text=True,
        )
    sandbox.close()
    assert told.stdout.startswith(f"{world.NORDLICHT} delivered ")


def test_the_readme_s_other_code_runs() -> None:
    for code in README[1:]:
        run("README.md", [Block(code=code, line=1, end=0, why_not=None)])
