"""The pre-cross-reference of a solution.

Not published, and the sandbox's own: the three search fields name an entry, and all six are
demanded of one that is added or changed.
"""

from typing import Final

from starlette.responses import JSONResponse, Response

from tgiconik.community.shapes import Document, Shape, required, text
from tgiconik.sandbox.grid.cartographer import offsets, refusals
from tgiconik.sandbox.grid.cartographer.call import Call, Handler
from tgiconik.sandbox.grid.cartographer.kinds import PREXREF, check_solution, id_of
from tgiconik.sandbox.store import Store

_PREXREF: Final = "/cartographer/xref/v1/solutions/{solution}/prexref"
_NAMING: Final = ("searchDoctype", "searchSender", "searchReceiver")
_ANSWER: Final = ("profileDoctype", "profileSender", "profileReceiver")
ENTRY: Final = Shape({name: required(text(least=1, most=1000)) for name in (*_NAMING, *_ANSWER)})
_TO_DELETE: Final = Shape({name: ENTRY.fields[name] for name in _NAMING}, closed=False)


def operations() -> list[tuple[str, str, Handler]]:
    """Method, path and handler of each operation."""
    return [
        ("GET", _PREXREF + "/content", _list_entries),
        ("GET", _PREXREF + "/content-search", _search),
        ("POST", _PREXREF + "/entries", _add),
        ("PUT", _PREXREF + "/entries", _update),
        ("DELETE", _PREXREF + "/entries", _delete),
    ]


def put(store: Store, solution: str, entry: Document) -> None:
    """Store an entry."""
    store.put(PREXREF, _id(solution, entry), entry, parent=solution)


def _list_entries(call: Call) -> Response:
    return offsets.page(call, "entries", _all(call))


def _search(call: Call) -> Response:
    return offsets.search(call, _all(call))


def _add(call: Call) -> Response:
    check_solution(call.state.store, call.solution)
    entry = call.body(ENTRY)
    if _is_there(call, entry):
        raise refusals.bad_request("An entry for this type, sender and receiver is there already")
    put(call.state.store, call.solution, entry)
    return JSONResponse(entry, 201)


def _update(call: Call) -> Response:
    check_solution(call.state.store, call.solution)
    entry = call.body(ENTRY)
    _check_there(call, entry)
    put(call.state.store, call.solution, entry)
    return JSONResponse(entry)


def _delete(call: Call) -> Response:
    check_solution(call.state.store, call.solution)
    entry = call.body(_TO_DELETE)
    _check_there(call, entry)
    call.state.store.delete(PREXREF, _id(call.solution, entry))
    return Response(status_code=204)


def _all(call: Call) -> list[Document]:
    check_solution(call.state.store, call.solution)
    return call.state.store.list(PREXREF, parent=call.solution)


def _check_there(call: Call, entry: Document) -> None:
    if not _is_there(call, entry):
        raise refusals.not_found("entry for this type, sender and receiver")


def _is_there(call: Call, entry: Document) -> bool:
    return call.state.store.get(PREXREF, _id(call.solution, entry)) is not None


def _id(solution: str, entry: Document) -> str:
    return id_of(solution, *(entry[name] for name in _NAMING))
