"""An embedded pair of platforms, iconik and Trading Grid, for examples and tests. A test double.

    sandbox = Sandbox()
    async with sandbox.clients() as (grid, iconik):
        ...

or, for other processes, `python -m tgiconik.sandbox --port 8765`.
"""

from tgiconik.sandbox.app import Sandbox

__all__ = ["Sandbox"]
