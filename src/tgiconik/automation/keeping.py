"""The parts of a run's result that are kept."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from tgiconik._report import Report
from tgiconik.automation.store import Kept
from tgiconik.workflows.run.results import Result

#: A page that is longer is not kept.
_LONGEST_REPORT: Final = 4_000_000


def kept(result: object) -> Kept | None:
    """The parts of a workflow's result to keep, without links; None for anything else.

    Args:
        result: what a rule's function returned.
    """
    if not isinstance(result, Report):
        return None
    fields: Mapping[str, Any] = result.to_dict()  # type: ignore[misc]  # every report is attrs'
    summary: Callable[[], str] | None = getattr(result, "summary", None)
    page = result.to_html() if isinstance(result, Result) else None  # type: ignore[misc]  # the same
    return Kept(
        result=fields,
        summary=summary() if summary is not None else None,
        report=page if page is not None and len(page) <= _LONGEST_REPORT else None,
    )
