"""The intents of a partner that arrive in messages: each is exactly one call of the contract.

A channel makes an intent of a message that it understands and trusts. The post office carries it
out as the partner, by the rules that a call of the partner's own key would meet.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import attrs


class IntentKind(StrEnum):
    """The act that a partner asks for."""

    REQUEST = "request"
    ISSUE = "issue"
    COMMENT = "comment"
    MOVE = "move"
    CONFIRM = "confirm"
    ACKNOWLEDGE = "acknowledge"
    RECEIPT = "receipt"
    TASK = "task"
    EXCEPTION = "exception"


@attrs.frozen(kw_only=True)
class Intent:
    """One act of a partner.

    Attributes:
        kind: the act.
        noun: collection of the record that it is about: `requests`, `issues`, `projects`,
            `documents` or `announcements`; empty for a new request or issue.
        record_id: id of this record; empty for a new request or issue.
        part_id: id of the record below it: of the task, for a task; empty otherwise.
        body: the call's body, in the words of the contract; the status of a move is its `status`.
    """

    kind: IntentKind
    noun: str = ""
    record_id: str = ""
    part_id: str = ""
    body: Mapping[str, Any] = attrs.field(factory=dict, repr=False)
