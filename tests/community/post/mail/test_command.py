"""`python -m tgiconik.community post` works with an e-mail account of the environment."""

import os
import sys
from pathlib import Path
from subprocess import CompletedProcess

import anyio
import pytest

from tgiconik.community import Community
from tgiconik.sandbox.mail import MailServer

from .mails import BRAND

COMMAND = (sys.executable, "-m", "tgiconik.community", "post", "--channel", "mail")


@pytest.fixture
async def environ(server: MailServer, tmp_path: Path) -> dict[str, str]:
    database = f"sqlite:///{tmp_path}/community.db"
    async with Community.open(database):
        pass
    return {
        **os.environ,
        "TRADING_GRID_COMMUNITY_URL": database,
        "TRADING_GRID_COMPANY_ID": "GC1",
        "POST_MAIL_SENDER": BRAND,
        "POST_MAIL_USERNAME": BRAND,
        "POST_MAIL_PASSWORD": server.password,
        "POST_MAIL_SMTP_HOST": "127.0.0.1",
        "POST_MAIL_SMTP_PORT": str(server.port("smtp")),
        "POST_MAIL_SMTP_SECURITY": "none",
        "POST_MAIL_IMAP_HOST": "127.0.0.1",
        "POST_MAIL_IMAP_PORT": str(server.port("imap")),
        "POST_MAIL_IMAP_SECURITY": "none",
        "POST_MAIL_AUTHSERV_ID": server.authserv_id,
    }


async def run(environ: dict[str, str], *options: str) -> CompletedProcess[bytes]:
    return await anyio.run_process([*COMMAND, *options], check=False, env=environ)


async def test_a_check_says_what_the_servers_answer(
    server: MailServer, environ: dict[str, str]
) -> None:
    done = await run(environ, "--check")

    assert done.returncode == 0, done.stderr
    assert f"127.0.0.1:{server.port('imap')}".encode() in done.stdout
    wrong = await run(environ | {"POST_MAIL_PASSWORD": "correct-horse"}, "--check")
    assert wrong.returncode == 2
    assert b"refuses the login" in wrong.stdout + wrong.stderr
    assert b"correct-horse" not in wrong.stdout + wrong.stderr


async def test_a_pass_collects_and_what_it_cannot_place_is_an_exit_code(
    server: MailServer, environ: dict[str, str]
) -> None:
    assert (await run(environ)).returncode == 0
    server.put(BRAND, b"From: eve@evil.example\r\n\r\nHello")

    done = await run(environ)

    assert done.returncode == 1
    assert b"in quarantine" in done.stdout
    assert server.mails(BRAND) == []


async def test_a_missing_variable_is_named(environ: dict[str, str]) -> None:
    del environ["POST_MAIL_AUTHSERV_ID"]

    done = await run(environ)

    assert done.returncode == 2
    assert b"set POST_MAIL_AUTHSERV_ID in the environment" in done.stderr
