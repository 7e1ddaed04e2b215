"""The exit codes: which error and which result has which."""

import re
from pathlib import Path

import pytest

from tgiconik import errors
from tgiconik.cli.exit_codes import MEANINGS, ExitCode, code_of_error, code_of_states
from tgiconik.cli.output import complain

EVERY_ERROR = [getattr(errors, name) for name in errors.__all__]


def test_every_code_has_a_meaning() -> None:
    assert set(MEANINGS) == set(ExitCode)


def test_the_documentation_has_the_same_table() -> None:
    page = (Path(__file__).parents[2] / "docs" / "command-line.md").read_text("utf-8")
    rows = re.findall(r"^\| (\d+) \| (.+) \|$", page, re.MULTILINE)

    assert {int(code): text for code, text in rows} == {
        int(code): meaning for code, meaning in MEANINGS.items()
    }


@pytest.mark.parametrize(
    ("states", "failed", "waiting", "code"),
    [
        ([], False, False, ExitCode.DONE),
        (["delivered"], False, False, ExitCode.DONE),
        (["would be delivered"], False, True, ExitCode.WAITING),
        (["delivered", "refused"], False, True, ExitCode.REFUSED),
        (["would be refused"], False, False, ExitCode.REFUSED),
        (["refused", "failed"], False, True, ExitCode.FAILED),
        (["delivered"], True, False, ExitCode.FAILED),
    ],
)
def test_failures_count_before_refusals_and_these_before_waiting(
    states: list[str],
    failed: bool,  # noqa: FBT001 - a table
    waiting: bool,  # noqa: FBT001 - the same
    code: ExitCode,
) -> None:
    assert code_of_states(states, failed=failed, waiting=waiting) is code


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.ConfigurationError("x"), ExitCode.CONFIGURATION),
        (errors.InvalidPartnerFile.__new__(errors.InvalidPartnerFile), ExitCode.CONFIGURATION),
        (errors.UnknownRequest("x"), ExitCode.NOT_FOUND),
        (errors.UnknownIssue("x"), ExitCode.NOT_FOUND),
        (errors.UnknownAsset("x"), ExitCode.NOT_FOUND),
        (errors.UnknownPartner("x"), ExitCode.NOT_FOUND),
        (errors.ClaimLost("x"), ExitCode.FAILED),
        (errors.StoreUnavailable("x"), ExitCode.FAILED),
        (FileNotFoundError(2, "not there", "f"), ExitCode.CONFIGURATION),
        (ModuleNotFoundError("the sandbox needs starlette"), ExitCode.CONFIGURATION),
        (KeyboardInterrupt(), ExitCode.INTERRUPTED),
        (TypeError("x"), ExitCode.FAILED),
    ],
)
def test_an_error_has_its_code(error: BaseException, code: ExitCode) -> None:
    assert code_of_error(error) is code


@pytest.mark.parametrize("kind", EVERY_ERROR, ids=lambda kind: kind.__name__)
def test_every_error_of_ours_ends_a_command_with_a_code_above_2(kind: type[Exception]) -> None:
    code = code_of_error(kind.__new__(kind))

    assert code in {
        ExitCode.FAILED,
        ExitCode.CONFIGURATION,
        ExitCode.NOT_FOUND,
    }


def test_only_what_may_pass_is_worth_another_run(capsys: pytest.CaptureFixture[str]) -> None:
    complain("fulfil", errors.ClaimLost("somebody else works on it"), repeatable=True)
    complain("fulfil", errors.WorkflowError("REQ-1 is no enhancement"), repeatable=True)

    first, second = capsys.readouterr().err.splitlines()
    assert first.endswith("Run the same command again to go on: nothing is done twice.")
    assert second == "tgiconik fulfil: REQ-1 is no enhancement."
