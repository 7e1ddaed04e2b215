"""A record for other programs: CSV, Arrow, Parquet.

A spreadsheet runs a cell that looks like a formula, and titles and comments come from outside:
`tgiconik._csv` says how a cell is kept from that, and how its text is restored.

Arrow goes through the PyCapsule protocol, which pandas, polars, DuckDB and others read. pyarrow
makes the stream, and is needed only for that: `pip install "tgiconik[arrow]"`.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TextIO

import attrs

from tgiconik._csv import harmless, write_rows
from tgiconik.errors import ConfigurationError
from tgiconik.workflows.audit.events import Event, fixed_width

if TYPE_CHECKING:
    import pyarrow as pa

_FIELDS: Final = tuple(field.name for field in attrs.fields(Event) if field.name != "seen")
_TIMES: Final = frozenset({"at", "expires_at"})
_COUNTS: Final = frozenset({"access_count", "download_count"})
#: How many events go into one batch.
_BATCH: Final = 10_000


def write_csv(events: Iterable[tuple[int, Event]], file: TextIO) -> None:
    """One row per event, with a header; sightings are listed in one cell."""
    write_rows(file, ["n", *_FIELDS, "seen"], (_cells(number, event) for number, event in events))


def _cells(number: int, event: Event) -> list[object]:
    seen = "; ".join(f"{s.platform} {s.source} {s.id} {fixed_width(s.at)}" for s in event.seen)
    return [number, *(_cell(getattr(event, name)) for name in _FIELDS), _cell(seen)]


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            return fixed_width(value)
        case _:
            return harmless(str(value))


def arrow_stream(events: Iterable[tuple[int, Event]]) -> "pa.RecordBatchReader":
    """The events as record batches, made as they are read.

    Raises:
        ConfigurationError: pyarrow is not installed.
    """
    try:
        import pyarrow as pa
    except ImportError as error:
        raise ConfigurationError("Arrow needs pyarrow: pip install 'tgiconik[arrow]'") from error
    time = pa.timestamp("us", tz="UTC")
    types = {
        **dict.fromkeys(_FIELDS, pa.string()),
        **dict.fromkeys(_TIMES, time),
        **dict.fromkeys(_COUNTS, pa.int64()),
        "allowed": pa.bool_(),
    }
    sighting = pa.struct(
        {"platform": pa.string(), "source": pa.string(), "id": pa.string(), "at": time}
    )
    schema = pa.schema({"n": pa.int64(), **types, "seen": pa.list_(sighting)})

    def batches() -> Iterator["pa.RecordBatch"]:
        rest = iter(events)
        while rows := [_row(*each) for each in islice(rest, _BATCH)]:
            yield pa.RecordBatch.from_pylist(rows, schema=schema)

    return pa.RecordBatchReader.from_batches(schema, batches())


def write_parquet(events: Iterable[tuple[int, Event]], path: Path) -> None:
    """The same as a Parquet file.

    Raises:
        ConfigurationError: pyarrow is not installed.
    """
    stream = arrow_stream(events)
    from pyarrow import parquet

    with parquet.ParquetWriter(path, stream.schema) as file:
        for batch in stream:
            file.write_batch(batch)


def _row(number: int, event: Event) -> dict[str, Any]:
    return {"n": number, **attrs.asdict(event)}
