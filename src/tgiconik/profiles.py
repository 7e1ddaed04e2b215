"""Profiles: the settings of several environments, such as dev and prod, in one file.

    # tgiconik.toml
    [profiles.prod]
    policy = "policy.toml"

    [profiles.prod.iconik]
    url = "https://app.iconik.io"
    app_id = "0b2f…"
    auth_token_env = "ICONIK_PROD_TOKEN"

    [profiles.prod.trading_grid]
    url = "https://apigrid.opentext.com"
    client_id = "4f1c…"
    client_secret_env = "TRADING_GRID_PROD_SECRET"
    company_id = "GC10000400DE"

A profile is complete: what it leaves out is not taken from the environment, so that the credentials
of one environment never go to the URL of another. A secret is given by the name of an environment
variable; a secret in the file is refused. Paths in the file are relative to its folder.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import attrs

from tgiconik._environment import network_variables
from tgiconik._frames import without_locals
from tgiconik._secrets import Hidden, Secret, is_secret_name
from tgiconik._validate import did_you_mean
from tgiconik.errors import ConfigurationError

__all__ = ["CONFIG_FILE", "CONFIG_VARIABLE", "PROFILE_VARIABLE", "Profile", "load_profile"]

#: The name of the file that is looked for.
CONFIG_FILE: Final = "tgiconik.toml"
#: The environment variable with the path of the file.
CONFIG_VARIABLE: Final = "TGICONIK_CONFIG"
#: The environment variable with the name of the profile.
PROFILE_VARIABLE: Final = "TGICONIK_PROFILE"

#: Upper case alone, so that nobody takes a token for the name of a variable.
_VARIABLE: Final = re.compile(r"[A-Z_][A-Z0-9_]{0,127}", re.ASCII)
_ENV: Final = "_env"
_ICONIK: Final = "iconik"
_TRADING_GRID: Final = "trading_grid"
_COMMUNITY_URL: Final = "TRADING_GRID_COMMUNITY_URL"


@attrs.frozen
class _Key:
    """A key of the file, and the environment variable that a client's `from_env` reads it from."""

    name: str
    variable: str = ""
    required: bool = False
    #: It is a secret, or may hold one: `<name>_env` names the variable that has it.
    by_variable: bool = False
    #: It may also stand in the file itself.
    literal: bool = True
    is_path: bool = False

    @property
    def spellings(self) -> tuple[str, ...]:
        """The keys that the file may have for it."""
        literal = (self.name,) if self.literal else ()
        return (*literal, self.name + _ENV) if self.by_variable else literal


_SECRET: Final = {"by_variable": True, "literal": False}
_DATABASE: Final = _Key("database", by_variable=True)
_PROFILE_KEYS: Final = (
    _Key("policy", is_path=True),
    _DATABASE,
    _Key("proxy", by_variable=True),
    _Key("ca_file", is_path=True),
)
_TABLES: Final[Mapping[str, tuple[_Key, ...]]] = {
    _ICONIK: (
        _Key("url", "ICONIK_URL", required=True),
        _Key("app_id", "ICONIK_APP_ID", required=True),
        _Key("auth_token", "ICONIK_AUTH_TOKEN", required=True, **_SECRET),
    ),
    _TRADING_GRID: (
        _Key("url", "TRADING_GRID_URL", required=True),
        _Key("client_id", "TRADING_GRID_CLIENT_ID", required=True),
        _Key("client_secret", "TRADING_GRID_CLIENT_SECRET", required=True, **_SECRET),
        _Key("company_id", "TRADING_GRID_COMPANY_ID", required=True),
        _Key("community_url", _COMMUNITY_URL, by_variable=True),
        _Key("community_key", "TRADING_GRID_COMMUNITY_KEY", **_SECRET),
    ),
}


