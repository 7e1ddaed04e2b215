"""The mailboxes of the mail server, in memory."""

from itertools import count
from threading import Lock

import attrs


@attrs.define
class Stored:
    """A mail in a folder."""

    uid: int
    raw: bytes = attrs.field(repr=False)
    flags: set[str] = attrs.field(factory=set)


@attrs.define
class Folder:
    """A folder of a mailbox."""

    validity: int
    mails: list[Stored] = attrs.field(factory=list)
    next_uid: int = 1
    # The server's thread is not the only one that stores mails.
    _lock: Lock = attrs.field(factory=Lock, repr=False, eq=False)

    def add(self, raw: bytes, flags: set[str] | None = None) -> Stored:
        """Store a mail under a new UID."""
        with self._lock:
            stored = Stored(self.next_uid, raw, set(flags or ()))
            self.next_uid += 1
            self.mails.append(stored)
        return stored

    def remove(self, uids: set[int]) -> None:
        """Remove mails for good."""
        with self._lock:
            self.mails = [mail for mail in self.mails if mail.uid not in uids]


@attrs.define
class Mailboxes:
    """The folders of each account; accounts come into being with their first mail."""

    _folders: dict[str, dict[str, Folder]] = attrs.field(factory=dict)
    _validities: "count[int]" = attrs.field(factory=lambda: count(1_700_000_001))

    def folders(self, account: str) -> dict[str, Folder]:
        """The folders of an account, by name."""
        return self._folders.setdefault(
            account.casefold(), {"INBOX": Folder(next(self._validities))}
        )

    def create(self, account: str, name: str) -> bool:
        """Make a folder; False if it is there."""
        folders = self.folders(account)
        if name in folders:
            return False
        folders[name] = Folder(next(self._validities))
        return True

    def renew(self, account: str, name: str) -> None:
        """Give a folder a new UIDVALIDITY and its mails new UIDs, as after a restored backup."""
        folder = self.folders(account)[name]
        folder.validity = next(self._validities)
        folder.next_uid = 1
        kept, folder.mails = folder.mails, []
        for mail in kept:
            folder.add(mail.raw, mail.flags)
