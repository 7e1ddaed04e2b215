"""Emulates iconik and Trading Grid with state, for examples and tests. A test double.

    sandbox, grid, iconik = start()

or, to close it at a defined point,

    sandbox = Sandbox()
    async with sandbox.clients() as (grid, iconik):
        ...

or, for other processes, `python -m tgiconik.sandbox --port 8765`.
"""

try:
    from tgiconik.sandbox.app import Sandbox
except ModuleNotFoundError as _error:
    _missing: str = (_error.name or "").partition(".")[0]
    if _missing not in {"graphql", "starlette", "uvicorn"}:
        raise
    raise ModuleNotFoundError(
        f'the sandbox needs {_missing}: pip install "tgiconik[sandbox]"', name=_missing
    ) from _error
from tgiconik.sandbox.notebook import Started, start

__all__ = ["Sandbox", "Started", "start"]
