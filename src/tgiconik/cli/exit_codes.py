"""The exit codes of all commands, and which error or result has which."""

from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import Final

from tgiconik import errors


class ExitCode(IntEnum):
    """The exit codes; stable, for scripts."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    CONFIGURATION = 3
    REFUSED = 4
    WAITING = 5
    NOT_FOUND = 6
    INTERRUPTED = 130


#: The meaning of each code, for the help and the documentation.
MEANINGS: Final[Mapping[ExitCode, str]] = {
    ExitCode.DONE: "Done: nothing failed, was refused, or is missing.",
    ExitCode.FAILED: "Something failed. Run the same command again.",
    ExitCode.USAGE: "The command line is wrong, or the address to listen on is in use.",
    ExitCode.CONFIGURATION: "The configuration, a file or the credentials are wrong or missing.",
    ExitCode.REFUSED: "The release policy refused something, or a check found a problem.",
    ExitCode.WAITING: "Everything possible is done; the result says who has to act next.",
    ExitCode.NOT_FOUND: "The request, issue, asset or other object does not exist.",
    ExitCode.INTERRUPTED: "Stopped by Ctrl-C (SIGINT). Run the same command again to go on.",
}
#: The states of outcomes that count, as results have them.
_FAILED: Final = "failed"
_REFUSED: Final = frozenset({"refused", "would be refused"})


def code_of_error(error: BaseException) -> ExitCode:
    """The exit code after an error.

    Args:
        error: the error that ended the command.
    """
    match error:
        case KeyboardInterrupt():
            return ExitCode.INTERRUPTED
        case errors.ConfigurationError() | errors.Unauthorized() | errors.Forbidden():
            return ExitCode.CONFIGURATION
        case (
            errors.NotFound()
            | errors.Gone()
            | errors.UnknownRequest()
            | errors.UnknownAsset()
            | errors.UnknownIssue()
            | errors.UnknownPartner()
        ):
            return ExitCode.NOT_FOUND
        case errors.TgIconikError():
            return ExitCode.FAILED
        case OSError() | ImportError():
            # A file, or an extra that is not installed; calls raise a CallError.
            return ExitCode.CONFIGURATION
        case _:
            return ExitCode.FAILED


def code_of_states(
    states: Iterable[str], *, failed: bool = False, waiting: bool = False
) -> ExitCode:
    """The exit code of a result: failures count before refusals, and these before waiting.

    Args:
        states: the states of its outcomes.
        failed: whether something failed that is no outcome.
        waiting: whether somebody has to act next.
    """
    found = set(map(str, states))
    if failed or _FAILED in found:
        return ExitCode.FAILED
    if found & _REFUSED:
        return ExitCode.REFUSED
    return ExitCode.WAITING if waiting else ExitCode.DONE
