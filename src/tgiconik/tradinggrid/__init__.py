"""OpenText Active Community, Trading Grid: `TradingGridClient` and the values that go with it.

`community_management`, `lens`, `cartographer` and `collaboration` hold the values of each surface.
"""

from tgiconik.tradinggrid.auth import ClientCredentials
from tgiconik.tradinggrid.check import GridCheck
from tgiconik.tradinggrid.client import TradingGridClient

__all__ = ["ClientCredentials", "GridCheck", "TradingGridClient"]
