"""An embedded pair of platforms, iconik and Trading Grid, for examples and tests. A test double.

    sandbox, grid, iconik = start()

or, where its end matters,

    sandbox = Sandbox()
    async with sandbox.clients() as (grid, iconik):
        ...

or, for other processes, `python -m tgiconik.sandbox --port 8765`.
"""

try:
    from tgiconik.sandbox.app import Sandbox
except ModuleNotFoundError as error:
    missing = (error.name or "").partition(".")[0]
    if missing not in {"starlette", "uvicorn"}:
        raise
    raise ModuleNotFoundError(
        f'the sandbox needs {missing}: pip install "tgiconik[sandbox]"', name=missing
    ) from error
from tgiconik.sandbox.starting import Started, start

__all__ = ["Sandbox", "Started", "start"]
