"""Add data to the sandbox's Trading Grid.

The data are validated like those of a request; ValueError is raised if they are not valid. Times
may be datetimes.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import attrs

from tgiconik.community import times
from tgiconik.community.rules import bodies
from tgiconik.community.rules.nouns import GROUPS, ISSUES, PARTNERS, REQUESTS, Noun
from tgiconik.community.rules.partners import join, make_partner
from tgiconik.community.rules.records import CompanyRecords
from tgiconik.community.rules.resource import make, transition
from tgiconik.community.shapes import Document, Json, Shape, Violation
from tgiconik.sandbox.grid import collaboration
from tgiconik.sandbox.grid.community_management import COMPANIES, DIRECTORY, USERS
from tgiconik.sandbox.grid.lens import TRANSACTIONS
from tgiconik.sandbox.state import State
from tgiconik.tradinggrid.collaboration.transitions import PARTNER_MOVES, may_move
from tgiconik.tradinggrid.lens.transaction import FIELDS


def add_company(
    state: State, company_id: str, name: str, *, entitlements: Iterable[str] = ()
) -> None:
    """Add a company to Trading Grid."""
    state.store.put(
        COMPANIES,
        company_id,
        {
            "companyId": company_id,
            "companyName": name,
            "entitlements": [{"entitlementName": one} for one in entitlements],
        },
    )


def add_partner(
    state: State,
    company_id: str,
    partner_id: str,
    name: str,
    *,
    trading_address: str = "",
    groups: Iterable[str] = (),
    **profile: object,
) -> None:
    """Add a trading partner: to a company's directory, and as a profile to its community.

    The partner becomes a company too, which can have users. An existing profile is replaced.

    Args:
        state: the sandbox.
        company_id: BUID of the company whose partner this is.
        partner_id: BUID of the partner.
        name: the partner's name.
        trading_address: such as `ZZ:ACME`.
        groups: ids of existing groups.
        profile: other fields of the contract's PartnerInput: contacts, regions, languages.
    """
    fields = _checked(bodies.PARTNER_INPUT, name=name, **profile)
    add_company(state, partner_id, name)
    state.store.put(
        DIRECTORY,
        f"{company_id}/{partner_id}",
        {
            "companyId": partner_id,
            "partnerCompanyId": partner_id,
            "partnerCompanyName": name,
            "tradingAddress": trading_address,
        },
        parent=company_id,
    )
    with collaboration.writing(state, company_id) as community:
        profiles = community.records(PARTNERS.name)
        if (there := profiles.get(partner_id)) is None:
            partner = make_partner(community, partner_id, fields)
        else:
            partner = profiles.change(there, {**fields, "groups": []})
        for group_id in groups:
            group = community.records(GROUPS.name).get(group_id)
            if group is None:
                raise ValueError(f"there is no group {group_id}")
            partner = join(community, group, partner)


def add_user(
    state: State,
    company_id: str,
    user_id: str,
    login_id: str,
    *,
    first_name: str = "",
    last_name: str = "",
    email: str | None = None,
    roles: Sequence[str] = (),
) -> None:
    """Add a user to a company; the loginId defaults to the e-mail address."""
    user = {
        "userId": user_id,
        "loginId": login_id,
        "companyId": company_id,
        "firstName": first_name,
        "lastName": last_name,
        "contactInformation": {"email": email or login_id},
        "roles": list(roles),
    }
    state.store.put(USERS, user_id, user, parent=company_id)


def change_login_id(state: State, user_id: str, login_id: str) -> None:
    """Change a loginId, as users can in Trading Grid's web pages; the API cannot."""
    user = state.store.get(USERS, user_id)
    if user is None:
        raise ValueError(f"there is no user {user_id}")
    state.store.put(USERS, user_id, {**user, "loginId": login_id}, parent=user["companyId"])


def add_group(state: State, company_id: str, id_: str, name: str, **fields: object) -> None:
    """Add a group of partners.

    Args:
        state: the sandbox.
        company_id: BUID of the company whose group this is.
        id_: the group's id.
        name: its name.
        fields: other fields of the contract's GroupInput: tags, description, external_id.
    """
    fields = _checked(bodies.GROUP_INPUT, name=name, **fields)
    with collaboration.writing(state, company_id) as community:
        make(community.records(GROUPS.name), GROUPS, fields, id_=id_)


