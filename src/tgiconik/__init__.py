"""OpenText Active Community (Trading Grid) and iconik, joined in typed async Python.

    from tgiconik import IconikClient, ReleasePolicy, TradingGridClient
    from tgiconik.workflows import fulfill_media_request

Everything public is importable from here or from one level below. What is named here is loaded when
it is first used, so that `import tgiconik` costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from tgiconik import errors

if TYPE_CHECKING:
    from tgiconik._http import Page, Pages, Retry, Traffic
    from tgiconik._models import UNSET
    from tgiconik._preload import preload
    from tgiconik._table import table
    from tgiconik.iconik import IconikClient
    from tgiconik.release import Decision, ReleasePolicy, decide
    from tgiconik.tradinggrid import TradingGridClient

__all__ = [
    "UNSET",
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
    "preload",
    "table",
]

#: As in `pyproject.toml`: to look it up in what is installed takes as long as all the rest.
__version__: Final = "0.1.0"

_HOMES: Final = {
    "UNSET": "tgiconik._models",
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
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - any public name
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
