"""Loading before the first call what calls load when they need it."""

import gc
from importlib import import_module
from types import ModuleType
from typing import Final

from tgiconik import errors
from tgiconik._models import Model, decode
from tgiconik.iconik.services import SERVICES

#: Where a service is more than what is generated; what else is loaded when it is first used.
_BY_HAND: Final = {name: f"tgiconik.iconik.{name}" for name in ("assets", "metadata", "search")}
_OTHERS: Final = (
    "tgiconik.iconik.transfer",
    "tgiconik.tradinggrid.cartographer",
    "tgiconik.tradinggrid.collaboration",
    "tgiconik.tradinggrid.community_management",
    "tgiconik.tradinggrid.lens",
)


def preload(*services: str, freeze: bool = False) -> None:
    """Load services and models now, instead of with the first call that needs them.

    For servers: a worker's first call to a service otherwise waits until the service is imported
    and it is worked out how its answers are read, some 10 to 50 ms. Scripts and notebooks gain
    nothing. Nothing is sent, no client is needed, and calling it twice does no harm.

    Args:
        services: names of iconik's services, as on the client: `"assets"`, `"search"`. Without
            any, all fifteen are loaded, and Trading Grid's surfaces: half a second, and 15 MB.
        freeze: have Python's cyclic collector leave alone whatever is in memory by now
            (`gc.freeze`). Its full collections then no longer walk through thousands of models and
            modules, and what is loaded before a fork stays shared longer. It holds for the whole
            process, not for this package alone: what becomes part of a cycle of garbage later is
            never freed if it was there by now. So it belongs at the end of a server's start, once.

    Raises:
        ConfigurationError: there is no service of that name.
    """
    unknown = sorted(set(services) - SERVICES.keys())
    if unknown:
        raise errors.ConfigurationError(
            f"{', '.join(unknown)}: no service of iconik; there are {', '.join(SERVICES)}"
        )
    for name in services or SERVICES:
        import_module(_BY_HAND.get(name, SERVICES[name][0]))
        _prepare(import_module(f"tgiconik.iconik.models.{name}"))
    if not services:
        for module in _OTHERS:
            import_module(module)
    if freeze:
        gc.collect()
        gc.freeze()


def _prepare(models: ModuleType) -> None:
    """Have every model that is answered read once: how to is worked out at the first time."""
    for model in list(vars(models).values()):
        if isinstance(model, type) and issubclass(model, Model) and not _sent(model):
            decode(b"{}", model)


def _sent(model: type[Model]) -> bool:
    return model is Model or model.__name__.endswith("Input")
