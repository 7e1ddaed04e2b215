"""The partner's side: work with a company that uses this package, from a Trading Grid mailbox.

    async with Partner(…) as partner:
        await partner.submit_request("Launch film for the screens in our stores")
        for letter in (await partner.run_once()).letters:
            print(letter.subject)

asyncssh comes with the extra `mailbox`.
"""

from tgiconik.community.post.mailbox import MailboxFolders, SftpSettings
from tgiconik.partner.letters import ReceivedLetter
from tgiconik.partner.partner import Partner, PartnerRun
from tgiconik.partner.store import StoredFile

__all__ = [
    "MailboxFolders",
    "Partner",
    "PartnerRun",
    "ReceivedLetter",
    "SftpSettings",
    "StoredFile",
]
