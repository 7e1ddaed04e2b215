"""`python -m tgiconik.automation`: the worker, and what it did."""

import argparse
import sys
from collections.abc import Sequence

from tgiconik import errors
from tgiconik.automation.commands import COMMANDS

#: The exit codes besides 0.
_FAILED = 1
_BAD_INPUT = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command. Errors become one message on standard error.

    Args:
        arguments: the command and its options; those of the process when left out.

    Returns:
        The exit code: 0, 1 when something failed, 2 when the input or the configuration is wrong.
    """
    parser = argparse.ArgumentParser(
        prog="python -m tgiconik.automation",
        description="Run workflows when something happens, and see what they did.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for add_parser in COMMANDS:
        add_parser(commands)
    options = parser.parse_args(arguments)
    try:
        return int(options.run(options))
    except errors.ConfigurationError as error:
        return _ended(error, _BAD_INPUT)
    except errors.TgIconikError as error:
        return _ended(error, _FAILED)
    except KeyboardInterrupt:
        return _FAILED


def _ended(error: Exception, code: int) -> int:
    sys.stderr.write(f"{error}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
