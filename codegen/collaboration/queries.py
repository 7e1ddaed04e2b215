"""The community's module `queries`: what each list of the document can be narrowed by."""

from collections.abc import Mapping
from typing import Final

from codegen.collaboration.checks import check, constant, named_texts
from codegen.collaboration.document import Document, Json, Operation
from codegen.collaboration.methods import PAGING
from codegen.collaboration.text import HEADER, PACKAGE, imported
from codegen.schemas import plain_type

_ABOUT: Final = '''\
"""The filters of each list of the collaboration contract, apart from time and page."""

'''
_SHAPES: Final = ("one_of", "text")
#: The same in every list, and checked where pages are made.
_EVERYWHERE: Final = PAGING | {"updated_since"}


def queries_module(document: Document) -> str:
    """The module's text."""
    narrowed = {one: own for one in document.operations if (own := _own(one))}
    lists = "\n".join(_list(document, one, own) for one, own in narrowed.items())
    written = f"{named_texts(lists)}\n\n{lists}"
    enums = [name for name, schema in document.schemas.items() if "enum" in schema]
    return "".join(
        [
            HEADER,
            _ABOUT,
            "from collections.abc import Mapping\nfrom typing import Final, TypeAlias\n\n",
            "from tgiconik.community.rules.paging import Query\n",
            imported("tgiconik.community.shapes", written, _SHAPES),
            imported(f"{PACKAGE}.values", written, enums),
            "\nQueries: TypeAlias = Mapping[str, Query]\n\n",
            written,
        ]
    )


def _own(operation: Operation) -> Mapping[str, Json]:
    """The schemas of the query parameters that are the list's own."""
    query = {one["name"]: one["schema"] for one in operation.parameters_in("query")}
    return {name: schema for name, schema in query.items() if name not in _EVERYWHERE}


def _list(document: Document, operation: Operation, own: Mapping[str, Json]) -> str:
    queries = ", ".join(f'"{name}": {_query(document, schema)}' for name, schema in own.items())
    return f"{constant(operation.id)}: Final[Queries] = {{{queries}}}\n"


def _query(document: Document, schema: Json) -> str:
    if plain_type(schema) == "array":
        return f"Query({check(document, schema['items'])}, repeats=True)"
    return f"Query({check(document, schema)})"
