"""Letters to send, made without a community."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from tgiconik.community.post import Letter, LetterKind
from tgiconik.community.post.channel import Outgoing

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def outgoing(partner_id: str, number: int = 1, data: Mapping[str, Any] | None = None) -> Outgoing:
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
        data={**given, **(data or {})},
        text_parts=("", ""),
        html_parts=("", ""),
        labels=(),
    )
    return Outgoing(name=f"{number:012}-{number:032x}", letter=letter)
