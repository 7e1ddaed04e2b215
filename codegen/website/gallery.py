"""Makes a page for each script and notebook in `examples/`: its code, and what it prints.

An MkDocs hook. The pages follow from the files alone, so that a new example appears by itself: its
docstring, or a notebook's first cell, has the title, the text, and a last line `Guide: docs/….md`.
The guide's place in the navigation is the example's too. `<!-- examples -->` on the first page of
the section stands for the list of all. Pages that name an example's file link to its page.

Examples run while the site is built, in processes beside it. Their output is kept in
`.cache/examples` until the example or the package changes. An example that fails ends the build.

`python codegen/website/gallery.py NOTEBOOK` prints the output of a notebook as JSON. MkDocs loads
this file by its path, so it imports nothing that lies beside it.
"""

import ast
import asyncio
import hashlib
import json
import os
import posixpath
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, Self

import attrs
import nbformat
from nbclient import NotebookClient

ROOT: Final = Path(__file__).parents[2]
EXAMPLES: Final = ROOT / "examples"
CACHE: Final = ROOT / ".cache" / "examples"
SECTION: Final = "Examples"
INDEX: Final = "examples/index.md"
MARK: Final = "<!-- examples -->"
#: What several examples import.
HELPER: Final = EXAMPLES / "_story.py"

_GUIDE: Final = re.compile(r"^Guide: docs/(\S+\.md)$", re.MULTILINE)
_SENTENCE_END: Final = re.compile(r"(?<=[.!?])\s+(?=[A-Z`])")
_NAMED: Final = re.compile(r"(?<![\[`])`(examples/[\w/]+)\.(?:py|ipynb)`(?![\]`])")
_PLACE: Final = re.compile(r'<div class="notebook-output" data-number="(\d+)"></div>')
#: Settings of whoever builds the site, which examples must not see.
_FOREIGN: Final = ("ICONIK_", "TRADING_GRID_", "TGICONIK_")
#: Seconds for one example, or for one cell of a notebook.
_PATIENCE: Final = 120


class ExampleError(Exception):
    """An example is not described as it should be, or it fails; the build ends."""


@attrs.frozen
class Example:
    """A script or a notebook, by its own words.

    Attributes:
        path: the file.
        title: its first line.
        text: Markdown; the first sentence says what the example shows.
        guide: the page that it belongs to, below `docs`.
        commands: how to run it; empty for a notebook.
    """

    path: Path
    title: str
    text: str
    guide: str
    commands: tuple[str, ...] = ()

    @classmethod
    def read(cls, path: Path) -> Self:
        """An example by its docstring or its first cell.

        Raises:
            ExampleError: a part of the description is missing.
        """
        described = _first_cell(path) if path.suffix == ".ipynb" else _docstring(path)
        guide = _GUIDE.search(described)
        first, *paragraphs = _GUIDE.sub("", described).strip().split("\n\n")
        commands = [one for one in paragraphs if one.startswith("    ")]
        text = "\n\n".join(one for one in paragraphs if one not in commands)
        if guide is None or not text:
            raise ExampleError(
                f"{path.name}: needs a title, a text, and a last line `Guide: docs/….md`"
            )
        lines = [line.strip() for part in commands for line in part.splitlines()]
        title = first.removeprefix("# ").removesuffix(".")
        return cls(path, title, text, guide[1], tuple(lines))

    @property
    def page(self) -> str:
        """The path of its page below `docs`, with slashes."""
        return Path("examples", self.path.relative_to(EXAMPLES)).with_suffix(".md").as_posix()

    @property
    def summary(self) -> str:
        """What it shows, in one sentence."""
        return _SENTENCE_END.split(" ".join(self.text.split()))[0]

    @property
    def is_notebook(self) -> bool:
        """Whether it is a notebook."""
        return self.path.suffix == ".ipynb"


@attrs.frozen
class Shown:
    """A thing that an example shows.

    Attributes:
        text: what it is, or HTML.
        is_html: whether it is HTML.
    """

    text: str
    is_html: bool = False


#: What the parts of an example show: a script is one part, and so is each cell with code.
Output = Sequence[Sequence[Shown]]


@attrs.frozen
class Place:
    """A page in the navigation.

    Attributes:
        section: the title of the section that it is in.
        title: its own.
    """

    section: str
    title: str


