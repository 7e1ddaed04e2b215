"""Cartographer: maps to read, and cross-references to read and change.

Source: OpenText's repository BN-Trading-Grid, the collection Cartographer Api Endpoints. Methods,
paths, parameters, bodies and the fields of the answers are published; the first number of pages and
values, the words of `sort` and `action`, and how a search compares are not. Answers are read
leniently and keep every unknown field in `extra`. Field names are the published ones.
"""

from tgiconik.tradinggrid.cartographer.client import Cartographer
from tgiconik.tradinggrid.cartographer.maps import Maps
from tgiconik.tradinggrid.cartographer.models import (
    Annotation,
    Attachment,
    Author,
    Entity,
    EntityAction,
    Entry,
    EntryValue,
    Header,
    HeaderConfig,
    LifecycleInfo,
    Map,
    MapPartner,
    Message,
    PrexrefEntry,
    Specification,
    StateInfo,
)
from tgiconik.tradinggrid.cartographer.prexref import Prexref
from tgiconik.tradinggrid.cartographer.xref import Entities, Entries

__all__ = [
    "Annotation",
    "Attachment",
    "Author",
    "Cartographer",
    "Entities",
    "Entity",
    "EntityAction",
    "Entries",
    "Entry",
    "EntryValue",
    "Header",
    "HeaderConfig",
    "LifecycleInfo",
    "Map",
    "MapPartner",
    "Maps",
    "Message",
    "Prexref",
    "PrexrefEntry",
    "Specification",
    "StateInfo",
]
