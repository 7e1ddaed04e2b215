"""The client of iconik. Services are its attributes; models are in `iconik.models`.

The client is loaded when it is first used: models alone need no HTTP.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tgiconik.iconik._answers import JobStarted
    from tgiconik.iconik.client import IconikClient

__all__ = ["IconikClient", "JobStarted"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - any public name
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from tgiconik.iconik import _answers, client  # noqa: PLC0415 - as the module says

    return getattr(client if name == "IconikClient" else _answers, name)
