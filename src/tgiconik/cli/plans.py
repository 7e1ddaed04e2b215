"""Campaigns, templates and users, read from a file: TOML, or JSON where its name ends in `.json`.

The keys are the attributes of `Campaign`, `OnboardingTemplate`, `TaskPlan` and `NewUser`.
"""

import json
import tomllib
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeVar

import attrs

from tgiconik._validate import did_you_mean
from tgiconik.errors import ConfigurationError
from tgiconik.tradinggrid.community_management import Address
from tgiconik.workflows import Campaign, NewUser, OnboardingTemplate, TaskPlan

T = TypeVar("T", bound=attrs.AttrsInstance)

_COMPANY: Final = "company"
_USERS: Final = "users"


def read_campaign(path: str) -> Campaign:
    """The campaign that a file describes.

    Args:
        path: path of the file.

    Raises:
        ConfigurationError: it cannot be read, or a key or value is not valid.
    """
    return _made(Campaign, _read(path), path, tasks=_tasks)


def read_template(path: str) -> OnboardingTemplate:
    """The template that a file describes.

    Args:
        path: path of the file.

    Raises:
        ConfigurationError: it cannot be read, or a key or value is not valid.
    """
    return _made(OnboardingTemplate, _read(path), path, tasks=_tasks)


def read_users(path: str) -> tuple[str, tuple[NewUser, ...]]:
    """BUID of the users' company, and the users: `company`, and a list of tables `users`.

    Args:
        path: path of the file.

    Raises:
        ConfigurationError: it cannot be read, or a key or value is not valid.
    """
    table = _read(path)
    _check_keys(path, table, (_COMPANY, _USERS))
    company = table.get(_COMPANY)
    if not isinstance(company, str) or not company.strip():
        raise ConfigurationError(f"{path}: {_COMPANY} must be the BUID of the users' company")
    users = _list_of(NewUser, table.get(_USERS), f"{path}: {_USERS}", address=_address)
    return company, users


def _tasks(value: object, where: str) -> tuple[TaskPlan, ...]:
    return _list_of(TaskPlan, value, where)


def _address(value: object, where: str) -> Address:
    return _made(Address, value, where)


def _read(path: str) -> Mapping[str, object]:
    try:
        text = Path(path).read_text(encoding="utf-8")
        table = json.loads(text) if path.lower().endswith(".json") else tomllib.loads(text)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror or error}") from error
    # Not UTF-8, not TOML or JSON, or nested beyond reason.
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{path} is not valid: {error}") from error
    if not isinstance(table, dict):
        raise ConfigurationError(f"{path} must be an object with the keys of what it describes")
    return table


def _list_of(
    kind: type[T], value: object, where: str, **inner: Callable[[object, str], object]
) -> tuple[T, ...]:
    if not isinstance(value, list):
        raise ConfigurationError(f"{where} must be a list of tables")
    return tuple(
        _made(kind, one, f"{where}, number {number}", **inner)
        for number, one in enumerate(value, 1)
    )


def _made(kind: type[T], value: object, where: str, **inner: Callable[[object, str], object]) -> T:
    """A value of a class from a table with its attributes as keys."""
    if not isinstance(value, dict):
        raise ConfigurationError(f"{where} must be a table")
    fields = attrs.fields_dict(kind)
    _check_keys(where, value, fields)
    required = [name for name, field in fields.items() if field.default is attrs.NOTHING]
    if missing := [name for name in required if name not in value]:
        raise ConfigurationError(f"{where}: {', '.join(missing)} is missing")
    given = {
        key: inner[key](one, f"{where}: {key}")
        if key in inner
        else _checked(fields[key], one, where)
        for key, one in value.items()
    }
    try:
        return kind(**given)
    except (ValueError, TypeError) as error:
        raise ConfigurationError(f"{where}: {error}") from error


def _check_keys(where: str, table: Mapping[str, object], known: Iterable[str]) -> None:
    names = list(known)
    for key in table:
        if key not in names:
            near = did_you_mean(key, names) or f"; known are {', '.join(names)}"
            raise ConfigurationError(f"{where}: {key} is not known{near}")


def _checked(field: "attrs.Attribute[Any]", value: object, where: str) -> object:
    """A value of the kind that the attribute has; times are TOML's, or texts in ISO 8601."""
    kind = str(field.type)
    match value:
        case bool() if field.type is bool:
            return value
        case datetime() if "datetime" in kind:
            return value
        case str() if "datetime" in kind:
            try:
                return datetime.fromisoformat(value)
            except ValueError:
                pass
        case list() if "tuple" in kind and all(isinstance(one, str) for one in value):
            return value
        case str() if field.type is not bool and "tuple" not in kind:
            return value
    expected = (
        "true or false"
        if field.type is bool
        else "a time with its zone, such as 2026-03-16T08:00:00Z"
        if "datetime" in kind
        else "a list of texts"
        if "tuple" in kind
        else "text"
    )
    raise ConfigurationError(f"{where}: {field.name} must be {expected}")
