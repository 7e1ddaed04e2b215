"""A transaction as Lens tells it. Field names are Lens's own."""

from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

import attrs

from tgiconik._models import Record


@attrs.frozen(kw_only=True)
class ContentKey(Record):
    """A named value of a transaction: from its document's content, or one of the client's.

    Attributes:
        key: its name, such as `purchase order number`.
        value: the value, as text.
    """

    key: str
    value: str | None = None


@attrs.frozen(kw_only=True)
class Transaction(Record):
    """One entry of Lens: a file or a document at one step of its way.

    A field that was not asked for, or has no value, is None. Types beyond text are our reading of
    the names: what does not fit them stays in `extra`. Times are in UTC.

    Attributes:
        transactionid: unique per entry.
        correlationid: shared by all entries of one process, file and document, in and out.
        transactionlevel: `Document` or `File`.
        status: text, such as `ReadyForPickup`, `Completed`, `Delivered`, `Failed`.
        receivefilename: name of the file as received, carried through all steps.
        senderreference: the sender's control number, on the source file alone.
        contentkeys: the content keys that were asked for.
        clientvalues: the client values that were asked for. A remark in OpenText's collection says
            that its preproduction always answers null: then there are none.
    """

    arrivaltime: datetime | None = None
    arrivaltimefacetdaily: str | None = None
    category: str | None = None
    clientsource: str | None = None
    clientstatus: str | None = None
    clientvalues: tuple[ContentKey, ...] = ()
    contentkeys: tuple[ContentKey, ...] = ()
    correlationid: str | None = None
    deliveryackstatus: str | None = None
    deliveryacktimestamp: datetime | None = None
    deliverycompletedtimestamp: datetime | None = None
    deliveryfilename: str | None = None
    deliveryreceipt: str | None = None
    deliverystatus: str | None = None
    editype: str | None = None
    envelopetype: str | None = None
    errorcode: str | None = None
    errortype: str | None = None
    externalerrormessage: str | None = None
    fastatus: str | None = None
    fastatusdate: datetime | None = None
    firstbytetimestamp: datetime | None = None
    inagent: str | None = None
    inboundpipelineid: str | None = None
    informat: str | None = None
    insize: int | None = None
    invoicetotalamount: str | None = None
    itinerarycompletedtimestamp: datetime | None = None
    labels: Any = None
    lastbytetimestamp: datetime | None = None
    outagent: str | None = None
    outboundpipelineid: str | None = None
    outformat: str | None = None
    outsize: int | None = None
    parenttransactionid: str | None = None
    platform: str | None = None
    pototalamount: str | None = None
    processingcell: str | None = None
    processingcomputezone: str | None = None
    processingregion: str | None = None
    processingsubstatus: str | None = None
    processingtime: str | None = None
    processorid: str | None = None
    purgedate: datetime | None = None
    readyforpickuptimestamp: datetime | None = None
    receiveackstatus: str | None = None
    receiveraddress: str | None = None
    receivefilename: str | None = None
    receiverip: str | None = None
    receivermailbox: str | None = None
    receivername: str | None = None
    senderaddress: str | None = None
    senderfilename: str | None = None
    senderip: str | None = None
    sendermailbox: str | None = None
    sendername: str | None = None
    senderreference: str | None = None
    sendertransactionid: str | None = None
    servicetype: str | None = None
    solutionid: str | None = None
    standardversion: str | None = None
    status: str | None = None
    statusdate: datetime | None = None
    transactionid: str | None = None
    transactionlevel: str | None = None
    type: str | None = None

    @property
    def details_url(self) -> str | None:
        """The page about this entry in Trading Grid's own Lens; None without an id."""
        if self.transactionid is None:
            return None
        id_ = quote(self.transactionid, safe="")
        return f"https://tradinggrid.opentext.com/lens/app/transactions/{id_}/details"


#: What is asked for by names, and the field that this package keeps the rest in.
_NOT_PLAIN: Final = frozenset({"clientvalues", "contentkeys", "extra"})
#: Every plain field of a transaction; content keys and client values are asked for by their names.
FIELDS: Final = tuple(
    field.name for field in attrs.fields(Transaction) if field.name not in _NOT_PLAIN
)
