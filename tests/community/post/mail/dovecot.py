"""Debian's Dovecot, started for tests: an IMAP server that others wrote."""

import grp
import imaplib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import attrs

from tgiconik.community.post.mail import ImapSettings, Security

_PASSWORD: Final = "of-the-tests"
_CONFIGURATION: Final = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
default_internal_user = {internal}
default_internal_group = {group}
default_login_user = {login}
first_valid_uid = 1
mail_uid = {mail}
mail_gid = {mail_group}
mail_location = maildir:{folder}/mail/%u
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={mail} gid={mail_group} home={folder}/home/%u
}}
namespace inbox {{
  inbox = yes
}}
"""


@attrs.frozen
class Dovecot:
    """A running server, where every user has the same password."""

    port: int

    def imap(self, account: str) -> ImapSettings:
        """The settings by which somebody collects."""
        return ImapSettings(
            host="127.0.0.1",
            port=self.port,
            security=Security.NONE,
            username=account,
            password=_PASSWORD,
            authserv_id="mx.brand.example",
        )

    def client(self, account: str) -> imaplib.IMAP4:
        """A connection of another program."""
        client = imaplib.IMAP4("127.0.0.1", self.port, timeout=20)
        client.login(account, _PASSWORD)
        return client


@contextmanager
def running() -> Iterator[Dovecot]:
    """Start it, and stop it at the end of the block."""
    with tempfile.TemporaryDirectory(prefix="dovecot-") as name:
        folder, port = Path(name), _free_port()
        folder.chmod(0o755)  # its processes have users of their own
        users = _users()
        for kept in ("mail", "home"):
            (folder / kept).mkdir()
            shutil.chown(folder / kept, users["mail"], users["mail_group"])
        configuration = folder / "dovecot.conf"
        configuration.write_text(
            _CONFIGURATION.format(folder=folder, port=port, password=_PASSWORD, **users)
        )
        program = shutil.which("dovecot", path=f"{os.environ['PATH']}:/usr/sbin")
        assert program is not None, "install Debian's dovecot-imapd"
        with subprocess.Popen([program, "-F", "-c", str(configuration)]) as process:  # noqa: S603
            try:
                _wait_for(port, folder / "log")
                yield Dovecot(port)
            finally:
                process.terminate()


def _users() -> dict[str, str]:
    """Who runs what: the tests' own user, or, where that is root, the package's users."""
    if os.getuid() == 0:
        return {
            "internal": "dovecot",
            "group": "dovecot",
            "login": "dovenull",
            "mail": "nobody",
            "mail_group": grp.getgrgid(pwd.getpwnam("nobody").pw_gid).gr_name,
        }
    user, group = pwd.getpwuid(os.getuid()).pw_name, grp.getgrgid(os.getgid()).gr_name
    return {"internal": user, "group": group, "login": user, "mail": user, "mail_group": group}


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


def _wait_for(port: int, log: Path) -> None:
    for _ in range(200):
        try:
            imaplib.IMAP4("127.0.0.1", port, timeout=5).logout()
        except (OSError, imaplib.IMAP4.error):
            time.sleep(0.05)
        else:
            return
    raise AssertionError(log.read_text("utf-8") if log.exists() else "Dovecot does not start")