@attrs.frozen(kw_only=True)
class Profile:
    """A profile. Its repr shows no value that may be a secret.

    Attributes:
        name: its name in the file.
        file: the file that it is in.
        policy: path of the file with the release rules, for `ReleasePolicy.from_file`; None without
            one.
        proxy: URL of the proxy that calls go through; may hold a password. None for the one that
            the environment names.
        ca_file: path of a PEM file with the certificate authorities to trust; None for the usual
            ones.
    """

    name: str
    file: Path
    policy: Path | None = None
    proxy: str | None = attrs.field(default=None, repr=False)
    ca_file: Path | None = None
    _table: Mapping[str, Any] = attrs.field(factory=dict, repr=False)

    @without_locals
    def iconik_environment(self, environ: Mapping[str, str] = os.environ) -> Mapping[str, str]:
        """The profile as the environment that `IconikClient.from_env` reads.

        Args:
            environ: where the variables that the profile names are looked up.

        Raises:
            ConfigurationError: the profile has no `iconik`, or a variable is not set.
        """
        return self._environment(_ICONIK, environ)

    @without_locals
    def trading_grid_environment(
        self, environ: Mapping[str, str] = os.environ
    ) -> Mapping[str, str]:
        """The profile as the environment that `TradingGridClient.from_env` reads.

        Args:
            environ: where the variables that the profile names are looked up.

        Raises:
            ConfigurationError: the profile has no `trading_grid`, or a variable is not set.
        """
        found = self._environment(_TRADING_GRID, environ)
        if _COMMUNITY_URL not in found and (database := self.database_url(environ)):
            found[_COMMUNITY_URL] = database
        return found

    @without_locals
    def database_environment(self, environ: Mapping[str, str] = os.environ) -> Mapping[str, str]:
        """The profile as the environment that the commands on a community's database read.

        They need no credentials of a platform.

        Args:
            environ: where the variable that the profile names is looked up.

        Raises:
            ConfigurationError: the variable is not set.
        """
        found = Hidden()
        if company := self._table.get(_TRADING_GRID, {}).get("company_id"):
            found["TRADING_GRID_COMPANY_ID"] = company
        if database := self.database_url(environ):
            found[_COMMUNITY_URL] = database
        return found

    @without_locals
    def database_url(self, environ: Mapping[str, str] = os.environ) -> str | None:
        """URL of the database of a community of your own; may hold a password. None without one.

        Where the profile has no `community_url`, the client of Trading Grid uses it.

        Args:
            environ: where the variable that the profile names is looked up.

        Raises:
            ConfigurationError: the variable is not set.
        """
        return _value(_Place(self.file, ("profiles", self.name)), _DATABASE, self._table, environ)

    def _environment(self, table: str, environ: Mapping[str, str]) -> dict[str, str]:
        if table not in self._table:
            raise ConfigurationError(
                f"{self.file}: the profile {self.name} has no table "
                f"[profiles.{self.name}.{table}], which this needs"
            )
        where = _Place(self.file, ("profiles", self.name, table))
        found = Hidden()
        for key in _TABLES[table]:
            value = _value(where, key, self._table[table], environ)
            if value is not None:
                found[key.variable] = value
        # Of the environment itself, only how connections are made.
        if engine := environ.get("TGICONIK_ENGINE"):
            found["TGICONIK_ENGINE"] = engine
        found.update(network_variables(environ))
        return found


