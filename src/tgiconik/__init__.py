"""OpenText Active Community (Trading Grid) and iconik, joined in typed async Python.

    from tgiconik import IconikClient, ReleasePolicy, TradingGridClient
    from tgiconik.workflows import fulfill_media_request

Everything public is importable from here or from one level below. Names and modules are loaded when
they are first used, so that `import tgiconik` costs next to nothing; `tgiconik.workflows` needs no
import of its own.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from tgiconik import errors
from tgiconik._version import __version__

if TYPE_CHECKING:
    from tgiconik import iconik, release, telemetry, tradinggrid, workflows

    # Not in `__all__`: `from tgiconik import *` works without the extra `sandbox`.
    from tgiconik import sandbox as sandbox
    from tgiconik._http import Attempt, Page, Pages, Retry, Traffic
    from tgiconik._models import UNSET
    from tgiconik._preload import preload
    from tgiconik._table import table, write_csv
    from tgiconik.iconik import IconikClient
    from tgiconik.release import Decision, ReleasePolicy, decide
    from tgiconik.tradinggrid import TradingGridClient

__all__ = [
    "UNSET",
    "Attempt",
    "Decision",
    "IconikClient",
    "Page",
    "Pages",
    "ReleasePolicy",
    "Retry",
    "TradingGridClient",
    "Traffic",
    "__version__",
    "decide",
    "errors",
    "iconik",
    "preload",
    "release",
    "table",
    "telemetry",
    "tradinggrid",
    "workflows",
    "write_csv",
]

_MODULES: Final = frozenset(
    {"iconik", "release", "sandbox", "telemetry", "tradinggrid", "workflows"}
)
_HOMES: Final = {
    "UNSET": "tgiconik._models",
    "Attempt": "tgiconik._http",
    "Decision": "tgiconik.release",
    "IconikClient": "tgiconik.iconik",
    "Page": "tgiconik._http",
    "Pages": "tgiconik._http",
    "ReleasePolicy": "tgiconik.release",
    "Retry": "tgiconik._http",
    "Traffic": "tgiconik._http",
    "TradingGridClient": "tgiconik.tradinggrid",
    "decide": "tgiconik.release",
    "preload": "tgiconik._preload",
    "table": "tgiconik._table",
    "write_csv": "tgiconik._table",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - any public name
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*__all__, *_MODULES})
