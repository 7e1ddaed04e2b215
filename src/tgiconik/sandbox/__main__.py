"""`python -m tgiconik.sandbox`: serve both platforms until interrupted."""

import argparse
import shlex
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Final

from tgiconik import errors
from tgiconik.sandbox import credentials
from tgiconik.sandbox.app import Sandbox
from tgiconik.sandbox.grid import collaboration
from tgiconik.sandbox.iconik.seed import COLLEAGUE
from tgiconik.sandbox.limit import Limit
from tgiconik.sandbox.world import RELEASE_VIEW

#: The address that letters come from in the printed variables.
_MAIL_SENDER: Final = "media@brand.example"


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve the sandbox and say how clients find it.

    Returns:
        The exit code: 0 when interrupted, 2 when the address is in use or an extra is missing.
    """
    return serve(_parser().parse_args(arguments))


def serve(options: argparse.Namespace) -> int:
    """Serve the sandbox and say how clients find it.

    Args:
        options: those of `add_options`.

    Returns:
        The exit code: 0 when interrupted, 2 when the address is in use.
    """
    sandbox = Sandbox(
        db=options.db,
        world="large" if options.world == "large" else True,
        limit=Limit() if options.limit else None,
        latency=options.latency,
        webhook_hosts=options.webhook_host,
    )
    try:
        with (
            sandbox.serve(options.host, options.port, hosts=options.allow_host) as url,
            sandbox.mailboxes(options.host) if options.mailboxes else nullcontext() as mailboxes,
            sandbox.mail_server() if options.mail else nullcontext() as mail,
        ):
            environment = sandbox.environment(url)
            if mailboxes is not None:
                environment |= mailboxes.environment(credentials.COMPANY_ID)
            if mail is not None:
                environment |= mail.environment(_MAIL_SENDER)
            for name, value in environment.items():
                sys.stdout.write(f"export {name}={value}\n")
            sys.stdout.writelines(f"# {line}\n" for line in _others(sandbox))
            sys.stdout.write(f'# policy.toml: metadata_view = "{RELEASE_VIEW}"\n')
            if mail is not None:
                sys.stdout.write(f"# {_post_office(options.db)}\n")
            sys.stdout.write(f"# iconik and Trading Grid are at {url}; stop with Ctrl-C\n")
            sys.stdout.write(f"# web page with all calls and changes: {url}/\n")
            sys.stdout.flush()
            threading.Event().wait()
    except KeyboardInterrupt:
        sys.stdout.write("\n")
    except errors.ConfigurationError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except OSError as error:
        sys.stderr.write(f"cannot listen on {options.host}:{options.port}: {error.strerror}\n")
        return 2
    finally:
        sandbox.close()
    return 0


def _post_office(db: str) -> str:
    """How letters are sent: a post office needs the community's database."""
    if db == ":memory:":
        return "letters are sent by a post office, which needs --db FILE to read the community"
    database = shlex.quote(f"sqlite:///{Path(db).resolve()}-community")
    return (
        f"send letters: python -m tgiconik.community post --database {database} --channel mail "
        "--every 5s"
    )


def _others(sandbox: Sandbox) -> Iterator[str]:
    """The credentials of partners and of a colleague, each in a line."""
    with collaboration.reading(sandbox.state) as community:
        partners = community.records("partners").all()
    for partner in partners:
        client_id, secret = credentials.partner_client(partner.id)
        yield (
            f"as {partner.fields['name']}: "
            f"TRADING_GRID_CLIENT_ID={client_id} TRADING_GRID_CLIENT_SECRET={secret}"
        )
    yield f"as a colleague in iconik: ICONIK_AUTH_TOKEN={credentials.user_token(COLLEAGUE)}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tgiconik.sandbox",
        description="Serve an emulated iconik and Trading Grid with sample data, for examples "
        "and tests. They are test doubles: nothing leaves this machine.",
        epilog="The printed lines set the environment variables of the clients: "
        "copy them into another shell.",
    )
    add_options(parser)
    return parser


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the sandbox's options.

    Args:
        parser: the command's parser.
    """
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument(
        "--port", type=int, default=8765, help="port to listen on, 0 for a free one (%(default)s)"
    )
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="a further name that the sandbox is called by, such as that of a container",
    )
    parser.add_argument(
        "--webhook-host",
        action="append",
        default=[],
        metavar="NAME",
        help="a host that webhooks may be delivered to besides this machine",
    )
    parser.add_argument(
        "--db",
        default=":memory:",
        metavar="FILE",
        help="SQLite file to persist to, with a folder for media beside it; default: in memory",
    )
    parser.add_argument(
        "--world",
        choices=("small", "large"),
        default="small",
        help="sample data of a new sandbox: a brand and its spring launch, or with it "
        "5,000 assets to page through (%(default)s)",
    )
    parser.add_argument(
        "--mailboxes",
        action="store_true",
        help="serve a mailbox for the brand and for each partner by SFTP, on a free port; needs "
        "the extra mailbox",
    )
    parser.add_argument(
        "--mail",
        action="store_true",
        help="serve a mail server, SMTP and IMAP, on free ports of this machine",
    )
    parser.add_argument(
        "--limit",
        action="store_true",
        help="apply iconik's rate limit: 1,000 calls in 20 seconds per credentials, then 429",
    )
    parser.add_argument(
        "--latency",
        type=_seconds,
        default=0.0,
        metavar="SECONDS",
        help="latency added to every response (%(default)s)",
    )


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a number of seconds")
    return seconds


if __name__ == "__main__":
    # `kill` stops it as Ctrl-C does, so that temporary files are deleted.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main())
