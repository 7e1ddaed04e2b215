"""What all generated models stand on: the base class, the UNSET sentinel, JSON in and out.

The models are attrs classes; see `base` for how they come to be, `reading` for what is read how.
msgspec can fill the same classes faster where neither wire names (`_wire`), unions of models nor
dates without a time are involved; what is here is the tolerant path, and the one that says where an
answer is wrong. No I/O, no HTTP.
"""

from tgiconik._models.base import UNSET, Model, Unset
from tgiconik._models.reading import DecodeError, Json, decode, structure
from tgiconik._models.text import writable
from tgiconik._models.times import parse_time, rfc3339
from tgiconik._models.writing import unstructure

__all__ = [
    "UNSET",
    "DecodeError",
    "Json",
    "Model",
    "Unset",
    "decode",
    "parse_time",
    "rfc3339",
    "structure",
    "unstructure",
    "writable",
]
