"""What deviates from the documents fails the run, however many processes it is run in."""

from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]


@pytest.mark.parametrize("workers", [0, 2])
def test_a_deviation_fails_the_run(pytester: pytest.Pytester, workers: int) -> None:
    pytester.makeini(f"[pytest]\npythonpath = {TESTS}\ntestpaths = .")
    pytester.makeconftest('pytest_plugins = ["contract.plugin"]')
    pytester.makepyfile("""
        from contract.recorder import FOUND

        def test_something_is_found():
            FOUND.add("GET assets/v1/nothing/: no such operation")

        def test_nothing_is_found():
            pass
    """)

    ran = pytester.runpytest_subprocess("-p", "no:asyncio", "-n", str(workers))

    ran.assert_outcomes(passed=2)
    assert ran.ret == pytest.ExitCode.TESTS_FAILED
    ran.stdout.fnmatch_lines(
        ["*published documents*", "not as documented: GET assets/v1/nothing/: no such operation"]
    )
    # An exception that nothing needs is told when all tests were run.
    ran.stdout.fnmatch_lines(["no longer needed: *"])


def test_a_part_of_the_tests_says_nothing_about_exceptions(pytester: pytest.Pytester) -> None:
    pytester.makeini(f"[pytest]\npythonpath = {TESTS}\ntestpaths = .")
    pytester.makeconftest('pytest_plugins = ["contract.plugin"]')
    pytester.makepyfile("def test_one(): pass\ndef test_other(): pass")

    ran = pytester.runpytest_subprocess("-p", "no:asyncio", "-k", "test_other")

    ran.assert_outcomes(passed=1, deselected=1)
    assert ran.ret == pytest.ExitCode.OK
