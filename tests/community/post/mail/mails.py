"""Mails of a contact, a community that knows the contact, and the judgement of both."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import attrs

from tgiconik.community.post.channel import Judgement, ReplyToken
from tgiconik.community.post.mail.judging import Account, Known, judge, letters_of, tokens_of
from tgiconik.community.post.mail.reading import read
from tgiconik.community.store.interface import Record

NOW: Final = datetime(2026, 3, 2, 9, tzinfo=UTC)
TOKEN: Final = "k7p2x9w4q8z3m6n1"
MIA: Final = "mia@partner.example"
BRAND: Final = "post@brand.example"
ACCOUNT: Final = Account(
    address=BRAND, domain="brand.example", authserv_id="mx.brand.example", largest=1_000_000
)
PROVEN: Final = "mx.brand.example; dmarc=pass header.from=partner.example"
NAME: Final = "0000000012-abc"


def partner(id_: str = "GC-PA", *emails: str) -> Record:
    """The profile of a partner, with contacts."""
    contacts = [
        {"email": email, "name": "Mia", "role": "media", "login_id": None}
        for email in emails or (MIA,)
    ]
    fields = {"company_id": id_, "name": "Partner", "contacts": contacts, "languages": []}
    return Record(
        id=id_,
        fields=fields,
        revision=1,
        created_at="2026-03-02T09:00:00.000000Z",
        updated_at="2026-03-02T09:00:00.000000Z",
    )


def token(noun: str = "requests", record_id: str = "REQ-1", **fields: Any) -> ReplyToken:  # noqa: ANN401
    """A reply token of Mia's."""
    given: dict[str, Any] = {
        "token": TOKEN,
        "partner_id": "GC-PA",
        "contact": MIA,
        "expires_at": NOW + timedelta(days=1),
    }
    return ReplyToken(noun=noun, record_id=record_id, **(given | fields))


def mail(
    text: str = "Thank you.",
    *,
    to: str = f"post+{TOKEN}@brand.example",
    subject: str = "Re: REQ-1",
    sender: str = MIA,
    results: Sequence[str] = (PROVEN,),
    **headers: str,
) -> bytes:
    """A mail of Mia's."""
    lines = [f"Authentication-Results: {one}" for one in results]
    lines += [f"From: {sender}", f"To: {to}", f"Subject: {subject}", "Message-ID: <1@partner>"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", text]).encode()


def button(keyword: str, text: str = "", about: str = "REQ-1", **how: Any) -> bytes:  # noqa: ANN401
    """The mail that a button begins."""
    return mail(text, subject=f"{keyword} {about} [#{TOKEN}]", **how)


@attrs.frozen(kw_only=True)
class Community:
    """What is known: tokens that were given out, partners, and letters that were sent."""

    tokens: Collection[ReplyToken] = attrs.field(factory=lambda: [token()])
    partners: Collection[Record] = attrs.field(factory=lambda: [partner()])
    letters: Mapping[str, str] = attrs.field(factory=lambda: {NAME: "GC-PA"})

    def judge(self, raw: bytes, *, account: Account = ACCOUNT, at: datetime = NOW) -> Judgement:
        """The judgement of a mail."""
        found = read(raw)
        given = {one.token: one for one in self.tokens}
        named = {one: given.get(one) for one in tokens_of(found, account)}
        ids = {one.partner_id for one in named.values() if one is not None}
        sender = (found.sender or "").lower()
        known = Known(
            tokens=named,
            partner=next((one for one in self.partners if one.id in ids), None),
            partners=[
                one
                for one in self.partners
                if any(contact["email"].lower() == sender for contact in one.fields["contacts"])
            ],
            sent={
                one.name: self.letters[one.name]
                for one in letters_of(found, account)
                if one.name in self.letters
            },
        )
        return judge(found, known, account, at=at)
