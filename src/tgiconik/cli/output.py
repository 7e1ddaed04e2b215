"""The output of commands: results on standard output, errors as one paragraph on standard error."""

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any, Final, Protocol

from tgiconik import errors
from tgiconik._console import say
from tgiconik._secrets import without_links
from tgiconik.cli.exit_codes import ExitCode, code_of_error, code_of_states

if TYPE_CHECKING:
    from tgiconik.workflows import Outcome

_OF_A_WRONG_ID: Final = (
    errors.NotFound,
    errors.UnknownRequest,
    errors.UnknownAsset,
    errors.UnknownIssue,
    errors.UnknownPartner,
)
#: After these, the same command may succeed.
_OF_THE_MOMENT: Final = (
    KeyboardInterrupt,
    errors.ConnectionFailed,
    errors.TimedOut,
    errors.TooManyRequests,
    errors.ServerError,
    errors.Conflict,
    errors.PreconditionFailed,
    errors.Inconsistent,
    errors.NotReady,
    errors.StoreUnavailable,
    errors.ClaimLost,
)


class WorkflowResult(Protocol):
    """A result of a workflow."""

    @property
    def outcomes(self) -> "tuple[Outcome, ...]":
        """One outcome per partner and asset."""
        ...

    @property
    def waiting_on(self) -> tuple[str, ...]:
        """Who has to act next, one line each."""
        ...

    def to_dict(self) -> dict[str, Any]:
        """The result as plain data, without links."""
        ...

    def to_html(self, path: str | None = None) -> str:
        """The result as a page.

        Args:
            path: where to write it, too.
        """
        ...

    def raise_for_failures(self) -> None:
        """Raise all failures as one exception group."""
        ...


def finish(
    options: argparse.Namespace,
    result: WorkflowResult,
    *,
    refusals: bool = True,
    refused: bool = False,
) -> int:
    """Show the result of a workflow.

    Args:
        options: `json` and `html`.
        result: the result.
        refusals: whether a refused outcome is other than what was asked for.
        refused: whether the policy refused something that is no outcome.

    Returns:
        The exit code.
    """
    if options.html is not None:
        result.to_html(options.html)
    show(options, str(result), result.to_dict())
    every = (*result.outcomes, *getattr(result, "closed", ()))
    counted: list[str] = [one.state for one in (result.outcomes if refusals else ())]
    counted += ["refused"] if refused else []
    return code_of_states(
        counted,
        failed=_has_failures(result) or any(one.state == "failed" for one in every),
        waiting=bool(result.waiting_on),
    )


def _has_failures(result: WorkflowResult) -> bool:
    try:
        result.raise_for_failures()
    except ExceptionGroup:
        return True
    return False


def show(options: argparse.Namespace, text: str, data: dict[str, Any]) -> None:
    """Write a result to standard output.

    Args:
        options: `json`.
        text: the result for people.
        data: the result for programs.
    """
    # ASCII, so that it is valid in any encoding; a value of an unforeseen type as text.
    say(json.dumps(data, indent=2, default=str) if options.json else text)


def complain(command: str, error: BaseException, *, repeatable: bool = False) -> ExitCode:
    """Write an error to standard error as one paragraph, with what to do next.

    Args:
        command: the name of the command.
        error: the error.
        repeatable: whether the command goes on where it stopped when it is run again.

    Returns:
        The exit code.
    """
    code = code_of_error(error)
    _to_stderr(f"tgiconik {command}".rstrip() + f": {_paragraph(error, repeatable=repeatable)}")
    return code


def _paragraph(error: BaseException, *, repeatable: bool) -> str:
    match error:
        case KeyboardInterrupt():
            text = "stopped."
        case errors.ConfigurationError() | OSError() | ImportError():
            text = str(error)
        case errors.TgIconikError():
            text = _sentence(str(error))
        case _:
            return (
                f"unexpected {type(error).__name__}: {_sentence(without_links(str(error)))} "
                "Run it with --debug for the traceback, and report it."
            )
    if isinstance(error, _OF_A_WRONG_ID):
        return f"{text} Check the id, and the profile or environment."
    if repeatable and isinstance(error, _OF_THE_MOMENT):
        return f"{_sentence(text)} Run the same command again to go on: nothing is done twice."
    return text


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _to_stderr(text: str) -> None:
    encoding = sys.stderr.encoding or "utf-8"
    sys.stderr.write(f"{text}\n".encode(encoding, "replace").decode(encoding))