def examples() -> list[Example]:
    """All examples, by their paths."""
    scripts = [one for one in sorted(EXAMPLES.glob("*.py")) if not one.name.startswith("_")]
    return [Example.read(path) for path in (*scripts, *sorted(EXAMPLES.glob("notebooks/*.ipynb")))]


def texts(example: Example) -> list[str]:
    """All that an example's page says in words: its title, its text, and a notebook's cells."""
    cells = _notebook(example.path)["cells"][1:] if example.is_notebook else []
    said = [cell["source"] for cell in cells if cell["cell_type"] != "code"]
    return [example.title, example.text, *said]


def places(nav: Iterable[Any], section: str = "") -> Iterator[tuple[str, Place]]:
    """Each page of a navigation as MkDocs is configured with it, in order, with its place."""
    for entry in nav:
        if isinstance(entry, Mapping):
            for title, target in entry.items():
                if isinstance(target, str):
                    yield target, Place(section, title)
                else:
                    yield from places(target, title)


def grouped(found: Iterable[Example], known: Mapping[str, Place]) -> dict[str, list[Example]]:
    """The examples by the section of their guide, in the order of the navigation.

    Raises:
        ExampleError: a guide is not in the navigation.
    """
    order = {page: number for number, page in enumerate(known)}
    for one in found:
        if one.guide not in known:
            raise ExampleError(f"{one.path.name}: {one.guide} is not in the navigation")
    groups: dict[str, list[Example]] = {}
    for one in sorted(found, key=lambda one: order[one.guide]):
        groups.setdefault(known[one.guide].section, []).append(one)
    return groups


def cards(groups: Mapping[str, Sequence[Example]], known: Mapping[str, Place]) -> str:
    """The list of all examples, as Markdown."""
    lines: list[str] = []
    for section, members in groups.items():
        lines += [f"## {section}", "", '<div class="grid cards" markdown>', ""]
        for one in members:
            own = _relative(one.page, INDEX)
            guide = f"[{known[one.guide].title}]({_relative(one.guide, INDEX)})"
            kind = "Notebook" if one.is_notebook else "Script"
            lines += [f"- **[{one.title}]({own})**", "", f"    {one.summary}", ""]
            lines += [f"    {kind} · Guide: {guide}", ""]
        lines += ["</div>", ""]
    return "\n".join(lines)


def script_page(example: Example, output: Output, guide: str) -> str:
    """The page of a script, as Markdown.

    Args:
        example: the script.
        output: what it printed.
        guide: the title of its guide.
    """
    code = example.path.read_text("utf-8")
    parts = [_head(example, guide)]
    if example.commands:
        parts.append(_fence("shell", "\n".join(example.commands)))
    parts += ["## Code", _fence(f'python title="{_named(example.path)}"', code.rstrip())]
    if f"from {HELPER.stem} import" in code:
        helper = _fence("python", HELPER.read_text("utf-8").rstrip())
        indented = "\n".join(f"    {line}".rstrip() for line in helper.splitlines())
        parts.append(f'??? note "It imports `{_named(HELPER)}`"\n\n{indented}')
    ((shown,),) = output
    parts += ["## Output", _fence("{ .text .output }", shown.text)]
    return "\n\n".join(parts) + "\n"


def notebook_page(example: Example, output: Output, guide: str) -> str:
    """The page of a notebook, as Markdown, with a place for each HTML that a cell shows.

    Args:
        example: the notebook.
        output: what its cells of code show.
        guide: the title of its guide.
    """
    _, *cells = _notebook(example.path)["cells"]
    parts = [_head(example, guide), _fence("shell", f"jupyter lab {_named(example.path)}")]
    shown_by = iter(output)
    number = 0
    for cell in cells:
        if cell["cell_type"] != "code":
            parts.append(cell["source"])
            continue
        # A block with attributes, which blocks.py leaves alone.
        parts.append(_fence("{ .python }", cell["source"]))
        for shown in next(shown_by):
            if shown.is_html:
                parts.append(f'<div class="notebook-output" data-number="{number}"></div>')
                number += 1
            else:
                parts.append(_fence("{ .text .output }", shown.text))
    return "\n\n".join(parts) + "\n"


def linked(markdown: str, page: str, known: Container[str]) -> str:
    """A page that links to the examples that it names, such as `examples/service.py`.

    Args:
        markdown: the page.
        page: its path below `docs`.
        known: the pages of examples.
    """

    def link(found: re.Match[str]) -> str:
        target = f"{found[1]}.md"
        return f"[{found[0]}]({_relative(target, page)})" if target in known else found[0]

    return _NAMED.sub(link, markdown)


