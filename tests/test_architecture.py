"""Dependencies point down, httpx stays in one package, and the package stands alone."""

import ast
import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path

import pytest

import tgiconik

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src"
MODULES = sorted(SOURCE.rglob("*.py"))
PACKAGES = [path for path in MODULES if path.name == "__init__.py"]

GENERATED = [SOURCE / "tgiconik" / "iconik" / folder for folder in ("services", "models")]
HAND_WRITTEN = [path for path in MODULES if path.parent not in GENERATED]
LONGEST_FUNCTION = 60

#: What keeps secrets out of errors: below everything.
SHOWING = {"tgiconik._frames", "tgiconik._place", "tgiconik._secrets"}
BASE = {
    "tgiconik.errors",
    "tgiconik._csv",
    "tgiconik._files",
    "tgiconik._models",
    "tgiconik._signature",
    "tgiconik._validate",
    "tgiconik.telemetry",
    *SHOWING,
}
CLIENTS = {"tgiconik.iconik", "tgiconik.tradinggrid"}
CONTRACT = "tgiconik.tradinggrid.collaboration"
#: The modules of ours that each layer may import, besides its own.
LAYERS = {
    "tgiconik._frames": set[str](),
    "tgiconik._place": set[str](),
    "tgiconik._secrets": set[str](),
    "tgiconik._environment": {"tgiconik._secrets"},
    "tgiconik.errors": {"tgiconik._secrets"},
    "tgiconik._version": set[str](),
    "tgiconik._tasks": set[str](),
    "tgiconik._token_bucket": set[str](),
    "tgiconik._console": set[str](),
    "tgiconik._files": set(),
    "tgiconik._csv": set(),
    "tgiconik._signature": {"tgiconik.errors"},
    "tgiconik._validate": {"tgiconik.errors"},
    "tgiconik._models": {"tgiconik.errors", "tgiconik._secrets", "tgiconik._validate"},
    "tgiconik._table": BASE,
    "tgiconik._report": BASE,
    "tgiconik._failures": {"tgiconik._report"},
    "tgiconik._page": {*BASE, "tgiconik._report"},
    "tgiconik.release": BASE,
    "tgiconik.telemetry": {
        "tgiconik._place",
        "tgiconik._secrets",
        "tgiconik._version",
        "tgiconik.errors",
    },
    "tgiconik.profiles": {*BASE, "tgiconik._environment"},
    "tgiconik._http": {*BASE, "tgiconik._environment", "tgiconik._version"},
    "tgiconik.iconik": {
        *BASE,
        "tgiconik._tasks",
        "tgiconik._http",
        "tgiconik.profiles",
        "tgiconik.release",
    },
    "tgiconik.tradinggrid": {*BASE, "tgiconik._http", "tgiconik.profiles"},
    "tgiconik._preload": {*BASE, *CLIENTS},
    "tgiconik.community.partner_import": {
        *BASE,
        CONTRACT,
        "tgiconik._failures",
        "tgiconik._report",
        "tgiconik._tasks",
        "tgiconik.tradinggrid.community_management",
    },
    # The commands are thin, over the clients and the community.
    "tgiconik.community.commands": {
        *BASE,
        "tgiconik._console",
        "tgiconik.community",
        "tgiconik.tradinggrid",
    },
    "tgiconik.community.__main__": {*BASE, "tgiconik.community.commands"},
    # Lens and the directory prove who sent a file.
    "tgiconik.community.post.mailbox": {*BASE, "tgiconik.community", "tgiconik.tradinggrid"},
    "tgiconik.community": {*BASE, CONTRACT, "tgiconik._token_bucket"},
    "tgiconik.partner": {*BASE, CONTRACT, "tgiconik.community", "tgiconik.tradinggrid"},
    "tgiconik.workflows": {
        *BASE,
        *CLIENTS,
        "tgiconik._page",
        "tgiconik._failures",
        "tgiconik._report",
        "tgiconik._tasks",
        "tgiconik.release",
    },
    "tgiconik.automation": {
        *BASE,
        *CLIENTS,
        "tgiconik._page",
        "tgiconik._http",
        "tgiconik._report",
        "tgiconik._token_bucket",
        "tgiconik._version",
        "tgiconik.community",
        "tgiconik.release",
        "tgiconik.workflows",
    },
    "tgiconik.testing": {"tgiconik.errors", "tgiconik._http", *CLIENTS, "tgiconik.sandbox"},
    # The sandbox serves all that is below it, the community as it is.
    "tgiconik.sandbox": {
        *BASE,
        *CLIENTS,
        "tgiconik._page",
        "tgiconik._http",
        "tgiconik._tasks",
        "tgiconik.community",
        "tgiconik.release",
        "tgiconik.workflows",
    },
    # The command line is thin, over everything.
    "tgiconik.cli": {"tgiconik"},
    "tgiconik.__main__": {"tgiconik.cli"},
}
#: What names the sandbox: fixtures and the command line; and the root, which loads it on demand.
SANDBOX_USERS = ("tgiconik.testing", "tgiconik.cli")
#: What only those import that serve or store something.
SERVERS = ("starlette", "uvicorn", "sqlite3", "psycopg")
SERVING = (
    "tgiconik.sandbox",
    "tgiconik.community",
    "tgiconik.partner",
    "tgiconik.automation",
    "tgiconik.cli",
)


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


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_dependencies_point_down(path: Path) -> None:
    name = name_of(path)
    if name == "tgiconik":  # the root exports from every layer
        return
    layer = next((layer for layer in LAYERS if within(name, layer)), None)
    assert layer is not None, f"{name} is in no layer"
    allowed = {layer, *LAYERS[layer]}

    for imported in imports(path):
        if within(imported, "tgiconik"):
            known = any(within(imported, one) for one in allowed)
            assert known, f"{name} imports {imported}"


