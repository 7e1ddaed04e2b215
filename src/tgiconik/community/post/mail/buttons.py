"""Buttons in letters: links that begin a mail whose subject is a keyword.

Nothing happens when a link is followed: the contact sends the mail. So programs that follow all
links of a letter press nothing, and no web server is needed.
"""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

import attrs

from tgiconik.community.post.kinds import Action
from tgiconik.community.post.letter import Letter
from tgiconik.community.post.mail.tokens import subject_with
from tgiconik.tradinggrid.collaboration.values import TaskKind

#: A keyword at the beginning of a subject; some systems put a tag such as `[EXTERNAL]` before it.
_PRESSED: Final = re.compile(
    rf"(?:\[[^\[\]#]{{1,40}}\] *)?({'|'.join(action.upper() for action in Action)})"
    r"(?: (?:(approval) )?[A-Za-z0-9_./-]{1,200})? \[#[A-Za-z0-9_-]+\] *",
)


@attrs.frozen
class Pressed:
    """A button that was pressed.

    Attributes:
        action: the move.
        approves: whether the task is an approval, which is given.
    """

    action: Action
    approves: bool = False


def links(letter: Letter, address: str, token: str) -> Mapping[Action, str]:
    """The link of each button of a letter.

    Args:
        letter: the letter.
        address: where the mail goes, with the token or without.
        token: the reply token of its recipient.
    """
    about = letter.record_id.partition("/")[0]
    if letter.data.get("details", {}).get("task_kind") == TaskKind.APPROVAL:
        about = f"approval {about}"
    return {
        action: mailto(address, subject_with(f"{action.upper()} {about}", token))
        for action in letter.actions
    }


def pressed(subject: str) -> Pressed | None:
    """The button that a mail with this subject was begun by.

    An answer to such a mail begins with `Re:`, and presses nothing.
    """
    found = _PRESSED.fullmatch(subject)
    return found and Pressed(Action(found[1].lower()), approves=bool(found[2]))


def mailto(address: str, subject: str, body: str = "") -> str:
    """A link that begins a mail (RFC 6068)."""
    text = f"&body={quote(body, safe='')}" if body else ""
    return f"mailto:{quote(address, safe='@')}?subject={quote(subject, safe='')}{text}"
