"""The client of iconik. Services are its attributes; models are in `iconik.models`."""

from tgiconik.iconik.client import IconikClient

__all__ = ["IconikClient"]
