"""A network of mailboxes on the loopback, by SFTP; the sandbox's Lens shows what passes through.

OpenText does not publish how its network behaves in detail. What is known of it is in the
documentation's page on mailboxes; the rest is this sandbox's own, and can be made to fail in the
ways that value-added networks do.
"""

from tgiconik.sandbox.channel_faults import Fault, FaultKind
from tgiconik.sandbox.mailboxes.network import MailboxNetwork, network_of
from tgiconik.sandbox.mailboxes.server import MailboxServer, mailbox_server

__all__ = [
    "Fault",
    "FaultKind",
    "MailboxNetwork",
    "MailboxServer",
    "mailbox_server",
    "network_of",
]