@without_locals
def load_profile(
    name: str | None = None,
    *,
    config: str | os.PathLike[str] | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Profile:
    """Read a profile. The whole file is checked, and only this profile's variables are looked up.

    Args:
        name: the profile; `TGICONIK_PROFILE` says it when left out.
        config: path of the file; when left out, `TGICONIK_CONFIG`, or else `tgiconik.toml` in the
            current folder or the nearest one above it.
        environ: where variables are looked up.

    Raises:
        ConfigurationError: no profile is chosen, or there is no such one; the file is missing,
            belongs to another user, or is not valid: the error names file and key.
    """
    path = _path(config, environ)
    profiles = _read(path)
    name = name or environ.get(PROFILE_VARIABLE)
    known = ", ".join(sorted(profiles)) or "none"
    if not name:
        raise ConfigurationError(
            f"choose a profile of {path}, by name, --profile or {PROFILE_VARIABLE}: it has {known}"
        )
    if name not in profiles:
        near = did_you_mean(name, profiles)
        raise ConfigurationError(f"{path} has no profile {name!r}{near or f'; it has {known}'}")
    return _profile(path, name, profiles[name], environ)


def _profile(
    path: Path, name: str, table: Mapping[str, Any], environ: Mapping[str, str]
) -> Profile:
    where = _Place(path, ("profiles", name))
    values = {
        key.name: _value(where, key, table, environ) for key in _PROFILE_KEYS if key != _DATABASE
    }
    return Profile(
        name=name,
        file=path,
        policy=_beside(path, values["policy"]),
        proxy=values["proxy"],
        ca_file=_beside(path, values["ca_file"]),
        table=table,
    )


def _beside(path: Path, value: str | None) -> Path | None:
    return None if value is None else path.parent / Path(value).expanduser()


@attrs.frozen
class _Place:
    """A table of the file, for errors."""

    file: Path
    tables: tuple[str, ...] = ()

    def within(self, table: str) -> "_Place":
        return attrs.evolve(self, tables=(*self.tables, table))

    def error(self, key: str, problem: str) -> ConfigurationError:
        return ConfigurationError(f"{self.file}: {'.'.join((*self.tables, key))} {problem}")


def _value(
    where: _Place, key: _Key, table: Mapping[str, str], environ: Mapping[str, str]
) -> str | None:
    """The value of a key: from the file, or from the variable that it names."""
    variable = table.get(key.name + _ENV) if key.by_variable else None
    if variable is None:
        return table.get(key.name)
    value = environ.get(variable)
    if not value:
        raise where.error(
            key.name + _ENV,
            f"names the environment variable {variable}, which is not set: set it to the "
            f"{key.name.replace('_', ' ')}",
        )
    return Secret(value)


def _path(config: str | os.PathLike[str] | None, environ: Mapping[str, str]) -> Path:
    given = config or environ.get(CONFIG_VARIABLE)
    if given:
        return Path(given)
    here = Path.cwd()
    for folder in (here, *here.parents):
        found = folder / CONFIG_FILE
        if found.is_file():
            _refuse_of_others(found)
            return found
    raise ConfigurationError(
        f"there is no {CONFIG_FILE} in {here} or above it; write one there, or name it by --config "
        f"or {CONFIG_VARIABLE}"
    )


def _refuse_of_others(path: Path) -> None:
    """Refuse a file that was found and not named, when another user could send our secrets away."""
    own = getattr(os, "geteuid", None)
    if own is not None and path.stat().st_uid not in {own(), 0}:
        raise ConfigurationError(
            f"{path} belongs to another user, who decides where your credentials go; if that is "
            f"meant, name it by --config or {CONFIG_VARIABLE}"
        )


def _read(path: Path) -> Mapping[str, Mapping[str, Any]]:
    """All profiles of a file, checked."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror or error}") from error
    # Not UTF-8, not TOML, or nested beyond reason.
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{path} is not valid TOML: {error}") from None
    top = _Place(path)
    _check_keys(top, document, ("profiles",))
    profiles = _table(top, "profiles", document.get("profiles", {}))
    for name, profile in profiles.items():
        _check_profile(top.within("profiles"), name, profile)
    return profiles


def _check_profile(where: _Place, name: str, profile: object) -> None:
    table = _table(where, name, profile)
    within = where.within(name)
    _check_values(within, table, _PROFILE_KEYS, tables=tuple(_TABLES))
    for inner, keys in _TABLES.items():
        if inner in table:
            _check_values(within.within(inner), _table(within, inner, table[inner]), keys)


def _table(where: _Place, key: str, value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise where.error(key, "must be a table")
    return value


def _check_values(
    where: _Place,
    table: Mapping[str, object],
    keys: tuple[_Key, ...],
    *,
    tables: tuple[str, ...] = (),
) -> None:
    for key in keys:
        if key.by_variable and not key.literal and key.name in table:
            raise where.error(
                key.name,
                "is a secret, which this file must not hold: put it into an environment variable, "
                f'and name that here: {key.name}{_ENV} = "NAME"',
            )
    _check_keys(where, table, (*(name for key in keys for name in key.spellings), *tables))
    for key in keys:
        given = [name for name in key.spellings if name in table]
        if not given and key.required:
            raise where.error(key.spellings[0], "is missing")
        if len(given) > 1:
            raise where.error(given[0], f"and {given[1]} are both there; give one of them")
        for name in given:
            _check_value(where, key, name, table[name])


def _check_keys(where: _Place, table: Mapping[str, object], known: tuple[str, ...]) -> None:
    for key in table:
        if key not in known:
            near = did_you_mean(key, known) or f"; known are {', '.join(known)}"
            raise where.error(key, f"is not known{near}")


def _check_value(where: _Place, key: _Key, name: str, value: object) -> None:
    if not isinstance(value, str) or not value.strip():
        raise where.error(name, "must be text that is not empty")
    if name != key.name:
        # It may be the secret itself, so it is not shown.
        if not _VARIABLE.fullmatch(value):
            raise where.error(
                name,
                "must be the name of an environment variable, in upper case such as "
                "ICONIK_AUTH_TOKEN, and not the secret itself",
            )
    elif not key.is_path and _holds_a_secret(value):
        hint = (
            f'name a variable that has all of it: {name}{_ENV} = "NAME"'
            if key.by_variable
            else "leave it out"
        )
        raise where.error(
            name, f"holds a user, a password or a token, which this file must not: {hint}"
        )


def _holds_a_secret(value: str) -> bool:
    """Whether a URL has a user part, or a parameter that looks secret."""
    if "://" not in value:
        return "@" in value.partition("/")[0] and ":" in value.partition("@")[0]
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    # A database's user is no secret; its password is.
    name, colon, _ = parts.netloc.rpartition("@")[0].partition(":")
    is_web = parts.scheme in {"http", "https"}
    parameters = (one for one, _ in parse_qsl(parts.query, keep_blank_values=True))
    return bool(colon) or (is_web and bool(name)) or any(map(is_secret_name, parameters))
