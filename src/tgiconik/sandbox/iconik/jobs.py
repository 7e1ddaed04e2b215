"""Jobs: read them, change their steps, change many at once. Other operations are generic."""

from collections.abc import Iterable
from typing import Final

from starlette.responses import Response

from tgiconik.sandbox.iconik.kinds import JOBS
from tgiconik.sandbox.iconik.paging import list_response, matching
from tgiconik.sandbox.iconik.request import ApiRequest, empty, new_id, or_404
from tgiconik.sandbox.iconik.transcoding import poll
from tgiconik.sandbox.store import Document

_STATUS_AFTER: Final = {
    "ABORT": "ABORTED",
    "PAUSE": "PAUSED",
    "RESTART": "STARTED",
    "RESUME": "STARTED",
}


def _job(request: ApiRequest, id_: str) -> Document:
    return or_404(request.state.store.get(JOBS, id_), f"Job {id_}")


def read_job(request: ApiRequest) -> Response:
    """Read a job."""
    return request.respond(poll(request.state, _job(request, request.ids["job_id"])))


def list_jobs(request: ApiRequest) -> Response:
    """List the jobs that match the query."""
    return list_response(
        request, [poll(request.state, job) for job in request.state.store.list(JOBS)]
    )


def _put(request: ApiRequest, job: Document) -> Document:
    job["date_modified"] = request.now()
    request.state.store.put(JOBS, job["id"], job)
    return job


def write_steps(request: ApiRequest) -> Response:
    """Update several steps; new ones are added."""
    return _with_steps(request, request.body["steps"])


def write_step(request: ApiRequest) -> Response:
    """Update a step, or add it."""
    return _with_steps(request, [request.body | {"id": request.ids["job_step_id"]}])


def _with_steps(request: ApiRequest, sent: Iterable[Document]) -> Response:
    job = _job(request, request.ids["job_id"])
    steps = {step["id"]: step for step in job.get("steps") or ()}
    for step in sent:
        id_ = step.get("id") or new_id()
        steps[id_] = steps.get(id_, {}) | step | {"id": id_, "date_updated": request.now()}
    return request.respond(_put(request, job | {"steps": list(steps.values())}))


def change_many(request: ApiRequest) -> Response:
    """Update all jobs that match the query."""
    for job in _selected(request):
        _put(request, job | request.body)
    return request.respond({"job_id": new_id()})


def delete_many(request: ApiRequest) -> Response:
    """Delete the jobs listed in the body, or those that match the query."""
    ids = (request.body or {}).get("job_ids") or [job["id"] for job in _selected(request)]
    for id_ in ids:
        request.state.store.delete(JOBS, id_)
    return Response(status_code=204)


def _selected(request: ApiRequest) -> list[Document]:
    # A query without conditions selects nothing, so that no request changes all jobs by accident.
    fields = request.schemas.fields(request.schemas.named["JobSchema"])
    every = request.state.store.list(JOBS)
    return matching(request, every, fields) if request.query else []


def set_priority(request: ApiRequest) -> Response:
    """Set the priority of several jobs."""
    for id_ in request.body["job_ids"]:
        _put(request, _job(request, id_) | {"priority": request.body["priority"]})
    return request.respond(request.body)


def set_state(request: ApiRequest) -> Response:
    """Abort, pause, restart or resume several jobs."""
    status = _STATUS_AFTER[request.body["action"]]
    for id_ in request.body["job_ids"]:
        _put(request, _job(request, id_) | {"status": status})
    return empty(200)


HANDLERS = {
    "GET jobs/v1/jobs/": list_jobs,
    "GET jobs/v1/jobs/{job_id}/": read_job,
    "PATCH jobs/v1/jobs/": change_many,
    "DELETE jobs/v1/jobs/": delete_many,
    "PUT jobs/v1/jobs/priority/": set_priority,
    "PUT jobs/v1/jobs/state/": set_state,
    **{
        f"{method} jobs/v1/jobs/{{job_id}}/steps/{tail}": handler
        for method in ("PUT", "PATCH")
        for tail, handler in (("", write_steps), ("{job_step_id}/", write_step))
    },
}
