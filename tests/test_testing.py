"""What others' test suites get of ours: fixtures that work whatever runs their async tests."""

import re
from datetime import UTC, datetime, timedelta
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from tgiconik import errors
from tgiconik.testing import Clock

#: How others run async tests: the plugin, what is in their `pytest.ini`, and above each test.
RUNNERS = {
    "anyio": ("anyio", ["anyio_mode = auto"], ""),
    "anyio-by-mark": ("anyio", [], "@pytest.mark.anyio"),
    "asyncio-strict": (
        "asyncio",
        ["asyncio_mode = strict", "asyncio_default_fixture_loop_scope = function"],
        "@pytest.mark.asyncio",
    ),
    "asyncio-auto": (
        "asyncio",
        ["asyncio_mode = auto", "asyncio_default_fixture_loop_scope = function"],
        "",
    ),
    "asyncio-one-loop": (
        "asyncio",
        [
            "asyncio_mode = auto",
            "asyncio_default_fixture_loop_scope = session",
            "asyncio_default_test_loop_scope = session",
        ],
        "",
    ),
}

ASYNC_TESTS = """
import pytest
from tgiconik.workflows import fulfill_media_request

{mark}
async def test_a_request_is_answered(grid, iconik, sandbox):
    result = await fulfill_media_request(grid, iconik, "REQ-1042", policy=sandbox.policy())
    assert result.status == "fulfilled"
    assert sandbox.writes

{mark}
async def test_and_the_next_test_begins_anew(grid, sandbox):
    request = await grid.community.requests.get("REQ-1042")
    assert request.status == "submitted"
    assert not sandbox.writes
"""


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that is installed would take most of the time: each test names what it needs."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


def run(
    pytester: pytest.Pytester, code: str, *plugins: str, names: str = "short"
) -> pytest.RunResult:
    """One test file in a process of its own, with these plugins, and warnings as errors."""
    pytester.makepyfile(code)
    asked = [word for plugin in ("tgiconik.testing", *plugins) for word in ("-p", plugin)]
    return pytester.runpytest_subprocess("-W", "error", "-o", f"tgiconik_fixtures={names}", *asked)


@pytest.mark.parametrize("runner", RUNNERS)
def test_async_tests_have_them_whatever_runs_them(pytester: pytest.Pytester, runner: str) -> None:
    plugin, settings, mark = RUNNERS[runner]
    pytester.makeini("\n".join(["[pytest]", *settings]))

    done = run(pytester, ASYNC_TESTS.format(mark=mark), plugin)

    # anyio runs a test on each of its two backends.
    done.assert_outcomes(passed=4 if plugin == "anyio" else 2)


def test_tests_that_are_not_async_have_them_too(pytester: pytest.Pytester) -> None:
    done = run(
        pytester,
        """
        import asyncio

        async def subject(grid):
            return (await grid.community.requests.get("REQ-1042")).subject

        def test_with_one_loop_after_the_other(grid, iconik):
            assert asyncio.run(subject(grid)) == asyncio.run(subject(grid))
            assert asyncio.run(iconik.assets.list_assets().first(1))
        """,
    )

    done.assert_outcomes(passed=1)


def test_mocks_of_httpx_and_the_sandbox_leave_each_other_alone(pytester: pytest.Pytester) -> None:
    done = run(
        pytester,
        """
        import asyncio
        import httpx

        def test_both(httpx_mock, iconik):
            httpx_mock.add_response(url="https://shop.example/", json={"stock": 7})

            async def ask():
                async with httpx.AsyncClient() as client:
                    stock = (await client.get("https://shop.example/")).json()
                return stock, await iconik.assets.list_assets().first(2)

            stock, assets = asyncio.run(ask())

            assert stock == {"stock": 7}
            assert len(assets) == 2
            assert len(httpx_mock.get_requests()) == 1
        """,
        "pytest_httpx",
    )

    done.assert_outcomes(passed=1)


def test_fixtures_of_the_same_names_win(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        """
        import pytest

        @pytest.fixture
        def grid():
            return "electricity"

        @pytest.fixture
        def sandbox_clock():
            from datetime import UTC, datetime
            from tgiconik.testing import Clock
            return Clock(datetime(2026, 3, 2, 9, tzinfo=UTC))
        """
    )
    done = run(
        pytester,
        """
        import pytest

        @pytest.fixture
        def iconik():
            return "iconic"

        def test_names(grid, iconik, sandbox):
            assert (grid, iconik) == ("electricity", "iconic")
            assert str(sandbox.state.now()) == "2026-03-02 09:00:00+00:00"
        """,
    )

    done.assert_outcomes(passed=1)


