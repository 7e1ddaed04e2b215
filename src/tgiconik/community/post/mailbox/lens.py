"""Questions to Lens about files: many in one query."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final

from tgiconik import errors
from tgiconik.community.post.mailbox.identity import Seen
from tgiconik.community.post.mailbox.paths import PathTemplate
from tgiconik.tradinggrid.lens import (
    Filter,
    FilterValue,
    Lens,
    Match,
    Query,
    Range,
    Selection,
    Sort,
    Transaction,
)
from tgiconik.tradinggrid.lens.query import MOST

#: File names in one query: what keeps its text well below any limit on requests.
MOST_NAMES: Final = 200
_SEEN: Final = ("correlationid", "deliveryfilename", "senderaddress", "receiveraddress")
_TRACKED: Final = (
    "transactionid",
    "correlationid",
    "receivefilename",
    "status",
    "statusdate",
    "arrivaltime",
    "deliverycompletedtimestamp",
    "errortype",
    "errorcode",
    "externalerrormessage",
)


async def received(
    lens: Lens, names: Collection[str], *, since: datetime, until: datetime
) -> Mapping[str, list[Seen]]:
    """The entries of files that we received, by file name.

    Args:
        lens: Lens.
        names: their names in our mailbox.
        since: arrived at this time or later.
        until: arrived at this time or earlier.

    Raises:
        PostUnavailable: Lens cannot be asked now.
    """
    found: defaultdict[str, list[Seen]] = defaultdict(list)
    for some in _parts(names):
        query = Query(
            filters=[Filter("deliveryfilename", [FilterValue(name) for name in some])],
            range=Range(from_=since, to=until),
            sort=Sort("arrivaltime"),
            count=MOST,
        )
        for entry in await _asked(lens, query, _SEEN):
            # Lens' own idea of equality is not published: names are compared here.
            if entry.deliveryfilename in some:
                found[entry.deliveryfilename].append(
                    Seen(
                        name=entry.deliveryfilename,
                        sender=entry.senderaddress or "",
                        receiver=entry.receiveraddress or "",
                        process=entry.correlationid or "",
                    )
                )
    return found


async def sent(
    lens: Lens, names: Collection[str], template: PathTemplate, *, sender: str
) -> Mapping[str, list[Transaction]]:
    """The entries of files that we sent, by the name of their letter.

    Args:
        lens: Lens.
        names: names of letters.
        template: how their files are named.
        sender: our address.

    Raises:
        PostUnavailable: Lens cannot be asked now.
    """
    found: defaultdict[str, list[Transaction]] = defaultdict(list)
    ours = Filter("senderaddress", [FilterValue(sender)])
    for some in _parts(names):
        if template.names_are_plain:
            files = [FilterValue(template.file_name(name)) for name in some]
            query = Query(
                filters=[ours, Filter("receivefilename", files)],
                sort=Sort("arrivaltime"),
                count=MOST,
            )
        else:
            query = Query(
                filters=[ours],
                should=[Match("receivefilename", f"*{name}*") for name in some],
                sort=Sort("arrivaltime"),
                count=MOST,
            )
        for entry in await _asked(lens, query, _TRACKED):
            name = template.name_in(entry.receivefilename or "")
            if name in some:
                found[name].append(entry)
    return found


async def _asked(lens: Lens, query: Query, fields: Collection[str]) -> list[Transaction]:
    try:
        return [entry async for entry in lens.pages(query, Selection(fields=list(fields)))]
    except errors.CallError as error:
        raise errors.PostUnavailable(f"Lens cannot be asked now: {error}") from error


def _parts(names: Collection[str]) -> list[list[str]]:
    every = sorted(set(names))
    return [every[first : first + MOST_NAMES] for first in range(0, len(every), MOST_NAMES)]
