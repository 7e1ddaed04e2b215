"""Words about a document, which takes no comments, go to what the document belongs to."""

from typing import Final

import attrs

from tgiconik.community.post.channel import Act
from tgiconik.community.post.intent import IntentKind
from tgiconik.community.rules.access import as_seen, may_see
from tgiconik.community.rules.caller import Caller
from tgiconik.community.rules.records import CompanyRecords
from tgiconik.community.store.sql import SqlTransaction

#: The fields of a document that name a record with comments.
_BELONGS_TO: Final = {"request_id": "requests", "issue_id": "issues", "project_id": "projects"}


def placed(transaction: SqlTransaction, act: Act) -> Act:
    """An act whose comment on a document is one on its request, issue or project.

    It stays as it is if the document has none that the partner sees.

    Args:
        transaction: the transaction.
        act: any act.
    """
    intent = act.intent
    if intent.kind != IntentKind.COMMENT or intent.noun != "documents" or not act.partner_id:
        return act
    view = CompanyRecords(transaction, Caller(transaction.company_id, act.partner_id))
    document = view.records("documents").get(intent.record_id)
    if document is None or not may_see(view, "documents", document):
        return act
    fields = as_seen(view, document).fields
    for name, noun in _BELONGS_TO.items():
        if fields[name] is not None:
            about = attrs.evolve(intent, noun=noun, record_id=fields[name])
            return attrs.evolve(act, intent=about)
    return act
