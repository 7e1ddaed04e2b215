"""CONTRIBUTING.md is complete, and the repository's top level holds what it should."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TESTS = ROOT / "tests"
GUIDE = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
#: A row of the index: the file below `tests`, and where it is used.
ROW = re.compile(r"^\| `([\w/]+\.py)` \| [^|]+ \| ([^|]+) \|$", re.MULTILINE)
TOP_LEVEL = {
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "README.md",
    "SECURITY.md",
    "benchmarks",
    "codegen",
    "docs",
    "examples",
    "mkdocs.yml",
    "noxfile.py",
    "pyproject.toml",
    "src",
    "tests",
}


def committed() -> list[str]:
    """Paths in the repository; what a source distribution holds, outside one."""
    command = ["git", "ls-files", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    return [name for name in listed.stdout.split("\0") if name] if listed.returncode == 0 else []


def test_the_index_has_every_helper_of_the_tests_once() -> None:
    helpers = sorted(
        str(path.relative_to(TESTS))
        for path in TESTS.rglob("*.py")
        if not path.name.startswith("test_") and path.name != "__init__.py"
    )
    assert sorted(name for name, _ in ROW.findall(GUIDE)) == helpers


@pytest.mark.parametrize("name", sorted(ROW.findall(GUIDE)), ids=lambda row: row[0])
def test_where_a_helper_is_used_is_there(name: tuple[str, str]) -> None:
    for folder in re.findall(r"`([\w/]+)`", name[1]):
        assert (TESTS / folder).is_dir()


def test_every_kind_of_heavy_test_is_described() -> None:
    configured = (ROOT / "pyproject.toml").read_text("utf-8")
    (markers,) = re.findall(r"^markers = \[\n(.*?)^\]", configured, re.DOTALL | re.MULTILINE)
    for marker in re.findall(r'^  "(\w+):', markers, re.MULTILINE):
        assert f"`{marker}`" in GUIDE


def test_the_top_level_holds_nothing_else() -> None:
    top = {name.partition("/")[0] for name in committed()}
    assert {name for name in top if not name.startswith(".")} <= TOP_LEVEL


def test_the_last_step_of_ci_is_the_readmes_test_command() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    (command,) = re.findall(r'^pip install -e "\.\[test\]" && pytest.*$', readme, re.MULTILINE)
    assert (ROOT / ".ci" / "run").read_text("utf-8").splitlines()[-1] == command
