"""Routes of the collaboration contract: requests, issues, projects, documents, announcements.

The operations below are in the order of the contract's OpenAPI document; a test checks that they
match. The contract is defined by this project; OpenText publishes none.
"""

from collections.abc import Callable, Sequence
from typing import Final

from starlette.routing import BaseRoute

from tgiconik.community.routing import routes_by_path
from tgiconik.community.rules import bodies
from tgiconik.community.rules.acknowledgements import acknowledging
from tgiconik.community.rules.activity import append
from tgiconik.community.rules.claims import put_claim, read_claim, release_claim
from tgiconik.community.rules.documents import (
    create_document,
    create_receipt,
    put_delivery,
    read_delivery,
    set_document_state,
    update_document,
)
from tgiconik.community.rules.endpoint import Call, Handler, Reply, Surface, endpoint
from tgiconik.community.rules.nouns import (
    ACKNOWLEDGEMENTS,
    ACTIVITY,
    ANNOUNCEMENTS,
    CONFIRMATIONS,
    DELIVERIES,
    DOCUMENTS,
    EXCEPTIONS,
    GROUPS,
    ISSUES,
    PARTNERS,
    PROJECTS,
    RECEIPTS,
    REQUESTS,
    TASKS,
    Noun,
    comments_on,
)
from tgiconik.community.rules.partners import (
    add_member,
    list_members,
    put_partner,
    remove_member,
)
from tgiconik.community.rules.resource import (
    changing,
    creating,
    listing,
    moving,
    reading,
    record_in_path,
)
from tgiconik.community.shapes import Shape

_BASE: Final = "/community/v1/companies/{companies}"

_NOUNS: Final = (
    PARTNERS,
    GROUPS,
    REQUESTS,
    ISSUES,
    PROJECTS,
    TASKS,
    EXCEPTIONS,
    CONFIRMATIONS,
    DOCUMENTS,
    DELIVERIES,
    RECEIPTS,
    ANNOUNCEMENTS,
    ACTIVITY,
)


def routes(surface: Surface) -> list[BaseRoute]:
    """The routes of all operations of the contract."""
    return routes_by_path(
        (method, _BASE + path, endpoint(surface, f"{method} {path}", handler))
        for method, path, handler in _OPERATIONS
    )


def _read_contract(call: Call) -> Reply:
    return Reply(
        body={
            "contract": "tgiconik-collaboration",
            "version": "1.2.0",
            "company_id": call.community.company_id,
            "nouns": [noun.name for noun in _NOUNS],
        }
    )


def _claiming(noun: Noun, action: Callable[[Call, str, str], Reply]) -> Handler:
    return lambda call: action(call, noun.name, record_in_path(call, noun).id)


def _commented(noun: Noun) -> Sequence[tuple[str, str, Handler]]:
    comments, path = comments_on(noun), f"/{noun.name}/{{{noun.name}}}/comments"
    return [
        ("GET", path, listing(comments)),
        ("POST", path, creating(comments, bodies.COMMENT_INPUT)),
    ]


def _worked_on(noun: Noun, status: Shape) -> Sequence[tuple[str, str, Handler]]:
    path = f"/{noun.name}/{{{noun.name}}}"
    return [
        ("PUT", f"{path}/status", moving(noun, status)),
        ("GET", f"{path}/claim", _claiming(noun, read_claim)),
        ("PUT", f"{path}/claim", _claiming(noun, put_claim)),
        ("DELETE", f"{path}/claim", _claiming(noun, release_claim)),
    ]