def add_request(
    state: State,
    company_id: str,
    id_: str,
    *,
    at: datetime | None = None,
    moves: Sequence[str] = (),
    **fields: object,
) -> None:
    """Add a partner's request, written by the partner.

    Args:
        state: the sandbox.
        company_id: BUID of the company that receives the request.
        id_: such as `REQ-1042`.
        at: creation time; default: now.
        moves: the statuses that it went through since then.
        fields: fields of the contract's RequestInput: kind, subject, partner_id, requester,
            criteria, due_at, description, asset_references, external_id.
    """
    fields = _checked(bodies.REQUEST_INPUT, **fields)
    with collaboration.writing(state, company_id) as community:
        _add_worked_on(attrs.evolve(community, at=at), REQUESTS, id_, fields, moves)


def add_issue(
    state: State,
    company_id: str,
    id_: str,
    *,
    at: datetime | None = None,
    moves: Sequence[str] = (),
    **fields: object,
) -> None:
    """Add a partner's issue, written by the partner.

    Args:
        state: the sandbox.
        company_id: BUID of the company that receives the issue.
        id_: such as `ISS-7`.
        at: creation time; default: now.
        moves: the statuses that it went through since then.
        fields: fields of the contract's IssueInput: subject, partner_id, severity, category,
            requester, due_at, description, asset_references, metadata, external_id.
    """
    fields = _checked(bodies.ISSUE_INPUT, **fields)
    with collaboration.writing(state, company_id) as community:
        _add_worked_on(attrs.evolve(community, at=at), ISSUES, id_, fields, moves)


def add_transaction(
    state: State,
    transaction_id: str,
    *,
    contentkeys: Mapping[str, str | Sequence[str]] | None = None,
    clientvalues: Mapping[str, str | Sequence[str]] | None = None,
    **fields: object,
) -> None:
    """Add a transaction to Lens.

    Args:
        state: the sandbox.
        transaction_id: unique per transaction.
        contentkeys: values by key, such as `purchase order number`; several of one key as a list.
        clientvalues: the client's own values by name; several of one name as a list.
        fields: other transaction fields by Lens's names; `arrivaltime` defaults to now.
    """
    if unknown := fields.keys() - set(FIELDS):
        raise ValueError(f"a transaction has no {', '.join(sorted(unknown))}")
    state.store.put(
        TRANSACTIONS,
        transaction_id,
        {
            "arrivaltime": times.stamp(state.now()),
            **_plain(fields),
            "transactionid": transaction_id,
            "contentkeys": _named_values(contentkeys),
            "clientvalues": _named_values(clientvalues),
        },
    )


def _named_values(given: Mapping[str, str | Sequence[str]] | None) -> list[Document]:
    return [
        {"key": key, "value": value}
        for key, values in (given or {}).items()
        for value in ([values] if isinstance(values, str) else values)
    ]


def _add_worked_on(
    operator: CompanyRecords, noun: Noun, id_: str, fields: Document, moves: Sequence[str]
) -> None:
    caller = attrs.evolve(operator.caller, partner_id=fields["partner_id"])
    partner = attrs.evolve(operator, caller=caller)
    records = partner.records(noun.name)
    record = make(records, noun, fields, id_=id_)
    for to in moves:
        if not may_move(noun.moves, record.fields["status"], to):
            raise ValueError(f"{id_} cannot become {to}")
        mover = partner if to in PARTNER_MOVES else operator
        record = records.change(record, transition(mover, record, to))


def _checked(shape: Shape, **fields: object) -> Document:
    wrong: list[Violation] = []
    checked: Document = shape(_plain(fields), "", wrong)
    if wrong:
        raise ValueError(
            "; ".join(f"{violation.pointer} {violation.detail}" for violation in wrong)
        )
    return checked


def _plain(value: object) -> Json:
    if isinstance(value, datetime):
        return times.stamp(value)
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value