def filled(content: str, output: Output) -> str:
    """A page as HTML, with what its cells show as HTML at the places for it."""
    shown = [one.text for part in output for one in part if one.is_html]
    return _PLACE.sub(
        lambda place: f'<div class="notebook-output">{shown[int(place[1])]}</div>', content
    )


def run(example: Example, folder: Path, environ: Mapping[str, str]) -> Output:
    """What an example shows, from the cache if nothing changed.

    Args:
        example: the example.
        folder: empty, for its files.
        environ: the environment of its process.

    Raises:
        ExampleError: it fails, or runs for too long.
    """
    kept = CACHE / f"{example.path.stem}{example.path.suffix}-{_digest(example)}.json"
    if kept.is_file():
        return _loaded(kept.read_text("utf-8"))
    told = _told(example, folder, environ).replace(str(folder), "/tmp")  # noqa: S108 - shown alone
    output = _loaded(told) if example.is_notebook else [[Shown(told.strip("\n"))]]
    CACHE.mkdir(parents=True, exist_ok=True)
    for old in CACHE.glob(f"{example.path.name}-*.json"):
        old.unlink(missing_ok=True)
    kept.write_text(_dumped(output), "utf-8")
    return output


def run_notebook(path: Path) -> Output:
    """Run a notebook from top to bottom, in an empty folder, and return what its cells show."""
    notebook = _notebook(path)
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(
            notebook,
            timeout=_PATIENCE,
            startup_timeout=_PATIENCE,
            kernel_name="python3",
            resources={"metadata": {"path": folder}},
        )
        environ = os.environ | {"TMPDIR": folder, "IPYTHONDIR": f"{folder}/ipython"}
        asyncio.run(client.async_execute(env=environ))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    return [[one for out in cell["outputs"] for one in _shown(out)] for cell in code]


def _shown(out: Mapping[str, Any]) -> Iterator[Shown]:
    """What a page shows of one output of a cell; bars that move are left out."""
    if out["output_type"] == "stream":
        yield Shown(out["text"].rstrip())
        return
    data = out["data"]
    if "text/html" in data:
        yield Shown(data["text/html"], is_html=True)
    elif not any("widget" in kind for kind in data):
        yield Shown(data["text/plain"])


def _told(example: Example, folder: Path, environ: Mapping[str, str]) -> str:
    try:
        return subprocess.run(  # noqa: S603 - our own files
            _command(example, folder),
            cwd=ROOT,
            env={**environ, "TMPDIR": str(folder)},
            check=True,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=_PATIENCE,
        ).stdout
    except subprocess.CalledProcessError as error:
        raise ExampleError(f"{example.path.name}: {error.stdout}{error.stderr}") from error
    except subprocess.TimeoutExpired as error:
        raise ExampleError(f"{example.path.name}: runs for over {_PATIENCE} s") from error


def _command(example: Example, folder: Path) -> list[str]:
    if example.is_notebook:
        return [sys.executable, __file__, str(example.path)]
    if shlex.split(example.commands[0])[0] != "pytest":
        return [sys.executable, str(example.path)]
    # As a project of its own, that has set no more than the example names.
    settings = folder / "pytest.ini"
    settings.write_text("[pytest]\ntgiconik_fixtures = short\n", "utf-8")
    quiet = ["--no-header", "-p", "no:cacheprovider", "--rootdir", str(EXAMPLES)]
    return [sys.executable, "-m", "pytest", "-v", "-c", str(settings), *quiet, str(example.path)]


