"""Kinds of Cartographer's documents in the store, and their ids."""

import json
from typing import Final

from tgiconik.community.shapes import Document
from tgiconik.sandbox.grid.cartographer import refusals
from tgiconik.sandbox.store import Store

SOLUTIONS: Final = "cartographer/solutions"
#: These have their solution as parent.
MAPS: Final = "cartographer/maps"
ENTITIES: Final = "cartographer/entities"
PREXREF: Final = "cartographer/prexref"
#: These have the id of their entity as parent.
ENTRIES: Final = "cartographer/entries"


def id_of(*parts: str) -> str:
    """One id of several names, whatever characters they have."""
    return json.dumps(parts)


def check_solution(store: Store, solution: str) -> None:
    """Check that a solution exists.

    Raises:
        CartographerError: it does not.
    """
    if store.get(SOLUTIONS, solution) is None:
        raise refusals.not_found(f"solution {solution}")


def entity_of(store: Store, solution: str, name: str) -> Document:
    """An entity of a solution.

    Raises:
        CartographerError: the solution or the entity does not exist.
    """
    check_solution(store, solution)
    entity = store.get(ENTITIES, id_of(solution, name))
    if entity is None:
        raise refusals.not_found(f"entity {name} in {solution}")
    return entity
