"""The notebooks run from top to bottom, quietly, and are committed without any output."""

import asyncio
import os
import tempfile
from functools import cache
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[2] / "examples" / "notebooks"
#: Seconds for the kernel to come up, and for any one cell.
PATIENCE = 120

Outputs = list[nbformat.NotebookNode]


def notebook(name: str) -> nbformat.NotebookNode:
    path = FOLDER / f"{name}.ipynb"
    return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call,no-any-return]  # it has no types


@cache
def run(name: str) -> Outputs:
    """All that a notebook shows, in order, when it runs in an empty folder."""
    fresh = notebook(name)
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(
            fresh,
            timeout=PATIENCE,
            startup_timeout=PATIENCE,
            kernel_name="python3",
            resources={"metadata": {"path": folder}},
        )
        environ = os.environ | {"TMPDIR": folder, "IPYTHONDIR": f"{folder}/ipython"}
        # In a loop of its own, which is closed with all that the client leaves in it.
        asyncio.run(client.async_execute(env=environ))
        left = [path.name for path in Path(folder).iterdir() if path.name != "ipython"]
        assert left == [], "the sandbox ends with the kernel"
    return [out for cell in fresh.cells if cell.cell_type == "code" for out in cell.outputs]


def text(outputs: Outputs) -> str:
    return "\n".join(out.get("text") or out.get("data", {}).get("text/html", "") for out in outputs)


def test_there_are_no_other_notebooks() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.ipynb")) == ["audit", "launch", "tour"]


@pytest.mark.parametrize("name", ["audit", "launch", "tour"])
def test_no_output_is_committed_that_could_grow_old(name: str) -> None:
    for cell in notebook(name).cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None


@pytest.mark.parametrize("name", ["audit", "launch", "tour"])
def test_a_notebook_runs_without_a_word_on_stderr(name: str) -> None:
    outputs = run(name)

    assert [out for out in outputs if out.get("name") == "stderr"] == []
    assert [out for out in outputs if out.output_type == "error"] == []
    # A bar is a widget in a notebook, not a line.
    assert any("application/vnd.jupyter.widget-view+json" in out.get("data", {}) for out in outputs)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        (
            "tour",
            [
                "Nordlicht Handels GmbH",
                "0 things were written",
                "The approval of the version is MIXED.",
                "/share/",
                "Here is what you asked for:",
                "0 more things were written",
                "The same came of it: True",
                "declined",
                "Under embargo until",
                "sha-256",
            ],
        ),
        (
            "audit",
            [
                "Not cleared for JP.",
                "is withdrawn",
                "open_after_withdrawal",
                "<iframe",
                "access.granted",
                "as they were sealed: True",
                "was altered.",
            ],
        ),
        (
            "launch",
            [
                "The approval of the version is NOT_APPROVED.",
                "Dress the windows",
                "an answer to GC10000402US: Two stores are being rebuilt",
                "We would like the music louder.",
                "The launch is completed",
            ],
        ),
    ],
)
def test_a_notebook_tells_its_story(name: str, told: list[str]) -> None:
    shown = text(run(name))
    place = 0
    for line in told:
        assert line in shown[place:], shown
        place = shown.index(line, place)
