"""The collaboration that a customer keeps: its rules, its database, and what serves it.

    async with (
        Community.open("sqlite:///community.db") as community,
        TradingGridClient.from_env(community=community) as grid,
    ):
        request = await grid.community.requests.get("REQ-1042")

Trading Grid has no such service of its own: OpenText publishes no reference for one.
"""

from tgiconik.community.archive import ArchiveSummary
from tgiconik.community.community import Community
from tgiconik.community.erasure import ErasedPlace, Erasure
from tgiconik.community.retention import Pruned
from tgiconik.community.store.interface import JournalEntry

__all__ = [
    "ArchiveSummary",
    "Community",
    "ErasedPlace",
    "Erasure",
    "JournalEntry",
    "Pruned",
]
