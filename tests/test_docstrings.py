"""The docstrings: parameters and exceptions are documented, in plain technical terms.

Generated operations and models are documented by the facts, and held to them elsewhere.
"""

import ast
import enum
import importlib
import inspect
import re
import textwrap
import tokenize
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from types import FunctionType
from typing import Any
from unittest.mock import MagicMock

import attrs
import pytest

import tgiconik
from tgiconik import IconikClient, TradingGridClient
from tgiconik.sandbox import Sandbox
from tgiconik.tradinggrid.cartographer import Map
from tgiconik.tradinggrid.lens import Transaction

MODULES = (
    "tgiconik",
    "tgiconik.automation",
    "tgiconik.cli.completion",
    "tgiconik.cli.connection",
    "tgiconik.cli.exit_codes",
    "tgiconik.cli.main",
    "tgiconik.cli.output",
    "tgiconik.cli.parser",
    "tgiconik.cli.plans",
    "tgiconik.community",
    "tgiconik.community.commands.keys",
    "tgiconik.community.commands.partners",
    "tgiconik.community.commands.serve",
    "tgiconik.community.keys",
    "tgiconik.community.partner_import",
    "tgiconik.community.post",
    "tgiconik.errors",
    "tgiconik.iconik",
    "tgiconik.iconik.assets",
    "tgiconik.iconik.check",
    "tgiconik.iconik.metadata",
    "tgiconik.iconik.search",
    "tgiconik.iconik.transfer",
    "tgiconik.iconik.webhook_definitions",
    "tgiconik.iconik.webhooks",
    "tgiconik.profiles",
    "tgiconik.release",
    "tgiconik.sandbox",
    "tgiconik.sandbox.channel_faults",
    "tgiconik.sandbox.faults",
    "tgiconik.sandbox.late",
    "tgiconik.sandbox.limit",
    "tgiconik.telemetry",
    "tgiconik.sandbox.webhooks",
    "tgiconik.testing",
    "tgiconik.tradinggrid",
    "tgiconik.tradinggrid.cartographer",
    "tgiconik.tradinggrid.collaboration",
    "tgiconik.tradinggrid.community_management",
    "tgiconik.tradinggrid.lens",
    "tgiconik.workflows",
    "tgiconik.workflows.audit",
)
#: ASGI's own, wherever an app is called.
ASGI = {"app", "scope", "receive", "send"}
#: OpenText publishes the names of these fields without a description.
WITHOUT_A_WORD = {Map, Transaction}


def public(module: str) -> Iterator[tuple[str, Any]]:
    """The public names of a module: those it lists, or else those it defines."""
    found = importlib.import_module(module)
    listed = getattr(found, "__all__", None) or [
        name
        for name, value in vars(found).items()
        if not name.startswith("_") and getattr(value, "__module__", None) == module
    ]
    for name in listed:
        value = getattr(found, name)
        if inspect.isclass(value) or isinstance(value, FunctionType):
            yield f"{module}.{name}", value


NAMES = {label: value for module in MODULES for label, value in public(module)}
CLASSES = {label: value for label, value in NAMES.items() if inspect.isclass(value)}


def is_ours(value: Any) -> bool:  # noqa: ANN401 - a class or a function
    """Whether somebody wrote it, and no generator."""
    generated = ("tgiconik.iconik.models", "tgiconik.iconik.services")
    return value.__module__.startswith("tgiconik") and not value.__module__.startswith(generated)


def methods(kind: type) -> Iterator[tuple[str, Callable[..., Any]]]:
    """The public methods that a class defines; not those that only do what a base documents."""
    for name, value in vars(kind).items():
        function = value.__func__ if isinstance(value, classmethod | staticmethod) else value
        if name.startswith("_") or not isinstance(function, FunctionType):
            continue
        inherited = any(name in vars(base) for base in kind.__mro__[1:])
        if function.__doc__ or not inherited:
            yield name, function


FUNCTIONS = {label: value for label, value in NAMES.items() if isinstance(value, FunctionType)} | {
    f"{label}.{name}": function
    for label, kind in CLASSES.items()
    if is_ours(kind)
    for name, function in methods(kind)
}


def documented(docstring: str | None) -> set[str]:
    """The names that a docstring has a line for."""
    lines = re.findall(r"^[ ]+\*{0,2}(\w+):", docstring or "", re.MULTILINE)
    return set(lines)


def parameters(function: Callable[..., Any]) -> set[str]:
    """The parameters that a caller passes."""
    given = inspect.signature(function).parameters
    return {name for name in given if name not in {"self", "cls"} and not name.startswith("_")}


