"""The network: what is in mailboxes, where files go, and what Lens says of them."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from datetime import datetime
from functools import partial
from threading import RLock
from typing import Final

import attrs

from tgiconik.community import times
from tgiconik.community.shapes import Document
from tgiconik.sandbox.channel_faults import Fault, FaultKind, Faults
from tgiconik.sandbox.grid.community_management import DIRECTORY
from tgiconik.sandbox.state import State

#: The folders of every mailbox: files that wait, files that were read, files that are to be sent.
WAITING: Final = "POLLABLE"
READ: Final = "ACCEPTED"
SENDING: Final = "TO"
#: Names that are not taken as files to send yet.
_NOT_YET: Final = (".part", ".done")


@attrs.define
class StoredFile:
    """A file in a mailbox.

    Attributes:
        content: its bytes.
        modified_at: when it was last written.
        entry: its id in Lens; empty for files that did not come by the network.
    """

    content: bytearray
    modified_at: datetime
    entry: str = ""


@attrs.define
class _Passing:
    """A file between two mailboxes."""

    sender: str
    receiver: str
    name: str
    content: bytes
    entry: str


class MailboxNetwork:
    """Mailboxes by the address of their company; each has the same folders.

    A file that is written as `TO/<address>/<name>` arrives in that company's `POLLABLE`; what was
    read to its end is moved to `ACCEPTED`.

    Args:
        state: the sandbox, whose directory names the addresses and whose Lens shows the files.
        addresses: address of each company, by BUID.

    Attributes:
        faults: what the network does wrong; see `tgiconik.sandbox.channel_faults`.
    """

    def __init__(self, state: State, addresses: dict[str, str]) -> None:
        self.faults: Faults = state.channel_faults
        self._addresses = dict(addresses)
        self._boxes: dict[str, dict[str, StoredFile]] = {one: {} for one in addresses.values()}
        self._state = state
        self._late: list[Callable[[], None]] = []
        self._number = 0
        # Written by the server's thread, looked at by tests and by the thread that serves Lens.
        self.lock: AbstractContextManager[bool] = RLock()

    @property
    def addresses(self) -> dict[str, str]:
        """Address of each company, by BUID."""
        return dict(self._addresses)

    def now(self) -> datetime:
        """The sandbox's clock."""
        return self._state.now()

    def box(self, address: str) -> dict[str, StoredFile]:
        """The files of a mailbox, by path such as `POLLABLE/a.json`; to look at and to change."""
        return self._boxes[address]

    def folders(self) -> Iterable[str]:
        """The folders of every mailbox."""
        return ["", WAITING, READ, SENDING, *(f"{SENDING}/{one}" for one in self._boxes)]

    def put(self, address: str, name: str, content: bytes, *, folder: str = WAITING) -> None:
        """Put a file into a mailbox, as if it came from nowhere: Lens knows nothing of it."""
        with self.lock:
            self._boxes[address][f"{folder}/{name}"] = StoredFile(bytearray(content), self.now())

    def names(self, address: str, folder: str = WAITING) -> list[str]:
        """The names of files in a folder, sorted."""
        with self.lock:
            paths = [path.rpartition("/") for path in self._boxes[address]]
        return sorted(name for parent, _, name in paths if parent == folder)

    def written(self, address: str, path: str) -> None:
        """Take a file that was written to a mailbox, if it is one to be sent."""
        folder, _, name = path.rpartition("/")
        above, _, receiver = folder.partition("/")
        if above != SENDING or receiver not in self._boxes or name.endswith(_NOT_YET):
            return
        with self.lock:
            file = self._boxes[address].pop(path)
            self._send(address, receiver, name, bytes(file.content))

    def was_read(self, address: str, path: str) -> None:
        """Note that a file was read to its end."""
        folder, _, name = path.rpartition("/")
        if folder != WAITING:
            return
        with self.lock:
            file = self._boxes[address].get(path)
            if file is None:
                return
            self._say(file.entry, status="Delivered", deliverycompletedtimestamp=self._stamp())
            if self.faults.due("ACCEPT") is None:
                self._boxes[address][f"{READ}/{name}"] = self._boxes[address].pop(path)

    def catch_up(self) -> None:
        """Do what faults have put off: files arrive, are written to their end, Lens shows them."""
        with self.lock:
            late, self._late = self._late, []
            for act in late if self.faults.due("CATCH UP") is None else reversed(late):
                act()

    def _send(self, sender: str, receiver: str, name: str, content: bytes) -> None:
        self._number += 1
        process = f"PROC-{self._number:06}"
        is_known = any(
            one["receivefilename"] == name and one["senderaddress"] == sender
            for one in self._state.passed.all()
        )
        common = {
            "correlationid": process,
            "transactionlevel": "File",
            "receivefilename": name,
            "senderaddress": sender,
            "receiveraddress": receiver,
            "insize": len(content),
        }
        self._show(f"{process}-IN", {**common, "status": "Completed", "sendermailbox": sender})
        refused = self._refusal(is_known=is_known)
        entry = f"{process}-OUT"
        out = {**common, "receivermailbox": receiver, "parenttransactionid": f"{process}-IN"}
        if refused:
            self._show(entry, {**out, **refused})
            return
        is_twice = self.faults.due("ARRIVE", FaultKind.TWICE) is not None
        copies = [name, f"{process}-{name}"] if is_twice else [name]
        for copy in copies:
            id_ = entry if copy == name else f"{entry}-2"
            self._show(id_, {**out, "status": "ReadyForPickup", "deliveryfilename": copy})
            file = _Passing(sender, receiver, copy, content, id_)
            self._later(partial(self._arrive, file), self.faults.due("ARRIVE", FaultKind.LATE))

    def _refusal(self, *, is_known: bool) -> Document:
        fault = self.faults.due("SEND")
        if fault is not None and fault.kind == FaultKind.HOLD:
            return {"status": "OnHold"}
        if fault is not None:
            status = "Failed" if fault.kind == FaultKind.FAIL else "ValidationError"
            return {"status": status, "externalerrormessage": fault.answer}
        if is_known and self.faults.due("SEND AGAIN") is not None:
            return {"status": "Duplicate"}
        return {}

    def _arrive(self, file: _Passing) -> None:
        path = f"{WAITING}/{file.name}"
        content = bytearray(file.content)
        if self.faults.due("ARRIVE", FaultKind.HALF) is not None:
            half = content[: len(content) // 2]
            self._boxes[file.receiver][path] = StoredFile(half, self.now(), file.entry)
            self._late.append(
                lambda: self._boxes[file.receiver].__setitem__(
                    path, StoredFile(content, self.now(), file.entry)
                )
            )
            return
        self._boxes[file.receiver][path] = StoredFile(content, self.now(), file.entry)

    def _show(self, id_: str, fields: Document) -> None:
        stamp = self._stamp()
        blank = {"contentkeys": [], "clientvalues": [], "arrivaltime": stamp, "statusdate": stamp}
        entry = {**blank, **fields, "transactionid": id_}
        self._later(partial(self._state.passed.put, entry), self.faults.due("SHOW"))

    def _say(self, id_: str, **fields: str) -> None:
        entry = self._state.passed.get(id_)
        if entry is not None:
            self._state.passed.put({**entry, **fields, "statusdate": self._stamp()})

    def _later(self, act: Callable[[], None], fault: Fault | None) -> None:
        if fault is not None:
            self._late.append(act)
        else:
            act()

    def _stamp(self) -> str:
        return times.stamp(self.now())


def network_of(state: State, company_id: str) -> MailboxNetwork:
    """A network of the mailboxes of a company and its partners, as the directory has them.

    Args:
        state: the sandbox.
        company_id: BUID of the company, of which its own address is made.
    """
    partners = state.store.list(DIRECTORY, parent=company_id)
    found = {one["companyId"]: one["tradingAddress"] for one in partners if one["tradingAddress"]}
    return MailboxNetwork(state, {company_id: f"ZZ:{company_id}", **found})
