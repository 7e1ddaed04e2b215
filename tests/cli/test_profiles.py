"""Profiles of `tgiconik.toml`: which one is taken, what it means, and what is refused."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from traceback import TracebackException
from typing import Any

import jsonschema
import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from tgiconik import IconikClient, ReleasePolicy, TradingGridClient, errors
from tgiconik.profiles import _PROFILE_KEYS, _TABLES, load_profile
from tgiconik.sandbox import Sandbox, world

from .conftest import REQUEST, Files, Run

SCHEMA = json.loads(
    (Path(__file__).parents[2] / "docs" / "tgiconik.schema.json").read_text("utf-8")
)
WHOLE = """
[profiles.stage]
policy = "policies/stage.toml"
ca_file = "company.pem"

[profiles.stage.iconik]
url = "https://app.iconik.io"
app_id = "app"
auth_token_env = "STAGE_TOKEN"

[profiles.stage.trading_grid]
url = "https://apibetagrid.opentext.com"
client_id = "client"
client_secret_env = "STAGE_SECRET"
company_id = "GC10000400DE"
"""
ENVIRON = {"STAGE_TOKEN": "token-4711", "STAGE_SECRET": "secret-4712"}
SECRETS = ("token-4711", "secret-4712", "canary-4713", "Canary4714")


def write(folder: Path, text: str) -> Path:
    path = folder / "tgiconik.toml"
    path.write_text(text, "utf-8")
    return path


def refusal(path: Path, *, name: str = "stage", environ: dict[str, str] | None = None) -> str:
    """The message about a file that is refused."""
    with pytest.raises(errors.ConfigurationError) as caught:
        load_profile(name, config=path, environ=environ or ENVIRON)
    assert not any(secret in str(caught.value) for secret in SECRETS)
    return str(caught.value)


def test_both_clients_are_made_from_a_profile(folder: Path) -> None:
    path = write(folder, WHOLE.replace('ca_file = "company.pem"', ""))
    grid = TradingGridClient.from_profile("stage", config=path, environ=ENVIRON)
    iconik = IconikClient.from_profile("stage", config=path, environ=ENVIRON)

    assert repr(grid) == "<TradingGridClient GC10000400DE at https://apibetagrid.opentext.com>"
    assert repr(iconik) == "<IconikClient at https://app.iconik.io>"


def test_paths_are_relative_to_the_file(folder: Path) -> None:
    profile = load_profile("stage", config=write(folder, WHOLE), environ=ENVIRON)

    assert profile.policy == folder / "policies" / "stage.toml"
    assert profile.ca_file == folder / "company.pem"


def test_the_nearest_file_above_the_current_folder_is_taken(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder, "")
    (folder / "a" / "b").mkdir(parents=True)
    nearest = write(folder / "a", WHOLE)
    monkeypatch.chdir(folder / "a" / "b")

    assert load_profile("stage", environ=ENVIRON).file == nearest


def test_the_environment_names_profile_and_file(folder: Path) -> None:
    path = write(folder, WHOLE).rename(folder / "other.toml")
    environ = {**ENVIRON, "TGICONIK_PROFILE": "stage", "TGICONIK_CONFIG": str(path)}

    assert load_profile(environ=environ).name == "stage"
    assert load_profile(environ=environ).file == path


def test_arguments_count_before_the_environment(folder: Path) -> None:
    path = write(folder, WHOLE)
    environ = {**ENVIRON, "TGICONIK_PROFILE": "prod", "TGICONIK_CONFIG": "missing.toml"}

    assert load_profile("stage", config=path, environ=environ).name == "stage"


def test_a_file_of_another_user_is_taken_only_when_it_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(folder, WHOLE)
    path_stat = Path.stat

    def of_somebody(self: Path, **options: Any) -> object:  # noqa: ANN401 - as `Path.stat`
        found = path_stat(self, **options)
        if self != path:
            return found
        return type("Stat", (), {"st_uid": 4711, "st_mode": found.st_mode})

    monkeypatch.setattr(Path, "stat", of_somebody)
    with pytest.raises(errors.ConfigurationError, match="belongs to another user"):
        load_profile("stage", environ=ENVIRON)
    assert load_profile("stage", config=path, environ=ENVIRON).name == "stage"


def test_nothing_is_taken_from_the_environment_that_the_profile_does_not_name(
    folder: Path,
) -> None:
    path = write(folder, WHOLE)
    others = {
        "ICONIK_URL": "https://prod.example",
        "ICONIK_AUTH_TOKEN": "canary-4713",
        "TRADING_GRID_COMMUNITY_URL": "https://community.example",
        "TRADING_GRID_COMMUNITY_KEY": "canary-4713",
    }
    profile = load_profile("stage", config=path, environ={**ENVIRON, **others})

    found = dict(profile.trading_grid_environment({**ENVIRON, **others}))
    assert found == {
        "TRADING_GRID_URL": "https://apibetagrid.opentext.com",
        "TRADING_GRID_CLIENT_ID": "client",
        "TRADING_GRID_CLIENT_SECRET": "secret-4712",
        "TRADING_GRID_COMPANY_ID": "GC10000400DE",
    }


def test_a_profile_shows_no_secret(folder: Path) -> None:
    text = WHOLE.replace("[profiles.stage]", '[profiles.stage]\ndatabase_env = "STAGE_DATABASE"')
    environ = {**ENVIRON, "STAGE_DATABASE": "postgresql://me:canary-4713@db.example/c"}
    profile = load_profile("stage", config=write(folder, text), environ=environ)

    shown = (
        f"{profile!r} {profile.iconik_environment(environ)!r} "
        f"{profile.trading_grid_environment(environ)!r} {profile.database_environment(environ)!r}"
    )
    assert not any(secret in shown for secret in SECRETS)
    assert profile.database_url(environ) == environ["STAGE_DATABASE"]


@pytest.mark.parametrize("own", ["", 'community_url = "https://c.example"'])
def test_the_database_is_the_community_where_no_url_says_otherwise(folder: Path, own: str) -> None:
    text = f"{WHOLE}{own}\n".replace(
        "[profiles.stage]", '[profiles.stage]\ndatabase = "sqlite:///c.db"'
    )
    profile = load_profile("stage", config=write(folder, text), environ=ENVIRON)

    expected = "https://c.example" if own else "sqlite:///c.db"
    assert profile.trading_grid_environment(ENVIRON)["TRADING_GRID_COMMUNITY_URL"] == expected
    assert profile.database_environment(ENVIRON) == {
        "TRADING_GRID_COMPANY_ID": "GC10000400DE",
        "TRADING_GRID_COMMUNITY_URL": "sqlite:///c.db",
    }


REFUSED: dict[str, tuple[Callable[[str], str], str]] = {
    "an unknown key": (
        lambda text: text.replace("policy =", "polcy ="),
        r"profiles\.stage\.polcy is not known.*policy",
    ),
    "an unknown key of a client": (
        lambda text: text.replace("client_id", "clientid"),
        r"profiles\.stage\.trading_grid\.clientid is not known.*client_id",
    ),
    "an unknown table": (
        lambda text: text.replace("[profiles.stage]", "[profile.stage]\n[profiles.stage]"),
        r"profile is not known.*profiles",
    ),
    "a secret": (
        lambda text: text.replace('auth_token_env = "STAGE_TOKEN"', 'auth_token = "canary-4713"'),
        r'iconik\.auth_token is a secret, which this file must not hold.*auth_token_env = "NAME"',
    ),
    "a secret in the place of a variable's name": (
        lambda text: text.replace("STAGE_TOKEN", "Canary4714"),
        r"auth_token_env must be the name of an environment variable.*not the secret itself",
    ),
    "a password in a URL": (
        lambda text: text.replace(
            "[profiles.stage]", '[profiles.stage]\nproxy = "http://me:canary-4713@proxy:3128"'
        ),
        r'stage\.proxy holds a user, a password or a token.*proxy_env = "NAME"',
    ),
    "a password in a URL without a scheme": (
        lambda text: text.replace(
            "[profiles.stage]", '[profiles.stage]\nproxy = "me:canary-4713@proxy:3128"'
        ),
        r"stage\.proxy holds a user, a password or a token",
    ),
    "a token in a URL": (
        lambda text: text.replace("app.iconik.io", "app.iconik.io/?token=canary-4713"),
        r"iconik\.url holds a user, a password or a token.*leave it out",
    ),
    "a password of a database": (
        lambda text: text.replace(
            "[profiles.stage]", '[profiles.stage]\ndatabase = "postgresql://me:canary-4713@db/c"'
        ),
        r'stage\.database holds a user, a password or a token.*database_env = "NAME"',
    ),
    "two spellings": (
        lambda text: text.replace(
            "[profiles.stage]", '[profiles.stage]\nproxy = "http://p"\nproxy_env = "PROXY"'
        ),
        r"proxy and proxy_env are both there",
    ),
    "a missing key": (
        lambda text: text.replace('app_id = "app"\n', ""),
        r"profiles\.stage\.iconik\.app_id is missing",
    ),
    "a number": (
        lambda text: text.replace('"app"', "4711"),
        r"iconik\.app_id must be text that is not empty",
    ),
    "nothing": (
        lambda text: text.replace('"app"', '" "'),
        r"iconik\.app_id must be text that is not empty",
    ),
    "a value where a table is due": (
        lambda _: "profiles = 1",
        r"profiles must be a table",
    ),
    "a list where a profile is due": (lambda _: "[[profiles.stage]]", r"stage must be a table"),
    "no TOML": (lambda _: "[profiles", r"is not valid TOML"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_wrong_file_is_refused_with_file_and_key(case: str, folder: Path) -> None:
    change, problem = REFUSED[case]
    path = write(folder, change(WHOLE))
    message = refusal(path)

    assert message.startswith(str(path))
    assert re.search(problem, message), message


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.parametrize(
    "make", [load_profile, IconikClient.from_profile, TradingGridClient.from_profile]
)
def test_a_traceback_with_local_variables_shows_no_secret(
    case: str, make: Callable[..., object], folder: Path
) -> None:
    path = write(folder, REFUSED[case][0](WHOLE))
    with pytest.raises(errors.ConfigurationError) as caught:
        make("stage", config=path, environ=ENVIRON)
    whole = TracebackException.from_exception(caught.value, capture_locals=True)
    # The test's own frame is not ours.
    whole.stack.pop(0)

    assert not any(secret in "".join(whole.format()) for secret in SECRETS)


def test_another_profile_that_is_wrong_is_found_too(folder: Path) -> None:
    path = write(folder, f'{WHOLE}\n[profiles.prod]\nnothing = "here"\n')

    assert "profiles.prod.nothing is not known" in refusal(path)


def test_a_missing_profile_variable_table_or_file_is_named(folder: Path) -> None:
    path = write(folder, WHOLE)
    profile = load_profile("stage", config=path, environ={})

    assert "no profile 'stag'" in refusal(path, name="stag")
    assert "it has stage" in refusal(path, name="prod")
    assert "missing.toml cannot be read" in refusal(folder / "missing.toml")
    with pytest.raises(errors.ConfigurationError, match="names the environment variable STAGE_TOK"):
        profile.iconik_environment({})
    with pytest.raises(errors.ConfigurationError, match="choose a profile"):
        load_profile(config=path, environ={})
    with pytest.raises(errors.ConfigurationError, match=r"\[profiles.stage.iconik\]"):
        load_profile(
            "stage", config=write(folder, "[profiles.stage]"), environ={}
        ).iconik_environment({})


def test_no_file_is_said_with_what_to_do(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.chdir(folder)
    with pytest.raises(
        errors.ConfigurationError, match=r"there is no tgiconik\.toml in .* --config"
    ):
        load_profile("stage", environ={})


@given(st.text())
def test_any_text_is_a_file_with_profiles_or_an_error_of_ours(text: str) -> None:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        path = Path(folder) / "tgiconik.toml"
        path.write_text(text, "utf-8", errors="replace")
        with pytest.raises(errors.ConfigurationError):
            load_profile("stage", config=path, environ={})


async def test_the_certificates_and_the_proxy_of_a_profile_are_used(folder: Path) -> None:
    trustme.CA().cert_pem.write_to_path(str(folder / "company.pem"))
    text = WHOLE.replace("[profiles.stage]", '[profiles.stage]\nproxy = "http://127.0.0.1:9"')
    path = write(folder, text)
    async with IconikClient.from_profile("stage", config=path, environ=ENVIRON) as iconik:
        check = await iconik.check()
    (folder / "company.pem").write_text("no certificate", "utf-8")
    async with IconikClient.from_profile("stage", config=path, environ=ENVIRON) as iconik:
        wrong = await iconik.check()

    assert "proxy http://127.0.0.1:9" in check.problems[0]
    assert "company.pem' cannot be read as certificates" in wrong.problems[0]


def test_a_proxy_that_is_none_is_refused_without_its_password() -> None:
    with pytest.raises(errors.ConfigurationError, match="proxy=") as caught:
        IconikClient("https://a.example", "app", "token", proxy="ftp://me:canary-4713@p")
    assert "canary-4713" not in str(caught.value)


@pytest.mark.usefixtures("platforms")
def test_a_command_uses_a_profile(
    files: Files, folder: Path, run: Run, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = sandbox.environment()
    write(
        folder,
        '[profiles.dev]\npolicy = "policy.toml"\n'
        f'[profiles.dev.iconik]\nurl = "{given["ICONIK_URL"]}"\n'
        f'app_id = "{given["ICONIK_APP_ID"]}"\nauth_token_env = "DEV_TOKEN"\n'
        f'[profiles.dev.trading_grid]\nurl = "{given["TRADING_GRID_URL"]}"\n'
        f'client_id = "{given["TRADING_GRID_CLIENT_ID"]}"\nclient_secret_env = "DEV_SECRET"\n'
        f'company_id = "{given["TRADING_GRID_COMPANY_ID"]}"\n',
    )
    monkeypatch.setenv("DEV_TOKEN", given["ICONIK_AUTH_TOKEN"])
    monkeypatch.setenv("DEV_SECRET", given["TRADING_GRID_CLIENT_SECRET"])
    for name in given:
        monkeypatch.delenv(name)

    before = run("--profile", "dev", "fulfil", REQUEST, "--dry-run")
    partners = run("community", "--profile", "dev", "partners", "export")
    monkeypatch.setenv("TGICONIK_PROFILE", "dev")
    ready = run("check")
    unknown = run("check", "--profile", "prod")
    monkeypatch.delenv("TGICONIK_PROFILE")
    none = run("check")

    assert files.policy == str(folder / "policy.toml")
    assert (before.code, before.err) == (5, "")
    assert (partners.code, world.NORDLICHT in partners.out) == (0, True)
    assert (ready.code, ready.err) == (0, "")
    assert (unknown.code, "no profile 'prod'" in unknown.err) == (3, True)
    assert (none.code, "set TRADING_GRID_URL" in none.err) == (3, True)


def test_the_database_of_a_profile_is_that_of_the_commands_of_a_community(
    folder: Path, run: Run
) -> None:
    text = WHOLE.replace(
        "[profiles.stage]", f'[profiles.stage]\ndatabase = "sqlite:///{folder}/c.db"'
    )
    write(folder, text)
    made = run("--profile", "stage", "community", "keys", "add", "--operator", "me")
    listed = run("--profile", "stage", "community", "keys", "list")

    assert (made.code, made.err) == (0, "")
    assert "operator me" in listed.out


@pytest.mark.parametrize("name", ["policy.json", "policy.JSON"])
def test_a_policy_is_also_json(folder: Path, name: str) -> None:
    (folder / name).write_text('{"metadata_view": "v", "link_lifetime": "7d"}', "utf-8")
    (folder / "wrong.json").write_text('{"metadataview": "v"}', "utf-8")
    (folder / "list.json").write_text("[]", "utf-8")

    assert ReleasePolicy.from_file(folder / name) == ReleasePolicy.from_toml(
        'metadata_view = "v"\nlink_lifetime = "7d"\n'
    )
    with pytest.raises(errors.ConfigurationError, match="no metadataview in a policy"):
        ReleasePolicy.from_file(folder / "wrong.json")
    with pytest.raises(errors.ConfigurationError, match="must be a JSON object"):
        ReleasePolicy.from_file(folder / "list.json")


def test_the_published_schema_has_the_same_keys() -> None:
    profile = SCHEMA["properties"]["profiles"]["additionalProperties"]

    assert set(profile["properties"]) == {
        *(name for key in _PROFILE_KEYS for name in key.spellings),
        *_TABLES,
    }
    for table, keys in _TABLES.items():
        schema = profile["properties"][table]
        assert set(schema["properties"]) == {name for key in keys for name in key.spellings}
        assert set(schema["required"]) == {key.spellings[0] for key in keys if key.required}
        assert schema["additionalProperties"] is False


def test_the_published_schema_takes_what_we_take() -> None:
    import tomllib

    jsonschema.validate(tomllib.loads(WHOLE), SCHEMA)
    for change in (REFUSED["an unknown key"][0], REFUSED["a secret"][0], REFUSED["a number"][0]):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(tomllib.loads(change(WHOLE)), SCHEMA)