def raised(function: Callable[..., Any]) -> set[str]:
    """The exceptions that a function raises by name."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            found.add(ast.unparse(node.exc.func).rpartition(".")[2])
    return {name for name in found if name[:1].isupper()} - {"NotImplementedError"}


@pytest.mark.parametrize("label", NAMES)
def test_every_public_name_says_what_it_is(label: str) -> None:
    value = NAMES[label]

    assert value.__doc__
    if inspect.isclass(value) and is_ours(value):
        for name, member in vars(value).items():
            if isinstance(member, property | cached_property) and not name.startswith("_"):
                assert member.__doc__ or inspect.getdoc(getattr(value, name)), name


@pytest.mark.parametrize("label", FUNCTIONS)
def test_every_function_says_what_it_is_given_and_what_it_raises(label: str) -> None:
    function = FUNCTIONS[label]
    told = inspect.getdoc(function)

    assert told
    assert parameters(function) - documented(told) <= ASGI
    assert raised(function) <= set(re.findall(r"\w+", told))


@pytest.mark.parametrize("label", [label for label, kind in CLASSES.items() if is_ours(kind)])
def test_every_class_says_what_is_in_it(label: str) -> None:
    kind = CLASSES[label]
    lines = {name for base in kind.__mro__ for name in documented(inspect.getdoc(base))}

    if attrs.has(kind):
        fields = {field.name for field in attrs.fields(kind) if not field.name.startswith("_")}
        assert fields <= lines or kind in WITHOUT_A_WORD
    elif not issubclass(kind, enum.Enum | Exception) and "__init__" in vars(kind):
        protocol = getattr(kind, "_is_protocol", False)
        assert protocol or parameters(kind.__init__) <= lines


@pytest.mark.parametrize("client", [IconikClient, TradingGridClient])
def test_completion_offers_what_is_public(
    client: type[IconikClient | TradingGridClient], sandbox: Sandbox
) -> None:
    made = client.from_env(environ=sandbox.environment())

    for one in (made, *(getattr(made, name) for name in dir(made) if not name.startswith("__"))):
        if is_ours(type(one)):
            assert not [name for name in dir(one) if re.match("_[^_]", name)]
    assert {"aclose", "check", "from_env", "request", "traffic"} <= set(dir(made))


async def test_completion_offers_what_is_public_below_the_collaboration_too(
    grid: TradingGridClient,
) -> None:
    assert "requests" in dir(grid.community)
    assert {"get", "list", "set_status", "comment"} <= set(dir(grid.community.requests))
    assert not [name for name in dir(grid.community.requests) if re.match("_[^_]", name)]


def test_a_mock_of_a_client_is_one(iconik: IconikClient) -> None:
    assert MagicMock(spec=iconik).__aenter__


SOURCE = Path(tgiconik.__file__).parent
#: The generated code has the words of iconik's documents.
GENERATED = {SOURCE / "iconik" / folder for folder in ("models", "services")}
WRITTEN = sorted(path for path in SOURCE.rglob("*.py") if path.parent not in GENERATED)
#: Metaphors that stood for a term of the field, with the term.
METAPHORS = {
    r"manners?": "behaviour",
    r"speaks? for": "permits, belongs to",
    r"says? (?:no|yes) unless": "denies by default",
    r"on (?:its|their) way": "in progress",
    r"gates?": "check, barrier, queue",
    r"circles?": "audience, cycle",
    r"survey(?:s|ed)?": "snapshot",
    r"seats?": "slot",
    r"stages?": "state, step",
    r"lanes?": "connection pool",
    r"worst day|bad (?:day|luck)|weather": "recall, failures, fault injection",
    r"silent(?:ly)? (?:link|share)s?": "share without a notification",
}


def docstrings(path: Path) -> Iterator[str]:
    """The docstrings of a file: of the module, its classes and its functions."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield ast.get_docstring(node) or ""


def comments(path: Path) -> Iterator[str]:
    """The comments of a file."""
    with path.open("rb") as file:
        for token in tokenize.tokenize(file.readline):
            if token.type == tokenize.COMMENT:
                yield token.string


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: str(path.relative_to(SOURCE)))
def test_docstrings_say_what_a_thing_is(path: Path) -> None:
    assert [text for text in docstrings(path) if text.startswith("What ")] == []


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: str(path.relative_to(SOURCE)))
def test_docstrings_and_comments_use_the_terms_of_the_field(path: Path) -> None:
    metaphor = re.compile(rf"\b(?:{'|'.join(METAPHORS)})\b", re.IGNORECASE)
    texts = [*docstrings(path), *comments(path)]

    assert [found[0] for text in texts for found in metaphor.finditer(text)] == []
