"""Work that iconik does after it has answered 202. The sandbox does it before it answers."""

from starlette.responses import Response

from tgiconik.sandbox.iconik.kinds import JOBS
from tgiconik.sandbox.iconik.request import ApiRequest, json, new_id

_ACCEPTED = 202


def accepted(
    request: ApiRequest, type_: str, *, object_type: str = "", object_id: str = ""
) -> Response:
    """Answer 202 with the id of a job that is done; the arguments are those of `finished`."""
    job_id = finished(request, type_, object_type=object_type, object_id=object_id)
    return json({"job_id": job_id}, _ACCEPTED)


def finished(request: ApiRequest, type_: str, *, object_type: str = "", object_id: str = "") -> str:
    """Keep a job that is done, and return its id.

    Args:
        request: the request that started the work.
        type_: the job's type, such as TRANSFER.
        object_type: `assets` or `collections`, if the work is about one object.
        object_id: that object's id.
    """
    id_, moment = new_id(), request.now()
    job = {
        "id": id_,
        "type": type_,
        "status": "FINISHED",
        "title": type_.replace("_", " ").capitalize(),
        "object_type": object_type or None,
        "object_id": object_id or None,
        "created_by": request.user_id,
        "date_created": moment,
        "date_modified": moment,
        "started_at": moment,
        "completed_at": moment,
        "progress_processed": 100,
    }
    request.state.store.put(JOBS, id_, job)
    return id_
