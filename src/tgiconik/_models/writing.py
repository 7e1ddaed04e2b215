"""From values to JSON."""

from collections.abc import Mapping
from datetime import date, datetime

import attrs

from tgiconik._models.base import UNSET, Model
from tgiconik._models.reading import Json
from tgiconik._models.times import rfc3339


def unstructure(value: object) -> Json:
    """What `json.dumps` takes. UNSET fields are left out, None that was given is kept."""
    if isinstance(value, Model):
        given = value.__dict__
        return {
            value._wire.get(field.name, field.name): unstructure(one)  # noqa: SLF001 - our own
            for field in attrs.fields(type(value))
            if (one := getattr(value, field.name)) is not UNSET
            and (one is not None or field.name in given)
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
