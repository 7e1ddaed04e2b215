"""Importing one service imports one service, and models import no HTTP at all."""

import subprocess
import sys

import pytest

from tgiconik.iconik.services import SERVICES


def modules_after(statement: str) -> set[str]:
    """The modules of a fresh interpreter that ran a statement."""
    code = f"{statement}\nimport sys\nprint('\\n'.join(sys.modules))"
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )
    return set(done.stdout.splitlines())


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_imports_no_other_service(service: str) -> None:
    module, _ = SERVICES[service]
    loaded = modules_after(f"import {module}")
    found = {
        name.rpartition(".")[2]
        for name in loaded
        if name.startswith(("tgiconik.iconik.services.", "tgiconik.iconik.models."))
    }
    assert found == {service}


def test_typed_dictionaries_are_loaded_when_the_types_of_a_method_are_asked_for() -> None:
    service = "from tgiconik.iconik.services.acls import AclsService"
    asked = "import typing; typing.get_type_hints(AclsService.check_acls)"
    dicts = "tgiconik.iconik.models.dicts.acls"
    assert dicts not in modules_after(service)
    assert dicts in modules_after(f"{service}; {asked}")


@pytest.mark.parametrize("models", ["tgiconik._models", "tgiconik.iconik.models.assets"])
def test_models_import_no_http(models: str) -> None:
    loaded = modules_after(f"import {models}")
    assert not {"httpx", "tgiconik._http"} & loaded


def test_attrs_builds_the_models_that_are_used_and_no_other() -> None:
    code = (
        "from tgiconik.iconik.models import assets\n"
        "assets.Asset(title='x')\n"
        "tables = {n: vars(c)['__attrs_attrs__'] for n, c in vars(assets).items()"
        " if '__attrs_attrs__' in getattr(c, '__dict__', ())}\n"
        "built = [name for name, table in tables.items() if isinstance(table, tuple)]\n"
        "assert len(tables) > 100\n"
        "assert built == ['Asset'], built"
    )
    assert modules_after(code)