def environment() -> dict[str, str]:
    """The environment of examples: that of the build, without what is set about platforms."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    paths = [str(ROOT / "src"), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**kept, "PYTHONPATH": os.pathsep.join(paths), "PYTHONUTF8": "1"}


def _digest(example: Example) -> str:
    """Changes with the example, with what it imports of this repository, and with this file."""
    source = sorted(path for path in (ROOT / "src").rglob("*") if path.suffix != ".pyc")
    digest = hashlib.sha256()
    for path in (example.path, HELPER, Path(__file__), *source):
        if path.is_file():
            digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:32]


def _dumped(output: Output) -> str:
    return json.dumps([[attrs.asdict(one) for one in part] for part in output])


def _loaded(text: str) -> Output:
    return [[Shown(**one) for one in part] for part in json.loads(text)]


def _docstring(path: Path) -> str:
    return ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""


def _first_cell(path: Path) -> str:
    return str(_notebook(path)["cells"][0]["source"])


def _notebook(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call,no-any-return]  # it has no types


def _head(example: Example, guide: str) -> str:
    sandbox = _relative("sandbox.md", example.page)
    badge = f"[This page's code runs]({sandbox}#the-code-on-these-pages){{ .badge }}"
    link = f"Guide: [{guide}]({_relative(example.guide, example.page)})"
    return "\n\n".join([f"# {example.title}", badge, example.text, link])


def _fence(info: str, text: str) -> str:
    longest = max(map(len, re.findall(r"^`{3,}", text, re.MULTILINE)), default=2)
    marks = "`" * (longest + 1)
    return (
        f"{marks} {info}\n{text}\n{marks}"
        if info.startswith("{")
        else f"{marks}{info}\n{text}\n{marks}"
    )


def _named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _relative(target: str, page: str) -> str:
    return posixpath.relpath(target, posixpath.dirname(page))


@attrs.define
class Build:
    """What the hooks of one build tell each other.

    Attributes:
        known: all pages of the navigation that people wrote.
        groups: the examples by section.
        folder: where examples run.
        pool: runs them beside the build.
        running: what each example shows, by its page.
    """

    known: Mapping[str, Place]
    groups: Mapping[str, Sequence[Example]]
    folder: tempfile.TemporaryDirectory[str]
    pool: ThreadPoolExecutor
    running: dict[str, "tuple[Example, Future[Output]]"] = attrs.Factory(dict)

    @classmethod
    def begin(cls, nav: Iterable[Any]) -> Self:
        """Start to run all examples, one on each core."""
        known = dict(places(nav))
        pool = ThreadPoolExecutor(os.cpu_count() or 1)
        # Made here, and not by the threads: pages that run meanwhile have chance in their hands.
        folder = tempfile.TemporaryDirectory(prefix="tgiconik-examples-")
        build = cls(known, grouped(examples(), known), folder, pool)
        environ = environment()
        for number, one in enumerate(one for group in build.groups.values() for one in group):
            own = Path(folder.name, str(number))
            own.mkdir()
            build.running[one.page] = one, pool.submit(run, one, own, environ)
        return build

    def end(self) -> None:
        """Wait for what runs, start nothing more, and remove the files."""
        self.pool.shutdown(cancel_futures=True)
        self.folder.cleanup()


_builds: list[Build] = []


def on_config(config: Any, **_: Any) -> None:  # noqa: ANN401 - MkDocs' types
    """Start to run the examples, and put their pages into the navigation."""
    build = Build.begin(config.nav)
    _builds[:] = [build]
    (section,) = (entry[SECTION] for entry in config.nav if SECTION in entry)
    for title, members in build.groups.items():
        section.append({title: [{one.title: one.page} for one in members]})


def on_files(files: Any, *, config: Any, **_: Any) -> None:  # noqa: ANN401 - MkDocs' types
    """Add the pages; their text is made when MkDocs asks for it."""
    # By the class of a file that is there: tests import this module without MkDocs.
    generated = type(files.get_file_from_path(INDEX)).generated
    for page in _builds[0].running:
        files.append(generated(config, page, content=""))


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:  # noqa: ANN401 - MkDocs' types
    """The text of an example's page, or the first page with the list of all."""
    build = _builds[0]
    name = page.file.src_uri
    if name not in build.running:
        listed = markdown.replace(MARK, cards(build.groups, build.known))
        return linked(listed, name, build.running)
    # A guide is what a search is to find first.
    page.meta["search"] = {"boost": 0.5}
    example, running = build.running[name]
    made = notebook_page if example.is_notebook else script_page
    return made(example, running.result(), build.known[example.guide].title)


def on_page_content(content: str, *, page: Any, **_: Any) -> str:  # noqa: ANN401 - MkDocs' types
    """Put what the cells of a notebook show as HTML into its page."""
    known = _builds[0].running.get(page.file.src_uri)
    return filled(content, known[1].result()) if known else content


def on_post_build(**_: Any) -> None:  # noqa: ANN401 - MkDocs' types
    """Remove the files of the examples."""
    _builds.pop().end()


def on_build_error(**_: Any) -> None:  # noqa: ANN401 - MkDocs' types
    """Stop the examples that are not begun yet."""
    if _builds:
        _builds.pop().end()


if __name__ == "__main__":
    sys.stdout.write(_dumped(run_notebook(Path(sys.argv[1]))))
