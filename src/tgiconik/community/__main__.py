"""`python -m tgiconik.community`: commands for the community that a customer keeps."""

import argparse
import sys
from collections.abc import Sequence

from tgiconik import errors
from tgiconik.community.commands import GROUPS

#: The exit codes besides 0.
_FAILED = 1
_BAD_INPUT = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command. Errors become one message on standard error.

    Args:
        arguments: the command and its options; those of the process when left out.

    Returns:
        The exit code: 0, 1 when something failed, 2 when the input, the configuration or the
        credentials are wrong.
    """
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except (errors.ConfigurationError, errors.Unauthorized, errors.Forbidden) as error:
        return _ended(error, _BAD_INPUT)
    except OSError as error:
        # A timeout of a call is an OSError too.
        return _ended(error, _FAILED if isinstance(error, errors.CallError) else _BAD_INPUT)
    except errors.TgIconikError as error:
        return _ended(error, _FAILED)
    except KeyboardInterrupt:
        sys.stderr.write("stopped; run the same command again to go on\n")
        return _FAILED


def _ended(error: Exception, code: int) -> int:
    sys.stderr.write(f"{error}\n")
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tgiconik.community",
        description="Commands for the community: partners and their groups, keys, a server, "
        "export, upkeep, and the post office.",
        epilog="The client of `partners` is made from the environment variables TRADING_GRID_URL, "
        "TRADING_GRID_CLIENT_ID, TRADING_GRID_CLIENT_SECRET, TRADING_GRID_COMPANY_ID and, where "
        "the community lives elsewhere, TRADING_GRID_COMMUNITY_URL, and TRADING_GRID_COMMUNITY_KEY "
        "for a served one.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for add_parser in GROUPS:
        add_parser(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
