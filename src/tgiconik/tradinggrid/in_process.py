"""The collaboration contract of a community that this process keeps: no server, the same rules.

Calls go through the HTTP backend to the community's own HTTP surface, within the process.
"""

from importlib import import_module
from typing import Final, Protocol, cast, runtime_checkable

from tgiconik._frames import without_locals
from tgiconik._http import Hidden, Session, SessionOptions, asgi_transport

_IN_PROCESS: Final = "http://localhost"
#: Named and not imported: it is above the clients, and loaded when a client is given a database.
_ON_DEMAND: Final = "tgiconik.community.on_demand"


@runtime_checkable
class KeptCommunity(Protocol):
    """A community that this process keeps: `tgiconik.community.Community` is one."""

    def operator_app(self) -> object:
        """The contract's surface as an ASGI app whose callers are operators."""
        ...

    async def aclose(self) -> None:
        """Close the database."""
        ...


@without_locals
def opened_on_demand(given: Hidden) -> KeptCommunity:
    """A community whose database is opened with the first call.

    Args:
        given: holds the URL of the database as `community_url`.

    Raises:
        ConfigurationError: the URL names no database, or the extra `community` is not installed.
    """
    made = import_module(_ON_DEMAND).OnDemand(given["community_url"])
    return cast("KeptCommunity", made)


def session_in(community: KeptCommunity, options: SessionOptions) -> Session:
    """A session whose calls are an operator's, in this process.

    Args:
        community: the community.
        options: the client's; those that a call within the process has a use for are taken.

    Raises:
        ConfigurationError: the extra `community` is not installed.
    """
    transport = asgi_transport(community.operator_app())
    return Session(
        _IN_PROCESS,
        retry=options["retry"],
        deadline=options["deadline"],
        transport=transport,
        on_request=options["on_request"],
        on_response=options["on_response"],
    )
