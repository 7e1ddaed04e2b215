"""Partners take part by letters and messages: what is written to them, and by which channels.

    async with PostOffice(community, "GC1", channels=[channel]) as office:
        report = await office.run_once()

Letters are the community's journal, told in words. `letters` writes them and sends nothing.
"""

from tgiconik.community.post.kinds import Action, LetterKind
from tgiconik.community.post.letter import Letter, Recipient
from tgiconik.community.post.office.bounces import BouncedContact
from tgiconik.community.post.office.inbox import Message, MessageState
from tgiconik.community.post.office.office import PostOffice
from tgiconik.community.post.office.outbox import OutboxLetter
from tgiconik.community.post.office.report import PostReport, PostStep, Step
from tgiconik.community.post.recipients import DEFAULT_ROLES
from tgiconik.community.post.templates import PLACEHOLDERS, Templates
from tgiconik.community.post.writing import letters

__all__ = [
    "DEFAULT_ROLES",
    "PLACEHOLDERS",
    "Action",
    "BouncedContact",
    "Letter",
    "LetterKind",
    "Message",
    "MessageState",
    "OutboxLetter",
    "PostOffice",
    "PostReport",
    "PostStep",
    "Recipient",
    "Step",
    "Templates",
    "letters",
]
