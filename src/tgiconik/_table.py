"""Results as a table, for pandas, polars, DuckDB, Parquet and notebooks: one row for each value.

Columns are the fields, and their types come from the annotations and not from what happens to be in
them: the table of a quiet day has the same columns as that of a busy one, and can be put below it.
What opens something, or proves who somebody is, stays where it is needed and comes into no table.
"""

import json
import re
from collections.abc import (
    AsyncIterable,
    Callable,
    Collection,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from functools import cache, partial
from pathlib import Path, PurePath
from types import NoneType, UnionType
from typing import (
    TYPE_CHECKING,
    Any,
    Final,
    Literal,
    Protocol,
    TypeAlias,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

import attrs

from tgiconik._csv import harmless, write_rows
from tgiconik._files import atomic_write
from tgiconik._models import UNSET, Unset, is_secret, parse_time, rfc3339, writable
from tgiconik._secrets import Secret
from tgiconik._validate import texts
from tgiconik.errors import ConfigurationError

if TYPE_CHECKING:
    import pyarrow as pa

#: Makes a column's value of a field's.
_Read: TypeAlias = Callable[[Any], Any]
_Column: TypeAlias = "tuple[pa.DataType, _Read]"
_OPENS: Final = re.compile(r"(^|_)(link|url)s?$")
#: How many rows of a CSV file are made at once.
_BATCH: Final = 10_000
_LISTS: Final = (list, tuple, set, frozenset, Sequence, Collection)


class MetadataColumn(Protocol):
    """A field of a metadata view, as iconik answers it."""

    @property
    def name(self) -> str | None:
        """The name of the field."""

    @property
    def field_type(self) -> str | None:
        """The type, such as `string`, `tag_cloud` or `datetime`."""

    @property
    def multi(self) -> bool | None:
        """Whether it takes several values."""


class MetadataColumns(Protocol):
    """A metadata view with the types of its fields, such as a `MetadataView`."""

    @property
    def view_fields(self) -> Sequence[MetadataColumn] | None:
        """The fields, in the order of the view."""


def table(
    rows: Iterable[attrs.AttrsInstance],
    *,
    columns: Sequence[str] | None = None,
    of: type[attrs.AttrsInstance] | None = None,
    view: MetadataColumns | None = None,
) -> "pa.Table":
    """Outcomes, receipts, partners, transactions, hits or other values of one kind as a table.

        polars.from_arrow(tgiconik.table(result.outcomes))
        tgiconik.table(result.outcomes).to_pandas()
        tgiconik.table(hits, view=await iconik.metadata.get_view(view_id))

    Times are timestamps in UTC. Values within values are structs, and what has no fixed shape, such
    as metadata, is JSON text. Links, passwords and tokens are left out.

    Args:
        rows: values of one kind, of ours or of iconik's models. `Pages` are collected first:
            `[hit async for hit in pages]`, or `await pages.first(1000)`.
        columns: which fields, in this order; all of them when left out. The columns of a view come
            after them. Where some of these are named as well, such as `metadata.Regions`, only the
            named ones are there.
        of: their kind, where there may be no rows at all: `of=Outcome`.
        view: a metadata view, as `iconik.metadata.get_view` answers it. Each of its fields is a
            column `metadata.{name}` after the others: a list where the field takes several values,
            one value otherwise. A value that is not of the field's type is null, and of several
            values of a field that takes one, the first counts; the column `metadata` has them all.

    Returns:
        A `pyarrow.Table`, which whatever reads Arrow's PyCapsule protocol takes as it is.

    Raises:
        ConfigurationError: pyarrow is not installed, the rows are not of one kind, or are of one
            without such a column; or there is a view, and no row has metadata or the view lacks the
            types of its fields.
    """
    try:
        import pyarrow as pa  # noqa: PLC0415 - the extra `arrow`
    except ImportError as error:
        raise ConfigurationError('tables need pyarrow: pip install "tgiconik[arrow]"') from error
    if isinstance(rows, AsyncIterable):
        raise ConfigurationError(
            "collect what comes page by page first: [one async for one in pages]"
        )
    listed = list(rows)
    chosen = _chosen(_kind(listed, of), columns, view)
    if (
        view is not None
        and listed
        and all(getattr(row, "metadata", None) is None for row in listed)
    ):
        raise ConfigurationError(
            "no row has metadata: search without include_fields, or name metadata in it; "
            "list_assets has none"
        )
    return pa.table(
        [pa.array([read(row) for row in listed], shape) for shape, read in chosen.values()],
        names=list(chosen),
    )


def _chosen(
    kind: type, columns: Sequence[str] | None, view: MetadataColumns | None
) -> dict[str, _Column]:
    """The columns of a table, in their order."""
    found: dict[str, _Column] = {
        name: (shape, partial(_field, name, read)) for name, (shape, read) in _columns(kind).items()
    }
    of_view = {} if view is None else _metadata_columns(kind, view)
    found |= of_view
    names = list(found) if columns is None else list(texts(columns, "columns"))
    if not of_view.keys() & set(names):
        names += of_view
    if unknown := [name for name in names if name not in found]:
        raise ConfigurationError(f"there is no column {unknown[0]!r} among {', '.join(found)}")
    return {name: found[name] for name in names}


def write_csv(rows: "pa.Table", path: str | Path) -> None:
    """Write a table as CSV, for spreadsheets: UTF-8, with a header and every cell quoted.

        tgiconik.write_csv(tgiconik.table(result.outcomes), "outcomes.csv")

    A list is one cell, with "; " between its values. Times are in UTC, such as
    `2026-03-02T09:00:00Z`, durations are seconds, structs are JSON, and null is an empty cell. No
    text runs as a formula: an apostrophe comes before a cell that would begin like one, and after a
    semicolon, tab or line break where the rest would.

    Args:
        rows: what `table` made, or another `pyarrow.Table`.
        path: where to write it; what is there is replaced when the file is complete.

    Raises:
        ConfigurationError: it is no table.
        OSError: it cannot be written; what was there stays.
    """
    if not (hasattr(rows, "column_names") and hasattr(rows, "to_batches")):
        raise ConfigurationError(
            f"write_csv needs a table, not a {type(rows).__name__}: write_csv(table(rows), path)"
        )
    with atomic_write(path) as new, new.open("w", encoding="utf-8", newline="") as file:
        write_rows(file, rows.column_names, _csv_rows(rows))


def _csv_rows(rows: "pa.Table") -> Iterator[list[str]]:
    for batch in rows.to_batches(max_chunksize=_BATCH):
        for values in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            yield [_csv_cell(value) for value in values]


def _csv_cell(value: object) -> str:
    text = _csv_text(value)
    return text if isinstance(value, int | float) else harmless(text)


def _csv_text(value: object) -> str:  # noqa: PLR0911 - one for each type
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            return rfc3339(value)
        case timedelta():
            return f"{value.total_seconds():g}"
        case list():
            return "; ".join(map(_csv_text, value))
        case dict():
            return json.dumps(_plain(value), ensure_ascii=False)
        case _:
            return str(value)


def _field(name: str, read: _Read, row: object) -> Any:  # noqa: ANN401 - a column's value
    return read(getattr(row, name))


def _kind(rows: Sequence[object], of: type | None) -> type:
    kinds = {type(row): None for row in rows}
    if of is not None and all(issubclass(kind, of) for kind in kinds):
        return of
    named = " and ".join(kind.__name__ for kind in kinds)
    if of is not None:
        raise ConfigurationError(f"the rows are {named}, not {of.__name__}")
    if not kinds:
        raise ConfigurationError("without rows, say what kind they would be: of=Outcome")
    if len(kinds) > 1:
        raise ConfigurationError(f"a table has rows of one kind, and these are {named}")
    (kind,) = kinds
    if not attrs.has(kind):
        raise ConfigurationError(
            f"the rows are {named}, and have no fields; give outcomes, partners, hits or the like"
        )
    return kind


@cache
def _columns(kind: type, above: tuple[type, ...] = ()) -> dict[str, _Column]:
    hints = get_type_hints(kind)
    return {
        field.name: _column(hints[field.name], (*above, kind))
        for field in attrs.fields(kind)
        if not field.name.startswith("_") and not _is_left_out(field, hints[field.name])
    }


def _is_left_out(field: "attrs.Attribute[Any]", kind: Any) -> bool:  # noqa: ANN401 - an annotation
    options = _options(kind)
    return (str in options and not field.repr) or (options != [bool] and _opens(field.name))


def _opens(name: str) -> bool:
    return _OPENS.search(name) is not None or is_secret(name)


def _options(kind: Any) -> list[Any]:  # noqa: ANN401 - an annotation
    """The types that an annotation allows besides None and UNSET."""
    options = get_args(kind) if isinstance(kind, UnionType) else [kind]
    return [one for one in options if one not in {NoneType, Unset}]


def _column(kind: Any, above: tuple[type, ...]) -> _Column:  # noqa: ANN401 - an annotation
    """The type of a column, and what makes its values of a field's."""
    options = _options(kind)
    shape, read = _shaped(options[0], above) if len(options) == 1 else _text_of_json()

    def read_or_null(value: Any) -> Any:  # noqa: ANN401 - as the annotation says
        return None if value is None or value is UNSET else read(value)

    return shape, read_or_null


def _shaped(kind: Any, above: tuple[type, ...]) -> _Column:  # noqa: ANN401 - an annotation
    import pyarrow as pa  # noqa: PLC0415 - the extra `arrow`

    origin, args = get_origin(kind), get_args(kind)
    if origin in _LISTS and (len(args) == 1 or args[1:] == (...,)):
        shape, read = _column(args[0], above)
        return pa.list_(shape), lambda values: [read(one) for one in _in_order(values)]
    if origin is Literal:
        return pa.string(), _text
    if not isinstance(kind, type) or origin is not None:
        return _text_of_json()
    if attrs.has(kind) and kind not in above and (fields := _columns(kind, above)):
        shape = pa.struct([(name, column) for name, (column, _) in fields.items()])
        return shape, lambda value: {
            name: read(getattr(value, name)) for name, (_, read) in fields.items()
        }
    if issubclass(kind, Exception):
        return pa.struct({"type": pa.string(), "message": pa.string()}), _error
    return _simple(kind)


def _simple(kind: type) -> _Column:
    import pyarrow as pa  # noqa: PLC0415 - the extra `arrow`

    known: dict[type, _Column] = {
        bool: (pa.bool_(), bool),
        int: (pa.int64(), int),
        float: (pa.float64(), float),
        datetime: (pa.timestamp("us", tz="UTC"), _in_utc),
        date: (pa.date32(), lambda value: value),
        timedelta: (pa.duration("us"), lambda value: value),
    }
    if issubclass(kind, str | Enum | PurePath):
        return pa.string(), _text
    return known.get(kind) or _text_of_json()


def _metadata_columns(kind: type, view: MetadataColumns) -> dict[str, _Column]:
    """The columns of a view's fields; their values are read from a row's `metadata`."""
    import pyarrow as pa  # noqa: PLC0415 - the extra `arrow`

    if "metadata" not in attrs.fields_dict(kind):
        raise ConfigurationError(f"{kind.__name__} has no metadata; leave out view=")
    if not hasattr(view, "view_fields"):
        raise ConfigurationError(
            f"view is a {type(view).__name__}: pass await iconik.metadata.get_view(view_id)"
        )
    found: dict[str, _Column] = {}
    for field in view.view_fields or ():
        type_ = getattr(field, "field_type", None)
        if not field.name or type_ is None:
            raise ConfigurationError(
                f"the view does not say of what type its field {field.name!r} is; "
                "read it with iconik.metadata.get_view(view_id)"
            )
        if _opens(field.name.lower()):
            continue
        shape, read = _metadata_type(type_)
        column = pa.list_(shape) if field.multi else shape
        found[f"metadata.{field.name}"] = (
            column,
            partial(_metadata_of, field.name, read, bool(field.multi)),
        )
    return found


def _metadata_type(field_type: str) -> _Column:
    import pyarrow as pa  # noqa: PLC0415 - the extra `arrow`

    known: dict[str, _Column] = {
        "boolean": (pa.bool_(), _boolean),
        "integer": (pa.int64(), _integer),
        "float": (pa.float64(), float),
        "date": (pa.date32(), lambda value: parse_time(str(value)).date()),
        "datetime": (pa.timestamp("us", tz="UTC"), lambda value: parse_time(str(value))),
    }
    return known.get(field_type, (pa.string(), _metadata_text))


def _metadata_of(name: str, read: _Read, is_list: bool, row: Any) -> Any:  # noqa: ANN401, FBT001
    held = getattr(row, "metadata", None)
    value = held.get(name) if isinstance(held, Mapping) else None
    values = value if isinstance(value, list | tuple) else [value]
    values = [one for one in values if one is not None]
    if is_list:
        return [_readable(read, one) for one in values]
    return _readable(read, values[0]) if values else None


def _readable(read: _Read, value: object) -> Any:  # noqa: ANN401 - a column's value
    try:
        return read(value)
    except (ValueError, TypeError, OverflowError):
        return None


def _boolean(value: object) -> bool:
    text = str(value).lower()
    if text not in {"true", "false"}:
        raise ValueError(f"{text!r} is neither true nor false")
    return text == "true"


def _integer(value: object) -> int:
    number = int(str(value))
    if not -(2**63) <= number < 2**63:
        raise OverflowError(f"{number} does not fit into 64 bits")
    return number


def _metadata_text(value: object) -> str:
    return _text(value) if isinstance(value, str) else json.dumps(_plain(value), ensure_ascii=False)


def _text_of_json() -> _Column:
    import pyarrow as pa  # noqa: PLC0415 - the extra `arrow`

    return pa.string(), lambda value: json.dumps(_plain(value), ensure_ascii=False)


def _plain(value: Any) -> Any:  # noqa: ANN401, PLR0911 - whatever a value holds, as JSON has it
    match value:
        case None | bool() | int() | float():
            return value
        case datetime():
            return rfc3339(value)
        case Mapping():
            return {
                _text(name): _plain(one)
                for name, one in value.items()
                if one is not UNSET and (isinstance(one, bool) or not _opens(str(name)))
            }
        case list() | tuple() | set() | frozenset():
            return [_plain(one) for one in _in_order(value)]
        case Exception():
            return _error(value)
        case _ if attrs.has(type(value)):
            return {
                name: _plain(one)
                for name in _columns(cast("Any", type(value)))
                if (one := getattr(value, name)) is not None and one is not UNSET
            }
        case _:
            return _text(value)


def _in_order(values: Iterable[Any]) -> Iterable[Any]:
    # Sets have none, and the same result is to be the same table.
    return sorted(values, key=str) if isinstance(values, set | frozenset) else values


def _text(value: object) -> str:
    if isinstance(value, Secret):
        value = value.shown
    text = str(value.value) if isinstance(value, Enum) else str(value)
    return text if text.isascii() else writable(text)


def _in_utc(time: datetime) -> datetime:
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _error(error: Exception) -> dict[str, str]:
    return {"type": type(error).__name__, "message": _text(error)}
