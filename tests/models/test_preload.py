"""What is preloaded is what the first calls would load, and no more than was asked for."""

import json
import subprocess
import sys
from typing import Any

import pytest

from tgiconik import IconikClient, preload
from tgiconik.errors import ConfigurationError
from tgiconik.iconik.services import SERVICES


def after(statements: str, said: str) -> Any:  # noqa: ANN401 - JSON
    """What a fresh interpreter says after some statements."""
    code = f"import gc, json, sys\n{statements}\nprint(json.dumps({said}))"
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )
    return json.loads(done.stdout)


MODULES = "list(sys.modules)"


def test_what_is_named_is_loaded_and_nothing_else() -> None:
    loaded = after("from tgiconik import preload; preload('search', 'jobs')", MODULES)
    services = {one for one in loaded if one.startswith("tgiconik.iconik.services.")}
    assert services == {"tgiconik.iconik.services.search", "tgiconik.iconik.services.jobs"}
    assert {"tgiconik.iconik.search", "tgiconik.iconik.models.search"} <= set(loaded)
    assert "tgiconik.tradinggrid.collaboration" not in loaded


def test_without_a_name_first_uses_import_nothing_more() -> None:
    uses = (
        "from tgiconik import IconikClient, TradingGridClient, preload\n"
        "iconik = IconikClient('https://iconik.test', 'id', 'token')\n"
        "grid = TradingGridClient('https://grid.test', 'id', 'secret', 'company')\n"
        "preload()\n"
        "before = set(sys.modules)\n"
        "from tgiconik.iconik.services import SERVICES\n"
        "[getattr(iconik, name) for name in (*SERVICES, 'transfer')]\n"
        "grid.companies, grid.partners, grid.users, grid.entitlements, grid.lens, grid.community\n"
    )
    assert after(uses, "sorted(set(sys.modules) - before)") == []


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_loaded_as_the_client_has_it(name: str) -> None:
    client = IconikClient("https://iconik.test", "id", "token")
    module = type(getattr(client, name)).__module__
    loaded = after(f"from tgiconik import preload; preload({name!r})", MODULES)
    assert module in loaded


def test_how_answers_are_read_is_worked_out_by_then() -> None:
    loading = (
        "from tgiconik import preload; preload('assets')\n"
        "from tgiconik._models import forms\n"
        "before = len(forms._forms)\n"
        "from tgiconik._models import decode\n"
        "from tgiconik.iconik.models.assets import Assets\n"
        "decode(b'{}', Assets)\n"
    )
    before, then = after(loading, "[before, len(forms._forms)]")
    assert before == then > 50


def test_it_can_be_called_again() -> None:
    preload("acls")
    preload("acls")


def test_the_collector_leaves_alone_what_was_loaded_only_where_that_was_asked_for() -> None:
    assert after("from tgiconik import preload; preload('acls')", "gc.get_freeze_count()") == 0
    frozen = "from tgiconik import preload; preload('acls', freeze=True)"
    assert after(frozen, "gc.get_freeze_count()") > 1_000
    assert after(frozen, "gc.isenabled()") is True


def test_a_service_that_there_is_not_is_named_in_the_error() -> None:
    with pytest.raises(ConfigurationError, match="asset, user: no service of iconik; there are"):
        preload("user", "asset")
