"""E-mail as a channel of the post office."""

from tgiconik.community.post.mail.channel import MailChannel
from tgiconik.community.post.mail.settings import (
    ABSENT,
    AccessToken,
    ImapSettings,
    Security,
    SmtpSettings,
)

__all__ = ["ABSENT", "AccessToken", "ImapSettings", "MailChannel", "Security", "SmtpSettings"]
