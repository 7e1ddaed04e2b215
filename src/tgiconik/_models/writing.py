"""From values to JSON."""

from collections.abc import Mapping
from datetime import date, datetime

import attrs

from tgiconik._models.base import UNSET, Model
from tgiconik._models.times import rfc3339
from tgiconik._models.wire import Json


def unstructure(value: object) -> Json:
    """What `json.dumps` takes.

    UNSET is left out. So is a None where None is the default: a model that was read has it for
    what the platform left out as well as for what it has no value of.
    """
    if isinstance(value, Model):
        return {
            value._wire.get(field.name, field.name): unstructure(one)  # noqa: SLF001 - our own
            for field in attrs.fields(type(value))
            if (one := getattr(value, field.name)) is not UNSET
            and (one is not None or field.default is not None)
        }
    if isinstance(value, Mapping):
        return {str(name): unstructure(one) for name, one in value.items() if one is not UNSET}
    if isinstance(value, list | tuple):
        return [unstructure(one) for one in value]
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, date):
        return value.isoformat()
    return value
