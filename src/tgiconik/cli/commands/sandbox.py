"""`tgiconik sandbox`: the same as `python -m tgiconik.sandbox`."""

import argparse
import signal
import threading

from tgiconik.cli.options import add_common
from tgiconik.cli.parser import Subparsers
from tgiconik.sandbox.__main__ import add_options, serve


def add_parser(subparsers: Subparsers) -> None:
    """Add `sandbox`.

    Args:
        subparsers: the commands of `tgiconik`.
    """
    parser = subparsers.add_parser(
        "sandbox",
        help="serve both platforms for trials and tests",
        description="Serve an emulated iconik and Trading Grid with sample data. They are test "
        "doubles: nothing leaves this machine.",
        epilog="The printed lines set the environment variables of the clients: copy them into "
        "another shell.",
    )
    add_options(parser)
    add_common(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Serve the sandbox until SIGINT or SIGTERM.

    Args:
        options: those of `python -m tgiconik.sandbox`.

    Returns:
        The exit code: 0 when it was stopped, 2 when the address is in use.
    """
    if threading.current_thread() is threading.main_thread():
        # `kill` stops it as Ctrl-C does, so that temporary files are deleted.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    return serve(options)
