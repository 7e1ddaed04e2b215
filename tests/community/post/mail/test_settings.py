"""Settings that cannot work are refused with the name of what is wrong, and show no secret."""

from pathlib import Path
from typing import Any

import pytest

from tgiconik import errors
from tgiconik.community.commands import post_office
from tgiconik.community.post.mail import (
    ABSENT,
    ImapSettings,
    MailChannel,
    Security,
    SmtpSettings,
)

from .mails import BRAND, partner

PASSWORD = "correct-horse-battery"
SMTP: dict[str, Any] = {"host": "smtp.brand.example", "username": "post", "password": PASSWORD}
IMAP: dict[str, Any] = {**SMTP, "host": "imap.brand.example", "authserv_id": "mx.brand.example"}
ENVIRON = {
    "POST_MAIL_SENDER": BRAND,
    "POST_MAIL_SENDER_NAME": "Brand",
    "POST_MAIL_USERNAME": "post",
    "POST_MAIL_PASSWORD": PASSWORD,
    "POST_MAIL_SMTP_HOST": "smtp.brand.example",
    "POST_MAIL_IMAP_HOST": "imap.brand.example",
    "POST_MAIL_AUTHSERV_ID": "mx.brand.example",
}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"host": ""}, "host of the SMTP server"),
        ({"port": 0}, "0 is no port"),
        ({"timeout": 0}, "timeout"),
        ({"security": "none"}, "without encryption only a server on this machine"),
        ({"security": "none", "host": "10.0.0.1"}, "without encryption"),
        ({"token": lambda: "x"}, "a password or a token"),
        ({"password": ""}, "needs a username and a password or a token"),
        ({"username": ""}, "needs a username and a password or a token"),
    ],
)
def test_a_server_that_cannot_be_used_is_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(errors.ConfigurationError, match=words) as raised:
        SmtpSettings(**(SMTP | change))

    assert PASSWORD not in str(raised.value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"authserv_id": ""}, "Authentication-Results"),
        ({"authserv_id": "two words"}, "Authentication-Results"),
        ({"folder": "a\r\nb"}, "printable"),
        ({"processed": ""}, "printable"),
        ({"processed": "INBOX"}, "cannot be moved from INBOX to INBOX"),
        ({"largest": 0}, "largest"),
    ],
)
def test_a_mailbox_that_cannot_be_used_is_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(errors.ConfigurationError, match=words):
        ImapSettings(**(IMAP | change))


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_on_this_machine_encryption_may_be_left_out(host: str) -> None:
    assert SmtpSettings(**(SMTP | {"host": host, "security": "none"})).security == Security.NONE


def test_no_password_is_shown() -> None:
    shown = repr(SmtpSettings(**SMTP)) + repr(ImapSettings(**IMAP))

    assert PASSWORD not in shown
    assert "smtp.brand.example" in shown


@pytest.mark.parametrize("address", ["", "post", "a@b\r\nBcc: x@y", "Post <post@brand.example>"])
def test_a_sender_must_be_an_address(address: str) -> None:
    with pytest.raises(errors.ConfigurationError, match="sender must be an e-mail address"):
        MailChannel(smtp=SmtpSettings(**SMTP), sender=address)


def test_answers_need_somebody_to_collect_them() -> None:
    with pytest.raises(errors.ConfigurationError, match="reply_to needs imap"):
        MailChannel(smtp=SmtpSettings(**SMTP), sender=BRAND, reply_to="answers@brand.example")


def test_a_partner_is_reached_by_a_contact_that_can_be_written_to() -> None:
    channel = MailChannel(smtp=SmtpSettings(**SMTP), sender=BRAND)

    assert channel.reaches(partner())
    assert not channel.reaches(partner("GC-PA", "Mia <mia@partner.example>", "x"))


def test_the_environment_describes_the_account() -> None:
    channel = MailChannel.from_env(ENVIRON)

    assert (channel.name, channel.uses_tokens, channel.tracks) == ("mail", True, False)
    assert channel._smtp_settings == SmtpSettings(**SMTP)
    assert channel._imap_settings == ImapSettings(**IMAP)


def test_the_environment_may_say_more() -> None:
    channel = MailChannel.from_env(
        ENVIRON
        | {
            "POST_MAIL_SMTP_PORT": "465",
            "POST_MAIL_SMTP_SECURITY": "TLS",
            "POST_MAIL_IMAP_USERNAME": "answers",
            "POST_MAIL_IMAP_FOLDER": "Partners",
            "POST_MAIL_IMAP_PROCESSED": "Done",
            "POST_MAIL_AUTHSERV_ID": "absent",
            "POST_MAIL_REPLY_TO": "answers@brand.example",
            "POST_MAIL_SUB_ADDRESSING": "no",
        }
    )

    assert channel._smtp_settings.port == 465
    assert channel._smtp_settings.security == Security.TLS
    assert channel._sender.reply_to == "answers@brand.example"
    assert not channel._sender.sub_addressing
    imap = channel._imap_settings
    assert imap is not None
    assert (imap.username, imap.folder, imap.processed) == ("answers", "Partners", "Done")
    assert imap.authserv_id == ABSENT


def test_without_a_mailbox_letters_only_go() -> None:
    environ = {name: value for name, value in ENVIRON.items() if "IMAP" not in name}

    assert not MailChannel.from_env(environ).uses_tokens


@pytest.mark.parametrize("name", ["SENDER", "SMTP_HOST", "AUTHSERV_ID"])
def test_what_the_environment_lacks_is_named(name: str) -> None:
    environ = {key: value for key, value in ENVIRON.items() if key != f"POST_MAIL_{name}"}

    with pytest.raises(errors.ConfigurationError, match=f"set POST_MAIL_{name} in the environment"):
        MailChannel.from_env(environ)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("SMTP_PORT", "ten", "POST_MAIL_SMTP_PORT must be a number"),
        ("IMAP_SECURITY", "ssl", "POST_MAIL_IMAP_SECURITY must be tls, starttls or none"),
        ("SUB_ADDRESSING", "maybe", "POST_MAIL_SUB_ADDRESSING must be yes or no"),
    ],
)
def test_a_value_that_cannot_work_is_named(name: str, value: str, words: str) -> None:
    with pytest.raises(errors.ConfigurationError, match=words):
        MailChannel.from_env(ENVIRON | {f"POST_MAIL_{name}": value})


def test_an_access_token_may_be_in_a_file_that_others_keep_fresh(tmp_path: Path) -> None:
    file = tmp_path / "token"
    environ = {key: value for key, value in ENVIRON.items() if "PASSWORD" not in key}
    channel = MailChannel.from_env(environ | {"POST_MAIL_TOKEN_FILE": str(file)})
    token = channel._smtp_settings.token
    assert token is not None

    with pytest.raises(errors.ConfigurationError, match="cannot be read"):
        token()
    file.write_text("first\n")
    assert token() == "first"
    file.write_text("second\n")
    assert token() == "second"


def test_the_post_command_knows_the_channel() -> None:
    assert post_office.CHANNELS["mail"] == MailChannel.from_env
