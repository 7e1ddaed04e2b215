"""The store of an automation: causes, runs, cursors and the leases of its workers.

The engine's queue says what runs next. These tables say what must still be done, and whether it may
begin: whatever the engine lost, finished or gave to two workers, a cause stays here until a run
that began after it has succeeded, and no run begins while another one of its subject is under way.
"""

from tgiconik.automation.store.causes import Causes
from tgiconik.automation.store.records import (
    Begun,
    Kept,
    Overview,
    Parked,
    Run,
    StoredCause,
    WaitingCause,
)
from tgiconik.automation.store.runs import Runs
from tgiconik.automation.store.store import Store
from tgiconik.automation.store.workers import Workers

__all__ = [
    "Begun",
    "Causes",
    "Kept",
    "Overview",
    "Parked",
    "Run",
    "Runs",
    "Store",
    "StoredCause",
    "WaitingCause",
    "Workers",
]
