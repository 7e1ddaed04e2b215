"""The companies of a database."""

from typing import Final

from tgiconik.community.store.sql import Execute

_COMPANIES: Final = "SELECT id FROM community_companies ORDER BY id"
#: A company has a row once a record of it was written; entries may be there before.
_NEXT_OF_ENTRIES: Final = """
SELECT company FROM community_entries WHERE company > :after ORDER BY company LIMIT 1
"""


def company_ids(execute: Execute) -> list[str]:
    """The BUIDs of all companies that something was written for, sorted."""
    found = {id_ for (id_,) in execute(_COMPANIES, {})}
    after = ""
    while rows := execute(_NEXT_OF_ENTRIES, {"after": after}):
        ((after,),) = rows
        found.add(after)
    return sorted(found)
