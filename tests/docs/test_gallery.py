"""The pages of the examples: made of the files alone, with what they print when they run."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from codegen.website import gallery
from codegen.website.gallery import Example, ExampleError, Place, Shown

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
EXAMPLES = gallery.examples()
KNOWN = {"audit.md": Place("Workflows", "Audit"), "quickstart.md": Place("Start", "Quickstart")}
SCRIPT = '"""Do it.\n\n    python examples/one.py\n\nDoes it. Twice.\n\nGuide: docs/audit.md\n"""\n'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of examples, with a cache of its own."""
    examples = tmp_path / "examples"
    examples.mkdir()
    (examples / "_story.py").write_text("")
    monkeypatch.setattr(gallery, "ROOT", tmp_path)
    monkeypatch.setattr(gallery, "EXAMPLES", examples)
    monkeypatch.setattr(gallery, "HELPER", examples / "_story.py")
    monkeypatch.setattr(gallery, "CACHE", tmp_path / "cache")
    return examples


def written(folder: Path, code: str = "print(1)") -> Example:
    path = folder / "one.py"
    path.write_text(SCRIPT + code, "utf-8")
    return Example.read(path)


def test_every_file_has_an_example() -> None:
    files = [*(ROOT / "examples").glob("[!_]*.py"), *(ROOT / "examples/notebooks").glob("*.ipynb")]
    assert sorted(one.path for one in EXAMPLES) == sorted(files)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: one.path.name)
def test_an_example_is_described_and_belongs_to_a_guide(example: Example) -> None:
    assert len(example.title) <= 50
    assert example.summary.endswith(".")
    assert (DOCS / example.guide).is_file()
    assert all(str(example.path.relative_to(ROOT)) in command for command in example.commands)


def test_titles_differ() -> None:
    titles = [one.title for one in EXAMPLES]
    assert sorted(titles) == sorted(set(titles))


def test_examples_are_in_the_navigation_s_sections_of_their_guides() -> None:
    nav = yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8").split("\nnav:\n")[1])
    known = dict(gallery.places(nav))
    groups = gallery.grouped(EXAMPLES, known)
    assert sum(map(len, groups.values())) == len(EXAMPLES)
    assert [*groups] == sorted(groups, key=[one.section for one in known.values()].index)


def test_a_guide_that_is_in_no_navigation_ends_the_build(folder: Path) -> None:
    with pytest.raises(ExampleError, match=r"one\.py: audit\.md is not in the navigation"):
        gallery.grouped([written(folder)], {})


@pytest.mark.parametrize("missing", ["Guide: docs/audit.md", "Does it. Twice."])
def test_an_example_without_text_or_guide_ends_the_build(folder: Path, missing: str) -> None:
    path = folder / "one.py"
    path.write_text(SCRIPT.replace(missing, ""))
    with pytest.raises(ExampleError, match=r"one\.py: needs a title"):
        Example.read(path)


def test_a_script_is_described_by_its_docstring(folder: Path) -> None:
    example = written(folder)
    assert example == Example(
        path=folder / "one.py",
        title="Do it",
        text="Does it. Twice.",
        guide="audit.md",
        commands=("python examples/one.py",),
    )
    assert example.summary == "Does it."
    assert example.page == "examples/one.md"


def test_the_page_of_a_script_has_its_guide_code_and_output(folder: Path) -> None:
    page = gallery.script_page(written(folder), [[Shown("it is done")]], "Audit")
    assert page.startswith("# Do it\n\n[This page's code runs](../sandbox.md#")
    assert "\nGuide: [Audit](../audit.md)\n" in page
    assert f'```python title="examples/one.py"\n{SCRIPT}print(1)\n```' in page
    assert page.endswith("## Output\n\n``` { .text .output }\nit is done\n```\n")


def test_code_that_has_fences_is_within_a_longer_one(folder: Path) -> None:
    example = written(folder, 'TEXT = """\n```\n"""')
    assert "````python title" in gallery.script_page(example, [[Shown("")]], "Audit")


