"""The dependency diagrams of the architecture page, read from the imports in the source."""

import ast
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
SOURCE: Final = ROOT / "src"
PAGE: Final = ROOT / "docs" / "architecture.md"

#: The packages that have a diagram on the page, each between two comments with its name.
DIAGRAMS: Final = ("tgiconik", "tgiconik.workflows")

Graph = Mapping[str, AbstractSet[str]]


def texts() -> dict[Path, str]:
    """The page with its diagrams as the source is now."""
    page = PAGE.read_text("utf-8")
    for package in DIAGRAMS:
        page = _replaced(page, package, diagram(reduced(graph(package))))
    return {PAGE: page}


def graph(package: str) -> dict[str, set[str]]:
    """The parts of a package that each of its parts imports.

    A part is a subpackage or a module. The modules of `tgiconik.workflows` itself are its use cases
    and count as one part; the root of `tgiconik` only exports names and is left out.
    """
    paths = {_module(path): path for path in sorted((SOURCE / _folder(package)).rglob("*.py"))}
    found: dict[str, set[str]] = {}
    for module, path in paths.items():
        importer = _part(module, package)
        if importer is None:
            continue
        imported = (_part(name, package) for name in _imports(path) if name in paths)
        found.setdefault(importer, set()).update(one for one in imported if one is not None)
        found[importer].discard(importer)
    return found


def reduced(whole: Graph) -> dict[str, set[str]]:
    """A graph without the arrows that follow from others.

    Raises:
        ValueError: parts import each other in a circle.
    """
    reached = {part: _reached(whole, part) for part in whole}
    if circular := [part for part in whole if part in reached[part]]:
        raise ValueError(f"these import each other: {', '.join(sorted(circular))}")
    return {
        part: {one for one in below if not any(one in reached[other] for other in below)}
        for part, below in whole.items()
    }


def diagram(arrows: Graph) -> str:
    """A graph in Mermaid's notation."""
    nodes = sorted({*arrows, *(one for below in arrows.values() for one in below)})
    lines = ["```mermaid", "flowchart TD"]
    lines += [f'    {_id(part)}["{part}"]' for part in nodes]
    lines += [f"    {_id(a)} --> {_id(b)}" for a in sorted(arrows) for b in sorted(arrows[a])]
    return "\n".join([*lines, "```"])


def _reached(whole: Graph, start: str) -> set[str]:
    found: set[str] = set()
    ahead = list(whole[start])
    while ahead:
        part = ahead.pop()
        if part not in found:
            found.add(part)
            ahead += whole.get(part, ())
    return found


def _imports(path: Path) -> Iterator[str]:
    """The modules that a file may import: of `from a import b`, both `a.b` and `a`."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def _part(module: str, package: str) -> str | None:
    """The part of a package that a module belongs to; None for the package's own root."""
    first = module.removeprefix(package).strip(".").partition(".")[0]
    is_use_case = (
        package == "tgiconik.workflows" and not (SOURCE / _folder(package) / first).is_dir()
    )
    return "use cases" if is_use_case else first or None


def _module(path: Path) -> str:
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _folder(package: str) -> str:
    return package.replace(".", "/")


def _id(part: str) -> str:
    return f"n_{part.replace(' ', '_')}"


def _replaced(page: str, package: str, content: str) -> str:
    before, begin, rest = page.partition(f"<!-- imports of {package} -->\n")
    _, end, after = rest.partition("\n<!-- /imports -->")
    return f"{before}{begin}{content}{end}{after}"
