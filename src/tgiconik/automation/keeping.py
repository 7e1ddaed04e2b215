"""The parts of a run's result that are kept."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from tgiconik._report import Report
from tgiconik.automation.store import Kept
from tgiconik.workflows.distribution.ways import Verification
from tgiconik.workflows.projects.readiness import Readiness
from tgiconik.workflows.run.results import Result

#: A page that is longer is not kept.
_LONGEST_REPORT: Final = 4_000_000
#: So many outcomes make a report that is shorter than that.
_MOST_ROWS: Final = 5000


def kept(result: object) -> Kept | None:
    """The parts of a workflow's result to keep, without links; None for anything else.

    Args:
        result: what a rule's function returned.
    """
    if not isinstance(result, Report):
        return None
    fields: Mapping[str, Any] = result.to_dict()  # type: ignore[misc]  # every report is attrs'
    summary: Callable[[], str] | None = getattr(result, "summary", None)
    page: str | None = None
    if isinstance(result, Result):
        page = result.to_html(max_rows=_MOST_ROWS)  # type: ignore[misc]  # the same
    elif isinstance(result, Readiness | Verification):
        page = result.to_html()
    return Kept(
        result=fields,
        summary=summary() if summary is not None else None,
        report=page if page is not None and len(page) <= _LONGEST_REPORT else None,
    )
