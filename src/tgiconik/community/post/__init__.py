"""Letters to partners: a community's journal, told in words.

    templates = Templates.load("templates")
    with store.transaction(company_id, write=False) as state:
        for letter in letters(state.journal(after, 500), state, templates=templates):
            ...

Nothing here sends anything.
"""

from tgiconik.community.post.kinds import Action, LetterKind
from tgiconik.community.post.letter import Letter, Recipient
from tgiconik.community.post.recipients import DEFAULT_ROLES
from tgiconik.community.post.templates import PLACEHOLDERS, Templates
from tgiconik.community.post.writing import letters

__all__ = [
    "DEFAULT_ROLES",
    "PLACEHOLDERS",
    "Action",
    "Letter",
    "LetterKind",
    "Recipient",
    "Templates",
    "letters",
]