@cache
def import_graph() -> dict[str, set[str]]:
    """The modules of ours that each of them imports; imports for type checkers alone count."""
    names = {name_of(path) for path in MODULES}
    return {name_of(path): names & {*imports(path)} - {name_of(path)} for path in MODULES}


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """The groups of modules that import each other, directly or through others."""
    reached = {module: reachable(graph, module) for module in graph}
    found = {
        tuple(sorted(other for other in reached[module] if module in reached[other]))
        for module in graph
        if module in reached[module]
    }
    return [list(circle) for circle in sorted(found)]


def reachable(graph: dict[str, set[str]], start: str) -> set[str]:
    found: set[str] = set()
    ahead = list(graph[start])
    while ahead:
        module = ahead.pop()
        if module not in found:
            found.add(module)
            ahead += graph[module]
    return found


def test_circles_are_found() -> None:
    graph = {"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"d"}}

    assert circles(graph) == [["b", "c"], ["d"]]


def top_level(module: str) -> str:
    return ".".join(module.split(".")[:2])


@pytest.mark.parametrize("package", sorted({top_level(name_of(path)) for path in MODULES}))
def test_no_modules_import_each_other_in_a_circle(package: str) -> None:
    found = circles(import_graph())

    assert [circle for circle in found if package in map(top_level, circle)] == []


def test_an_audit_record_is_understood_from_few_files() -> None:
    reached = reachable(import_graph(), "tgiconik.workflows.audit.build")

    assert len([module for module in reached if within(module, "tgiconik.workflows")]) <= 16


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_nothing_imports_the_command_line(path: Path) -> None:
    name = name_of(path)
    if name != "tgiconik.__main__" and not within(name, "tgiconik.cli"):
        assert [module for module in imports(path) if within(module, "tgiconik.cli")] == []


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_only_the_http_core_knows_httpx(path: Path) -> None:
    if not within(name_of(path), "tgiconik._http"):
        assert [module for module in imports(path) if within(module, "httpx")] == []


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_only_fixtures_and_the_command_line_know_the_sandbox(path: Path) -> None:
    name = name_of(path)
    if name == "tgiconik" or any(within(name, one) for one in ("tgiconik.sandbox", *SANDBOX_USERS)):
        return

    assert [module for module in imports(path) if within(module, "tgiconik.sandbox")] == []


def test_one_module_of_the_clients_loads_the_community_by_its_name() -> None:
    naming = {
        name_of(path)
        for path in MODULES
        if '"tgiconik.community' in path.read_text("utf-8")
        and not within(name_of(path), "tgiconik.community")
    }
    assert naming == {"tgiconik.tradinggrid.in_process"}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_only_what_serves_or_stores_imports_servers_and_databases(path: Path) -> None:
    if any(within(name_of(path), one) for one in SERVING):
        return
    for module in imports(path):
        assert not any(within(module, one) for one in SERVERS), f"{name_of(path)} imports {module}"


@pytest.mark.parametrize("module", ["tgiconik.release", "tgiconik._models", "tgiconik.errors"])
def test_decisions_and_models_do_no_io(module: str) -> None:
    doing = {"anyio", "asyncio", "httpx", "socket", "subprocess", "urllib.request", "sqlite3"}
    for path in MODULES:
        if within(name_of(path), module):
            assert doing.isdisjoint(imports(path)), name_of(path)


def test_nothing_but_generated_files_is_where_files_are_generated() -> None:
    for folder in GENERATED:
        for path in folder.glob("*.py"):
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


@pytest.mark.parametrize("path", HAND_WRITTEN, ids=name_of)
def test_functions_are_short(path: Path) -> None:
    long = [
        f"{node.name}: {lines} lines"
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := (node.end_lineno or 0) - node.lineno + 1) > LONGEST_FUNCTION
    ]

    assert long == []


@pytest.mark.parametrize("module", ["iconik", "release", "sandbox", "tradinggrid", "workflows"])
def test_modules_need_no_import_of_their_own(module: str) -> None:
    assert f"tgiconik.{module}" in modules_after(f"import tgiconik\ntgiconik.{module}")
    assert module in dir(tgiconik)


def test_errors_lists_errors_only() -> None:
    for name in dir(tgiconik.errors):
        assert issubclass(getattr(tgiconik.errors, name), tgiconik.errors.TgIconikError), name


def modules_after(statement: str) -> set[str]:
    command = [sys.executable, "-c", f"{statement}\nimport sys\nprint(*sys.modules)"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - ours
    return set(done.stdout.split())


def test_importing_the_package_costs_next_to_nothing() -> None:
    loaded = modules_after("import tgiconik")

    ours = {module for module in loaded if within(module, "tgiconik")}
    assert ours == {"tgiconik", "tgiconik._version", "tgiconik._secrets", "tgiconik.errors"}
    assert loaded.isdisjoint({"httpx", "attrs", "cattrs", "anyio", "starlette", "msgspec"})


def test_pytest_loads_next_to_nothing_of_ours_where_no_fixture_is_used() -> None:
    loaded = modules_after("import tgiconik.testing")

    ours = {module for module in loaded if within(module, "tgiconik")}
    root = {"tgiconik", "tgiconik._version", "tgiconik._secrets", "tgiconik.errors"}
    assert ours == {*root, "tgiconik.testing"}
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
        "tgiconik.tradinggrid.cartographer",
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
