"""Dependencies point down, httpx stays in one package, and the package stands alone."""

import ast
import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

import tgiconik

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src"
MODULES = sorted(SOURCE.rglob("*.py"))
PACKAGES = [path for path in MODULES if path.name == "__init__.py"]

#: What each layer may know of the package, besides itself; the first that fits is a module's layer.
LAYERS = {
    "tgiconik.errors": set[str](),
    "tgiconik._tasks": set[str](),
    "tgiconik._models": {"tgiconik.errors"},
    "tgiconik._table": {"tgiconik.errors", "tgiconik._models"},
    "tgiconik.release": {"tgiconik.errors", "tgiconik._models"},
    "tgiconik._http": {"tgiconik.errors", "tgiconik._models"},
    "tgiconik.iconik": {
        "tgiconik.errors",
        "tgiconik._models",
        "tgiconik._tasks",
        "tgiconik._http",
        "tgiconik.release",
    },
    "tgiconik.tradinggrid": {"tgiconik.errors", "tgiconik._models", "tgiconik._http"},
    "tgiconik._preload": {
        "tgiconik.errors",
        "tgiconik._models",
        "tgiconik.iconik",
        "tgiconik.tradinggrid",
    },
    "tgiconik.workflows": {
        "tgiconik.errors",
        "tgiconik._models",
        "tgiconik._tasks",
        "tgiconik.release",
        "tgiconik.iconik",
        "tgiconik.tradinggrid",
    },
    "tgiconik.testing": {
        "tgiconik.errors",
        "tgiconik.iconik",
        "tgiconik.tradinggrid",
        "tgiconik.sandbox",
    },
}


def name_of(path: Path) -> str:
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            assert node.module is not None
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                is_module = (SOURCE / whole.replace(".", "/")).with_suffix(".py").exists()
                is_package = (SOURCE / whole.replace(".", "/")).is_dir()
                yield whole if is_module or is_package else node.module


def within(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def layer_of(module: str) -> str | None:
    return next((layer for layer in LAYERS if within(module, layer)), None)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_dependencies_point_down(path: Path) -> None:
    layer = layer_of(name_of(path))
    if layer is None:
        # The root re-exports, and the sandbox knows everything.
        assert name_of(path) == "tgiconik" or within(name_of(path), "tgiconik.sandbox")
        return
    allowed = {"tgiconik", layer, *LAYERS[layer]}

    for imported in imports(path):
        if within(imported, "tgiconik"):
            known = imported in allowed or layer_of(imported) in allowed
            assert known, f"{name_of(path)} imports {imported}"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_only_the_http_core_knows_httpx(path: Path) -> None:
    if not within(name_of(path), "tgiconik._http"):
        assert [module for module in imports(path) if within(module, "httpx")] == []


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_only_the_sandbox_knows_the_sandbox_and_what_it_is_made_of(path: Path) -> None:
    if not within(name_of(path), "tgiconik.sandbox"):
        for module in imports(path):
            if (name_of(path), module) == ("tgiconik.testing", "tgiconik.sandbox"):
                # For others' tests, and only when a fixture is used: see below.
                continue
            for theirs in ("tgiconik.sandbox", "starlette", "uvicorn", "sqlite3"):
                assert not within(module, theirs), f"{name_of(path)} imports {module}"


@pytest.mark.parametrize("module", ["tgiconik.release", "tgiconik._models", "tgiconik.errors"])
def test_decisions_and_models_do_no_io(module: str) -> None:
    doing = {"anyio", "asyncio", "httpx", "socket", "subprocess", "urllib.request", "sqlite3"}
    for path in MODULES:
        if within(name_of(path), module):
            assert doing.isdisjoint(imports(path)), name_of(path)


def test_nothing_but_generated_files_is_where_files_are_generated() -> None:
    for folder in ("services", "models"):
        for path in (SOURCE / "tgiconik" / "iconik" / folder).glob("*.py"):
            assert "enerated" in path.read_text("utf-8")[:400], path.name


def test_nothing_prints() -> None:
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id != "print", path


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_every_module_says_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text("utf-8")))


@pytest.mark.parametrize("path", PACKAGES, ids=name_of)
def test_every_public_name_is_there(path: Path) -> None:
    module = importlib.import_module(name_of(path))

    for name in getattr(module, "__all__", ()):
        assert getattr(module, name) is not None


def modules_after(statement: str) -> set[str]:
    command = [sys.executable, "-c", f"{statement}\nimport sys\nprint(*sys.modules)"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - ours
    return set(done.stdout.split())


def test_importing_the_package_costs_next_to_nothing() -> None:
    loaded = modules_after("import tgiconik")

    ours = {module for module in loaded if within(module, "tgiconik")}
    assert ours == {"tgiconik", "tgiconik.errors"}
    assert loaded.isdisjoint({"httpx", "attrs", "cattrs", "anyio", "starlette", "msgspec"})


def test_pytest_loads_next_to_nothing_of_ours_where_no_fixture_is_used() -> None:
    loaded = modules_after("import tgiconik.testing")

    ours = {module for module in loaded if within(module, "tgiconik")}
    assert ours == {"tgiconik", "tgiconik.errors", "tgiconik.testing"}
    heavy = {"httpx", "attrs", "cattrs", "anyio", "starlette", "uvicorn", "msgspec", "sqlite3"}
    assert loaded.isdisjoint(heavy)


def test_both_clients_load_no_service_no_model_and_no_decoder_before_they_are_used() -> None:
    loaded = modules_after(
        "from tgiconik import IconikClient, TradingGridClient\n"
        "IconikClient('https://iconik.test', 'id', 'token')\n"
        "TradingGridClient('https://grid.test', 'id', 'secret', 'company')"
    )

    assert loaded.isdisjoint({"cattrs", "msgspec", "tgiconik._models.reading"})
    below = (
        "tgiconik.iconik.services",
        "tgiconik.iconik.models",
        "tgiconik.tradinggrid.collaboration",
        "tgiconik.tradinggrid.community_management",
        "tgiconik.tradinggrid.lens",
    )
    assert not [module for module in loaded if any(within(module, one) for one in below)]


def test_the_version_is_the_one_that_is_installed() -> None:
    assert tgiconik.__version__ == version("tgiconik")


def test_importing_the_workflows_loads_no_more_services_than_they_name() -> None:
    loaded = modules_after("import tgiconik.workflows")

    assert not any(within(module, "tgiconik.sandbox") for module in loaded)
    assert "starlette" not in loaded
    assert {m for m in loaded if m.startswith("tgiconik.iconik.services.")} <= {
        f"tgiconik.iconik.services.{name}" for name in ("assets", "metadata", "search")
    }


def test_the_project_stands_alone() -> None:
    command = ["git", "ls-files", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    names = listed.stdout.split("\0") if listed.returncode == 0 else []
    outside = re.compile(r"\.\./" + "shared|/wo" + "rk/")

    for name in filter(None, names):
        path = ROOT / name
        if path.suffix not in {".bin", ".mp4"} and path.is_file():
            assert not outside.search(path.read_text("utf-8", errors="replace")), name
