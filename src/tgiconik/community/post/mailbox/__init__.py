"""The Trading Grid mailbox: letters and messages as files, by SFTP.

    channel = MailboxChannel(
        grid=grid,
        sftp=SftpSettings(host="…", username="…", client_key="…", host_keys=("SHA256:…",)),
        folders=MailboxFolders(publish_as="TO/{receiver}/{name}.json"),
        address="ZZ:AURORA",
        addresses={"GC10000401DE": "ZZ:NORDLICHT"},
    )

asyncssh comes with the extra `mailbox`.
"""

from tgiconik.community.post.mailbox.channel import MailboxChannel
from tgiconik.community.post.mailbox.paths import PathTemplate
from tgiconik.community.post.mailbox.settings import (
    Acknowledge,
    MailboxFolders,
    Publish,
    SftpSettings,
)

__all__ = [
    "Acknowledge",
    "MailboxChannel",
    "MailboxFolders",
    "PathTemplate",
    "Publish",
    "SftpSettings",
]