def test_the_helper_is_shown_where_it_is_imported(folder: Path) -> None:
    (folder / "_story.py").write_text("def tell(): ...\n")
    told = gallery.script_page(written(folder, "from _story import tell"), [[Shown("")]], "Audit")
    assert "`examples/_story.py`" in told
    assert "    def tell(): ..." in told
    assert "_story" not in gallery.script_page(written(folder), [[Shown("")]], "Audit")


def test_what_a_notebook_shows_as_html_is_put_into_its_page() -> None:
    (tour,) = (one for one in EXAMPLES if one.path.name == "tour.ipynb")
    cells = tour_cells(tour)
    output = [[Shown(f"text {n}"), Shown(f"<b>{n}</b>", is_html=True)] for n in range(cells)]
    page = gallery.notebook_page(tour, output, "Notebooks")
    assert page.startswith(f"# {tour.title}\n")
    assert page.count("``` { .text .output }\ntext ") == cells
    content = gallery.filled(page, output)
    assert f'<div class="notebook-output"><b>{cells - 1}</b></div>' in content
    assert "data-number" not in content


def tour_cells(tour: Example) -> int:
    return tour.path.read_text("utf-8").count('"cell_type": "code"')


def test_the_first_page_lists_each_example_with_its_guide(folder: Path) -> None:
    text = gallery.cards({"Workflows": [written(folder)]}, KNOWN)
    assert text.startswith("## Workflows\n")
    assert "**[Do it](one.md)**" in text
    assert "Does it.\n" in text
    assert "Script · Guide: [Audit](../audit.md)" in text


def test_pages_link_to_the_examples_that_they_name() -> None:
    text = "See `examples/one.py`, `examples/two.py` and [`examples/one.py`](there.md)."
    assert gallery.linked(text, "audit.md", {"examples/one.md"}) == (
        "See [`examples/one.py`](examples/one.md), `examples/two.py` and"
        " [`examples/one.py`](there.md)."
    )


def test_an_example_runs_once_until_it_changes(folder: Path, tmp_path: Path) -> None:
    count = "from pathlib import Path\nwith Path('runs').open('a') as file:\n    file.write('x')\n"
    environ = gallery.environment()
    for code in (count, count, count + "print('other')"):
        output = gallery.run(written(folder, code), tmp_path, environ)
    assert output == [[Shown("other")]]
    assert (tmp_path / "runs").read_text() == "xx"
    assert len([*(tmp_path / "cache").iterdir()]) == 1


def test_an_example_sees_neither_platforms_nor_the_folder_of_others(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ICONIK_AUTH_TOKEN", "somebody's")
    code = "import os, tempfile\nprint(os.environ.get('ICONIK_AUTH_TOKEN'), tempfile.gettempdir())"
    output = gallery.run(written(folder, code), tmp_path, gallery.environment())
    assert output == [[Shown("None /tmp")]]


def test_an_example_that_fails_ends_the_build_and_is_not_kept(folder: Path, tmp_path: Path) -> None:
    example = written(folder, "raise SystemExit('no such partner')")
    with pytest.raises(ExampleError, match=r"one\.py: no such partner"):
        gallery.run(example, tmp_path, gallery.environment())
    assert not (tmp_path / "cache").exists()


def test_a_notebook_shows_text_and_html_but_no_bars(tmp_path: Path) -> None:
    path = tmp_path / "one.ipynb"
    cells = [
        "print('text')\n40 + 2",
        "from IPython.display import HTML\nHTML('<b>bold</b>')",
        "import ipywidgets\nipywidgets.IntProgress()",
    ]
    code: dict[str, Any] = {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {},
        "outputs": [],
    }
    notebook = {
        "cells": [{**code, "id": f"c{n}", "source": cell} for n, cell in enumerate(cells)],
        "metadata": {},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    path.write_text(json.dumps(notebook), "utf-8")
    assert gallery.run_notebook(path) == [
        [Shown("text"), Shown("42")],
        [Shown("<b>bold</b>", is_html=True)],
        [],
    ]
