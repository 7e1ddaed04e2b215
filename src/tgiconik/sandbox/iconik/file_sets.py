"""File sets are deleted into a queue, which hides their files, and purged from there."""

from collections.abc import Callable, Iterable
from typing import Final

from starlette.responses import Response

from tgiconik.sandbox.iconik import files, objects
from tgiconik.sandbox.iconik.background import accepted
from tgiconik.sandbox.iconik.kinds import FILE_SETS
from tgiconik.sandbox.iconik.paging import list_response
from tgiconik.sandbox.iconik.request import ApiError, ApiRequest, or_404
from tgiconik.sandbox.store import Document


def read(request: ApiRequest) -> Response:
    """Read a file set that is not deleted."""
    return request.respond(_live(request, request.ids["file_set_id"]))


def delete(request: ApiRequest) -> Response:
    """Move a file set to the delete queue; `immediately=true` purges it."""
    document = _live(request, request.ids["file_set_id"])
    _remove(request, document)
    return request.respond_empty()


def delete_many(request: ApiRequest) -> Response:
    """Move several file sets of an asset to the delete queue."""
    for id_ in request.body["ids"]:
        _remove(request, _live(request, id_))
    return accepted(request, "DELETE", object_type="assets", object_id=request.ids["asset_id"])


def _remove(request: ApiRequest, document: Document) -> None:
    if request.flag("immediately"):
        files.purge_set(request.state, document)
    else:
        files.delete_set(request, document)


def restore(request: ApiRequest) -> Response:
    """Restore a file set from the delete queue."""
    files.restore_set(request.state, _deleted(request, request.ids["file_set_id"]))
    return request.respond_empty()


def purge(request: ApiRequest) -> Response:
    """Permanently delete a file set from the delete queue, with its files."""
    files.purge_set(request.state, _deleted(request, request.ids["file_set_id"]))
    return request.respond_empty()


def _live(request: ApiRequest, id_: str) -> Document:
    asset_id = objects.asset(request.state, request.ids["asset_id"])["id"]
    return or_404(files.file_set(request.state, asset_id, id_), f"File set {id_}")


def _deleted(request: ApiRequest, id_: str) -> Document:
    asset_id = objects.asset(request.state, request.ids["asset_id"])["id"]
    document = or_404(request.state.store.get(FILE_SETS, f"{asset_id}/{id_}"), f"File set {id_}")
    if document.get("status") != "DELETED":
        raise ApiError(400, f"File set {id_} is not deleted")
    return document


def list_queue(request: ApiRequest) -> Response:
    """List the file sets in the delete queue."""
    return list_response(request, _queue(request))


def restore_queued(request: ApiRequest) -> Response:
    """Restore several file sets from the delete queue."""
    return _each(request, _chosen(request), lambda one: files.restore_set(request.state, one))


def purge_queued(request: ApiRequest) -> Response:
    """Permanently delete several file sets from the delete queue."""
    return _each(request, _chosen(request), lambda one: files.purge_set(request.state, one))


def purge_queue(request: ApiRequest) -> Response:
    """Permanently delete all file sets in the delete queue."""
    return _each(request, _queue(request), lambda one: files.purge_set(request.state, one))


def _queue(request: ApiRequest) -> list[Document]:
    every = request.state.store.list(FILE_SETS)
    return [each for each in every if each.get("status") == "DELETED"]


def _chosen(request: ApiRequest) -> list[Document]:
    return [each for each in _queue(request) if each["id"] in request.body["ids"]]


def _each(
    request: ApiRequest, documents: Iterable[Document], do: Callable[[Document], None]
) -> Response:
    for document in documents:
        do(document)
    return request.respond_empty()


_SETS: Final = "files/v1/assets/{asset_id}/file_sets"
_QUEUE: Final = "files/v1/delete_queue/file_sets/"
HANDLERS = {
    f"POST {_SETS}/bulk/": delete_many,
    f"GET {_SETS}/{{file_set_id}}/": read,
    f"DELETE {_SETS}/{{file_set_id}}/": delete,
    f"DELETE {_SETS}/{{file_set_id}}/purge/": purge,
    f"PUT {_SETS}/{{file_set_id}}/restore/": restore,
    f"GET {_QUEUE}": list_queue,
    f"DELETE {_QUEUE}": restore_queued,
    f"POST {_QUEUE}purge/": purge_queued,
    f"POST {_QUEUE}purge/all/": purge_queue,
}