_OPERATIONS: Final[Sequence[tuple[str, str, Handler]]] = [
    ("GET", "/", _read_contract),
    ("GET", "/partners", listing(PARTNERS)),
    ("GET", "/partners/{partners}", reading(PARTNERS)),
    ("PUT", "/partners/{partners}", put_partner),
    ("GET", "/groups", listing(GROUPS)),
    ("POST", "/groups", creating(GROUPS, bodies.GROUP_INPUT)),
    ("GET", "/groups/{groups}", reading(GROUPS)),
    ("PATCH", "/groups/{groups}", changing(GROUPS, bodies.GROUP_UPDATE)),
    ("GET", "/groups/{groups}/members", list_members),
    ("PUT", "/groups/{groups}/members/{partners}", add_member),
    ("DELETE", "/groups/{groups}/members/{partners}", remove_member),
    ("GET", "/requests", listing(REQUESTS)),
    ("POST", "/requests", creating(REQUESTS, bodies.REQUEST_INPUT)),
    ("GET", "/requests/{requests}", reading(REQUESTS)),
    ("PATCH", "/requests/{requests}", changing(REQUESTS, bodies.REQUEST_UPDATE)),
    *_worked_on(REQUESTS, bodies.REQUEST_STATUS_INPUT),
    *_commented(REQUESTS),
    ("GET", "/issues", listing(ISSUES)),
    ("POST", "/issues", creating(ISSUES, bodies.ISSUE_INPUT)),
    ("GET", "/issues/{issues}", reading(ISSUES)),
    ("PATCH", "/issues/{issues}", changing(ISSUES, bodies.ISSUE_UPDATE)),
    *_worked_on(ISSUES, bodies.ISSUE_STATUS_INPUT),
    *_commented(ISSUES),
    ("GET", "/projects", listing(PROJECTS)),
    ("POST", "/projects", creating(PROJECTS, bodies.PROJECT_INPUT)),
    ("GET", "/projects/{projects}", reading(PROJECTS)),
    ("PATCH", "/projects/{projects}", changing(PROJECTS, bodies.PROJECT_UPDATE)),
    *_commented(PROJECTS),
    ("GET", "/projects/{projects}/tasks", listing(TASKS)),
    ("POST", "/projects/{projects}/tasks", creating(TASKS, bodies.TASK_INPUT)),
    ("GET", "/projects/{projects}/tasks/{tasks}", reading(TASKS)),
    ("PATCH", "/projects/{projects}/tasks/{tasks}", changing(TASKS, bodies.TASK_UPDATE)),
    ("GET", "/projects/{projects}/exceptions", listing(EXCEPTIONS)),
    (
        "POST",
        "/projects/{projects}/exceptions",
        creating(EXCEPTIONS, bodies.PROJECT_EXCEPTION_INPUT),
    ),
    (
        "PATCH",
        "/projects/{projects}/exceptions/{exceptions}",
        changing(EXCEPTIONS, bodies.PROJECT_EXCEPTION_UPDATE),
    ),
    ("GET", "/projects/{projects}/confirmations", listing(CONFIRMATIONS)),
    ("PUT", "/projects/{projects}/confirmations/{partners}", acknowledging(CONFIRMATIONS)),
    ("GET", "/documents", listing(DOCUMENTS)),
    ("POST", "/documents", create_document),
    ("GET", "/documents/{documents}", reading(DOCUMENTS)),
    ("PATCH", "/documents/{documents}", update_document),
    ("PUT", "/documents/{documents}/state", set_document_state),
    ("GET", "/deliveries", listing(DELIVERIES)),
    ("GET", "/documents/{documents}/deliveries/{partners}", read_delivery),
    ("PUT", "/documents/{documents}/deliveries/{partners}", put_delivery),
    ("GET", "/receipts", listing(RECEIPTS)),
    ("POST", "/documents/{documents}/deliveries/{partners}/receipts", create_receipt),
    ("GET", "/announcements", listing(ANNOUNCEMENTS)),
    ("POST", "/announcements", creating(ANNOUNCEMENTS, bodies.ANNOUNCEMENT_INPUT)),
    ("GET", "/announcements/{announcements}", reading(ANNOUNCEMENTS)),
    ("GET", "/announcements/{announcements}/acknowledgements", listing(ACKNOWLEDGEMENTS)),
    (
        "PUT",
        "/announcements/{announcements}/acknowledgements/{partners}",
        acknowledging(ACKNOWLEDGEMENTS),
    ),
    ("GET", "/activity", listing(ACTIVITY)),
    ("POST", "/activity", append),
]
#: The handlers by operation, such as `GET /requests/{requests}`.
HANDLERS: Final = {f"{method} {path}": handler for method, path, handler in _OPERATIONS}
