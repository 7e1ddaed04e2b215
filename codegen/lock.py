"""The name lock: no public name changes or goes away without somebody editing `names.lock`."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from codegen.build import Built
from codegen.facts import HERE

LOCK: Final = HERE / "names.lock"

_ABOUT: Final = (
    "# Public names: what the facts call it = what it is called here. Part of the SemVer promise.\n"
    "# New ones are added by `python -m codegen`; a change or a removal is made here by hand.\n"
)


class NamesError(Exception):
    """Names that are taken twice, or not what the lock says."""


def read(path: Path = LOCK) -> dict[str, str]:
    """The locked names."""
    if not path.exists():
        return {}
    lines = path.read_text().splitlines()
    pairs = (line.partition(" = ") for line in lines if line and not line.startswith("#"))
    return {facts: name for facts, _, name in pairs}


def check(names: Mapping[str, str], locked: Mapping[str, str]) -> None:
    """Compare the names that come out with the locked ones.

    Raises:
        NamesError: one changed or is gone.
    """
    wrong = [
        f"{facts}: locked as {name}, now {names.get(facts, 'gone')}"
        for facts, name in locked.items()
        if names.get(facts) != name
    ]
    if wrong:
        raise NamesError("\n".join(["public names would change:", *wrong]))


def text(names: Mapping[str, str]) -> str:
    """The lock file for these names."""
    return _ABOUT + "".join(f"{facts} = {name}\n" for facts, name in sorted(names.items()))


def unique(built: Sequence[Built]) -> None:
    """Within a service no two operations share a name, nor two classes.

    Raises:
        NamesError: some do.
    """
    twice = [
        f"{one.service.name}: {name}"
        for one in built
        for names in ([m.name for m in one.operations], _classes(one))
        for name, count in Counter(names).items()
        if count > 1
    ]
    if twice:
        raise NamesError("\n".join(["names that are taken twice:", *twice]))


def _classes(one: Built) -> Iterable[str]:
    return [*(m.name for m in one.models), *(e.name for e in one.enumerations)]
