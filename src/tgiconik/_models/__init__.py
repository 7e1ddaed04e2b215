"""Values of both platforms: base classes, the UNSET sentinel, JSON in and out.

iconik's models derive from `Model`, Trading Grid's values from `Record`; both are attrs classes.
See `reading` for how JSON is read, and `forms` for how msgspec, where it is installed, reads models
faster. No I/O, no HTTP.
"""

from tgiconik._models.base import UNSET, Model, Unset, is_secret, wire_names
from tgiconik._models.checking import check
from tgiconik._models.decoding import decode, structure
from tgiconik._models.record import Record, wire_name, wired
from tgiconik._models.text import writable
from tgiconik._models.times import parse_time, rfc3339
from tgiconik._models.wire import DecodeError, Json
from tgiconik._models.writing import unstructure

__all__ = [
    "UNSET",
    "DecodeError",
    "Json",
    "Model",
    "Record",
    "Unset",
    "check",
    "decode",
    "is_secret",
    "parse_time",
    "rfc3339",
    "structure",
    "unstructure",
    "wire_name",
    "wire_names",
    "wired",
    "writable",
]