THEIRS = """
import pytest

@pytest.fixture
def sandbox(): return "theirs"
@pytest.fixture
def grid(): return "theirs"
@pytest.fixture
def iconik(): return "theirs"
@pytest.fixture
def sandbox_clock(): return "theirs"
@pytest.fixture
def sandbox_url(): return "theirs"
"""


@pytest.mark.parametrize("order", [["theirs", "tgiconik.testing"], ["tgiconik.testing", "theirs"]])
def test_fixtures_of_other_plugins_stay_theirs(pytester: pytest.Pytester, order: list[str]) -> None:
    pytester.makepyfile(theirs=THEIRS)
    pytester.syspathinsert()
    pytester.makepyfile(
        """
        def test_theirs(sandbox, grid, iconik, sandbox_clock, sandbox_url, tgiconik_sandbox):
            assert {sandbox, grid, iconik, sandbox_clock, sandbox_url} == {"theirs"}
            assert tgiconik_sandbox.environment()
        """
    )

    asked = [word for plugin in order for word in ("-p", plugin)]
    done = pytester.runpytest_subprocess("-W", "error", *asked)

    done.assert_outcomes(passed=1)


LONG = """
import asyncio
from tgiconik.workflows import fulfill_media_request

def test_all(
    tgiconik_grid, tgiconik_iconik, tgiconik_sandbox, tgiconik_sandbox_clock, tgiconik_sandbox_url
):
    result = asyncio.run(
        fulfill_media_request(
            tgiconik_grid,
            tgiconik_iconik,
            "REQ-1042",
            policy=tgiconik_sandbox.policy(),
            now=tgiconik_sandbox_clock,
        )
    )
    assert result.status == "fulfilled"
    assert tgiconik_sandbox.writes
    assert tgiconik_sandbox.environment()["ICONIK_URL"] == tgiconik_sandbox_url
"""


@pytest.mark.parametrize("names", ["long", "short"])
def test_long_names_are_always_there(pytester: pytest.Pytester, names: str) -> None:
    run(pytester, LONG, names=names).assert_outcomes(passed=1)


def test_short_names_are_not_there_unless_asked_for(pytester: pytest.Pytester) -> None:
    done = run(pytester, "def test_it(sandbox): pass", names="long")

    done.assert_outcomes(errors=1)
    assert "fixture 'sandbox' not found" in done.stdout.str()


def test_another_word_in_the_ini_is_a_mistake(pytester: pytest.Pytester) -> None:
    done = run(pytester, "def test_it(): pass", names="shrt")

    assert done.ret == pytest.ExitCode.USAGE_ERROR
    assert "tgiconik_fixtures = shrt: it is `long` or `short`" in done.stderr.str()


def test_both_names_are_one_thing_whichever_a_suite_replaces(pytester: pytest.Pytester) -> None:
    done = run(
        pytester,
        """
        import pytest
        from datetime import UTC, datetime
        from tgiconik.testing import Clock

        def at_nine(): return Clock(datetime(2026, 3, 2, 9, tzinfo=UTC))

        class TestShort:
            @pytest.fixture
            def sandbox_clock(self): return at_nine()

            def test_it(self, sandbox, tgiconik_sandbox):
                assert sandbox is tgiconik_sandbox
                assert sandbox.state.now().hour == 9

        class TestLong:
            @pytest.fixture
            def tgiconik_sandbox_clock(self): return at_nine()

            def test_it(self, sandbox, sandbox_clock, tgiconik_grid, grid):
                assert grid is tgiconik_grid
                assert sandbox.state.now() == sandbox_clock()
                assert sandbox.state.now().hour == 9
        """,
    )

    done.assert_outcomes(passed=2)


def test_the_clock_ends_links_when_a_test_says_so(pytester: pytest.Pytester) -> None:
    done = run(
        pytester,
        """
        import asyncio
        import urllib.error
        import urllib.request
        import pytest
        from tgiconik.workflows import fulfill_media_request

        def test_the_link_ends(grid, iconik, sandbox, sandbox_clock, sandbox_url):
            result = asyncio.run(
                fulfill_media_request(
                    grid, iconik, "REQ-1042", policy=sandbox.policy(), now=sandbox_clock
                )
            )
            [outcome] = result.outcomes
            with urllib.request.urlopen(outcome.link) as answer:
                assert answer.status == 200

            sandbox_clock.advance(days=15)

            with pytest.raises(urllib.error.HTTPError) as refusal:
                urllib.request.urlopen(outcome.link)
            refusal.value.close()
        """,
    )

    done.assert_outcomes(passed=1)


