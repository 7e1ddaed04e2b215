"""An embedded pair of platforms, iconik and Trading Grid, for examples and tests. A test double.

    sandbox, grid, iconik = start()

or, where its end matters,

    sandbox = Sandbox()
    async with sandbox.clients() as (grid, iconik):
        ...

or, for other processes, `python -m tgiconik.sandbox --port 8765`.
"""

from tgiconik.sandbox.app import Sandbox
from tgiconik.sandbox.starting import Started, start

__all__ = ["Sandbox", "Started", "start"]
