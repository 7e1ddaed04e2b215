"""The machine: CPU cores for servers and clients, and versions of libraries."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

#: The packages whose versions affect the figures.
_PACKAGES: Final = (
    "tgiconik",
    "httpx",
    "httpcore",
    "anyio",
    "sniffio",
    "attrs",
    "cattrs",
    "httpx-aiohttp",
    "aiohttp",
    "msgspec",
    "orjson",
    "nsa-pythonik",
    "h2",
    "hypercorn",
)


def _two_cores() -> tuple[int, int] | None:
    """One core for servers and one for clients; None if processes cannot be pinned."""
    if not hasattr(os, "sched_setaffinity"):
        return None
    mine = sorted(os.sched_getaffinity(0))
    return (mine[0], mine[-1]) if len(mine) > 1 else None


#: Read once, because a pinned process sees one core only.
_CORES: Final = _two_cores()


def for_servers(process: int) -> None:
    """Pin a process to the servers' core."""
    if _CORES:
        os.sched_setaffinity(process, {_CORES[0]})


def for_clients(process: int) -> None:
    """Pin a process to the clients' core."""
    if _CORES:
        os.sched_setaffinity(process, {_CORES[1]})


def description() -> str:
    """The machine, in one paragraph."""
    pinned = "servers on one core, clients on another" if _CORES else "processes are not pinned"
    versions = ", ".join(f"{name} {found}" for name in _PACKAGES if (found := _version(name)))
    return (
        f"{os.cpu_count()} cores ({_processor()}), {platform.system()}, {pinned}. "
        f"{platform.python_implementation()} {platform.python_version()} with {versions}."
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
