"""Letters to send, made without a community."""

from datetime import UTC, datetime
from typing import Any

from tgiconik.community.post import Letter, LetterKind
from tgiconik.community.post.channel import Outgoing

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def outgoing(partner_id: str, number: int = 1, **data: Any) -> Outgoing:  # noqa: ANN401
    given = {"id": f"LTR-{number:032x}", "subject": "Your film", "text": "…"}
    letter = Letter(
        id=f"LTR-{number:032x}",
        partner_id=partner_id,
        recipients=(),
        noun="requests",
        record_id="REQ-1042",
        revision=number,
        change=number,
        at=AT,
        kind=LetterKind.STATUS,
        language="en",
        subject="Your film",
        data={**given, **data},
        text_parts=("", ""),
        html_parts=("", ""),
        labels=(),
    )
    return Outgoing(name=f"{number:012}-{number:032x}", letter=letter)
