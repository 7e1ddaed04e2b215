"""Logging in with a private key, on asyncssh's own SFTP server and real files."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncssh
import attrs
import pytest

from tgiconik import errors
from tgiconik.community.post.mailbox import Publish, SftpSettings
from tgiconik.community.post.mailbox.publishing import publish
from tgiconik.community.post.mailbox.sftp import Sftp

PASSPHRASE = "correct-horse"


@pytest.fixture
async def settings(tmp_path: Path) -> AsyncIterator[SftpSettings]:
    """A server that takes one key alone, and how to log in to it."""
    files = tmp_path / "files"
    (files / "POLLABLE").mkdir(parents=True)
    host_key = asyncssh.generate_private_key("ecdsa-sha2-nistp256")
    key = asyncssh.generate_private_key("ssh-ed25519")
    key.write_private_key(tmp_path / "key", passphrase=PASSPHRASE, rounds=8, ignore_few_rounds=True)
    key.write_public_key(tmp_path / "authorized_keys")

    def chrooted(channel: asyncssh.SSHServerChannel[bytes]) -> asyncssh.SFTPServer:
        return asyncssh.SFTPServer(channel, chroot=str(files).encode())

    server = await asyncssh.listen(
        "127.0.0.1",
        0,
        server_host_keys=[host_key],
        authorized_client_keys=str(tmp_path / "authorized_keys"),
        sftp_factory=chrooted,
        config=[],
    )
    yield SftpSettings(
        host="127.0.0.1",
        port=server.get_port(),
        username="aurora",
        client_key=tmp_path / "key",
        client_key_password=PASSPHRASE,
        host_keys=(host_key.export_public_key().decode(),),
        timeout=10,
    )
    server.close()
    await server.wait_closed()


@pytest.mark.parametrize("how", Publish)
async def test_a_private_key_opens_the_mailbox(settings: SftpSettings, how: Publish) -> None:
    sftp = Sftp(settings)

    await publish(sftp, "POLLABLE/a.json", b"{}" * 100_000, how)
    await publish(sftp, "POLLABLE/a.json", b"{}" * 100_000, how)
    found = await sftp.files("POLLABLE")

    assert ("a.json", 200_000) in [(one.name, one.size) for one in found]
    assert await sftp.read("POLLABLE/a.json", 1_000_000) == b"{}" * 100_000
    assert await sftp.read("POLLABLE/a.json", 3) == b"{}{"
    await sftp.remove("POLLABLE/a.json")
    await sftp.remove("POLLABLE/a.json")
    assert await sftp.size("POLLABLE/a.json") is None
    assert await sftp.read("POLLABLE/a.json", 3) is None
    assert await sftp.files("NOWHERE") == []
    await sftp.aclose()
    await sftp.aclose()


async def test_a_folder_that_is_not_there_means_later(settings: SftpSettings) -> None:
    sftp = Sftp(settings)

    with pytest.raises(errors.PostUnavailable, match="writing a file failed"):
        await sftp.write("NOWHERE/a.json", b"{}")
    await sftp.aclose()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"client_key_password": "wrong-horse"}, "client_key cannot be read"),
        ({"client_key_password": None}, "client_key cannot be read"),
        ({"client_key": "no/such/key"}, "there is no file"),
        ({"client_key": None, "password": "a-password"}, "refuses the credentials of aurora"),
    ],
    ids=["wrong passphrase", "no passphrase", "no key", "password"],
)
async def test_a_login_that_fails_says_why(
    settings: SftpSettings, changes: dict[str, Any], said: str
) -> None:
    sftp = Sftp(attrs.evolve(settings, **changes))

    with pytest.raises(errors.ConfigurationError, match=said) as caught:
        await sftp.connect()

    assert "horse" not in str(caught.value)


async def test_a_file_that_is_no_key_is_told(settings: SftpSettings, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no key")
    sftp = Sftp(attrs.evolve(settings, client_key=tmp_path / "text"))

    with pytest.raises(errors.ConfigurationError, match="client_key cannot be read"):
        await sftp.connect()
