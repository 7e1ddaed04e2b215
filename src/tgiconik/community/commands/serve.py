"""`python -m tgiconik.community serve`: the contract over HTTP, for portals and other machines."""

import argparse
import logging
import sys
from contextlib import closing
from importlib.util import find_spec

from tgiconik import errors
from tgiconik.community.commands.options import DATABASE, add_database, store_of
from tgiconik.community.commands.output import say
from tgiconik.community.commands.parsers import Subparsers
from tgiconik.community.community import missing_extra

_ACCESS = "tgiconik.community.access"


def add_parser(subparsers: Subparsers) -> None:
    """Add `serve`.

    Args:
        subparsers: the commands of `python -m tgiconik.community`.
    """
    parser = subparsers.add_parser(
        "serve",
        help="serve the community over HTTP, to whoever has a key",
        description="Serve the community over HTTP, to whoever has a key of `keys add`. Encryption "
        "is the task of a reverse proxy in front of it.",
    )
    add_database(parser)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument(
        "--port", type=int, default=8766, help="port to listen on, 0 for a free one (%(default)s)"
    )
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="a name that clients call it by, such as that of the reverse proxy; may be repeated",
    )
    parser.add_argument(
        "--rate",
        type=float,
        default=100.0,
        metavar="CALLS",
        help="calls per second and key, then 429 (%(default)g)",
    )
    parser.add_argument(
        "--max-body",
        type=int,
        default=1024 * 1024,
        metavar="BYTES",
        help="longest body of a request, then 413 (%(default)s)",
    )
    parser.set_defaults(run=run_serve)


def run_serve(options: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM.

    Args:
        options: `database`, `host`, `port`, `allow_host`, `rate` and `max_body`.

    Returns:
        The exit code: 0 when it was stopped, 2 when it cannot listen.

    Raises:
        ConfigurationError: an option is missing or wrong, or the extra `community`.
        StoreError: the database cannot be opened.
    """
    if find_spec("starlette") is None or find_spec("uvicorn") is None:
        raise missing_extra()
    from tgiconik.community.server.app import Limits, served_app  # noqa: PLC0415 - an extra
    from tgiconik.community.server.host import is_loopback  # noqa: PLC0415 - the same
    from tgiconik.community.server.listen import listening, run, url_of  # noqa: PLC0415 - the same

    if not is_loopback(options.host) and not options.allow_host:
        raise errors.ConfigurationError(
            f"--host {options.host} lets other machines in: name what they call this one by with "
            "--allow-host, as only listed names are answered; and let a reverse proxy in front of "
            "it encrypt, as keys travel with every call"
        )
    limits = Limits(body=options.max_body, rate=options.rate)
    with closing(store_of(options)) as store:
        app = served_app(store, names=options.allow_host, limits=limits)
        try:
            with listening(options.host, options.port) as listener:
                _log_to_stderr()
                run(app, listener, ready=lambda: _say_how(url_of(listener), options.allow_host))
        except (OSError, OverflowError) as error:
            sys.stderr.write(f"cannot listen on {options.host}:{options.port}: {error}\n")
            return 2
    return 0


def _say_how(url: str, names: list[str]) -> None:
    public = f"https://{names[0]}" if names else url
    say(f"# the community is served at {url}; stop with Ctrl-C")
    say(f"export {DATABASE}={public}")
    say("# and TRADING_GRID_COMMUNITY_KEY, as `python -m tgiconik.community keys add` shows it")
    sys.stdout.flush()


def _log_to_stderr() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    for name in (_ACCESS, "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.addHandler(handler)
    logging.getLogger(_ACCESS).setLevel(logging.INFO)
