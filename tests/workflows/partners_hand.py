"""What partners do, by the contract itself or by messages: the same life by every hand.

A hand is made on a sandbox. `press` is the move that a letter offers; what no letter offered cannot
be pressed by a hand that works by messages.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import count
from typing import Any, Final, Protocol

import attrs

from tgiconik.community.post import Action
from tgiconik.community.post.channel import Act, ReplyToken
from tgiconik.community.post.intent import Intent, IntentKind
from tgiconik.community.post.mail import intents
from tgiconik.community.post.mail.buttons import Pressed
from tgiconik.community.post.office.carrying import call_of
from tgiconik.community.rules.caller import Caller
from tgiconik.community.rules.local_call import call_in
from tgiconik.community.store.interface import Place
from tgiconik.sandbox import Sandbox, credentials

COMPANY: Final = credentials.COMPANY_ID


class PartnersHand(Protocol):
    """The moves of all partners."""

    async def submit(
        self,
        partner_id: str,
        kind: str,
        subject: str,
        *,
        assets: Sequence[str] = (),
        **fields: str,
    ) -> str:
        """Submit a `media_request`, an `enhancement` or an `issue`; the id of what was made.

        Args:
            partner_id: BUID of the partner.
            kind: one of the three.
            subject: the subject.
            assets: ids of the assets that it is about.
            fields: criteria such as `region`, or `severity` and `category` of an issue.
        """
        ...

    async def comment(self, partner_id: str, noun: str, id_: str, text: str, /) -> None:
        """Comment on a request, an issue or a project that the partner has been told of."""
        ...

    async def press(self, partner_id: str, action: Action, noun: str, id_: str) -> None:
        """Make a move that a letter offers.

        Args:
            partner_id: BUID of the partner.
            action: the move.
            noun: `requests`, `issues`, `projects`, `tasks`, `announcements` or `deliveries`.
            id_: id of the record; of a delivery, the id of its document.
        """
        ...


@attrs.frozen
class ByContract:
    """Calls the contract as each partner, with the partner's rights."""

    sandbox: Sandbox
    numbers: Any = attrs.field(factory=count)

    async def submit(
        self,
        partner_id: str,
        kind: str,
        subject: str,
        *,
        assets: Sequence[str] = (),
        **fields: str,
    ) -> str:
        """As the protocol says."""
        body: dict[str, Any] = {
            "subject": subject,
            "asset_references": [{"asset_id": id_} for id_ in assets],
        }
        if kind == "issue":
            body |= fields
        else:
            body |= {"kind": kind, "criteria": fields}
        intent_kind = IntentKind.ISSUE if kind == "issue" else IntentKind.REQUEST
        made = self._call(partner_id, Intent(kind=intent_kind, body=body))
        return str(made["id"])

    async def comment(self, partner_id: str, noun: str, id_: str, text: str, /) -> None:
        """As the protocol says."""
        self._call(
            partner_id,
            Intent(kind=IntentKind.COMMENT, noun=noun, record_id=id_, body={"body": text}),
        )

    async def press(self, partner_id: str, action: Action, noun: str, id_: str) -> None:
        """As the protocol says."""
        above = place_above(self.sandbox, noun, id_)
        token = ReplyToken(
            token="none",
            partner_id=partner_id,
            contact="",
            noun=noun,
            record_id=f"{id_}/{partner_id}" if noun == "deliveries" else id_,
            above=above,
            expires_at=self.sandbox.state.now() + timedelta(days=1),
        )
        contact = {"email": "media@partner.example"}
        pressed = Pressed(action, approves=_is_approval(self.sandbox, above, id_))
        intent = intents.of_button(pressed, token, contact, note="")
        assert intent is not None
        self._call(partner_id, intent)

    def _call(self, partner_id: str, intent: Intent) -> Mapping[str, Any]:
        name = f"by-contract-{next(self.numbers)}"
        call = call_of(Act(partner_id=partner_id, intent=intent, sender="media"), name)
        with self.sandbox.state.community.transaction(COMPANY) as transaction:
            reply = call_in(
                transaction,
                Caller(COMPANY, partner_id),
                call.operation,
                ids=call.ids,
                body=dict(call.body),
                key=name,
                revised=call.revised,
                answers_kept_for=timedelta(days=1),
            )
        return reply.body or {}


def place_above(sandbox: Sandbox, noun: str, id_: str) -> str:
    """The record above a task, such as `projects/PRJ-1`; empty for other records."""
    if noun != "tasks":
        return ""
    with sandbox.state.community.transaction(COMPANY, write=False) as transaction:
        for project in transaction.walk(Place("projects")):
            above = f"projects/{project.id}"
            if transaction.record(Place("tasks", above), id_) is not None:
                return above
    raise AssertionError(f"there is no task {id_}")


def _is_approval(sandbox: Sandbox, above: str, id_: str) -> bool:
    if not above:
        return False
    with sandbox.state.community.transaction(COMPANY, write=False) as transaction:
        task = transaction.record(Place("tasks", above), id_)
    return task is not None and task.fields["kind"] == "approval"


@asynccontextmanager
async def by_contract(sandbox: Sandbox) -> AsyncIterator[PartnersHand]:
    """Partners call the contract."""
    yield ByContract(sandbox)
