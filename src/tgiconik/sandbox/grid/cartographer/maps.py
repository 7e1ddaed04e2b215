"""Solutions and their maps, to read."""

from typing import Final

from starlette.responses import JSONResponse, Response

from tgiconik.community.shapes import Document
from tgiconik.sandbox.grid.cartographer import refusals
from tgiconik.sandbox.grid.cartographer.call import Call, Handler
from tgiconik.sandbox.grid.cartographer.kinds import MAPS, SOLUTIONS, check_solution, id_of

_SOLUTIONS: Final = "/cartographer/mp/v1/solutions"
_MAP: Final = _SOLUTIONS + "/{solution}/maps/{map}"
#: Fields that `metadata` has and a list has not.
_DETAILS: Final = frozenset(
    {
        "acceptanceState", "sortingList", "databaseLookup", "sorting", "carbonCopy",
        "multipleTPLogic", "multiByteData", "chunking", "passThrough", "characterConversion",
        "preProcess", "prodMap",
    }
)  # fmt: skip
_DEFAULT, _MOST = 20, 500


def operations() -> list[tuple[str, str, Handler]]:
    """Method, path and handler of each operation."""
    return [
        ("GET", _SOLUTIONS, _list_solutions),
        ("GET", _SOLUTIONS + "/{solution}/maps", _list_maps),
        ("GET", _MAP + "/trading-partners", _trading_partners),
        ("GET", _MAP + "/specifications", _specifications),
        ("GET", _MAP + "/specifications/{file}", _download),
        ("GET", _MAP + "/metadata", _metadata),
        ("GET", _MAP + "/annotations", _annotations),
    ]


def _list_solutions(call: Call) -> Response:
    return JSONResponse([one["id"] for one in call.state.store.list(SOLUTIONS)])


def _list_maps(call: Call) -> Response:
    check_solution(call.state.store, call.solution)
    number = call.number("pageNo", 1, least=1)
    size = call.number("pageSize", _DEFAULT, least=1, most=_MOST)
    order = call.query.get("sort", "asc").casefold()
    if order not in {"asc", "desc"}:
        raise refusals.bad_request("sort must be asc or desc")
    found = sorted(
        call.state.store.list(MAPS, parent=call.solution),
        key=lambda one: (one["map"]["name"], one["map"]["id"]),
        reverse=order == "desc",
    )
    pages = -(-len(found) // size)
    shown = found[(number - 1) * size : number * size]

    def page_at(other: int) -> dict[str, int] | None:
        return {"pageNo": other, "pageSize": size} if 1 <= other <= pages else None

    return JSONResponse(
        {
            "page": {
                "page": number,
                "pageSize": size,
                "pageTotal": pages,
                "totalCount": len(found),
                "sortOrder": order,
            },
            "response": [
                {name: value for name, value in one["map"].items() if name not in _DETAILS}
                for one in shown
            ],
            "_links": call.links(
                {"pageNo": number, "pageSize": size}, page_at(number + 1), page_at(number - 1)
            ),
        }
    )


def _trading_partners(call: Call) -> Response:
    return JSONResponse(_found(call)["partners"])


def _specifications(call: Call) -> Response:
    files = _found(call)["specifications"]
    return JSONResponse(
        [{name: value for name, value in one.items() if name != "text"} for one in files]
    )


def _download(call: Call) -> Response:
    for one in _found(call)["specifications"]:
        if str(one["id"]) == call.ids["file"]:
            return Response(one["text"].encode(), media_type="application/octet-stream")
    raise refusals.not_found(f"specification {call.ids['file']} of this map")


def _metadata(call: Call) -> Response:
    return JSONResponse(_found(call)["map"])


def _annotations(call: Call) -> Response:
    return JSONResponse(_found(call)["annotations"])


def _found(call: Call) -> Document:
    check_solution(call.state.store, call.solution)
    found = call.state.store.get(MAPS, id_of(call.solution, call.ids["map"]))
    if found is None:
        raise refusals.not_found(f"map {call.ids['map']} in {call.solution}")
    return found
