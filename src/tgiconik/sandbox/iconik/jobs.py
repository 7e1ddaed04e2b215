"""Jobs: reading them, their steps, changes to many at once. The rest is the generic noun's."""

from collections.abc import Iterable
from typing import Final

from starlette.responses import Response

from tgiconik.sandbox.iconik.asked import Asked, found, new_id
from tgiconik.sandbox.iconik.kinds import JOBS
from tgiconik.sandbox.iconik.paging import listed, matching
from tgiconik.sandbox.iconik.transcoding import looked_at
from tgiconik.sandbox.store import Document

_STATUS_AFTER: Final = {
    "ABORT": "ABORTED",
    "PAUSE": "PAUSED",
    "RESTART": "STARTED",
    "RESUME": "STARTED",
}


def _job(asked: Asked, id_: str) -> Document:
    return found(asked.state.store.get(JOBS, id_), f"Job {id_}")


def read_job(asked: Asked) -> Response:
    """One job."""
    return asked.fit(looked_at(asked.state, _job(asked, asked.ids["job_id"])))


def list_jobs(asked: Asked) -> Response:
    """The jobs that the query selects."""
    return listed(asked, [looked_at(asked.state, job) for job in asked.state.store.list(JOBS)])


def _put(asked: Asked, job: Document) -> Document:
    job["date_modified"] = asked.now()
    asked.state.store.put(JOBS, job["id"], job)
    return job


def write_steps(asked: Asked) -> Response:
    """Change several steps; those that are new are added."""
    return _with_steps(asked, asked.body["steps"])


def write_step(asked: Asked) -> Response:
    """Change one step, or add it."""
    return _with_steps(asked, [asked.body | {"id": asked.ids["job_step_id"]}])


def _with_steps(asked: Asked, sent: Iterable[Document]) -> Response:
    job = _job(asked, asked.ids["job_id"])
    steps = {step["id"]: step for step in job.get("steps") or ()}
    for step in sent:
        id_ = step.get("id") or new_id()
        steps[id_] = steps.get(id_, {}) | step | {"id": id_, "date_updated": asked.now()}
    return asked.fit(_put(asked, job | {"steps": list(steps.values())}))


def change_many(asked: Asked) -> Response:
    """Change all jobs that the query selects."""
    for job in _selected(asked):
        _put(asked, job | asked.body)
    return asked.fit({"job_id": new_id()})


def delete_many(asked: Asked) -> Response:
    """Forget the jobs of the body, or those that the query selects."""
    ids = (asked.body or {}).get("job_ids") or [job["id"] for job in _selected(asked)]
    for id_ in ids:
        asked.state.store.delete(JOBS, id_)
    return Response(status_code=204)


def _selected(asked: Asked) -> list[Document]:
    # Without any condition nothing is selected, rather than everything.
    return matching(asked, asked.state.store.list(JOBS)) if asked.query else []


def set_priority(asked: Asked) -> Response:
    """Give several jobs a priority."""
    for id_ in asked.body["job_ids"]:
        _put(asked, _job(asked, id_) | {"priority": asked.body["priority"]})
    return asked.fit(asked.body)


def set_state(asked: Asked) -> Response:
    """Abort, pause, restart or resume several jobs."""
    status = _STATUS_AFTER[asked.body["action"]]
    for id_ in asked.body["job_ids"]:
        _put(asked, _job(asked, id_) | {"status": status})
    return Response(status_code=200)


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
