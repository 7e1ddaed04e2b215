"""Lens: what went through Trading Grid, transaction by transaction.

Source: OpenText's repository BN-Trading-Grid (Lens collections and cheat sheet). Lens takes
GraphQL, but the names of its input types are not published, so variables cannot be declared: every
value is written into the query as a literal, escaped.
"""

from tgiconik.tradinggrid.lens.client import Lens, TransactionPage
from tgiconik.tradinggrid.lens.graphql import render
from tgiconik.tradinggrid.lens.query import (
    AcknowledgementCode,
    ContentKeyFilter,
    Filter,
    FilterValue,
    Match,
    Query,
    Range,
    Selection,
    Sort,
    StatusCode,
)
from tgiconik.tradinggrid.lens.transaction import ContentKey, Transaction

__all__ = [
    "AcknowledgementCode",
    "ContentKey",
    "ContentKeyFilter",
    "Filter",
    "FilterValue",
    "Lens",
    "Match",
    "Query",
    "Range",
    "Selection",
    "Sort",
    "StatusCode",
    "Transaction",
    "TransactionPage",
    "render",
]
