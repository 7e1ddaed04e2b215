"""`python -m codegen`: generates all that follows from facts, contract and source."""

import argparse
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from codegen import blob, emit, facts, lock, table, typed_dicts
from codegen.build import Built, build, summary
from codegen.collaboration.build import DOCUMENT, Contract
from codegen.collaboration.document import ContractError, Document
from codegen.collaboration.names import LOCK as CONTRACT_LOCK
from codegen.website import dependencies

ROOT: Final = facts.HERE.parent
PACKAGE: Final = ROOT / "src" / "tgiconik"
SERVICES: Final = PACKAGE / "iconik" / "services"
MODELS: Final = PACKAGE / "iconik" / "models"
DICTS: Final = MODELS / "dicts"
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
        contract = Contract.of(Document.load(DOCUMENT))
        lock.check(contract.names(), lock.read(CONTRACT_LOCK))
    except (
        facts.FactsChangedError,
        facts.CollisionError,
        lock.NamesError,
        ContractError,
    ) as error:
        print(error, file=sys.stderr)
        return 1
    lock.LOCK.write_text(lock.text(names))
    CONTRACT_LOCK.write_text(lock.text(contract.names()))
    _write(texts(built) | contract.texts())
    blob.write(PACKAGE / "sandbox" / "facts.bin", blob.content([one.service for one in built]))
    # Last: it reads the imports of the files above.
    _write_texts(dependencies.texts())
    print(", ".join(f"{count:,} {what}" for what, count in summary(built).items()))
    return 0


def texts(built: Sequence[Built]) -> dict[Path, str]:
    """Every text file that is generated from iconik's facts, before it is formatted."""
    found = {
        DOCS / "operations.md": table.text(built),
        SERVICES / "__init__.py": emit.services_package([one.service for one in built]),
        MODELS / "__init__.py": emit.models_package(),
        DICTS / "__init__.py": typed_dicts.package(emit.HEADER),
    }
    for one in built:
        name = f"{one.service.name}.py"
        found[DOCS / "operations" / f"{one.service.name}.md"] = table.service(one)
        found[SERVICES / name] = emit.service_module(one.service, one.operations, one.types)
        found[MODELS / name] = emit.models_module(one.service, one.models, one.enumerations)
        changed = typed_dicts.changes(one.operations, one.types)
        found[DICTS / name] = typed_dicts.module(
            emit.HEADER, one.service, one.models, one.types, changed
        )
    return found


def _write(files: Mapping[Path, str]) -> None:
    for folder in (SERVICES, MODELS, DICTS, DOCS / "operations"):
        folder.mkdir(exist_ok=True)
        for stale in {*folder.glob("*.py"), *folder.glob("*.md")} - files.keys():
            stale.unlink()
    _write_texts(files)
    _format([path for path in files if path.suffix == ".py"])


def _write_texts(files: Mapping[Path, str]) -> None:
    for path, text in files.items():
        path.write_text(text)


def _format(files: Sequence[Path]) -> None:
    """Sort imports, drop blank ones, wrap lines: what ruff does better than an emitter."""
    ruff = [sys.executable, "-m", "ruff"]
    where = [str(path) for path in files]
    subprocess.run([*ruff, "check", "--quiet", "--fix-only", "--select", "I,W", *where], check=True)  # noqa: S603 - our own arguments
    subprocess.run([*ruff, "format", "--quiet", *where], check=True)  # noqa: S603 - the same


if __name__ == "__main__":
    sys.exit(main())
