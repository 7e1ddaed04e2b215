"""The size of the wheel."""

import subprocess
import sys
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from zipfile import ZipFile

from benchmarks.effort import FULL, Stage
from benchmarks.results import Figure, Requirement, Section, Table

_ROOT: Final = Path(__file__).parents[1]
_MB: Final = 1_000_000
#: Size of the published wheel of nsa-pythonik 2.3.0, which an installation does not tell.
_THEIRS: Final = "4.8"


def wheel(stage: Stage) -> Section:
    """Compare our wheel with another one."""
    rows, left_out, size = [], [], None
    if stage.effort is FULL:
        try:
            size, count = _built()
            rows.append(("tgiconik", f"{size:.2f}", f"{count:,}"))
        except subprocess.CalledProcessError as error:
            left_out.append(f"tgiconik: {error.stderr.strip().splitlines()[-1]}")
    else:
        left_out.append("tgiconik: building a wheel takes its time")
    try:
        rows.append(("nsa-pythonik 2.3.0", _THEIRS, f"{_modules('nsa-pythonik'):,}"))
    except PackageNotFoundError:
        rows.append(("nsa-pythonik 2.3.0", _THEIRS, ""))
    return Section(
        title="The wheel",
        text="What is downloaded, without what it depends on.",
        tables=[Table(("", "MB", "files"), rows)],
        requirements=[
            Requirement("the wheel", None if size is None else Figure([size]), most=1, unit=" MB")
        ],
        left_out=left_out,
    )


def _built() -> tuple[float, int]:
    with TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--quiet"]
        subprocess.run(  # noqa: S603 - ours
            [*command, "--wheel-dir", folder, str(_ROOT)],
            stderr=subprocess.PIPE,
            text=True,
            check=True,
        )
        (made,) = Path(folder).glob("*.whl")
        with ZipFile(made) as opened:
            return made.stat().st_size / _MB, len(opened.namelist())


def _modules(package: str) -> int:
    """The number of installed files of a package, without bytecode."""
    return sum(path.suffix != ".pyc" for path in files(package) or [])