def test_programs_find_the_served_sandbox_in_their_environment(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRADING_GRID_COMMUNITY_URL", "https://real.example")
    monkeypatch.setenv("ICONIK_URL", "https://real.example")

    done = run(
        pytester,
        """
        import asyncio
        import os
        from tgiconik import IconikClient, TradingGridClient

        async def program():
            async with TradingGridClient.from_env() as grid, IconikClient.from_env() as iconik:
                await grid.community.requests.get("REQ-1042")
                return await iconik.assets.list_assets().first(1)

        def test_the_program(sandbox_url, sandbox):
            assert asyncio.run(program())
            assert os.environ["ICONIK_URL"] == sandbox_url

        def test_and_afterwards_the_environment_is_as_it_was():
            assert os.environ["ICONIK_URL"] == "https://real.example"
            assert os.environ["TRADING_GRID_COMMUNITY_URL"] == "https://real.example"
        """,
    )

    done.assert_outcomes(passed=2)


def test_bad_luck_is_met_without_waiting(pytester: pytest.Pytester) -> None:
    done = run(
        pytester,
        """
        import asyncio
        from tgiconik.sandbox.faults import Fault, Refuse

        def test_three_times_no(iconik, sandbox):
            sandbox.faults += [Fault(Refuse(503), path="/API/assets/")] * 3
            assert asyncio.run(iconik.assets.list_assets().first(1))
            assert iconik.traffic.retries == 3
            assert iconik.traffic.waited < 0.1
        """,
    )

    done.assert_outcomes(passed=1)


def test_it_is_one_plugin_however_often_it_is_asked_for(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    pytester.makeconftest('pytest_plugins = ["tgiconik.testing"]')

    done = run(pytester, "def test_it(sandbox): pass", "no:asyncio", "no:schemathesis")

    done.assert_outcomes(passed=1)


@pytest.mark.parametrize("missing", ["graphql", "starlette", "uvicorn"])
def test_without_the_extra_only_tests_that_use_it_fail_and_say_what_to_install(
    pytester: pytest.Pytester, missing: str
) -> None:
    pytester.makeconftest(f"import sys\nsys.modules[{missing!r}] = None")

    done = run(pytester, "def test_else(): pass\ndef test_with_it(sandbox): pass")

    done.assert_outcomes(passed=1, errors=1)
    said = f'the sandbox needs {missing}: pip install "tgiconik[sandbox]"'
    assert f"ModuleNotFoundError: {said}" in done.stdout.str()


def test_fixtures_say_what_they_are(pytester: pytest.Pytester) -> None:
    done = pytester.runpytest_subprocess("-p", "tgiconik.testing", "--fixtures")

    told = done.stdout.str().partition("fixtures defined from tgiconik.testing")[2]
    assert "Both platforms with their world" in told
    assert "no docstring" not in told


@pytest.mark.parametrize("name", ["testing.md", "tutorial.md"])
def test_the_tests_on_a_page_pass(pytester: pytest.Pytester, name: str) -> None:
    page = (Path(__file__).parents[1] / "docs" / name).read_text("utf-8")
    marked = r"^<!-- not run: pytest runs [^\n]+ -->\n+```python\n(.*?)^```"
    blocks = re.findall(marked, page, re.MULTILINE | re.DOTALL)
    pytester.makeini("[pytest]\nanyio_mode = auto\ntgiconik_fixtures = short")
    pytester.makeconftest("import pytest\n@pytest.fixture\ndef anyio_backend(): return 'asyncio'")

    done = run(pytester, "\n\n".join(blocks), "anyio")

    done.assert_outcomes(passed=sum(block.count("def test_") for block in blocks))
    assert blocks


def test_pytest_finds_it() -> None:
    [found] = [point for point in entry_points(group="pytest11") if "tgiconik" in point.value]

    assert found.value == "tgiconik.testing"


def test_a_clock_goes_until_it_is_moved_or_stands_where_it_is_told() -> None:
    going, still = Clock(), Clock(datetime(2026, 3, 2, 10, tzinfo=UTC))

    assert abs(going() - datetime.now(UTC)) < timedelta(seconds=5)
    going.advance(days=2, minutes=1)
    still.advance(hours=-1)
    assert going() - datetime.now(UTC) > timedelta(days=2)
    assert still() == datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert repr(still) == "<Clock at 2026-03-02T09:00:00+00:00>"


def test_a_clock_without_a_time_zone_is_none() -> None:
    with pytest.raises(errors.ConfigurationError, match="tzinfo=UTC"):
        Clock(datetime(2026, 3, 2))  # noqa: DTZ001 - that is the mistake
