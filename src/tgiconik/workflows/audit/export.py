"""A record for other programs: CSV, Arrow, Parquet.

A spreadsheet runs a cell that looks like a formula, and titles and comments come from outside.
Where a cell begins like one, blanks aside, an apostrophe comes before it. The same holds after a
semicolon, a tab or a line break in a cell, because spreadsheets split there, too: Excel in German
splits at semicolons. Every cell is quoted. To restore a text, remove one apostrophe from its
beginning and from after each of these separators.

Arrow goes through the PyCapsule protocol, which pandas, polars, DuckDB and others read. pyarrow
makes the stream, and is needed only for that: `pip install "tgiconik[arrow]"`.
"""

import csv
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TextIO

import attrs

from tgiconik.errors import ConfigurationError
from tgiconik.workflows.audit.events import Event, fixed_width

if TYPE_CHECKING:
    import pyarrow as pa

#: Characters at which a spreadsheet may end a cell, also within quotes.
_SEPARATORS: Final = r";\t\r\n\v\f\x85\u2028\u2029"
#: Characters that begin a formula, with their wide forms, and our own mark.
_FORMULA: Final = r"=+\-@\uff1d\uff0b\uff0d\uff20'"
#: The places before which an apostrophe goes: where a cell may begin like a formula.
_RISKY: Final = re.compile(rf"^(?=[{_SEPARATORS}])|(?:^|(?<=[{_SEPARATORS}]))(?=\s*[{_FORMULA}])")
_FIELDS: Final = tuple(field.name for field in attrs.fields(Event) if field.name != "seen")
_TIMES: Final = frozenset({"at", "expires_at"})
_COUNTS: Final = frozenset({"access_count", "download_count"})
#: How many events go into one batch.
_BATCH: Final = 10_000


def write_csv(events: Iterable[tuple[int, Event]], file: TextIO) -> None:
    """One row per event, with a header; sightings are listed in one cell."""
    rows = csv.writer(file, quoting=csv.QUOTE_ALL)
    rows.writerow(["n", *_FIELDS, "seen"])
    for number, event in events:
        cells = (_cell(getattr(event, name)) for name in _FIELDS)
        seen = "; ".join(f"{s.platform} {s.source} {s.id} {fixed_width(s.at)}" for s in event.seen)
        rows.writerow([number, *cells, _cell(seen)])


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            return fixed_width(value)
        case _:
            return _RISKY.sub("'", str(value))


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
