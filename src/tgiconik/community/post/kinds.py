"""The kinds of letters, and the moves that a letter offers."""

from enum import StrEnum


class LetterKind(StrEnum):
    """The reason of a letter."""

    DELIVERY = "delivery"
    COMMENT = "comment"
    QUESTION = "question"
    STATUS = "status"
    TASK = "task"
    ANNOUNCEMENT = "announcement"
    WITHDRAWAL = "withdrawal"
    REPLACEMENT = "replacement"


class Action(StrEnum):
    """A move that the partner may make in answer to a letter."""

    CONFIRM = "confirm"
    REOPEN = "reopen"
    ACKNOWLEDGE = "acknowledge"
    WITHDRAW = "withdraw"
