"""Every file is written completely, or its target stays as it was."""

import os
import resource
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tgiconik._files import atomic_write
from tgiconik.workflows import AuditRecord, build_audit_record, verify_audit_record
from tgiconik.workflows.audit import EventKind

from .launch import FILM, Launch
from .stories import event, record_of

EXPORTS: dict[str, Callable[[AuditRecord, Path], None]] = {
    "jsonl": AuditRecord.to_jsonl,
    "csv": AuditRecord.to_csv,
    "html": AuditRecord.to_html,
    "parquet": AuditRecord.to_parquet,
}


@pytest.fixture
def record(tmp_path: Path) -> AuditRecord:
    folder = tmp_path / "record"
    folder.mkdir()
    return record_of(folder, *(event(EventKind.DOWNLOADED, n, partner_id="P") for n in range(99)))


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "exports"
    folder.mkdir()
    return folder / "target"


@pytest.fixture
def old(target: Path) -> Path:
    target.write_text("as it was")
    return target


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


@contextmanager
def full_disk(free: int = 1000) -> Iterator[None]:
    """No file grows beyond this many bytes: a write fails half-way, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (free, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("export", EXPORTS)
def test_a_full_disk_leaves_the_old_file_as_it_was(
    export: str, record: AuditRecord, target: Path
) -> None:
    target.write_text("as it was")

    with full_disk(), pytest.raises(OSError, match="too large"):
        EXPORTS[export](record, target)

    assert target.read_text() == "as it was"
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize("export", EXPORTS)
def test_a_full_disk_leaves_no_half_file(export: str, record: AuditRecord, target: Path) -> None:
    with full_disk(), pytest.raises(OSError, match="too large"):
        EXPORTS[export](record, target)

    assert list(target.parent.iterdir()) == []


@pytest.mark.parametrize("into", [True, False], ids=["a file", "a temporary file"])
async def test_a_record_on_a_full_disk_is_an_error_and_leaves_the_old_file(
    launch: Launch, old: Path, *, into: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(old.parent))

    with full_disk(), pytest.raises(OSError, match="too large"):
        await build_audit_record(
            launch.grid, launch.iconik, FILM, into=old if into else None, now=launch.clock
        )

    assert contents(old.parent) == {old.name: "as it was"}


@pytest.mark.parametrize("export", EXPORTS)
@pytest.mark.parametrize(("mask", "expected"), [(0o022, 0o644), (0o027, 0o640), (0o077, 0o600)])
def test_the_mode_of_a_file_is_as_the_umask_says(
    export: str, record: AuditRecord, target: Path, mask: int, expected: int
) -> None:
    with umask(mask):
        EXPORTS[export](record, target)

    assert mode(target) == expected


async def test_the_mode_of_a_record_is_as_the_umask_says(launch: Launch, target: Path) -> None:
    with umask(0o022):
        await build_audit_record(launch.grid, launch.iconik, FILM, into=target, now=launch.clock)
        temporary = await build_audit_record(launch.grid, launch.iconik, FILM, now=launch.clock)

    assert mode(target) == 0o644
    # Nobody asked for this one in a file, and nobody else is to read it.
    assert mode(temporary.path) == 0o600


def test_a_file_is_on_the_disk_before_it_takes_its_name(
    record: AuditRecord, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target.write_text("as it was")
    seen: list[str] = []
    sync = os.fsync

    def note(handle: int) -> None:
        (new,) = set(target.parent.iterdir()) - {target}
        assert os.fstat(handle).st_ino == new.stat().st_ino
        seen.append(target.read_text())
        sync(handle)

    monkeypatch.setattr(os, "fsync", note)
    record.to_jsonl(target)

    assert seen == ["as it was"]
    assert target.read_text() == "".join(record)


def test_a_disk_that_fails_when_it_is_synced_leaves_the_old_file(
    record: AuditRecord, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target.write_text("as it was")

    def fail(_: int) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="no space left"):
        record.to_csv(target)

    assert target.read_text() == "as it was"
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_whatever_ends_the_writing_leaves_the_old_file(
    target: Path, error: type[BaseException]
) -> None:
    target.write_text("as it was")

    def write() -> None:
        with atomic_write(target) as new:
            new.write_text("half")
            raise error

    with pytest.raises(error):
        write()

    assert target.read_text() == "as it was"
    assert list(target.parent.iterdir()) == [target]


def test_a_symbolic_link_stays_and_its_file_is_replaced(target: Path) -> None:
    link = target.with_name("link")
    target.write_text("as it was")
    link.symlink_to(target)

    with atomic_write(link) as new:
        new.write_text("new")

    assert link.is_symlink()
    assert target.read_text() == "new"


def test_a_device_is_written_directly(record: AuditRecord) -> None:
    record.to_csv("/dev/null")

    assert not Path("/dev/null").is_file()
    with pytest.raises(OSError, match="No space left"):
        record.to_csv("/dev/full")


def test_a_folder_that_is_not_there_is_an_error(record: AuditRecord, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        record.to_csv(tmp_path / "nowhere" / "record.csv")


def test_a_record_can_be_written_over_itself(record: AuditRecord) -> None:
    record.to_jsonl(record.path)

    assert verify_audit_record(record).ok


def test_a_folder_that_is_missing_is_named_with_the_file_that_was_to_be_written(
    tmp_path: Path,
) -> None:
    target = tmp_path / "missing" / "record.html"

    with pytest.raises(FileNotFoundError) as raised, atomic_write(target):
        pass

    assert raised.value.filename == str(target)
