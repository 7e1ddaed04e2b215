"""`python -m codegen`: everything that is generated, from the facts, in one go."""

import argparse
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from codegen import blob, contract, emit, facts, lock, table
from codegen.build import Built, build, summary

ROOT: Final = facts.HERE.parent
PACKAGE: Final = ROOT / "src" / "tgiconik"
SERVICES: Final = PACKAGE / "iconik" / "services"
MODELS: Final = PACKAGE / "iconik" / "models"
DOCS: Final = ROOT / "docs"


def main() -> int:
    """Check the facts and the names, then write everything that follows from them."""
    parser = argparse.ArgumentParser(prog="python -m codegen", description=main.__doc__)
    parser.add_argument(
        "--accept-facts", action="store_true", help="take the files below facts/ as the facts"
    )
    if parser.parse_args().accept_facts:
        facts.DIGEST.write_text(facts.digest())
    try:
        facts.check()
        built = build()
        lock.unique(built)
        names = {key: name for one in built for key, name in one.names().items()}
        lock.check(names, lock.read())
    except (facts.FactsChangedError, lock.NamesError) as error:
        print(error, file=sys.stderr)
        return 1
    lock.LOCK.write_text(lock.text(names))
    _write(texts(built))
    blob.write(PACKAGE / "sandbox" / "facts.bin", blob.content([one.service for one in built]))
    print(", ".join(f"{count:,} {what}" for what, count in summary(built).items()))
    return 0


def texts(built: Sequence[Built]) -> dict[Path, str]:
    """Every text file that is generated, before it is formatted."""
    found = {
        DOCS / "operations.md": table.text(built),
        DOCS / "contract.md": contract.text(json.loads((DOCS / contract.NAME).read_text("utf-8"))),
        SERVICES / "__init__.py": emit.services_package([one.service for one in built]),
        MODELS / "__init__.py": emit.models_package(),
    }
    for one in built:
        name = f"{one.service.name}.py"
        found[DOCS / "operations" / f"{one.service.name}.md"] = table.service(one)
        found[SERVICES / name] = emit.service_module(one.service, one.operations, one.types)
        found[MODELS / name] = emit.models_module(one.service, one.models, one.enumerations)
    return found


def _write(files: Mapping[Path, str]) -> None:
    for folder in (SERVICES, MODELS, DOCS / "operations"):
        folder.mkdir(exist_ok=True)
        for stale in {*folder.glob("*.py"), *folder.glob("*.md")} - files.keys():
            stale.unlink()
    for path, text in files.items():
        path.write_text(text)
    _format([SERVICES, MODELS])


def _format(folders: Sequence[Path]) -> None:
    """Sort imports, drop blank ones, wrap lines: what ruff does better than an emitter."""
    ruff = [sys.executable, "-m", "ruff"]
    where = [str(folder) for folder in folders]
    subprocess.run([*ruff, "check", "--quiet", "--fix-only", "--select", "I,W", *where], check=True)  # noqa: S603 - our own arguments
    subprocess.run([*ruff, "format", "--quiet", *where], check=True)  # noqa: S603 - the same


if __name__ == "__main__":
    sys.exit(main())
