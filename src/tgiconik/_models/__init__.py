"""What all generated models stand on: the base class, the UNSET sentinel, JSON in and out.

The models are attrs classes; see `base` for how they come to be, `reading` for what is read how,
and `forms` for how msgspec, where it is installed, reads the same faster. No I/O, no HTTP.
"""

from tgiconik._models.base import UNSET, Model, Unset, is_secret
from tgiconik._models.decoding import decode, structure
from tgiconik._models.text import writable
from tgiconik._models.times import parse_time, rfc3339
from tgiconik._models.wire import DecodeError, Json
from tgiconik._models.writing import unstructure

__all__ = [
    "UNSET",
    "DecodeError",
    "Json",
    "Model",
    "Unset",
    "decode",
    "is_secret",
    "parse_time",
    "rfc3339",
    "structure",
    "unstructure",
    "writable",
]
