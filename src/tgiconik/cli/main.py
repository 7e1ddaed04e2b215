"""The entry point of the command line."""

import os
import sys
import traceback
from collections.abc import Sequence

from tgiconik.cli.exit_codes import ExitCode
from tgiconik.cli.parser import build_parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command. An error becomes one paragraph on standard error.

    Args:
        arguments: the command and its options; those of the process when left out.

    Returns:
        The exit code: see `tgiconik.cli.exit_codes`.

    Raises:
        SystemExit: the arguments are wrong, with code 2; or they ask for help, with code 0.
    """
    words = sys.argv[1:] if arguments is None else list(arguments)
    command, is_repeatable, shows_traceback = "", False, "--debug" in words
    try:
        options = build_parser(words).parse_args(words)
        command = options.command
        is_repeatable = getattr(options, "repeatable", False)
        if prepare := getattr(options, "prepare", None):
            prepare(options)
        code = int(options.run(options))
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read the output has read enough; Python would complain when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.FAILED
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - nobody wants a traceback
        from tgiconik.cli.output import complain  # errors alone need it

        if shows_traceback:
            traceback.print_exc()
        return complain(command, error, repeatable=is_repeatable)
    return code
